//go:build integration

package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// ownNames sets a test up with goldapd and its own name-service module. The
// test stops the daemon.
func ownNames(t *testing.T) *daemon.Daemon {
	t.Helper()
	showLogsOnFailure(t)
	writeGoldapConfig(t)
	namesFromGoldap(t)
	return goldapdAlone(t)
}

// stopAtEnd stops the daemon when the test is over.
func stopAtEnd(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	t.Cleanup(func() { must(t, d.Stop()) })
}

// unknown fails the test unless the program says that it found nothing, as
// getent does with status 2, within limit.
func unknown(t *testing.T, limit time.Duration, command string) {
	t.Helper()
	a := run(t, "sh", "-c", command+"; echo status $?")
	if a.text != "status 2\n" || a.took > limit {
		t.Errorf("%s: %q after %v, want status 2 within %v", command, a.text, a.took, limit)
	}
}

// TestOwnNames is getent and id through libnss_goldap.so.2.
func TestOwnNames(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	for _, name := range []string{"alice", "carol"} {
		p := person(name)
		line := fmt.Sprintf("%s:x:%d:10000:The person %s:/home/%s:/bin/sh\n", name, p.UID, name, name)
		for _, key := range []string{name, fmt.Sprint(p.UID)} {
			if a := run(t, "getent", "passwd", key); a.text != line {
				t.Errorf("getent passwd %s: %q, want %q", key, a.text, line)
			}
		}
	}
	exactly(t, "dev:*:10101:alice,bob\n", "getent", "group", "dev")
	exactly(t, "ops:*:10102:alice\n", "getent", "group", "10102")
	exactly(t, "10000 10101 10102\n", "id", "-G", "alice")
	exactly(t, "users-of-ldap dev audit\n", "id", "-Gn", "bob")
	exactly(t, "uid=10001(alice) gid=10000(users-of-ldap) groups=10000(users-of-ldap),10101(dev),10102(ops)\n", "id", "alice")
	run(t, "getent", "shadow", "expired").accept(t, "expired:*:", ":1:")
	run(t, "getent", "passwd", localUser).accept(t, localUser+":x:")
	// Everybody may read it, and there is no hash in it for anybody.
	asUID(t, uint32(person("alice").UID), "", "getent", "shadow", "alice").accept(t, "alice:*:")
}

// TestOwnNamesUnknown is what is not there, and what must not be.
func TestOwnNamesUnknown(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	long := strings.Repeat("n", 5000)
	for _, command := range []string{
		"getent passwd nobody-here", "getent passwd 10099", "getent passwd ''", "getent passwd " + long, "getent passwd toor",
		"getent passwd lowuid", "getent passwd twin", "getent passwd '*'", "getent passwd '/../x'",
		"getent group nobody-here", "getent group 10199", "getent group " + long,
		"getent shadow nobody-here",
	} {
		unknown(t, 2*time.Second, command)
	}
	// Who cannot be looked up is not in the list, either.
	a := run(t, "getent", "passwd")
	a.accept(t, "\nalice:x:", localUser+":x:")
	for _, name := range []string{"toor", "lowuid", "nouid"} {
		if strings.Contains(a.text, "\n"+name+":") {
			t.Errorf("%s is in the list", name)
		}
	}
}

// TestOwnNamesWithoutDaemon is a machine whose daemon is dead, hangs, or comes
// back.
func TestOwnNamesWithoutDaemon(t *testing.T) {
	must(t, ownNames(t).Stop())
	for _, command := range []string{"getent passwd alice", "getent group dev", "getent shadow alice", "getent passwd 10001"} {
		unknown(t, time.Second, command)
	}
	run(t, "getent", "passwd", localUser).accept(t, localUser)
	exactly(t, "1500\n", "id", "-G", localUser)

	must(t, os.RemoveAll(daemon.GoldapSocket))
	silent, err := net.Listen("unix", daemon.GoldapSocket)
	must(t, err)
	unknown(t, 3*time.Second, "getent passwd alice")
	must(t, silent.Close())

	stopAtEnd(t, goldapdAlone(t))
	run(t, "getent", "passwd", "alice").accept(t, "alice:", ":10001:10000:")
}

// goldapdAlone starts goldapd on its own socket, and not on nslcd's.
func goldapdAlone(t *testing.T) *daemon.Daemon {
	t.Helper()
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.GoldapConfig, daemon.GoldapSocket)
	must(t, err)
	return d
}

// TestOwnNamesLargeGroup is a group for which the C library's buffer must grow
// several times.
func TestOwnNamesLargeGroup(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	for _, key := range []string{"crowd", "10104"} {
		a := run(t, "getent", "group", key)
		a.accept(t, "crowd:*:10104:", "member0000", "member4999")
		if members := strings.Count(a.text, ",") + 1; members != 5000 {
			t.Errorf("getent group %s: %d members", key, members)
		}
	}
	exactly(t, "10000 10101 10102\n", "id", "-G", "alice")
}

// manyAccounts are the arguments of the programs in test/nss.
func manyAccounts() []string {
	var arguments []string
	for _, name := range []string{"alice", "bob", "carol", "dave", "erin", "locked", "warned"} {
		arguments = append(arguments, fmt.Sprintf("%s:%d", name, slapd.Find(name).UID))
	}
	return arguments
}

// runMany runs one of the programs in test/nss with those accounts.
func runMany(t *testing.T, program string, arguments ...string) {
	t.Helper()
	started := time.Now()
	many := exec.CommandContext(within(t, 4*time.Minute), "/goldap/build/"+program, append(arguments, manyAccounts()...)...)
	said, err := many.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, said)
	}
	t.Logf("%s in %v", strings.TrimSpace(string(said)), time.Since(started))
}

// TestOwnNamesThreads is one program with eight threads that look up names
// while another forks.
func TestOwnNamesThreads(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	runMany(t, "nss-lookups", "8", "20000")
}

// TestOwnNamesEnumerations is one program with eight threads, each of which
// enumerates, while another forks in the middle of its own enumeration.
func TestOwnNamesEnumerations(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	runMany(t, "nss-enumerate", goldapNameService, "8", "500")
}

// TestOwnNamesRestarts is the same program under a daemon that is stopped or
// killed and comes back, again and again: it is told the truth, or that nobody
// knows it.
func TestOwnNamesRestarts(t *testing.T) {
	restartUnderLoad(t, ownNames(t), func() *daemon.Daemon { return goldapdAlone(t) })
}

// TestStockNamesRestarts is that with the stock libnss-ldapd.
func TestStockNamesRestarts(t *testing.T) {
	showLogsOnFailure(t)
	writeGoldapConfig(t)
	namesFromDirectory(t)
	start := func() *daemon.Daemon {
		d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.GoldapConfig, daemon.NslcdSocket)
		must(t, err)
		return d
	}
	restartUnderLoad(t, start(), start)
}

// restartUnderLoad ends d and starts it again while many threads look names up.
func restartUnderLoad(t *testing.T, d *daemon.Daemon, start func() *daemon.Daemon) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runMany(t, "nss-lookups", "-r", "8", "5000")
	}()
	restarts := 0
	for running := true; running; restarts++ {
		select {
		case <-done:
			running = false
		case <-time.After(200 * time.Millisecond):
		}
		if restarts%2 == 0 {
			must(t, d.Kill())
		} else {
			must(t, d.Stop())
		}
		d = start()
	}
	stopAtEnd(t, d)
	if restarts < 5 {
		t.Errorf("only %d restarts", restarts)
	}
	t.Logf("%d restarts", restarts)
	run(t, "getent", "passwd", "alice").accept(t, "alice:", ":10001:10000:")
}

// TestOwnNamesSSHD is a machine with nothing but goldap's modules: sshd knows
// its users from the one and lets them in by the other.
func TestOwnNamesSSHD(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	writeServices(t, withDaemon)
	startSSHD(t)
	for _, name := range []string{"alice", "carol"} {
		sshAccepts(t, name, ssh.Password(person(name).Password))
	}
	out, err := sshOutput("alice", "id -Gn", ssh.Password(person("alice").Password))
	if err != nil || words(out) != words("users-of-ldap dev ops") {
		t.Errorf("groups of alice in her session: %q, %v", out, err)
	}
	sshRefuses(t, "alice", ssh.Password(wrongPassword))
	sshRefuses(t, "nobody-here", ssh.Password(wrongPassword))
}
