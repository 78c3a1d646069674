package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/embedded"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
)

// nobody is a directory that refuses connections.
const nobody = `
[[directory]]
uris = ["ldap://127.0.0.1:1"]
base = "dc=mydomain,dc=com"
tls.mode = "start_tls"
`

func prohibit(message string) string {
	return fmt.Sprintf("[login]\npassword_prohibit_message = %q\n%s", message, nobody)
}

func TestArguments(t *testing.T) {
	good := configFile(t, "goldap.toml", nobody)
	bad := configFile(t, "goldap.toml", "[daemon]\nlog_level = \"loud\"\nsokets = []\n"+nobody)
	for name, test := range map[string]struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		"help":             {[]string{"--help"}, exitOK, "Usage: goldapd", ""},
		"version":          {[]string{"--version"}, exitOK, "goldapd ", ""},
		"unknown flag":     {[]string{"--frobnicate"}, exitUsage, "", "frobnicate"},
		"stray argument":   {[]string{"start"}, exitUsage, "", `unexpected argument "start"`},
		"empty socket":     {[]string{"--socket", ""}, exitUsage, "", "empty path"},
		"check, good":      {[]string{"--check", "--config", good}, exitOK, good + ": good", ""},
		"check, bad":       {[]string{"--check", "--config", bad}, exitFailure, "", bad + ":2: "},
		"check, both":      {[]string{"--check", "--config", bad}, exitFailure, "", bad + ":3: "},
		"no such file":     {[]string{"--config", "/nonexistent.toml"}, exitFailure, "", "/nonexistent.toml: "},
		"bad, not checked": {[]string{"--config", bad}, exitFailure, "", "log_level"},
		"no folder": {[]string{"--config", good, "--socket", "/nonexistent/folder/socket"}, exitFailure,
			"", "goldapd: socket /nonexistent/folder/socket: "},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), test.args, nil, &stdout, &stderr); got != test.status {
				t.Errorf("exit status %d, want %d", got, test.status)
			}
			if !strings.Contains(stdout.String(), test.stdout) || (test.stdout == "") != (stdout.Len() == 0) {
				t.Errorf("stdout %q", &stdout)
			}
			if !strings.Contains(stderr.String(), test.stderr) || (test.stderr == "") != (stderr.Len() == 0) {
				t.Errorf("stderr %q", &stderr)
			}
		})
	}
}

func TestASocketThatCannotBeMadeTakesTheOthersAway(t *testing.T) {
	first := filepath.Join(t.TempDir(), "first")
	args := []string{"--config", configFile(t, "goldap.toml", nobody), "--socket", first, "--socket", "/nonexistent/folder/socket"}
	var out bytes.Buffer
	if got := run(t.Context(), args, nil, &out, &out); got != exitFailure {
		t.Errorf("exit status %d:\n%s", got, &out)
	}
	if _, err := os.Lstat(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first socket is still there: %v", err)
	}
}

func TestReloadAndShutdown(t *testing.T) {
	dir := t.TempDir()
	config := configFile(t, "goldap.toml", prohibit("first"))
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	p := launch(t, "--config", config, "--socket", first, "--socket", second)
	p.waitFor("goldapd: ready, listening on " + first + ", " + second + "\n")

	message := func(socket string) string {
		t.Helper()
		text, err := client.New(socket).Config(withTimeout(t), nslcd.OptionProhibitMessage)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if a, b := message(first), message(second); a != "first" || b != "first" {
		t.Errorf("prohibit messages %q and %q", a, b)
	}

	rewrite(t, config, prohibit("second"))
	p.signal(syscall.SIGHUP)
	p.waitFor("configuration read again")
	if got := message(first); got != "second" {
		t.Errorf("after SIGHUP: %q", got)
	}

	rewrite(t, config, prohibit("third")+"frobnicate = 1\n")
	p.signal(syscall.SIGHUP)
	p.waitFor("the configuration is bad; the old one stays")
	p.waitFor("frobnicate")
	if got := message(first); got != "second" {
		t.Errorf("after SIGHUP with a bad file: %q", got)
	}

	rewrite(t, config, "[daemon]\nsockets = [\"/run/elsewhere\"]\n"+prohibit("fourth"))
	p.signal(syscall.SIGHUP)
	p.waitFor("the sockets change only at the next start")

	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != exitOK {
		t.Errorf("exit status %d:\n%s", status, p.text())
	}
	for _, socket := range []string{first, second} {
		if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", socket, err)
		}
	}
}

// SIGUSR1 has a server that refused tried at once; the retry times are so long
// that nothing else could.
func TestRetryNow(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "socket")
	p := launch(t, "--config", configFile(t, "goldap.toml", fmt.Sprintf(`
[[directory]]
uris = ["ldap://%s"]
base = "dc=example,dc=com"
retry_min = "20m"
retry_max = "20m"
`, address)), "--socket", socket)
	p.waitFor("ready")
	if _, err := client.New(socket).PasswdByName(withTimeout(t), "ada"); !errors.Is(err, client.ErrUnavailable) {
		t.Fatal(err)
	}
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	p.signal(syscall.SIGUSR1)
	p.waitFor("tried now")
	accepted := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			err = conn.Close()
		}
		accepted <- err
	}()
	select {
	case err := <-accepted:
		if err != nil {
			t.Error(err)
		}
	case <-withTimeout(t).Done():
		t.Error("the server is not tried")
	}
}

// A daemon that was killed leaves its socket behind; the next one takes it
// over, and a third one does not.
func TestRestartAfterKill(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	args := []string{"--config", configFile(t, "goldap.toml", nobody), "--socket", socket}
	first := launch(t, args...)
	first.waitFor("ready")
	first.signal(syscall.SIGKILL)
	first.wait()
	if _, err := os.Lstat(socket); err != nil {
		t.Fatalf("the test shows nothing: %v", err)
	}
	second := launch(t, args...)
	second.waitFor("ready")
	third := launch(t, args...)
	if status := third.wait(); status != exitFailure || !strings.Contains(third.text(), "another process listens there") {
		t.Errorf("exit status %d:\n%s", status, third.text())
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Errorf("the third took the socket from the second: %v", err)
	} else {
		conn.Close()
	}
	second.signal(syscall.SIGINT)
	if status := second.wait(); status != exitOK {
		t.Errorf("exit status %d:\n%s", status, second.text())
	}
}

// The limits of the process are what prlimit(1) would show.
func TestTheDaemonProtectsItself(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	p := launch(t, "--config", configFile(t, "goldap.toml", nobody), "--socket", socket)
	p.waitFor("ready")
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if strings.HasPrefix(line, "Max core file size") && !cmp.Equal(strings.Fields(line)[4:6], []string{"0", "0"}) {
			t.Errorf("%s", line)
		}
	}
}

func TestProtect(t *testing.T) {
	if err := protect(); err != nil {
		t.Fatal(err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if dumpable != 0 || err != nil {
		t.Errorf("dumpable %d, %v", dumpable, err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core != (unix.Rlimit{}) {
		t.Errorf("core files: %+v, %v", core, err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		t.Error(err)
	}
}

// The whole way from a configuration file to a directory and back.
func TestLoginAgainstADirectory(t *testing.T) {
	_, socket := startWithDirectory(t)
	c, ctx := client.New(socket), withTimeout(t)
	pam := nslcd.PAM{User: "ada", Service: "sshd"}

	for password, want := range map[string]nslcd.Code{
		"correct horse": nslcd.CodeSuccess, "wrong": nslcd.CodeAuthErr, "": nslcd.CodeAuthErr,
	} {
		if got, err := c.Authenticate(ctx, pam, secret.FromString(password)); err != nil || got.Code != want || got.User != "ada" && want == 0 {
			t.Errorf("password %q: %+v, %v", password, got, err)
		}
	}
	if _, err := c.Authenticate(ctx, nslcd.PAM{User: "nobody-there"}, secret.FromString("x")); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("unknown user: %v", err)
	}
	if got, err := c.Authorize(ctx, pam); err != nil || got.Code != nslcd.CodeSuccess {
		t.Errorf("authorize: %+v, %v", got, err)
	}
	change := client.Change{PAM: pam, Old: secret.FromString("correct horse"), New: secret.FromString("battery staple")}
	if got, err := c.ChangePassword(ctx, change); err != nil || got.Code != nslcd.CodeSuccess {
		t.Errorf("change: %+v, %v", got, err)
	}
	if got, err := c.Authenticate(ctx, pam, secret.FromString("battery staple")); err != nil || got.Code != nslcd.CodeSuccess {
		t.Errorf("new password: %+v, %v", got, err)
	}

	account20001 := account.Account{Name: "ada", UID: 20001, GID: 20000, Gecos: "Ada Lovelace", Home: "/home/ada", Shell: "/bin/bash"}
	got, err := c.PasswdByUID(ctx, 20001)
	if diff := cmp.Diff(account20001, got); diff != "" || err != nil {
		t.Errorf("passwd: %v (-want +got):\n%s", err, diff)
	}
	groups, err := c.GroupsOfMember(ctx, "ada")
	if diff := cmp.Diff([]account.Group{{Name: "engineers", GID: 20100}}, groups); diff != "" || err != nil {
		t.Errorf("groups: %v (-want +got):\n%s", err, diff)
	}
}

// What the daemon remembers is forgotten when root or SIGHUP says so, and what
// it did can be asked for.
func TestFlushAndStatus(t *testing.T) {
	p, socket := startWithDirectory(t)
	c, ctx := client.New(socket), withTimeout(t)
	for range 3 {
		if _, err := c.PasswdByName(ctx, "ada"); err != nil {
			t.Fatal(err)
		}
	}
	facts, err := c.Status(ctx)
	if os.Geteuid() != 0 {
		if flushErr := c.Flush(ctx); !errors.Is(err, client.ErrUnavailable) || !errors.Is(flushErr, client.ErrUnavailable) {
			t.Errorf("not root, and yet: %v, %v", err, flushErr)
		}
		return
	}
	told := map[string]string{}
	for _, fact := range facts {
		told[fact.Name] = fact.Value
	}
	if err != nil || told["entries"] != "1 of 200000" || told["hits"] != "2" || told["misses"] != "1" || told["flushed"] != "never" {
		t.Errorf("%v, %v", told, err)
	}
	for how, forget := range map[string]func(){
		"flush": func() {
			if err := c.Flush(ctx); err != nil {
				t.Error(err)
			}
		},
		"SIGHUP": func() {
			p.signal(syscall.SIGHUP)
			p.waitFor("configuration read again")
		},
	} {
		if _, err := c.PasswdByName(ctx, "ada"); err != nil {
			t.Fatal(err)
		}
		forget()
		if facts, err = c.Status(ctx); err != nil || !slices.Contains(facts, nslcd.Fact{Name: "entries", Value: "0 of 200000"}) {
			t.Errorf("after %s: %v, %v", how, facts, err)
		}
	}
}

// startWithDirectory starts an embedded directory and a goldapd for it, and
// returns that and its socket.
func startWithDirectory(t *testing.T) (*process, string) {
	t.Helper()
	dir := t.TempDir()
	directory, err := embedded.Start(t.Context(), embedded.Options{
		Base:       "dc=mydomain,dc=com",
		Host:       "127.0.0.1", // needs no /etc/hosts
		Pseudouser: embedded.Identity{DN: "uid=reader,dc=mydomain,dc=com", Password: secret.FromString("reader's")},
		Users:      []embedded.User{{Name: "ada", UID: 20001, GID: 20000, FullName: "Ada Lovelace", Password: secret.FromString("correct horse")}},
		Groups:     []embedded.Group{{Name: "engineers", GID: 20100, MemberUIDs: []string{"ada"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { directory.Close() })
	if err := directory.WriteCAFile(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	config := configFile(t, "pam_ldap.conf", fmt.Sprintf(`uri %s
base dc=mydomain,dc=com
binddn uid=reader,dc=mydomain,dc=com
bindpw reader's
ssl start_tls
tls_cacertfile %s
`, directory.URI(), filepath.Join(dir, "ca.pem")))
	socket := filepath.Join(dir, "socket")
	p := launch(t, "--config", config, "--socket", socket)
	p.waitFor("ready")
	return p, socket
}
