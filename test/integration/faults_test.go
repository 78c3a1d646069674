//go:build integration

package integration

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// budget is how long a login may take, whatever the directory does, with a
// little for the programs around it.
const budget = 14 * time.Second

// stopServer stops slapd for one test.
func stopServer(t *testing.T) {
	t.Helper()
	must(t, server.Stop())
	t.Cleanup(func() { must(t, server.Resume(within(t, 30*time.Second))) })
}

// TestCertificates is that nobody logs in, and no password is sent, if the
// server shows a certificate that it should not have.
func TestCertificates(t *testing.T) {
	for _, c := range []slapd.Certificate{slapd.WrongName, slapd.Expired, slapd.UnknownCA} {
		t.Run(string(c), func(t *testing.T) {
			must(t, server.UseCertificate(within(t, 30*time.Second), c))
			t.Cleanup(func() { must(t, server.UseCertificate(within(t, 30*time.Second), slapd.Good)) })
			inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
				before := serverLog(t)
				refusedInTime(t)
				if said := serverLog(t)[len(before):]; strings.Contains(said, " BIND dn=") {
					t.Fatalf("a bind was sent: %s", said)
				}
			})
		})
	}
	t.Run("the good one again", func(t *testing.T) {
		inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
			logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
		})
	})
}

func serverLog(t *testing.T) string {
	t.Helper()
	return readFile(t, server.LogFile)
}

func refusedInTime(t *testing.T) {
	t.Helper()
	a := logIn(t, "coronerd", "alice", person("alice").Password)
	a.refuse(t)
	if a.took > budget {
		t.Fatalf("it took %v to refuse", a.took)
	}
}

// TestServerStops is logins before, while and after slapd is down, with the
// daemon running all the time.
func TestServerStops(t *testing.T) {
	inSetups(t, append([]setup{stockModule}, goldapSetups...), func(t *testing.T, _ setup) {
		alice := person("alice")
		logIn(t, "coronerd", "alice", alice.Password).accept(t)
		stopServer(t)
		refusedInTime(t)
		logIn(t, "coronerd", localUser, localPassword).accept(t)
		must(t, server.Resume(within(t, 30*time.Second)))
		took := eventually(t, 10*time.Second, "logins work again", func() bool {
			return logIn(t, "coronerd", "alice", alice.Password).ok
		})
		t.Logf("logins are back after %v", took)
		logIn(t, "coronerd", "alice", wrongPassword).refuse(t)
	})
}

// TestServerRestarts is that a restart of slapd between two logins, which
// breaks every kept connection, costs no login.
func TestServerRestarts(t *testing.T) {
	inSetups(t, []setup{withDaemon, stockModule}, func(t *testing.T, _ setup) {
		for range 3 {
			logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
			must(t, server.Stop())
			must(t, server.Resume(within(t, 30*time.Second)))
		}
		logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
	})
}

// TestDaemonKilled is that logins go on without a pause when goldapd is
// killed, and that the rules are the same.
func TestDaemonKilled(t *testing.T) {
	writeGoldapConfig(t)
	writeServices(t, withDaemon)
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.GoldapConfig, daemon.GoldapSocket)
	must(t, err)
	logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
	must(t, d.Kill())
	logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
	logIn(t, "coronerd", "alice", wrongPassword).refuse(t, authFailure)
	logIn(t, "alone", "expired", person("expired").Password).refuse(t, accountExpired)
	if _, err := os.Stat(daemon.GoldapSocket); err != nil {
		t.Fatalf("the socket of the killed daemon was to stay behind: %v", err)
	}
	runGoldapd(t)
	logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
}

// TestWrongPseudouser is that a pseudouser the server does not accept lets
// nobody in.
func TestWrongPseudouser(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, s setup) {
		must(t, server.SetPassword(within(t, 20*time.Second), slapd.PseudouserDN, wrongPassword))
		t.Cleanup(func() {
			must(t, server.SetPassword(within(t, 20*time.Second), slapd.PseudouserDN, slapd.PseudouserPassword))
		})
		refusedInTime(t)
	})
}

// TestLockout is that goldap tries a wrong password once: the server locks the
// account after the third, not earlier.
func TestLockout(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		p := person("lockable")
		restorePassword(t, p)
		for range 2 {
			logIn(t, "coronerd", p.Name, wrongPassword).refuse(t)
		}
		logIn(t, "coronerd", p.Name, p.Password).accept(t)
		for range 3 {
			logIn(t, "coronerd", p.Name, wrongPassword).refuse(t)
		}
		logIn(t, "coronerd", p.Name, p.Password).refuse(t)
	})
}
