package module

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/embedded"
	"github.com/goldap/goldap/pkg/secret"
)

// The directory of the tests. The names and uids are unlikely to be local
// anywhere.
const (
	base           = "dc=mydomain,dc=com"
	pseudouser     = "uid=app_backtraceio,ou=pseudousers," + base
	administrator  = "cn=administrator," + base
	adminPassword  = "Turn the key 3 times"
	pseudoPassword = "Password1234!"

	right    = "Analytical-Engine-1843"
	next     = "Note-G-Bernoulli-1843"
	wrong    = "not the password"
	firstUID = 54001
)

// The users, named for what the directory says about them.
const (
	plain      = "gp-plain"
	locked     = "gp-locked"
	lapsed     = "gp-lapsed"     // the password has expired
	mustChange = "gp-mustchange" // after a reset
	warned     = "gp-warned"     // the password expires in three days
	gone       = "gp-gone"       // the account has expired
	longUser   = "gp-long"       // the password has 4 KiB of UTF-8
	frozen     = "gp-frozen"     // may not change the password
	unknown    = "gp-unknown"    // not there
)

var (
	longPassword = strings.Repeat("pä密🔑", 409) + "secret" // 4,096 bytes
	expiresIn    = 3*24*time.Hour + time.Hour
)

func users() []embedded.User {
	list := []embedded.User{
		{Name: plain},
		{Name: locked, Policy: embedded.Policy{Locked: true}},
		{Name: lapsed, Policy: embedded.Policy{Expired: true}},
		{Name: mustChange, Policy: embedded.Policy{MustChange: true}},
		{Name: warned, Policy: embedded.Policy{ExpiresIn: expiresIn}},
		{Name: gone, Attributes: map[string][]string{"shadowExpire": {"11323"}}},
		{Name: longUser, Password: secret.FromString(longPassword)},
		{Name: frozen, Policy: embedded.Policy{RefuseChange: embedded.PasswordModNotAllowed}},
	}
	for i := range list {
		list[i].UID, list[i].GID = uint32(firstUID+i), 54000
		if list[i].Password.IsEmpty() {
			list[i].Password = secret.FromString(right)
		}
	}
	return list
}

// site is a directory, a configuration for it, and service files.
type site struct {
	t         *testing.T
	dir       string
	confdir   string
	config    string
	socket    string
	directory *embedded.Directory
}

// newSite starts a directory of the test's own. Everything is gone after the
// test.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: tempDir(t)}
	s.confdir = filepath.Join(s.dir, "pam.d")
	s.config = filepath.Join(s.dir, "pam_ldap.conf")
	s.socket = filepath.Join(s.dir, "socket")
	var err error
	s.directory, err = embedded.Start(t.Context(), embedded.Options{
		Base: base, Host: "127.0.0.1", Users: users(), MinPasswordLength: 8,
		Pseudouser: embedded.Identity{DN: pseudouser, Password: secret.FromString(pseudoPassword)},
		Admin:      embedded.Identity{DN: administrator, Password: secret.FromString(adminPassword)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.directory.Close() })
	if err := s.directory.WriteCAFile(s.caFile()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.confdir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.configure("")
	return s
}

// tempDir is short enough for a socket and open to all users.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "goldap-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *site) caFile() string { return filepath.Join(s.dir, "ca.pem") }

// configure writes the pam_ldap.conf, with more lines if there are any.
func (s *site) configure(more string) {
	s.t.Helper()
	text := "host " + s.directory.Addr() + "\nbase " + base + "\nbinddn " + pseudouser + "\nbindpw " + pseudoPassword +
		"\nssl start_tls\ntls_cacertfile " + s.caFile() + "\n" + more
	s.write(s.config, text, 0o600)
}

// configureTOML writes goldap.toml instead and makes it the configuration.
func (s *site) configureTOML(more string) {
	s.t.Helper()
	s.config = filepath.Join(s.dir, "goldap.toml")
	s.write(s.config, fmt.Sprintf(`%s
[[directory]]
uris = ["ldap://%s"]
base = %q
bind_dn = %q
bind_password = %q
tls = { mode = "start_tls", ca_file = %q }
`, more, s.directory.Addr(), base, pseudouser, pseudoPassword, s.caFile()), 0o600)
}

func (s *site) write(path, text string, mode os.FileMode) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

// service writes a service file with module as the only one in each of the
// four groups, and returns its name.
func (s *site) service(module, options string) string {
	s.t.Helper()
	var text strings.Builder
	for _, group := range []string{"auth", "account", "password", "session"} {
		fmt.Fprintf(&text, "%s required %s\n", group, s.line(module, options))
	}
	return s.stack(text.String())
}

// line is the module with its arguments. Later ones of the same name win.
func (s *site) line(module, options string) string {
	return fmt.Sprintf("%s nodelay config=%s socket=%s %s", module, s.config, s.socket, options)
}

// stack writes a service file and returns its name.
func (s *site) stack(text string) string {
	s.t.Helper()
	files, err := os.ReadDir(s.confdir)
	if err != nil {
		s.t.Fatal(err)
	}
	name := fmt.Sprintf("service%d", len(files))
	s.write(filepath.Join(s.confdir, name), text, 0o644)
	return name
}

// append adds lines to the configuration.
func (s *site) append(text string) {
	s.t.Helper()
	before, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(s.config, string(before)+text, 0o600)
}

// reset gives a user the password and the policy of the start again.
func (s *site) reset(t *testing.T, user, password string) {
	t.Helper()
	for _, u := range users() {
		if u.Name != user {
			continue
		}
		dn := embedded.UserDN(user, base)
		if err := s.directory.SetPassword(dn, secret.FromString(password)); err != nil {
			t.Fatal(err)
		}
		if err := s.directory.SetPolicy(dn, u.Policy); err != nil {
			t.Fatal(err)
		}
	}
}
