package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManagedSecretsOfEtc: for a configuration in /etc itself, a name without a
// slash is that of a file in /etc/goldap. It would be /etc/shadow, whose first
// line root would send to a server of goldapd's choice.
func TestManagedSecretsOfEtc(t *testing.T) {
	const managed = "[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\nbind_dn='cn=g'\nbind_password_file='shadow'\n"
	for _, base := range []string{"/etc/pam_ldap.conf", "/etc/nslcd.conf", "/etc//nslcd.conf", "/etc/goldap/goldap.toml"} {
		d, m := parseManaged(ManagedPath(base), base, []byte(managed))
		if len(d.errors) > 0 {
			t.Fatal(d.errors)
		}
		main := newDraft(base, spellPADL)
		if got := main.secretPath(m.Directories[0].BindPasswordFile); got != "/etc/goldap/shadow" {
			t.Errorf("%s: root would read %s", base, got)
		}
	}
	for _, name := range []string{"/etc/shadow", "../shadow", "/etc/goldap/../shadow"} {
		d, _ := parseManaged(ManagedPath("/etc/nslcd.conf"), "/etc/nslcd.conf", []byte(strings.Replace(managed, "shadow", name, 1)))
		if len(d.errors) != 1 || !strings.Contains(d.errors[0].Text, "in /etc/goldap or of a credential") {
			t.Errorf("%s: %v", name, d.errors)
		}
	}
}

// TestManagedFiles: root opens no file for the managed file that goldapd's user
// could have made, and none that holds a secret that the administrator did not
// mean for goldap.
func TestManagedFiles(t *testing.T) {
	const directory = "[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\n"
	const tls, gssapi = directory + "[directory.tls]\n", directory + "sasl.mechanism='GSSAPI'\nsasl.principal='p'\n"
	for name, test := range map[string]struct{ managed, want string }{
		"a device":             {tls + "ca_file='/dev/zero'\n", "6: directory.tls.ca_file: \"/dev/zero\" must be below"},
		"made by goldapd":      {tls + "ca_file='managed/fifo'\n", "directory.tls.ca_file: "},
		"made by it, absolute": {tls + "ca_file='OWN/managed/fifo'\n", "directory.tls.ca_file: "},
		"made by it, unclean":  {tls + "ca_dir='OWN/x/../managed'\n", "directory.tls.ca_dir: "},
		"out of /etc":          {tls + "crl_file='/etc/../proc/kmsg'\n", "directory.tls.crl_file: "},
		"a server's":           {directory + "[[directory.server]]\nuri='ldaps://d'\ntls={mode='ldaps', ca_file='/tmp/x'}\n", "directory.server.tls.ca_file: "},
		"a foreign key":        {tls + "cert_file='/etc/passwd'\nkey_file='/etc/ssl/private/host.key'\n", "directory.tls.key_file: \"/etc/ssl/private/host.key\" must be the name of a file in"},
		"the machine's keytab": {gssapi + "sasl.keytab='/etc/krb5.keytab'\n", "directory.sasl.keytab: \"/etc/krb5.keytab\" must be the name of a file in"},
		"the tickets of root":  {gssapi + "sasl.credential_cache='/tmp/krb5cc_0'\n", "directory.sasl.credential_cache: \"/tmp/krb5cc_0\" must be the name of a file in"},
		"another krb5.conf":    {gssapi + "sasl.keytab='k'\nsasl.kerberos_config='/tmp/k'\n", "directory.sasl.kerberos_config: "},
		"root itself":          {"[[directory]]\nname='c'\nuris=['ldapi://%2Frun%2Fslapd']\nbase='dc=c'\nsasl.mechanism='EXTERNAL'\n", "directory.sasl.mechanism: \"EXTERNAL\" must be in a directory of the administrator's"},
		"itself, at a server":  {directory + "sasl.mechanism='EXTERNAL'\n[[directory.server]]\nuri='LDAPI://%2Fx'\n", "directory.sasl.mechanism: \"EXTERNAL\" must be in"},

		"an authority":           {tls + "ca_file='/etc/passwd'\n", ""},
		"one beside":             {tls + "ca_file='k'\ncert_file='k'\nkey_file='k'\n", ""},
		"one in a folder beside": {tls + "ca_file='OWN/folder/k'\n", ""},
		"the administrator's":    {tls + "ca_file='FAR'\ncert_file='FAR'\nkey_file='FAR'\n", ""},
		"a keytab beside":        {gssapi + "sasl.keytab='k'\nsasl.kerberos_config='/etc/passwd'\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			far := write(t, "far", "x")
			own := strings.Replace(ownFile, "base = \"dc=b\"", "base = \"dc=b\"\ntls.cert_file = '"+far+"'\ntls.key_file = '"+far+"'", 1)
			path := writeManaged(t, "goldap.toml", own, "")
			beside := filepath.Dir(path)
			for _, file := range []string{"k", "folder/k", "managed/fifo"} {
				if err := os.MkdirAll(filepath.Join(beside, filepath.Dir(file)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(beside, file), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			managed := strings.NewReplacer("OWN", beside, "FAR", far).Replace(test.managed)
			if err := os.WriteFile(ManagedPath(path), []byte(managed), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("it was accepted")
			}
			contains(t, err.Error(), test.want)
		})
	}
}

// TestManagedExternal has a bind as whoever asks where the administrator has one.
func TestManagedExternal(t *testing.T) {
	const external = "[[directory]]\nname='a'\nuris=['ldapi://%2Frun%2Fslapd']\nbase='dc=a'\nsasl.mechanism='EXTERNAL'\n"
	if _, err := Load(writeManaged(t, "goldap.toml", external, external+"sasl.authz_id='u:g'\n")); err != nil {
		t.Error(err)
	}
}

// TestManagedRootSecret: the secret file of rootbinddn, which only root may read,
// goes to no other server than the administrator has it for, and to no other
// identity. goldapd's user writes the managed file, and does not know it.
func TestManagedRootSecret(t *testing.T) {
	const own = "uri ldaps://a\nbase dc=a\nrootbinddn cn=root,dc=a\n"
	const same = "[[directory]]\nname='dc=a'\nuris=['ldaps://a']\nbase='dc=a'\nroot_bind_dn='cn=root,dc=a'\npage_size=7\n[directory.tls]\n"
	for name, test := range map[string]struct {
		managed string
		has     bool
	}{
		"unchanged":          {"", true},
		"the same servers":   {same, true},
		"as it is shown":     {strings.Replace(same, "page_size", "bind_dn='cn=root,dc=a'\npage_size", 1), true},
		"another server":     {strings.Replace(same, "'ldaps://a'", "'ldaps://evil'", 1), false},
		"one more server":    {strings.Replace(same, "'ldaps://a'", "'ldaps://a', 'ldaps://evil'", 1), false},
		"another for writes": {strings.Replace(same, "page_size", "write_uris=['ldaps://evil']\npage_size", 1), false},
		"a server's table":   {same + "[[directory.server]]\nuri='ldaps://evil'\n", false},
		"no check":           {same + "verify='never'\n", false},
		"another authority":  {same + "ca_file='/etc/passwd'\n", false},
		"another identity":   {strings.Replace(same, "cn=root,", "cn=other,", 1), false},
		"another directory":  {strings.Replace(same, "name='dc=a'", "name='x'", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeManaged(t, "pam_ldap.conf", own, test.managed)
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "pam_ldap.secret"), []byte(marker+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			d := cfg.Directories[len(cfg.Directories)-1]
			for what, password := range map[string]string{"root_bind_password": string(d.RootBindPassword.Bytes()), "bind_password": string(d.BindPassword.Bytes())} {
				if (password == marker) != test.has {
					t.Errorf("%s has %d bytes", what, len(password))
				}
			}
		})
	}
}

// TestManagedOwner refuses a managed file that others than goldapd and root could
// have made.
func TestManagedOwner(t *testing.T) {
	path := writeManaged(t, "goldap.toml", ownFile, "")
	if err := os.Chmod(filepath.Dir(ManagedPath(path)), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path)
	if err == nil {
		t.Fatal("everybody could have made it")
	}
	contains(t, err.Error(), "everybody may write to its folder")
	for _, test := range []struct {
		file, folder, self uint32
		good               bool
	}{{0, 7, 0, true}, {7, 7, 0, true}, {9, 9, 9, true}, {0, 0, 9, true}, {8, 7, 0, false}, {8, 0, 0, false}, {8, 0, 8, true}} {
		if got := ownedRight(test.file, test.folder, test.self); got != test.good {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
