package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// checkServers checks where the servers are and what they have of their own.
func (d *draft) checkServers(dir *Directory, at string) {
	if len(dir.URIs) == 0 && len(dir.Servers) == 0 {
		d.fail(at+".uris", "", "%s", map[spelling]string{
			spellTOML:  `is missing: name the servers, such as uris = ["ldap://ldap.example.com"]`,
			spellPADL:  `is missing: name the servers, such as "uri ldap://ldap.example.com"`,
			spellNSLCD: `is missing: name the servers, such as "uri ldap://ldap.example.com"`,
		}[d.spelling])
	}
	seen := map[string]bool{}
	for i, uri := range dir.URIs {
		d.checkServerURI(index(at+".uris", i), uri, seen)
	}
	inherit := slices.Clone(dir.URIs)
	for i := range dir.Servers {
		s, path := &dir.Servers[i], index(at+".server", i)
		if s.URI == "" {
			d.fail(path+".uri", "", "is missing: say where the server is")
		} else {
			d.checkServerURI(path+".uri", s.URI, seen)
		}
		if s.TLS.Mode == "" {
			inherit = append(inherit, s.URI)
		}
		d.checkServer(dir, s, path)
	}
	inherit = append(inherit, d.checkWriters(dir, at)...)
	d.checkTLS(&dir.TLS, inherit, at+".tls")
	d.checkReferrals(dir, at)
}

func (d *draft) checkServerURI(path, uri string, seen map[string]bool) {
	d.checkURI(path, uri)
	if seen[uri] {
		d.fail(path, withoutUser(uri), "is named twice")
	}
	seen[uri] = true
}

func (d *draft) checkURI(path, uri string) {
	err := checkURI(uri)
	if err == nil {
		return
	}
	d.fail(path, withoutUser(uri), "%v", err)
}

// withoutUser returns a URI, or nothing if there may be a password in it.
func withoutUser(uri string) string {
	if strings.Contains(uri, "@") {
		return ""
	}
	return uri
}

// checkServer checks what a server has of its own. It completes its TLS.
func (d *draft) checkServer(dir *Directory, s *Server, at string) {
	switch {
	case s.Base == "":
	case dir.Base == "":
		d.fail(at+".base", s.Base, "replaces the base of the directory, but that has none: add base there")
	default:
		d.checkText(at+".base", s.Base, checkDN)
	}
	password := givenPassword(at+".bind_password", s.BindPassword, s.BindPasswordFile)
	switch {
	case s.BindDN != "":
		d.checkText(at+".bind_dn", s.BindDN, checkDN)
		if password == "" {
			d.fail(at+".bind_dn", s.BindDN, "has no password of its own: add bind_password")
		}
	case password != "":
		d.fail(password, "", "belongs to nobody: add bind_dn")
	}
	if s.ConnectTimeout != 0 {
		d.checkDuration(at+".connect_timeout", s.ConnectTimeout)
	}
	if s.SearchTimeout != 0 {
		d.checkDuration(at+".search_timeout", s.SearchTimeout)
	}
	switch t := &s.TLS; {
	case t.Mode != "":
		usual := DefaultTLS()
		if t.Verify == "" {
			t.Verify = usual.Verify
		}
		if t.CRLCheck == "" {
			t.CRLCheck = usual.CRLCheck
		}
		d.checkTLS(t, []string{s.URI}, at+".tls")
	case !isZero(*t):
		d.fail(at+".tls", "", "has no mode, so the directory's TLS would count instead of it: add mode")
	}
}

func isZero(t TLS) bool {
	if len(t.Ciphers) == 0 {
		t.Ciphers = nil
	}
	return reflect.ValueOf(t).IsZero()
}

// checkTLS checks how connections to these servers are secured.
func (d *draft) checkTLS(t *TLS, uris []string, at string) {
	clear := hasClearURI(uris)
	d.checkChoice(at+".mode", t.Mode, "start_tls", "ldaps", "off")
	d.checkChoice(at+".verify", t.Verify, "demand", "never")
	switch {
	case t.Mode == "off" && clear && !t.AllowClearText:
		d.fail(at+".mode", t.Mode, "would send every password in clear text to ldap:// servers: use start_tls")
	case t.Mode == "off" && hasFarClearURI(uris):
		d.warn(at+".mode", "", "passwords travel in clear text: everybody on the way can read them")
	case t.AllowClearText && !(t.Mode == "off" && clear):
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
	d.checkRevocation(t, at)
}

func (d *draft) checkRevocation(t *TLS, at string) {
	d.checkChoice(at+".crl_check", t.CRLCheck, "none", "peer", "all")
	switch {
	case t.CRLCheck != "none" && t.CRLFile == "":
		d.fail(at+".crl_check", t.CRLCheck, "needs %s, which names the file with the lists", d.name("tls.crl_file"))
	case t.CRLCheck != "none" && t.Verify == "never":
		d.fail(at+".crl_check", t.CRLCheck, "makes no sense where any certificate is accepted (%s)", d.name("tls.verify"))
	case t.CRLCheck == "none" && t.CRLFile != "":
		d.warn(at+".crl_file", "", "has no effect without %s", d.name("tls.crl_check"))
	}
}

func (d *draft) checkReferrals(dir *Directory, at string) {
	for i, uri := range dir.ReferralURIs {
		path := index(at+".referral_uris", i)
		if _, _, dns := cutSRV(uri); dns {
			d.fail(path, uri, "must be the URI of a server: referrals name servers, not domains")
			continue
		}
		d.checkURI(path, uri)
	}
	if len(dir.ReferralURIs) > 0 && !dir.FollowReferrals {
		d.warn(at+".referral_uris", "", "has no effect without follow_referrals")
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
	case dir.SASL.Mechanism != "":
	case dir.BindDN != "" && password == "":
		d.fail(at+".bind_dn", dir.BindDN, "has no password, so the server would take it for anonymous: add %s", d.name("bind_password"))
	case dir.BindDN == "" && password != "":
		d.fail(password, "", "belongs to nobody: add %s", d.name("bind_dn"))
	}
	d.checkSASL(dir, at+".sasl")
	password = givenPassword(at+".root_bind_password", dir.RootBindPassword, dir.RootBindPasswordFile)
	if dir.RootBindDN == "" && password != "" {
		d.fail(password, "", "belongs to nobody: add %s", d.name("root_bind_dn"))
	}
}
