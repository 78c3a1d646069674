package config

import (
	"errors"
	"slices"
	"strings"
)

// readPasswd reads what SSSD makes of home directories, shells and gids.
func (x *sssdDomain) readPasswd() {
	if gecos := x.attribute("gecos"); gecos != "gecos" { // the full name stands in for it, as in SSSD
		x.express(x.at("ldap_user_gecos"), "gecos", "${"+gecos+":-${"+x.attribute("cn")+"}}")
	}
	x.override("homeDirectory", "override_homedir", "fallback_homedir", x.homeExpression)
	x.override("loginShell", "override_shell", "default_shell", func(shell string) (string, error) { return literal(shell), nil })
	if gid, key, given := x.number("override_gid"); given {
		x.express(key.at, "gidNumber", decimal(gid))
	}
	key, given := x.section.get("auto_private_groups")
	if !given {
		return
	}
	switch mode, err := choice(key.value, "true", "true", "false", "false", "hybrid", "hybrid"); {
	case err != nil:
		x.failAt(key.at, key.value, err.Error())
	case mode == "true" && strings.Contains(x.attribute("uidNumber"), ":"):
		x.loseAt(key.at, "", "is not carried over: goldap makes no groups, and no gid of a SID")
	case mode == "true":
		x.express(key.at, "gidNumber", "${"+x.attribute("uidNumber")+"}")
		x.loseAt(key.at, "", "is carried over in part: the gid of a user is the uid, but goldap makes no group of that number, so that ls shows it without a name, and the group of gidNumber is not among the user's any more")
	case mode == "hybrid":
		x.loseAt(key.at, "", "is not carried over: goldap makes no groups of users")
	}
}

// override makes expressions of a key that takes the place of an attribute, and of
// one that stands in where there is none.
func (x *sssdDomain) override(attribute, always, missing string, expression func(string) (string, error)) {
	for _, name := range []string{always, missing} {
		key, given := x.inherited(name)
		if !given {
			continue
		}
		text, err := expression(key.value)
		if err != nil {
			x.failAt(key.at, key.value, err.Error())
			return
		}
		if name == missing {
			text = "${" + x.attribute(attribute) + ":-" + text + "}"
		}
		x.express(key.at, attribute, text)
		return
	}
}

// literal returns a text as an expression that stands for it.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`, `{`, `\{`).Replace(text)
}

// homeExpression translates a template for home directories (override_homedir,
// sssd.conf(5)).
func (x *sssdDomain) homeExpression(template string) (string, error) {
	var b strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "%")
		b.WriteString(literal(before))
		if !found {
			break
		}
		if after == "" {
			return "", errors.New("ends in a %")
		}
		text, err := x.homeSequence(after[0])
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		rest = after[1:]
	}
	return b.String(), nil
}

// homeSequence returns what stands for % and a letter.
func (x *sssdDomain) homeSequence(letter byte) (string, error) {
	uid, number := x.attribute("uid"), x.attribute("uidNumber")
	switch letter {
	case 'u':
		return "${" + uid + "}", nil
	case 'U':
		if strings.Contains(number, ":") {
			return "", errors.New("has %U in it: goldap has no expression for a uid that comes from a SID")
		}
		return "${" + number + "}", nil
	case 'l':
		return "${" + uid + ":0:1}", nil
	case 'd':
		return literal(x.name), nil
	case 'f':
		return "${" + uid + "}@" + literal(x.name), nil
	case 'o':
		return "${" + x.attribute("homeDirectory") + "}", nil
	case 'H':
		if key, given := x.inherited("homedir_substring"); given {
			return literal(key.value), nil
		}
		return "/home", nil
	case '%':
		return "%", nil
	}
	return "", errors.New("has %" + string(rune(letter)) + " in it, which goldap cannot compute: it has %u %U %l %d %f %o %H and %%")
}

// readFiltered hides the users and groups that SSSD hides. root is never believed
// from a directory.
func (x *sssdDomain) readFiltered() {
	if users, key := x.hidden("filter_users"); len(users) > 0 {
		for _, name := range []string{"passwd", "shadow"} {
			x.hide(name, x.dir.mapNamed(name).uidAttribute(), users, key.at)
		}
	}
	if groups, key := x.hidden("filter_groups"); len(groups) > 0 {
		attribute := x.dir.Group.Attributes["cn"]
		if attribute == "" {
			attribute = "cn"
		}
		x.hide("group", attribute, groups, key.at)
	}
}

func (m *Map) uidAttribute() string {
	if to := m.Attributes["uid"]; to != "" {
		return to
	}
	return "uid"
}

// hidden returns the names of a list that mean entries of this domain.
func (x *sssdDomain) hidden(name string) ([]string, iniKey) {
	key, _ := x.inherited(name)
	var names []string
	for _, word := range splitCommas(key.value) {
		short, domain, qualified := strings.Cut(word, "@")
		switch {
		case qualified && !strings.EqualFold(domain, x.name):
			if x.ini.section("domain/"+domain) == nil {
				x.loseAt(key.at, word, "is not carried over: it names no domain of this file")
			}
		case short != "root" && !slices.Contains(names, short):
			names = append(names, short)
		}
	}
	return names, key
}

// hide leaves entries out of a map.
func (x *sssdDomain) hide(name, attribute string, names []string, at place) {
	m := x.dir.mapNamed(name)
	filter := m.Filter
	if filter == "" {
		filter = "(objectClass=" + m.ObjectClass + ")"
	}
	m.Filter = allOf(filter, "(!"+anyOf(attribute, names)+")")
	x.places[x.path+name+".filter"] = at
}

// readPasswords reads how passwords are proven and changed.
func (x *sssdDomain) readPasswords() {
	x.readAuthProvider()
	x.readChangeProvider()
	x.readPasswordPolicy()
	if x.schema == "ad" {
		x.dir.PasswordChange = "ad"
	}
	if key, given := x.section.get("ldap_pwmodify_mode"); given {
		way, err := choice(key.value, "exop", "exop", "ldap_modify", "clear")
		if err != nil {
			x.failAt(key.at, key.value, err.Error())
			return
		}
		x.dir.PasswordChange = way
	}
}

func (x *sssdDomain) readAuthProvider() {
	at, provider := x.at("auth_provider"), strings.ToLower(x.value("auth_provider"))
	if provider == "" {
		at, provider = x.at("id_provider"), x.provider
	}
	switch provider {
	case "ldap":
	case "ad", "krb5", "ipa":
		x.loseAt(at, "", "is carried over in part: goldap proves passwords by a bind to the LDAP server, over TLS, and gets no Kerberos tickets; "+
			"where tickets are needed, leave pam_krb5.so or another module in the PAM stack")
	case "none":
		x.failAt(at, "", "keeps everybody from logging in with a password, and goldap has no such setting: leave pam_goldap.so out of the auth lines of /etc/pam.d. "+noRule)
	case "proxy":
		x.failAt(at, "", "has passwords proven by other PAM modules, and goldap proves them by a bind: name those modules in /etc/pam.d. "+noRule)
	default:
		x.failAt(at, provider, "is no provider of SSSD's"+didYouMean(provider, []string{"ldap", "krb5", "ad", "ipa", "proxy", "none"}))
	}
}

func (x *sssdDomain) readChangeProvider() {
	key, given := x.section.get("chpass_provider")
	if !given {
		return
	}
	switch strings.ToLower(key.value) {
	case "ldap":
	case "none":
		x.cfg.Login.PasswordProhibitMessage = "Passwords cannot be changed here."
		x.sharedBy(key, "login.password_prohibit_message")
	case "ad", "krb5", "ipa", "proxy":
		x.loseAt(key.at, key.value, "is carried over in part: goldap changes passwords in the LDAP server (password_change in goldap.toml)")
	default:
		x.failAt(key.at, key.value, "is no provider of SSSD's"+didYouMean(key.value, []string{"ldap", "krb5", "ad", "ipa", "proxy", "none"}))
	}
}

// readPasswordPolicy says which of the attributes about the age of passwords are
// looked at: goldap looks at those of shadow(5) wherever they are.
func (x *sssdDomain) readPasswordPolicy() {
	policy := strings.ToLower(x.value("ldap_pwd_policy"))
	at := x.at("ldap_pwd_policy")
	switch policy {
	case "", "none":
		if x.schema != "ad" {
			x.warnAt(at, policy, "goldap obeys shadowExpire, shadowMax and the others of an entry, which SSSD does not ask for without ldap_pwd_policy = shadow. "+
				`To go without: [directory.shadow.attributes] shadowExpire = "", shadowMax = "" and so on`)
		}
	case "shadow":
		attribute := x.dir.Shadow.Attributes["shadowLastChange"]
		if attribute == "" {
			attribute = "shadowLastChange"
		}
		x.addLoginFilter("("+attribute+"=*)", at)
		x.warnAt(at, policy, "keeps out whoever has no "+attribute+" and gives a password: that becomes a login_filter, which is about logins without a password, too")
	case "mit_kerberos":
		x.loseAt(at, policy, "is not carried over: goldap does not look at the times of Kerberos passwords")
	default:
		x.failAt(at, policy, "is none of none, shadow, mit_kerberos"+didYouMean(policy, []string{"none", "shadow", "mit_kerberos"}))
	}
}
