package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestAllErrorsAtOnce(t *testing.T) {
	padl := loadBad(t, "pam_ldap.conf", "bsae dc=x\nscope tree\nbindpw "+marker+"\nuri ldap://a:0\npam_filter (\ntls_key /missing\n")
	want := `pam_ldap.conf:1: bsae: is not a keyword; did you mean base?
pam_ldap.conf:2: scope: "tree" is none of sub, one, base, subtree, onelevel
pam_ldap.conf:3: bindpw: belongs to nobody: add binddn
pam_ldap.conf:4: ssl: is missing, and passwords would travel in clear text: write "ssl start_tls", or "ssl off" if that is meant
pam_ldap.conf:4: uri: "ldap://a:0" has a port that is not between 1 and 65535
pam_ldap.conf:5: pam_filter: "(" is not a filter: "" is not of the form attribute=value
pam_ldap.conf:6: tls_key: needs tls_cert beside it
pam_ldap.conf:6: tls_key: "/missing" cannot be read: no such file or directory
pam_ldap.conf: base: is missing: say where users and groups are, such as dc=example,dc=com`
	if padl != want {
		t.Errorf("got\n%s\nwant\n%s", padl, want)
	}

	toml := loadBad(t, "goldap.toml", "[daemon]\nlog_level = 5\n[[directory]]\nbase = \"x\"\nbind_pasword = \""+marker+"\"\n[[directory]]\nuris = [\"ldap://b\"]\nscope = \"tree\"\nbind_dn = \"cn=a\"\n")
	want = `goldap.toml:2: daemon.log_level: "5" must be a text in quotes
goldap.toml:3: directory.uris: is missing: name the servers, such as uris = ["ldap://ldap.example.com"]
goldap.toml:4: directory.base: "x" is not a DN: "x" is not of the form attribute=value
goldap.toml:5: directory.bind_pasword: is not a key of [[directory]]; did you mean bind_password?
goldap.toml:6: directory.base: is missing: say where users and groups are, such as dc=example,dc=com
goldap.toml:8: directory.scope: "tree" is none of sub, one, base, children
goldap.toml:9: directory.bind_dn: "cn=a" has no password, so the server would take it for anonymous: add bind_password`
	if toml != want {
		t.Errorf("got\n%s\nwant\n%s", toml, want)
	}
}

func TestProblemFields(t *testing.T) {
	path := write(t, "pam_ldap.conf", site+"scope tree\n")
	_, err := Load(path)
	var list Errors
	if !errors.As(err, &list) || len(list) != 1 {
		t.Fatalf("error %v", err)
	}
	want := Problem{File: path, Line: 3, Key: "scope", Value: "tree", Text: `"tree" is none of sub, one, base, subtree, onelevel`}
	if list[0] != want {
		t.Errorf("got %+v", list[0])
	}
}

func TestProblemString(t *testing.T) {
	tests := map[string]Problem{
		"f:3: k: t": {File: "f", Line: 3, Key: "k", Value: "v", Text: "t"},
		"f: k: t":   {File: "f", Key: "k", Text: "t"},
		"f:3: t":    {File: "f", Line: 3, Text: "t"},
		"f: t":      {File: "f", Text: "t"},
	}
	for want, problem := range tests {
		if got := problem.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	root := t.TempDir()
	_, err := Load(filepath.Join(root, "missing.toml"))
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != root+"/missing.toml: cannot be read: no such file or directory" {
		t.Errorf("missing file: %v", err)
	}
	_, err = Load(root)
	if err == nil || err.Error() != root+": is a directory, not a file" {
		t.Errorf("directory: %v", err)
	}
	_, err = Load("/dev/zero")
	if err == nil || err.Error() != "/dev/zero: is larger than 4 MiB" {
		t.Errorf("endless file: %v", err)
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	first, second, third := filepath.Join(root, "a"), filepath.Join(root, "b"), filepath.Join(root, "c")
	for _, path := range []string{second, third} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		explicit string
		places   []string
		want     string
	}{
		"explicit":            {"/x", []string{second}, "/x"},
		"first that exists":   {"", []string{first, second, third}, second},
		"order":               {"", []string{third, second}, third},
		"not to be looked at": {"", []string{second + "/below", third}, second + "/below"},
		"none":                {"", []string{first}, ""},
	}
	for name, test := range tests {
		got, err := find(test.explicit, test.places)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if err != nil && (!errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), first)) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	want := []string{"/etc/goldap/goldap.toml", "/etc/pam_ldap.conf", "/etc/nslcd.conf"}
	if got := UsualPlaces(); !reflect.DeepEqual(got, want) {
		t.Errorf("usual places %v", got)
	}
	if got, err := Find("/explicit"); got != "/explicit" || err != nil {
		t.Errorf("Find: %q, %v", got, err)
	}
}

func TestModes(t *testing.T) {
	const secretPADL = site + "binddn cn=a\nbindpw " + marker + "\n"
	const secretTOML = minimal + "bind_dn = \"cn=a\"\nbind_password = \"" + marker + "\"\n"
	const rootTOML = minimal + "root_bind_dn = \"cn=a\"\nroot_bind_password = \"" + marker + "\"\n"
	tests := map[string]struct {
		name, file string
		mode       fs.FileMode
		want       string // without FILE; empty if accepted
	}{
		"PADL closed":        {"ldap.conf", secretPADL, 0o640, ""},
		"PADL open":          {"ldap.conf", secretPADL, 0o644, "FILE:4: bindpw: stands in a file that others may read: chmod 0640 FILE (and chown root:goldap FILE)"},
		"TOML closed":        {"x.toml", secretTOML, 0o600, ""},
		"TOML open":          {"x.toml", secretTOML, 0o604, "FILE:5: directory.bind_password: stands in a file that others may read: chmod 0640 FILE (and chown root:goldap FILE)"},
		"TOML root password": {"x.toml", rootTOML, 0o604, "FILE:5: directory.root_bind_password: stands in a file that others may read: chmod 0640 FILE (and chown root:goldap FILE)"},
		"executable":         {"x.toml", secretTOML, 0o641, "FILE:5: directory.bind_password: stands in a file that others may read: chmod 0640 FILE (and chown root:goldap FILE)"},
		"no secret":          {"x.toml", minimal, 0o644, ""},
		"writable":           {"x.toml", minimal, 0o646, "FILE: everybody may write the file, and so decide who logs in: chmod 0640 FILE (and chown root:goldap FILE)"},
		"blank in the name":  {"my x.toml", minimal, 0o646, "FILE: everybody may write the file, and so decide who logs in: chmod 0640 'FILE' (and chown root:goldap 'FILE')"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, test.name, test.file)
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), path, "FILE")
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestShellQuote(t *testing.T) {
	tests := map[string]string{"/etc/a-b_c.toml": "/etc/a-b_c.toml", "/a b": "'/a b'", "/it's": `'/it'\''s'`, "/ä": "'/ä'"}
	for path, want := range tests {
		if got := shellQuote(path); got != want {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

// secretDir returns a directory with a configuration of that name and secret
// files, which only the owner may read.
func secretDir(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestSecretFiles(t *testing.T) {
	for name, content := range map[string]string{
		"line":         marker + "\n",
		"no newline":   marker,
		"CRLF":         marker + "\r\n",
		"second line":  marker + "\nrubbish\n",
		"inner blanks": marker + " x ",
	} {
		t.Run(name, func(t *testing.T) {
			root := secretDir(t, map[string]string{
				"goldap.toml": minimal + "bind_dn = \"cn=a\"\nbind_password_file = \"bind\"\nroot_bind_dn = \"cn=b\"\nroot_bind_password_file = \"root\"",
				"bind":        content, "root": content + "2",
			})
			cfg, err := Load(root + "/goldap.toml")
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := strings.Cut(content, "\n")
			want = strings.TrimSuffix(want, "\r")
			d := cfg.Directories[0]
			if !bytes.Equal(d.BindPassword.Bytes(), []byte(want)) || !bytes.HasPrefix(d.RootBindPassword.Bytes(), []byte(want)) {
				t.Errorf("got %q and %q", d.BindPassword.Bytes(), d.RootBindPassword.Bytes())
			}
			if files := []string{root + "/goldap.toml", root + "/bind", root + "/root"}; !reflect.DeepEqual(cfg.Files, files) {
				t.Errorf("files %v", cfg.Files)
			}
		})
	}
}

func TestSecretFileErrors(t *testing.T) {
	const file = minimal + "bind_dn = \"cn=a\"\nbind_password_file = \"s\"\n"
	tests := map[string]struct {
		files map[string]string
		mode  fs.FileMode
		want  string
	}{
		"missing": {map[string]string{"x.toml": file}, 0, `x.toml:5: directory.bind_password_file: "s" s: cannot be read: no such file or directory`},
		"empty":   {map[string]string{"x.toml": file, "s": "\n" + marker}, 0o600, `x.toml:5: directory.bind_password_file: "s" s: the first line, which should be the password, is empty`},
		"open":    {map[string]string{"x.toml": file, "s": marker}, 0o644, `x.toml:5: directory.bind_password_file: "s" is a secret file that others may read: chmod 0640 s (and chown root:goldap s)`},
		"both":    {map[string]string{"x.toml": file + "bind_password = \"" + marker + "\"", "s": marker}, 0o600, `x.toml:5: directory.bind_password_file: "s" is given although directory.bind_password is, too: keep one`},
		"alone":   {map[string]string{"x.toml": minimal + "bind_password_file = \"s\"", "s": marker}, 0o600, `x.toml:4: directory.bind_password_file: belongs to nobody: add bind_dn`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := secretDir(t, test.files)
			if test.mode != 0 {
				if err := os.Chmod(root+"/s", test.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Load(root + "/x.toml")
			if err == nil {
				t.Fatal("accepted")
			}
			noMarker(t, err.Error())
			if got := strings.ReplaceAll(err.Error(), root+"/", ""); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestRootSecret(t *testing.T) {
	const file = site + "rootbinddn cn=root\n"
	tests := map[string]struct {
		files          map[string]string
		bindDN         string
		root, password string
		read           string
	}{
		"pam_ldap.secret":  {map[string]string{"ldap.conf": file, "pam_ldap.secret": "r1\n", "ldap.secret": "r2\n"}, "cn=root", "r1", "r1", "pam_ldap.secret"},
		"ldap.secret":      {map[string]string{"ldap.conf": file, "ldap.secret": "r2\n"}, "cn=root", "r2", "r2", "ldap.secret"},
		"with binddn":      {map[string]string{"ldap.conf": file + "binddn cn=a\nbindpw b\n", "ldap.secret": "r2\n"}, "cn=a", "r2", "b", "ldap.secret"},
		"no secret":        {map[string]string{"ldap.conf": file}, "", "", "", ""},
		"without the line": {map[string]string{"ldap.conf": site, "ldap.secret": "r2\n"}, "", "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := secretDir(t, test.files)
			cfg, err := Load(root + "/ldap.conf")
			if err != nil {
				t.Fatal(err)
			}
			d := cfg.Directories[0]
			if d.BindDN != test.bindDN || string(d.RootBindPassword.Bytes()) != test.root || string(d.BindPassword.Bytes()) != test.password {
				t.Errorf("got %q %q %q", d.BindDN, d.RootBindPassword.Bytes(), d.BindPassword.Bytes())
			}
			if len(cfg.Files) > 1 && cfg.Files[1] != root+"/"+test.read || (len(cfg.Files) > 1) != (test.read != "") {
				t.Errorf("files %v", cfg.Files)
			}
			d.RootBindPassword.Wipe()
			if string(d.BindPassword.Bytes()) != test.password {
				t.Error("the two passwords share their bytes")
			}
		})
	}

	root := secretDir(t, map[string]string{"ldap.conf": file, "ldap.secret": marker})
	if err := os.Chmod(root+"/ldap.secret", 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Load(root + "/ldap.conf")
	if err == nil {
		t.Fatal("an open secret file was accepted")
	}
	contains(t, err.Error(), "ldap.conf:3: rootbinddn: has a secret file that others may read: chmod 0640 "+root+"/ldap.secret")

	root = secretDir(t, map[string]string{"ldap.conf": file, "ldap.secret": "\n"})
	_, err = Load(root + "/ldap.conf")
	if err == nil {
		t.Fatal("an empty secret file was accepted")
	}
	contains(t, err.Error(), "the first line, which should be the password, is empty")
}

func TestEnvironment(t *testing.T) {
	credentials := secretDir(t, map[string]string{"bind": "from-systemd\n", "goldap.toml": "rubbish"})
	root := secretDir(t, map[string]string{
		"a.toml": minimal + "bind_dn = \"cn=a\"\nbind_password_file = \"bind\"\n",
		"b.toml": minimal + "bind_dn = \"cn=a\"\nbind_password_file = \"other\"\n",
		"c.toml": minimal + "bind_dn = \"cn=a\"\nbind_password_file = \"../" + filepath.Base(credentials) + "/bind\"\n",
		"bind":   "from-directory\n", "other": "from-directory\n",
	})
	password := func(name string) string {
		cfg, err := Load(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(cfg.Directories[0].BindPassword.Bytes())
	}
	for _, variable := range []string{"GOLDAP_CONFIG", "NSS_LDAP_CONFIG_FILE", "LDAPCONF", "LDAPRC", "LDAPBASE", "LDAPTLS_REQCERT", "HOME"} {
		t.Setenv(variable, credentials)
	}
	if got := password("a.toml"); got != "from-directory" {
		t.Errorf("without credentials: %s", got)
	}
	absolute := write(t, "d.toml", minimal+"bind_dn = \"cn=a\"\nbind_password_file = \""+root+"/bind\"\n")
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	if cfg, err := Load(absolute); err != nil || string(cfg.Directories[0].BindPassword.Bytes()) != "from-directory" {
		t.Errorf("absolute name with credentials: %v", err)
	}
	for name, want := range map[string]string{"a.toml": "from-systemd", "b.toml": "from-directory", "c.toml": "from-systemd"} {
		if got := password(name); got != want {
			t.Errorf("%s with credentials: %s", name, got)
		}
	}
}

// TestNoSecretInErrors puts the marker behind every keyword and key, where it
// must not be shown if it may have been meant as a password.
func TestNoSecretInErrors(t *testing.T) {
	for _, line := range []string{"bindpw", "bindpww", "Bindpw", "bind_pw", "rootbindpw", " bindpw", "bindpw\t", "rootpwmodpw", "xyz"} {
		_, err := Load(write(t, "pam_ldap.conf", "scope x\n"+line+" "+marker+"\n"))
		noMarker(t, err.Error())
	}
	for _, line := range []string{
		"bind_password = \"$\"", "bind_password = '''\n$'''\n", "bind_password = $", "bind_password = \"$", "bind_password = [\"$\"]",
		"bind_password = { a = \"$\" }", "bind_passwort = \"$\"", "root_bind_password = \"$\"", "bindpw = '$'", "bind_password $",
		"bind_password = \"\\$\"", "bind_password = 0x$", "bind_password = 1.2$", "bind_password = inf$", "bind_password = true$",
		"bind_password = 2020-01-01$", "bind_password = \"a\" \"$\"",
	} {
		_, err := Load(write(t, "goldap.toml", "[[directory]]\nscope = \"x\"\n"+strings.ReplaceAll(line, "$", marker)+"\n"))
		noMarker(t, err.Error())
	}
}

func TestRefusedConfigurationIsWiped(t *testing.T) {
	d := parse("pam_ldap.conf", []byte("bindpw "+marker+"\n"))
	password := d.cfg.Directories[0].BindPassword
	d.check()
	if _, err := d.result(); err == nil {
		t.Fatal("accepted")
	}
	if !bytes.Equal(password.Bytes(), make([]byte, len(marker))) {
		t.Errorf("password is still %q", password.Bytes())
	}
}
