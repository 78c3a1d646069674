package config

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzzParse reads bytes as a file of that name, without touching other files.
func fuzzParse(t *testing.T, name string, data []byte) {
	d := parse(name, append([]byte(nil), data...))
	if !d.stopped {
		d.check()
	}
	cfg, err := d.result()
	if (cfg == nil) == (err == nil) {
		t.Fatalf("got %v and %v", cfg, err)
	}
	lines := strings.Count(string(data), "\n") + 1
	for _, p := range append(d.errors, d.warnings...) {
		if p.File != name || p.Text == "" || p.Line < 0 || p.Line > lines || strings.ContainsAny(p.String(), "\n\x00") {
			t.Errorf("problem %+v", p)
		}
	}
	if err != nil {
		return
	}
	writtenSame(t, cfg)
	for _, directory := range cfg.Directories {
		if len(directory.URIs)+len(directory.Servers) == 0 || directory.Name == "" || directory.BindDN != "" && directory.BindPassword.IsEmpty() && directory.BindPasswordFile == "" && directory.SASL.Mechanism == "" {
			t.Errorf("accepted %+v", directory)
		}
		if hasClearURI(directory.URIs) && directory.TLS.Mode == "off" && !directory.TLS.AllowClearText {
			t.Errorf("accepted clear text: %+v", directory)
		}
	}
}

func FuzzLoadPADL(f *testing.F) {
	for _, seed := range []string{"", site, site + "ssl off\r\n", "host a b:1 ::1\nssl start_tls\nbase dc=x", "bindpw\tx\nbinddn cn=a\n nss_base_passwd ou=x,?one?a=b",
		"nss_map_attribute a:b c\nnss_map_objectclass posixAccount x\npam_filter |(a=b)(c=d)\npam_password ad", "tls_ciphers A:B\ntimelimit 5\npam_min_uid 7"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzParse(t, "pam_ldap.conf", data) })
}

func FuzzLoadNSLCD(f *testing.F) {
	for _, seed := range []string{"", nslcdSite, nslcdSite + nslcdRest, "uri DNS:x\nuri ldapi://%2Fa\nssl start_tls\nbase \"\"\nbase passwd dc=x\nscope passwd children",
		"map passwd gecos \"${gecos:-$cn}\"\nmap group member \"\"\nmap passwd uidNumber objectSid:S-1-5-21-1-2-3\n validnames /^[a\\]-z[:alpha:]]{1,3}$/i",
		"cache dn2uid 5m off\nlog /var/log/x debug\npam_authz_search (&(a=$uid)(b=\\*))\nbindpw\tx y\nbase domain"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzParse(t, "nslcd.conf", data) })
}

// FuzzReadSSSD reads bytes as a sssd.conf, and its result again. No problem shows
// the password.
func FuzzReadSSSD(f *testing.F) {
	const site = "[sssd]\ndomains=a\n[domain/a]\nid_provider=ldap\nldap_uri=ldaps://a\nldap_search_base=dc=a\n"
	for _, seed := range []string{"", site, site + "access_provider=simple\nsimple_allow_groups=x,y\n", " a = b\n/* x\n*/\n[ x ]\n;\n//\n[\n",
		site + "override_homedir=/%u%U%%%l\noverride_gid=7\nauto_private_groups=true\nfilter_users=a(*)\\\nldap_default_authtok=\x01" + marker,
		site + "ldap_search_base=dc=a?one?a=b?dc=c??\nldap_schema=ad\nldap_id_mapping=true\nldap_idmap_default_domain_sid=S-1-5-21-1-2-3\nmin_id=1\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := newDraft("sssd.conf", spellSSSD)
		d.readSSSD([]sssdFile{{"sssd.conf", append([]byte(nil), data...)}}, "")
		if !d.stopped {
			d.check()
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range append(d.errors, d.warnings...) {
			if p.File != "sssd.conf" || p.Text == "" || p.Line < 0 || p.Line > lines || strings.ContainsAny(p.String(), "\n\x00") {
				t.Errorf("problem %+v", p)
			}
		}
		if cfg, err := d.result(); err == nil {
			writtenSame(t, cfg)
		}
	})
}

func FuzzFromPOSIX(f *testing.F) {
	for _, seed := range []string{"^[a-z0-9._@$()]([a-z0-9._@$() \\~-]*[a-z0-9._@$()~-])?$", "^[]a^-]{2}|\\.$", "[[:alpha:]]+"} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, expression string, fold bool) {
		translated, err := fromPOSIX(expression, fold)
		if err != nil {
			return
		}
		if compiled, err := regexp.Compile(translated); err == nil && fold && utf8.ValidString(expression) {
			for _, name := range []string{"abc", "x1.y", "Root$"} {
				if compiled.MatchString(strings.ToLower(name)) != compiled.MatchString(strings.ToUpper(name)) {
					t.Errorf("%q (%q) tells the cases of %q apart", expression, translated, name)
				}
			}
		}
	})
}

func FuzzLoadTOML(f *testing.F) {
	for _, seed := range []string{"", minimal, minimal + "tls = { mode = \"off\", allow_clear_text = true }\n[[directory.passwd.bases]]\ndn='ou=x'\n",
		"[daemon]\nsockets = [\"/a\", # x\n]\n[accounts]\nvalid_names = '^a$'\n", "a.'b c'.\"d\" = \"\"\"x\\\n\"\"\"\"\"\nb = [{c = 1}, [2]]\nd = 2020-01-01 00:00:00\n",
		minimal + "[directory.passwd.attributes]\nuid = \"a\"\n\"x.y[\" = \"b\"\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzParse(t, "goldap.toml", data) })
}

func FuzzCheckFilter(f *testing.F) {
	for _, seed := range []string{"(a=b)", "(&(a=b)(!(c:dn:=d)))", `(a=\2a)`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		plain := regexp.MustCompile(`\\.`).ReplaceAllString(filter, "")
		if checkFilter(filter) == nil && strings.Count(plain, "(") != strings.Count(plain, ")") {
			t.Errorf("accepted %q", filter)
		}
	})
}
