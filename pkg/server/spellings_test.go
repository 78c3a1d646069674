package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// spellings are the same rules in the three languages of configuration files:
// an administrator with a password and what MORE is.
var spellings = map[string]struct{ file, text, more string }{
	"TOML": {"goldap.toml", `
[login]
password_prohibit_message = "MESSAGE"
[[directory]]
uris = ["URI"]
base = "dc=lab"
root_bind_dn = "cn=admin,dc=lab"
root_bind_password = "admin secret"
MORE
[directory.tls]
mode = "off"
allow_clear_text = true
`, `login_searches = ["(&(uid=$username)(cn=$service))"]`},
	"nslcd.conf": {"nslcd.conf", `
uri URI
base dc=lab
ssl no
rootpwmoddn cn=admin,dc=lab
rootpwmodpw admin secret
pam_password_prohibit_message "MESSAGE"
MORE
`, `pam_authz_search (&(uid=$username)(cn=$service))`},
	"pam_ldap.conf": {"pam_ldap.conf", `
uri URI
base dc=lab
ssl off
binddn cn=admin,dc=lab
bindpw admin secret
rootbinddn cn=admin,dc=lab
pam_password_prohibit_message MESSAGE
MORE
`, `pam_filter cn=labservice`},
}

// spelled starts a server with a configuration in one of the languages.
func spelled(t *testing.T, name, message string, more bool) *client.Client {
	t.Helper()
	ldap := scripted.New(t)
	ldap.Add(
		scripted.Entry{DN: labDN, Attributes: map[string][]string{
			"objectClass": {"posixAccount"}, "uid": {labUser}, "cn": {"labservice"},
			"uidNumber": {"20001"}, "gidNumber": {"20000"}, "homeDirectory": {"/home/lab"}, "userPassword": {labSecret}}},
		scripted.Entry{DN: labAdmin, Attributes: map[string][]string{"userPassword": {"admin secret"}}})
	spelling := spellings[name]
	lines := strings.NewReplacer("URI", "ldap://"+ldap.Listen(t), "MESSAGE", message, "MORE", map[bool]string{true: spelling.more}[more])
	text := lines.Replace(spelling.text)
	if message == "" { // an empty one cannot be said everywhere
		var kept []string
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "prohibit_message") {
				kept = append(kept, line)
			}
		}
		text = strings.Join(kept, "")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, spelling.file)
	for file, text := range map[string]string{path: text, filepath.Join(dir, "pam_ldap.secret"): "admin secret\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{cfg: *cfg}
	return l.serveConfigured(t)
}

// TestRulesInEverySpelling: the prohibition of changes, the administrator and
// the searches are the same whatever the file is called.
func TestRulesInEverySpelling(t *testing.T) {
	for name := range spellings {
		t.Run(name, func(t *testing.T) {
			change := func(c *client.Client, old string, asRoot bool) nslcd.Verdict {
				v, err := c.ChangePassword(t.Context(), client.Change{PAM: nslcd.PAM{User: labUser},
					Old: secret.FromString(old), New: secret.FromString("the next one"), AsRoot: asRoot})
				if err != nil {
					t.Error(err)
				}
				return v
			}
			c := spelled(t, name, "Ask Eve.", false)
			if text, err := c.Config(t.Context(), nslcd.OptionProhibitMessage); err != nil || text != "Ask Eve." {
				t.Errorf("the message is %q, %v", text, err)
			}
			for _, asRoot := range []bool{false, true} {
				if v := change(c, labSecret, asRoot); v.Code != nslcd.CodePermDenied || v.Message != "Ask Eve." {
					t.Errorf("prohibited change: %+v", v)
				}
			}
			c = spelled(t, name, "", false)
			if v := change(c, "", true); v.Code != nslcd.CodeSuccess {
				t.Errorf("change by the administrator with the configured password: %+v", v)
			}
			c = spelled(t, name, "", true)
			for service, want := range map[string]nslcd.Code{"labservice": nslcd.CodeSuccess, "another": nslcd.CodePermDenied} {
				v, err := c.Authorize(t.Context(), nslcd.PAM{User: labUser, Service: service})
				if name == "pam_ldap.conf" { // whose filter knows nothing of services
					want = nslcd.CodeSuccess
				}
				if err != nil || v.Code != want {
					t.Errorf("%s: %+v, %v", service, v, err)
				}
			}
		})
	}
}
