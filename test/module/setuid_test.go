package module

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/msteinert/pam/v2"
)

// hostile is an environment made by somebody who wants to be root. The library
// and the files do not exist: a program that looked for them would say so.
func hostile(dir string) []string {
	return []string{
		"LD_PRELOAD=" + dir + "/evil.so", "LD_LIBRARY_PATH=" + dir, "LD_AUDIT=" + dir + "/evil.so", "LD_BIND_NOT=1",
		"GODEBUG=madvdontneed=1,gctrace=1,netdns=cgo+9,x509negativeserial=1", "GOTRACEBACK=crash", "GOMAXPROCS=1", "GOGC=1",
		"GOLDAP_CONFIG=" + dir + "/evil", "LDAPCONF=" + dir + "/evil", "LDAPRC=evil", "LDAPTLS_REQCERT=never", "LDAPURI=ldap://127.0.0.1:1",
		"SSL_CERT_FILE=" + dir + "/evil", "SSL_CERT_DIR=" + dir, "RES_OPTIONS=debug", "LOCALDOMAIN=evil", "HOSTALIASES=" + dir + "/evil",
		"HTTPS_PROXY=http://127.0.0.1:1", "ALL_PROXY=socks5://127.0.0.1:1", "HOME=" + dir, "TMPDIR=" + dir, "PATH=" + dir,
	}
}

// setuidSession is a copy of test/hosts/session.c that runs as root.
func setuidSession(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(built.session)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tempDir(t), "session")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	return path
}

// asNobody is the setuid program, started by an ordinary user in that
// environment.
func asNobody(t *testing.T, s *site, program string, sc script) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, sc.arguments()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Env = hostile(s.dir)
	cmd.Dir = s.dir
	return cmd
}

// testSetuid: su and passwd are setuid programs. They can read the
// configuration, so that the login works without a daemon; what the caller has
// put into the environment changes nothing.
func testSetuid(t *testing.T) {
	program := setuidSession(t)
	s := newSite(t)
	for password, code := range map[string]pam.Error{right: success, wrong: authErr} {
		sc := script{site: s, service: s.service(modulePath, "mode=direct"), user: plain, calls: login[:1], answers: []string{password}}
		got := playSession(t, asNobody(t, s, program, sc))
		expect(t, got, record{said: []string{asked}, codes: []pam.Error{code}, user: plain})
	}
}

// testEnvironment looks at the program while it waits for a server that does
// not answer: an empty environment, no password in the arguments, and only the
// descriptors that are its own.
func testEnvironment(t *testing.T) {
	silence, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silence.Close()
	s := newSite(t)
	s.write(s.config, "host "+silence.Addr().String()+"\nbase "+base+"\nssl start_tls\ntls_cacertfile "+s.caFile()+"\n", 0o600)
	sc := script{site: s, service: s.service(modulePath, "mode=direct"), user: plain, calls: login[:1], answers: []string{right}}
	cmd := asNobody(t, s, setuidSession(t), sc)
	finish := startSession(t, cmd)
	conn, err := silence.Accept()
	if err != nil {
		t.Fatal(err)
	}
	child := childOf(t, cmd)
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", child))
	if err != nil || string(environment) != "GOMAXPROCS=1\x00" { // the module's own
		t.Errorf("environment %q, %v", environment, err)
	}
	arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
	if err != nil || strings.Contains(string(arguments), right) {
		t.Errorf("arguments %q, %v", arguments, err)
	}
	checkDescriptors(t, child)
	silence.Close()
	conn.Close()
	expect(t, finish(), record{
		said:  []string{asked, problem + "The user directory cannot be reached at the moment. Please try again later."},
		codes: []pam.Error{noService}, user: plain,
	})
}

// childOf returns the process that cmd has started.
func childOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if n, err := fmt.Sscan(string(text), &child); n != 1 {
		t.Fatalf("children %q: %v", text, err)
	}
	return child
}

// checkDescriptors: 0 to 2 are /dev/null; what else is open are sockets and what
// the Go runtime has opened for itself.
func checkDescriptors(t *testing.T, pid int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		link, err := os.Readlink(filepath.Join(dir, entry.Name()))
		if err != nil {
			continue // it has just been closed
		}
		ours := strings.HasPrefix(link, "socket:") || strings.HasPrefix(link, "anon_inode:") || strings.HasPrefix(link, "/sys/fs/cgroup/")
		if len(entry.Name()) == 1 && entry.Name() < "3" {
			ours = link == "/dev/null"
		}
		if !ours {
			t.Errorf("descriptor %s is %s", entry.Name(), link)
		}
	}
}

// TestProgramStaysWithinItsTime: a directory that accepts and says nothing
// costs no more than the budget, in direct mode, too.
func TestProgramStaysWithinItsTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		silence, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silence.Close()
		s := newSite(t)
		s.write(s.config, "host "+silence.Addr().String()+"\nbase "+base+"\nssl start_tls\ntls_cacertfile "+s.caFile()+"\n", 0o600)
		within(t, time.Second, total+busy, func() {
			s.tryOnce(t, d, "mode=direct", noService)
		})
	})
}
