package config

import (
	"strings"
	"testing"
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
	for _, directory := range cfg.Directories {
		if len(directory.URIs) == 0 || directory.Name == "" || directory.BindDN != "" && directory.BindPassword.IsEmpty() && directory.BindPasswordFile == "" {
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
		if checkFilter(filter) == nil && strings.Count(filter, "(") != strings.Count(filter, ")") {
			t.Errorf("accepted %q", filter)
		}
	})
}
