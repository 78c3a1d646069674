package config

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/secret"
)

func (d *draft) checkDirectories() {
	if len(d.cfg.Directories) == 0 {
		d.fail("directory", "", "is missing: write a [[directory]] table with uris and base")
	}
	seen, administrated := map[string]bool{}, false
	for i := range d.cfg.Directories {
		dir, at := &d.cfg.Directories[i], index("directory", i)
		d.checkDirectory(dir, at)
		if dir.Name != "" && seen[dir.Name] {
			d.fail(at+".name", dir.Name, "is the name of another directory, too: give each a name of its own")
		}
		seen[dir.Name] = true
		if dir.RootBindDN != "" && administrated {
			d.fail(at+".root_bind_dn", dir.RootBindDN, "is a second administrator: root is asked for one password, "+
				"which must not be sent to the other directory; keep root_bind_dn in one directory")
		}
		administrated = administrated || dir.RootBindDN != ""
	}
}

func (d *draft) checkDirectory(dir *Directory, at string) {
	d.checkURIs(dir, at)
	d.checkTLS(dir, at+".tls")
	d.checkBind(dir, at)
	d.checkBases(dir, at)
	d.checkLimits(dir, at)
	d.checkLoginRules(dir, at)
	for _, name := range mapNames() {
		d.checkMap(dir.mapNamed(name), at+"."+name, name)
	}
	if dir.Name == "" {
		dir.Name = firstBase(dir)
	}
}

// firstBase returns the DN that stands for a directory without a name.
func firstBase(dir *Directory) string {
	if dir.Base != "" {
		return dir.Base
	}
	for _, name := range mapNames() {
		if bases := dir.mapNamed(name).Bases; len(bases) > 0 {
			return bases[0].DN
		}
	}
	return ""
}

func (d *draft) checkURIs(dir *Directory, at string) {
	if len(dir.URIs) == 0 {
		text := `is missing: name the servers, such as uris = ["ldap://ldap.example.com"]`
		if d.spelling == spellPADL {
			text = `is missing: name the servers, such as "uri ldap://ldap.example.com"`
		}
		d.fail(at+".uris", "", "%s", text)
	}
	for i, uri := range dir.URIs {
		path := index(at+".uris", i)
		if err := checkURI(uri); err != nil {
			shown := uri
			if strings.Contains(uri, "@") { // there may be a password before it
				shown = ""
			}
			d.fail(path, shown, "%v", err)
		}
		if slices.Contains(dir.URIs[:i], uri) {
			d.fail(path, uri, "is named twice")
		}
	}
}

func (d *draft) checkTLS(dir *Directory, at string) {
	t, clear := dir.TLS, hasClearURI(dir.URIs)
	d.checkChoice(at+".mode", t.Mode, "start_tls", "ldaps", "off")
	d.checkChoice(at+".verify", t.Verify, "demand", "never")
	switch {
	case t.Mode == "off" && clear && !t.AllowClearText:
		d.fail(at+".mode", t.Mode, "would send every password in clear text to ldap:// servers: use start_tls")
	case t.Mode == "off" && clear:
		d.warn(at+".mode", "", "passwords travel in clear text: everybody on the way can read them")
	case t.AllowClearText:
		d.warn(at+".allow_clear_text", "", "has no effect: all connections use TLS or stay on this machine")
	}
	if t.Verify == "never" {
		d.warn(at+".verify", "", "any certificate is accepted: everybody on the way can pose as the server and read passwords")
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		given, missing := ".cert_file", "tls.key_file"
		if t.CertFile == "" {
			given, missing = ".key_file", "tls.cert_file"
		}
		d.fail(at+given, "", "needs %s beside it", d.name(missing))
	}
	for i, name := range t.Ciphers {
		if cipherSuite(name) != name {
			d.fail(index(at+".ciphers", i), name, "is not a cipher suite of Go's for TLS 1.2%s", didYouMean(name, slices.Sorted(maps.Values(cipherSuites()))))
		}
	}
}

// checkBind refuses half an identity. A DN without a password would be an
// unauthenticated bind (RFC 4513, 5.1.2), which servers answer with success and
// treat as anonymous.
func (d *draft) checkBind(dir *Directory, at string) {
	for _, dn := range []struct{ path, value string }{{at + ".bind_dn", dir.BindDN}, {at + ".root_bind_dn", dir.RootBindDN}} {
		if dn.value != "" {
			d.checkText(dn.path, dn.value, checkDN)
		}
	}
	password := givenPassword(at+".bind_password", dir.BindPassword, dir.BindPasswordFile)
	switch {
	case dir.BindDN != "" && password == "":
		d.fail(at+".bind_dn", dir.BindDN, "has no password, so the server would take it for anonymous: add %s", d.name("bind_password"))
	case dir.BindDN == "" && password != "":
		d.fail(password, "", "belongs to nobody: add %s", d.name("bind_dn"))
	}
	password = givenPassword(at+".root_bind_password", dir.RootBindPassword, dir.RootBindPasswordFile)
	if dir.RootBindDN == "" && password != "" {
		d.fail(password, "", "belongs to nobody: add %s", d.name("root_bind_dn"))
	}
}

// givenPassword returns the path of the key that gives a password, or "" if
// none does.
func givenPassword(path string, password secret.Secret, file string) string {
	switch {
	case file != "":
		return path + "_file"
	case !password.IsEmpty():
		return path
	default:
		return ""
	}
}

// checkBases sees to it that every map that logins need is told where to
// search. There is no default: whoever may write an entry that is found decides who logs in.
func (d *draft) checkBases(dir *Directory, at string) {
	if dir.Base != "" {
		d.checkText(at+".base", dir.Base, checkDN)
		return
	}
	for _, name := range accountMaps() {
		if len(dir.mapNamed(name).Bases) == 0 {
			d.fail(at+".base", "", "is missing: say where users and groups are, such as dc=example,dc=com")
			return
		}
	}
}

func (d *draft) checkLimits(dir *Directory, at string) {
	d.checkDuration(at+".connect_timeout", dir.ConnectTimeout)
	d.checkDuration(at+".search_timeout", dir.SearchTimeout)
	d.checkNumber(at+".page_size", int64(dir.PageSize), 0, math.MaxInt32)
	d.checkNumber(at+".search_connections", int64(dir.SearchConnections), 1, 1024)
	d.checkNumber(at+".bind_connections", int64(dir.BindConnections), 1, 1024)
	d.checkChoice(at+".scope", dir.Scope, scopes()...)
}

func scopes() []string { return []string{"sub", "one", "base"} }

func (d *draft) checkLoginRules(dir *Directory, at string) {
	if dir.LoginAttribute != "" {
		d.checkText(at+".login_attribute", dir.LoginAttribute, checkDescription)
	}
	if dir.LoginFilter != "" {
		d.checkText(at+".login_filter", dir.LoginFilter, checkFilter)
	}
	d.checkLoginGroup(dir, at)
	if dir.LoginMaxUID != 0 && dir.LoginMinUID > dir.LoginMaxUID {
		d.fail(at+".login_min_uid", "", "is larger than %s, so nobody could log in", d.name("login_max_uid"))
	}
	d.checkChoice(at+".password_change", dir.PasswordChange, passwordChanges()...)
	if way := dir.PasswordChange; slices.Contains(passwordChanges(), way) && !strings.HasPrefix(way, "exop") {
		d.warn(at+".password_change", way, "is understood but not honoured: changes of passwords are refused; use exop if the server has RFC 3062")
	}
}

// checkLoginGroup refuses a rule that nobody could satisfy.
func (d *draft) checkLoginGroup(dir *Directory, at string) {
	usual := DefaultDirectory().LoginMemberAttribute
	attribute := at + ".login_member_attribute"
	d.checkText(attribute, dir.LoginMemberAttribute, checkDescription)
	switch {
	case dir.LoginGroupDN == "" && dir.LoginMemberAttribute != usual:
		d.warn(attribute, "", "has no effect without %s", d.name("login_group_dn"))
	case dir.LoginGroupDN != "" && strings.EqualFold(dir.LoginMemberAttribute, "memberUid"):
		d.fail(attribute, dir.LoginMemberAttribute, "holds user names where DNs are needed, so nobody could log in")
	}
	if dir.LoginGroupDN != "" {
		d.checkText(at+".login_group_dn", dir.LoginGroupDN, checkDN)
	}
}

func (d *draft) checkMap(m *Map, at, name string) {
	for i, base := range m.Bases {
		path := index(at+".bases", i)
		if base.DN == "" {
			d.fail(path+".dn", "", "is missing: say where to search")
		} else {
			d.checkText(path+".dn", base.DN, checkDN)
		}
		if base.Scope != "" {
			d.checkChoice(path+".scope", base.Scope, scopes()...)
		}
		if base.Filter != "" {
			d.checkText(path+".filter", base.Filter, checkFilter)
		}
	}
	d.checkText(at+".object_class", m.ObjectClass, checkDescription)
	if m.Filter != "" {
		d.checkText(at+".filter", m.Filter, checkFilter)
	}
	for _, attribute := range slices.Sorted(maps.Keys(m.Attributes)) {
		path := at + ".attributes." + attribute
		if known := mapAttributes(name); !slices.Contains(known, attribute) {
			d.fail(path, "", "is not an attribute of this map%s", didYouMean(attribute, known))
		}
		d.checkText(path, m.Attributes[attribute], checkDescription)
	}
}
