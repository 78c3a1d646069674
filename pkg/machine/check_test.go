package machine

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/nslcd"
)

func TestNothingIsWrongWithAGoodMachine(t *testing.T) {
	if found := goodTree().check(t); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}

// surveyIs has the servers look like s.
func surveyIs(change func(s *directory.ServerSurvey)) func(*tree) {
	return func(m *tree) {
		m.opts.survey = func(_ context.Context, cfg config.Directory) ([]directory.ServerSurvey, error) {
			s := directory.ServerSurvey{URI: cfg.URIs[0], Base: cfg.Base, BaseExists: true}
			change(&s)
			return []directory.ServerSurvey{s}, nil
		}
	}
}

func failedAt(stage directory.Stage, err error) func(*tree) {
	return surveyIs(func(s *directory.ServerSurvey) { s.Failed, s.Err = stage, fmt.Errorf("no answer: %w", err) })
}

// expiring are certificates that end so long after now.
func expiring(ends ...time.Duration) []*x509.Certificate {
	var chain []*x509.Certificate
	for i, end := range ends {
		chain = append(chain, &x509.Certificate{Subject: pkix.Name{CommonName: fmt.Sprint("c", i)}, NotAfter: startedAt.Add(end)})
	}
	return chain
}

func file(path, text string) func(*tree) { return func(m *tree) { m.files[path] = text } }

func edited(path, old, new string) func(*tree) {
	return func(m *tree) {
		if !strings.Contains(m.files[path], old) {
			panic("there is no " + old)
		}
		m.files[path] = strings.ReplaceAll(m.files[path], old, new)
	}
}

func mode(path string, mode fs.FileMode) func(*tree) { return func(m *tree) { m.modes[path] = mode } }

func runs(name string) func(*tree) { return file("/proc/200/comm", name+"\n") }

const (
	toml    = "/etc/goldap/goldap.toml"
	secret  = "/etc/goldap/bind.secret"
	managed = "/etc/goldap/managed"
	day     = 24 * time.Hour
)

// broken are machines with one thing wrong, by what is to be found: exactly that,
// at that place.
var broken = map[string]struct {
	change func(*tree)
	ids    string
	where  string
}{
	"no configuration": {func(m *tree) { delete(m.files, toml); delete(m.modes, toml) }, "config-missing", toml},
	"typing error":     {edited(toml, "base =", "bass ="), "config-invalid", toml + ":3"},
	"named file":       {func(m *tree) { m.opts.Config = "/etc/other.toml" }, "config-invalid", "/etc/other.toml"},
	"no verification":  {file(toml, goodConfig+"[directory.tls]\nverify = \"never\"\n"), "config-warning", toml + ":7"},
	"open secret":      {mode(secret, 0o644), "config-invalid", toml + ":5"},

	"group may write":         {mode(secret, 0o660), "file-open", secret},
	"group may write folder":  {mode("/etc/goldap", 0o775|fs.ModeDir), "file-open", "/etc/goldap"},
	"daemon owns its secrets": {func(m *tree) { m.owners[secret] = owner{daemonUID, daemonUID} }, "file-owner", secret},
	"somebody's folder":       {func(m *tree) { m.owners["/etc/goldap"] = owner{1000, 1000} }, "file-owner", "/etc/goldap"},
	"root alone reads":        {func(m *tree) { m.owners[secret] = owner{0, 0} }, "file-unreadable", secret},
	"managed by root":         {mode(managed, 0o755|fs.ModeDir), "managed-folder", managed},
	"managed by all": {func(m *tree) {
		m.owners[managed], m.modes[managed] = owner{daemonUID, daemonUID}, 0o777|fs.ModeDir
	}, "managed-folder", managed},
	"private socket": {func(m *tree) {
		m.sockets, m.modes["/run/goldap/socket"] = []string{"/run/goldap/socket"}, 0o600
	}, "socket-mode", "/run/goldap/socket"},
	"public administration": {func(m *tree) {
		m.sockets, m.modes["/run/goldap/admin.sock"] = []string{"/run/goldap/admin.sock"}, 0o666
	}, "socket-mode", "/run/goldap/admin.sock"},

	"server away":    {failedAt(directory.StageConnect, errors.New("connection refused")), "server-unreachable", "ldap://ldap.example.com"},
	"DNS away":       {failedAt(directory.StageName, errors.New("no server")), "server-unreachable", "ldap://ldap.example.com"},
	"no TLS":         {failedAt(directory.StageTLS, errors.New("StartTLS: refused")), "server-tls", "ldap://ldap.example.com"},
	"unknown issuer": {failedAt(directory.StageTLS, x509.UnknownAuthorityError{}), "server-tls", "ldap://ldap.example.com"},
	"another's name": {failedAt(directory.StageTLS, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), "server-name", "ldap://ldap.example.com"},
	"wrong password": {failedAt(directory.StageBind, errors.New("result code 49")), "server-bind", "ldap://ldap.example.com"},
	"no base":        {surveyIs(func(s *directory.ServerSurvey) { s.BaseExists = false }), "base-missing", "ldap://ldap.example.com"},
	"expired":        {surveyIs(func(s *directory.ServerSurvey) { s.Chain = expiring(60*day, -day) }), "certificate-expired", "ldap://ldap.example.com"},
	"expiring":       {surveyIs(func(s *directory.ServerSurvey) { s.Chain = expiring(29*day, 60*day) }), "certificate-expiring", "ldap://ldap.example.com"},
	"clocks": {surveyIs(func(s *directory.ServerSurvey) {
		s.Root.Asked, s.Root.Time = startedAt, startedAt.Add(-time.Hour)
	}), "clock-skew", "ldap://ldap.example.com"},

	"daemon away": {func(m *tree) {
		m.opts.status = func(context.Context, string) ([]nslcd.Fact, error) { return nil, errors.New("no answer") }
	}, "daemon-down", "/run/goldap/socket"},
	"another version":  {func(m *tree) { m.links["/proc/100/exe"] = goTool() }, "daemon-version", "goldapd.service"},
	"not read again":   {func(m *tree) { m.newer = []string{secret} }, "daemon-stale", secret},
	"failed to reload": {readAt(toml, startedAt.Add(time.Minute)), "daemon-stale", toml},

	"no module":              {func(m *tree) { delete(m.files, security+"pam_goldap.so"); delete(m.modes, security+"pam_goldap.so") }, "pam-module-missing", "/etc/pam.d/common-account:4"},
	"module not executable":  {mode(security+"pam_goldap.so", 0o644), "pam-module-mode", security + "pam_goldap.so"},
	"nobody asks the module": {file("/etc/pam.d/sshd", "auth required pam_unix.so\n"), "pam-unused", "/etc/pam.d"},
	"unused": {func(m *tree) {
		file("/etc/pam.d/common-auth", "")(m)
		file("/etc/pam.d/common-account", "")(m)
	}, "pam-unused", "/etc/pam.d"},
	"service misspelt": {file(toml, goodConfig+"[login]\nother_services = \"admit\"\n[[role]]\nname = \"all\"\nusers = [\"ada\"]\n[[service]]\nnames = [\"ssh\"]\nadmit = [\"all\"]\n"), "service-without-file", toml},

	"sshd without PAM": {edited("/etc/ssh/sshd_config", "UsePAM yes", "UsePAM no"), "sshd-no-pam", "/etc/ssh/sshd_config:2"},
	"sshd by default":  {file("/etc/ssh/sshd_config", "# nothing\n"), "sshd-no-pam", "/etc/ssh/sshd_config"},
	"sshd swallows": {file("/etc/ssh/sshd_config.d/50.conf", "KbdInteractiveAuthentication no\n"),
		"sshd-keyboard-interactive", "/etc/ssh/sshd_config.d/50.conf:1"},
	"sshd's older word": {edited("/etc/ssh/sshd_config", "KbdInteractiveAuthentication yes", "ChallengeResponseAuthentication no"),
		"sshd-keyboard-interactive", "/etc/ssh/sshd_config:3"},
	"keys only": {file("/etc/ssh/sshd_config.d/50.conf", "KbdInteractiveAuthentication=no\nPasswordAuthentication no\n"),
		"sshd-no-passwords", "/etc/ssh/sshd_config.d/50.conf:1"},
	"sshd says so itself": {func(m *tree) {
		m.opts.sshd = func(context.Context) ([]byte, error) { return []byte("port 22\nusepam no\n"), nil }
	}, "sshd-no-pam", "/etc/ssh/sshd_config:2"},
	"in a Match only": {edited("/etc/ssh/sshd_config", "UsePAM yes\n", "UsePAM yes\nMatch User bob\nKbdInteractiveAuthentication no\n"), "", ""},
	"no sshd":         {func(m *tree) { delete(m.files, "/etc/ssh/sshd_config") }, "", ""},

	"no nsswitch":           {func(m *tree) { delete(m.files, nsswitch) }, "nss-missing", nsswitch},
	"users not asked":       {edited(nsswitch, "passwd: files systemd goldap", "passwd: files systemd"), "nss-missing", nsswitch + ":1"},
	"no line for groups":    {edited(nsswitch, "group: ", "#group: "), "nss-missing", nsswitch},
	"shadow not asked":      {edited(nsswitch, "shadow: files goldap", "shadow: files"), "", ""},
	"directory first":       {edited(nsswitch, "group: files systemd goldap", "group: goldap files"), "nss-before-files", nsswitch + ":2"},
	"never asked":           {edited(nsswitch, "passwd: files systemd", "passwd: files [NOTFOUND=return] systemd"), "nss-never-asked", nsswitch + ":1"},
	"asked unless it fails": {edited(nsswitch, "passwd: files systemd", "passwd: files [ SUCCESS=return UNAVAIL=return ] systemd"), "", ""},
	"sss, too":              {edited(nsswitch, "passwd: files", "passwd: files sss"), "nss-two-directories", nsswitch + ":1"},
	"no name service":       {func(m *tree) { delete(m.files, "/usr/lib/x86_64-linux-gnu/libnss_goldap.so.2") }, "nss-module-missing", nsswitch + ":1"},

	"nslcd": {runs("nslcd"), "other-nslcd", "nslcd.service"},
	"sssd":  {runs("sssd"), "other-sssd", "sssd.service"},
	"nscd":  {runs("nscd"), "other-nscd", "nscd.service"},
}

// readAt has goldapd say when it read the configuration, and a file be newer.
func readAt(path string, at time.Time) func(*tree) {
	return func(m *tree) {
		m.newer = []string{path}
		m.opts.status = func(context.Context, string) ([]nslcd.Fact, error) {
			return []nslcd.Fact{{Name: "configuration read", Value: at.Format(time.RFC3339)}}, nil
		}
	}
}

// TestOlderNames is a machine with goldap-compat: service files and
// nsswitch.conf speak of ldap.
func TestOlderNames(t *testing.T) {
	m := goodTree()
	for _, path := range []string{"/etc/pam.d/common-auth", "/etc/pam.d/common-account"} {
		edited(path, "pam_goldap.so", "pam_ldap.so")(m)
	}
	edited(nsswitch, "goldap", "ldap")(m)
	m.files["/usr/lib/x86_64-linux-gnu/libnss_ldap.so.2"] = ""
	m.links[security+"pam_ldap.so"] = "pam_goldap.so"
	if found := m.check(t); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
	delete(m.links, security+"pam_ldap.so")
	m.files[security+"pam_ldap.so"] = "another"
	if found := m.check(t); ids(found) != "pam-unused" {
		t.Errorf("with pam_ldap itself: found %+v", found)
	}
}

// goTool is a program in Go that is not this one.
func goTool() string {
	path, err := exec.LookPath("go")
	if err != nil {
		panic(err)
	}
	return path
}

func TestEachFindingOnAMachineThatHasIt(t *testing.T) {
	for name, test := range broken {
		t.Run(name, func(t *testing.T) {
			m := goodTree()
			test.change(m)
			found := m.check(t)
			if got := ids(found); got != test.ids {
				t.Fatalf("found %q, want %q: %+v", got, test.ids, found)
			}
			for _, f := range found {
				if f.Where == test.where {
					return
				}
			}
			if test.ids != "" {
				t.Errorf("not at %s: %+v", test.where, found)
			}
		})
	}
}

// TestReloadedConfigurationIsNotStale is the other way of daemon-stale.
func TestReloadedConfigurationIsNotStale(t *testing.T) {
	m := goodTree()
	readAt(toml, startedAt.Add(2*time.Hour))(m)
	if found := m.check(t); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}

// TestTheSameVersion is the other way of daemon-version.
func TestTheSameVersion(t *testing.T) {
	m := goodTree()
	self, err := os.Executable()
	must(t, err)
	m.links["/proc/100/exe"] = self
	if found := m.check(t); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}

// TestEveryFindingIsTested keeps the table of findings and the tests together,
// and the list of docs/setup.md.
func TestEveryFindingIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range broken {
		tested[test.ids] = true
	}
	for _, test := range stacks {
		for id := range strings.FieldsSeq(test.ids) {
			tested[id] = true
		}
	}
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "setup.md"))
	must(t, err)
	for id, severity := range Kinds {
		if !tested[id] {
			t.Errorf("no machine of the tests has %s", id)
		}
		if !strings.Contains(string(guide), fmt.Sprintf("| %s | %s |", id, severity)) {
			t.Errorf("docs/setup.md does not have %s as a row with %q", id, severity)
		}
	}
}

// TestServersAreReallyAsked is the survey behind the check, of a server that
// nobody has.
func TestServersAreReallyAsked(t *testing.T) {
	m := goodTree()
	m.files[toml] = strings.Replace(goodConfig, "ldap://ldap.example.com", "ldap://127.0.0.1:1", 1)
	m.opts.survey = nil
	if found := m.check(t); ids(found) != "server-unreachable" {
		t.Errorf("found %+v", found)
	}
	m.opts.Offline = true
	if found := m.check(t); len(found) > 0 {
		t.Errorf("offline, but found %+v", found)
	}
}
