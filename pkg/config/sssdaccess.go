package config

import (
	"slices"
	"strconv"
	"strings"
)

// matchNobody is a filter that no entry matches.
const matchNobody = "(!(objectClass=*))"

// noRule ends the texts about rules that keep somebody out and cannot be carried
// over.
const noRule = "If goldap may do without, take the line out of a copy of the file and convert that"

// readAccess reads who may log in. A rule that cannot be carried over is an error:
// without it goldap would let in whom SSSD keeps out.
func (x *sssdDomain) readAccess() {
	key, given := x.section.get("access_provider")
	switch provider := strings.ToLower(key.value); {
	case !given || provider == "permit":
	case provider == "deny":
		x.addLoginFilter(matchNobody, key.at)
	case provider == "ldap":
		x.readAccessOrder()
		return
	case provider == "simple":
		x.readSimple()
		return
	case provider == "ad" && x.provider == "ad":
		x.readADAccess()
		return
	case provider == "krb5":
		x.failAt(key.at, key.value, "lets in whom the file .k5login names, and goldap has no such rule. "+noRule)
	case provider == "ipa" || provider == "proxy":
		x.failAt(key.at, key.value, "decides by rules that goldap does not have. "+noRule+
			", with another rule in its place, such as access_provider = simple")
	default:
		x.failAt(key.at, key.value, "is no access provider"+didYouMean(key.value, []string{"permit", "deny", "ldap", "simple", "ad", "ipa", "krb5", "proxy"}))
	}
	x.noteUnusedRules()
}

// noteUnusedRules names rules that SSSD does not look at, for whoever believes in
// them.
func (x *sssdDomain) noteUnusedRules() {
	for _, name := range []string{"ldap_access_filter", "ldap_access_order", "simple_allow_users", "simple_allow_groups", "simple_deny_users", "simple_deny_groups"} {
		if key, given := x.section.get(name); given {
			x.warnAt(key.at, "", "is no rule, neither for SSSD nor for goldap: access_provider is not "+providerOf(name))
		}
	}
}

func providerOf(name string) string {
	if strings.HasPrefix(name, "simple_") {
		return "simple"
	}
	return "ldap"
}

// addLoginFilter adds a filter that users must match to log in.
func (x *sssdDomain) addLoginFilter(filter string, at place) {
	x.dir.LoginFilter = allOf(x.dir.LoginFilter, filter)
	x.places[x.path+"login_filter"] = at
}

// readAccessOrder reads ldap_access_order (sssd-ldap(5)).
func (x *sssdDomain) readAccessOrder() {
	key, given := x.section.get("ldap_access_order")
	words := splitCommas(strings.ToLower(key.value))
	if !given {
		key = iniKey{at: x.at("access_provider")}
		words = []string{"filter"}
	}
	for _, word := range words {
		x.readAccessRule(word, key.at)
	}
	if filter, given := x.section.get("ldap_access_filter"); given && !slices.Contains(words, "filter") {
		x.warnAt(filter.at, "", "is no rule, neither for SSSD nor for goldap: filter is not in ldap_access_order")
	}
}

func (x *sssdDomain) readAccessRule(word string, at place) {
	switch word {
	case "filter":
		x.readAccessFilter(at)
	case "expire":
		x.readExpirePolicy(at)
	case "lockout":
		// goldap always looks at it.
	case "ppolicy":
		x.loseAt(at, word, "is carried over in part: whom an administrator has locked is kept out, but a lock because of wrong passwords keeps nobody out who types none, such as users of ssh keys; "+
			`to keep them out, too, add (!(pwdAccountLockedTime=*)) to login_filter`)
	case "authorized_service":
		x.dir.LoginCheckService = true
		x.fixedAttribute("ldap_user_authorized_service", "authorizedService")
	case "host":
		x.dir.LoginCheckHost = true
		x.fixedAttribute("ldap_user_authorized_host", "host")
	case "pwd_expire_policy_warn", "pwd_expire_policy_renew":
		x.loseAt(at, word, "is not carried over: who logs in without a password is not told that it has expired")
	case "rhost":
		x.failAt(at, word, "keeps out by the host that a user comes from, and goldap looks at no such attribute; login_searches with $rhost can do that. "+noRule)
	case "pwd_expire_policy_reject":
		x.failAt(at, word, "keeps out users of ssh keys whose password has expired, and goldap does not. "+noRule)
	default:
		x.failAt(at, word, "is no rule of ldap_access_order"+didYouMean(word, []string{"filter", "expire", "lockout", "ppolicy", "authorized_service", "host", "rhost",
			"pwd_expire_policy_reject", "pwd_expire_policy_warn", "pwd_expire_policy_renew"}))
	}
}

// readAccessFilter reads the filter; without one SSSD lets nobody in.
func (x *sssdDomain) readAccessFilter(at place) {
	key, given := x.section.get("ldap_access_filter")
	if !given {
		x.warnAt(at, "", "ldap_access_filter is missing, so that nobody may log in: not with SSSD, and not with goldap")
		x.addLoginFilter(matchNobody, at)
		return
	}
	x.addLoginFilter(inParentheses(key.value), key.at)
}

func (x *sssdDomain) readExpirePolicy(at place) {
	key, given := x.section.get("ldap_account_expire_policy")
	switch {
	case !given:
		x.failAt(at, "expire", "needs ldap_account_expire_policy: without it SSSD lets nobody in")
	case strings.EqualFold(key.value, "shadow"):
		// goldap always looks at the attributes that these mean.
	case strings.EqualFold(key.value, "ad"):
		x.fixedAttribute("ldap_user_ad_user_account_control", "userAccountControl")
		x.fixedAttribute("ldap_user_ad_account_expires", "accountExpires")
	case containsFold([]string{"rhds", "ipa", "389ds"}, key.value):
		x.fixedAttribute("ldap_ns_account_lock", "nsAccountLock")
	case strings.EqualFold(key.value, "nds"):
		x.failAt(key.at, key.value, "keeps out by attributes of eDirectory, which goldap does not look at; login_filter may do that. "+noRule)
	default:
		x.failAt(key.at, key.value, "is none of shadow, ad, rhds, ipa, 389ds, nds"+didYouMean(key.value, []string{"shadow", "rhds", "389ds"}))
	}
}

// fixedAttribute refuses a rule about an attribute of another name than goldap
// looks at.
func (x *sssdDomain) fixedAttribute(name, attribute string) {
	if key, given := x.section.get(name); given && !strings.EqualFold(key.value, attribute) {
		x.failAt(key.at, key.value, "is not the attribute that goldap looks at, which is "+attribute+". "+noRule)
	}
}

// readADAccess reads access_provider = ad: locks and expiry, which goldap always
// looks at, a filter, and group policies.
func (x *sssdDomain) readADAccess() {
	if key, given := x.section.get("ad_access_filter"); given {
		filter, ok := x.adFilter(key.value)
		if !ok {
			x.failAt(key.at, key.value, "has filters for other domains, and goldap's is for this one. "+noRule)
		}
		x.addLoginFilter(filter, key.at)
	}
	switch mode := strings.ToLower(x.value("ad_gpo_access_control")); mode {
	case "disabled", "permissive":
	case "", "enforcing":
		x.failAt(x.at("ad_gpo_access_control"), mode, "keeps out whom group policies (GPO) refuse, and goldap does not read those. "+
			"If they keep nobody out, write ad_gpo_access_control = disabled into a copy of the file and convert that")
	default:
		x.failAt(x.at("ad_gpo_access_control"), mode, "is none of disabled, permissive, enforcing")
	}
}

// adFilter takes the filter out of [[DOM:]DOMAIN:](filter) if it is for this domain.
func (x *sssdDomain) adFilter(value string) (string, bool) {
	before, rest, _ := strings.Cut(value, "(")
	rest = "(" + rest
	words := strings.Split(strings.TrimSuffix(before, ":"), ":")
	switch {
	case before == "":
	case len(words) == 2 && strings.EqualFold(words[0], "DOM"):
		before = words[1]
	case len(words) == 1:
		before = words[0]
	default:
		return "", false
	}
	return rest, checkFilter(rest) == nil && (before == "" || strings.EqualFold(before, x.adDomain()))
}

// simpleAccess is what access_provider = simple says of groups, and with them of
// users.
type simpleAccess struct {
	allowUsers, denyUsers, allowGroups, denyGroups []string
	at                                             place
}

// readSimple reads access_provider = simple (sssd-simple(5)). Users alone are a
// filter, which counts for every service; groups take roles.
func (x *sssdDomain) readSimple() {
	list := func(name string) []string {
		key, _ := x.section.get(name)
		return x.shortNames(key)
	}
	s := &simpleAccess{
		allowUsers: list("simple_allow_users"), denyUsers: list("simple_deny_users"),
		allowGroups: list("simple_allow_groups"), denyGroups: list("simple_deny_groups"),
		at: x.at("simple_allow_groups"),
	}
	if len(s.allowGroups)+len(s.denyGroups) > 0 {
		x.simple = s
		return
	}
	uid := x.attribute("uid")
	if len(s.allowUsers) > 0 {
		x.addLoginFilter(anyOf(uid, s.allowUsers), x.at("simple_allow_users"))
	}
	if len(s.denyUsers) > 0 {
		x.addLoginFilter("(!"+anyOf(uid, s.denyUsers)+")", x.at("simple_deny_users"))
	}
}

// shortNames returns the names of a list without the domain behind them.
func (x *sssdDomain) shortNames(key iniKey) []string {
	var names []string
	for _, word := range splitCommas(key.value) {
		name, domain, qualified := strings.Cut(word, "@")
		if qualified && !strings.EqualFold(domain, x.name) {
			x.failAt(key.at, word, "is a name of another domain; goldap's rule is about the users and groups of this one. "+noRule)
			continue
		}
		names = append(names, name)
	}
	return names
}

// usualServices are the PAM services that the rules of converted files are about.
func usualServices() []string {
	return []string{"sshd", "login", "remote", "su", "su-l", "runuser", "runuser-l", "sudo", "sudo-i", "polkit-1", "passwd", "chsh", "chfn",
		"cron", "crond", "atd", "systemd-user", "gdm-password", "lightdm", "sddm", "xdm", "cockpit", "vsftpd", "samba", "dovecot"}
}

// finishSimple makes roles and one service rule of what the domains say of groups.
func (r *sssdReader) finishSimple() {
	rule := Service{Names: usualServices()}
	var at place
	admits := false
	for _, x := range r.domains {
		if x.simple != nil {
			at = x.simple.at
			admits = admits || len(x.simple.allowUsers)+len(x.simple.allowGroups) > 0
		}
	}
	if at == (place{}) {
		return
	}
	for i, x := range r.domains {
		x.simpleRoles(i, admits, &rule)
	}
	r.cfg.Services = []Service{rule}
	r.cfg.Login.OtherServices = "refuse"
	r.places["service[0]"], r.places["login.other_services"] = at, at
	r.warnAt(at, "", "becomes roles and a [[service]] rule, which names the usual services; any other is refused (login.other_services): add the services of this machine's /etc/pam.d that are missing")
}

// simpleRoles adds the roles of a domain. One without such lists lets all of its
// users in, and needs a role for them if there is a role to have.
func (x *sssdDomain) simpleRoles(i int, admits bool, rule *Service) {
	s := x.simple
	if s == nil {
		s = &simpleAccess{at: x.header}
	}
	name := func(what string) string { return what + "-" + strconv.Itoa(i+1) }
	switch {
	case len(s.allowUsers)+len(s.allowGroups) > 0:
		rule.Admit = append(rule.Admit, x.addRole(name("allowed"), s.allowUsers, s.allowGroups, s.at))
	case admits:
		x.cfg.Roles = append(x.cfg.Roles, Role{Name: name("everybody"), Directories: []string{x.dir.Name}, Filters: []string{"(objectClass=*)"}})
		rule.Admit = append(rule.Admit, name("everybody"))
	}
	if len(s.denyUsers)+len(s.denyGroups) > 0 {
		rule.Refuse = append(rule.Refuse, x.addRole(name("denied"), s.denyUsers, s.denyGroups, s.at))
	}
}

// addRole adds a role for users and the members of groups, wherever SSSD would
// find those: with several bases for groups there is a role for each.
func (x *sssdDomain) addRole(name string, users, groups []string, at place) string {
	var parts []string
	bases := x.groupBases()
	add := func(role Role) {
		role.Directories = []string{x.dir.Name}
		x.places[index("role", len(x.cfg.Roles))] = at
		x.cfg.Roles = append(x.cfg.Roles, role)
	}
	for i, base := range bases[1:] {
		if len(groups) > 0 {
			parts = append(parts, name+"-"+strconv.Itoa(i+2))
			add(Role{Name: parts[i], Groups: groups, GroupBase: base, Nested: x.dir.NestedGroups})
		}
	}
	role := Role{Name: name, Users: users, Roles: parts}
	if len(groups) > 0 {
		role.Groups, role.GroupBase, role.Nested = groups, bases[0], x.dir.NestedGroups
	}
	add(role)
	return name
}

// groupBases returns where groups are; never empty.
func (x *sssdDomain) groupBases() []string {
	var dns []string
	for _, base := range x.dir.Group.Bases {
		dns = append(dns, base.DN)
	}
	if len(dns) > 0 {
		return dns
	}
	if x.dir.Base != "" {
		dns = append(dns, x.dir.Base)
	}
	for _, base := range x.dir.Bases {
		dns = append(dns, base.DN)
	}
	return append(dns, "")[:max(1, len(dns))]
}
