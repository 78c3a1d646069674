package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// checkSASL checks how goldap itself binds with SASL. What the mechanism does
// not use is warned about.
func (d *draft) checkSASL(dir *Directory, at string) {
	s := &dir.SASL
	kerberos := map[string]bool{"realm": s.Realm != "", "principal": s.Principal != "",
		"keytab": s.Keytab != "", "credential_cache": s.CredentialCache != ""}
	switch s.Mechanism {
	case "":
		kerberos["authz_id"] = s.AuthzID != ""
		d.warnUnused(at, kerberos, "without "+d.name("sasl.mechanism"))
		return
	case "EXTERNAL":
		d.warnUnused(at, kerberos, "with EXTERNAL")
		d.checkExternal(dir, at)
	case "GSSAPI":
		d.checkKerberos(s, at)
	default:
		d.fail(at+".mechanism", s.Mechanism, "is a mechanism that goldap does not have: it has EXTERNAL and GSSAPI; "+
			"with a password, use a simple bind over TLS (%s and %s)", d.name("bind_dn"), d.name("bind_password"))
	}
	if id := s.AuthzID; id != "" && !strings.HasPrefix(id, "dn:") && !strings.HasPrefix(id, "u:") {
		d.fail(at+".authz_id", id, "must begin with dn: or u: (RFC 4513, 5.2.1.8)")
	}
	d.warnUnused(strings.TrimSuffix(at, ".sasl"), map[string]bool{"bind_dn": dir.BindDN != "",
		"bind_password": !dir.BindPassword.IsEmpty(), "bind_password_file": dir.BindPasswordFile != ""}, "with "+d.name("sasl.mechanism"))
}

// warnUnused warns of the keys of a table that are given and not used.
func (d *draft) warnUnused(at string, given map[string]bool, why string) {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if given[key] {
			d.warn(at+"."+key, "", "has no effect %s", why)
		}
	}
}

// checkExternal sees to it that there is something outside of SASL that says
// who goldap is to each server.
func (d *draft) checkExternal(dir *Directory, at string) {
	prove := func(uri string, t *TLS) bool {
		_, local := cutPrefixFold(uri, "ldapi://")
		return local || t.CertFile != "" && !(t.Mode == "off" && isClear(uri))
	}
	fail := func(uri string) {
		d.fail(at+".mechanism", dir.SASL.Mechanism, "proves nothing to %s: it needs an ldapi:// server, or TLS with a certificate (%s)", cmp.Or(withoutUser(uri), "a server"), d.name("tls.cert_file"))
	}
	for _, uri := range slices.Concat(dir.URIs, dir.WriteURIs) {
		if serverNamed(dir, uri) == nil && !prove(uri, &dir.TLS) {
			fail(uri)
			return
		}
	}
	for i := range dir.Servers {
		s := &dir.Servers[i]
		t := &s.TLS
		if t.Mode == "" {
			t = &dir.TLS
		}
		if s.BindDN == "" && !prove(s.URI, t) {
			fail(s.URI)
			return
		}
	}
}

func (d *draft) checkKerberos(s *SASL, at string) {
	keytab, cache := d.name("sasl.keytab"), d.name("sasl.credential_cache")
	switch {
	case s.Keytab == "" && s.CredentialCache == "":
		d.fail(at+".mechanism", s.Mechanism, "needs Kerberos credentials: add %s, or %s", cache, keytab)
	case s.Keytab != "" && s.CredentialCache != "":
		d.fail(at+".keytab", s.Keytab, "is given although %s is, too: keep one", cache)
	case s.Keytab != "" && s.Principal == "":
		d.fail(at+".keytab", s.Keytab, "needs the name of its principal: add %s", d.name("sasl.principal"))
	}
}
