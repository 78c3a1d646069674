//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// startThrottling starts goldapd with more keys of the directory and of
// login.throttle.
func startThrottling(t *testing.T, directory, throttle string) {
	t.Helper()
	showLogsOnFailure(t)
	must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
	writeFile(t, goldapTOML, 0o600, fmt.Sprintf(
		"[login.throttle]\n%s\n[[directory]]\nuris = [\"ldap://%s\"]\nbase = %q\nbind_dn = %q\nbind_password = %q\ntls.ca_file = %q\n%s\n",
		throttle, slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile, directory))
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), goldapTOML, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	stopAtEnd(t, d)
	writeAlone(t, "pam_goldap.so")
}

const tooManyFailures = "Too many failed logins. Please wait a moment and try again."

// TestLockoutFailures is that slapd, which locks after three wrong passwords,
// is asked about two of them only: the account is not locked. TestLockout has
// what happens otherwise.
func TestLockoutFailures(t *testing.T) {
	p := person("lockable")
	restorePassword(t, p)
	t.Run("asked twice", func(t *testing.T) {
		startThrottling(t, "lockout_failures = 3", "failures = 0")
		for range 2 {
			logIn(t, "sshd", p.Name, wrongPassword).refuse(t, authFailure)
		}
		for range 3 {
			logIn(t, "sshd", p.Name, wrongPassword).refuse(t, tooManyFailures)
		}
		logIn(t, "sshd", p.Name, p.Password).refuse(t, tooManyFailures)
		logIn(t, "sshd", "alice", person("alice").Password).accept(t)
		if log := readFile(t, logFile(t, "goldapd")); strings.Count(log, "lockout_failures: ") < 4 {
			t.Errorf("the log does not name lockout_failures:\n%s", log)
		}
	})
	t.Run("not locked", func(t *testing.T) {
		startThrottling(t, "", "failures = 0") // this one has counted nothing
		logIn(t, "sshd", p.Name, p.Password).accept(t)
	})
}

// TestThrottle is that guesses wait for their turn, and that of those which come at
// once none delays another user.
func TestThrottle(t *testing.T) {
	startThrottling(t, "", "failures = 1\ndelay = \"300ms\"\nmax_delay = \"20s\"")
	began := time.Now()
	for range 4 { // waits of 0.3 and 0.6 s
		logIn(t, "sshd", "alice", wrongPassword).refuse(t, authFailure)
	}
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("four wrong passwords in %v", took)
	}
	began = time.Now()
	logIn(t, "sshd", "bob", person("bob").Password).accept(t)
	if took := time.Since(began); took > time.Second {
		t.Errorf("bob takes %v", took)
	}
	logIn(t, "sshd", "alice", person("alice").Password).accept(t)
}
