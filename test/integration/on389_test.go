//go:build integration

package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/dirsrv"
)

// on389 runs a test with etc/examples/389-ds.toml.
func on389(t *testing.T, test func(t *testing.T, s *dirsrv.Server)) {
	t.Helper()
	s := start389(t)
	files := map[string]string{"bind.secret": dirsrv.PseudouserPassword + "\n", "ca.pem": readFile(t, dirsrv.CAFile)}
	inSetups(t, exampleSetups("389-ds.toml", files), func(t *testing.T, _ setup) { test(t, s) })
}

func restoreOn389(t *testing.T, s *dirsrv.Server, p dirsrv.Person) {
	t.Helper()
	t.Cleanup(func() { must(t, s.Restore(within(t, 20*time.Second), p)) })
}

// TestOn389 is a login of each person, and what is said.
func TestOn389(t *testing.T) {
	on389(t, func(t *testing.T, _ *dirsrv.Server) {
		for _, c := range []struct {
			name string
			ok   bool
			text string
		}{
			{"alice", true, authenticated},
			{"locked", false, "Your account is locked."},
			{"aged", false, "Your password has expired"},
			{"warned", true, "Your password will expire in 5 days."},
			{"mustchange", false, newTokenNeeded},
			{"grace", true, "Your password has expired. "},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := logIn(t, "alone", c.name, dirsrv.Find(c.name).Password)
				if c.ok {
					a.accept(t, c.text)
				} else {
					a.refuse(t, c.text)
				}
			})
		}
		logIn(t, "alone", "alice", wrongPassword).refuse(t, authFailure)
		logIn(t, "alone", "nobody-here", wrongPassword).refuse(t)
	})
}

// TestOn389Names is that accounts, and groups by the DNs of their members, are
// found by the C library.
func TestOn389Names(t *testing.T) {
	on389(t, func(t *testing.T, _ *dirsrv.Server) {
		if !hasDaemon(t) {
			return
		}
		namesFromGoldap(t)
		exactly(t, "alice:*:10001:10000:The person alice:/home/alice:/bin/sh\n", "getent", "passwd", "alice")
		exactly(t, "10000 10102\n", "id", "-G", "alice")
		exactly(t, "10000\n", "id", "-G", "dave")
		exactly(t, "ops:*:10102:alice\n", "getent", "group", "ops")
	})
}

// TestOn389Lockout is too many wrong passwords: the right one does not help
// from then on.
func TestOn389Lockout(t *testing.T) {
	on389(t, func(t *testing.T, s *dirsrv.Server) {
		p := dirsrv.Find("lockable")
		restoreOn389(t, s, p)
		logIn(t, "alone", p.Name, p.Password).accept(t)
		for range 4 {
			logIn(t, "alone", p.Name, wrongPassword).refuse(t, authFailure)
		}
		logIn(t, "alone", p.Name, p.Password).refuse(t, "locked because of too many failed logins")
	})
}

// TestOn389Change is what the server says to new passwords.
func TestOn389Change(t *testing.T) {
	on389(t, func(t *testing.T, s *dirsrv.Server) {
		p, changed := dirsrv.Find("dave"), chosenFirst
		restoreOn389(t, s, p)
		change := func(old, new string) answer { return changeAs(t, uint32(p.UID), "alone", p.Name, old, new, new) }
		change(wrongPassword, changed).refuse(t)
		change(p.Password, "Ab1-x").refuse(t, "The new password is too simple.") // said of short ones, too
		change(p.Password, p.Password).refuse(t)
		logIn(t, "alone", p.Name, p.Password).accept(t)

		change(p.Password, changed).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, changed).accept(t)
		logIn(t, "alone", p.Name, p.Password).refuse(t, authFailure)
		change(changed, p.Password).refuse(t, "The new password has been used before.")
	})
}

// TestOn389MustChange is the first login after an administrator set the
// password, and a change within the grace logins.
func TestOn389MustChange(t *testing.T) {
	on389(t, func(t *testing.T, s *dirsrv.Server) {
		for _, name := range []string{"mustchange", "grace"} {
			p, changed := dirsrv.Find(name), chosenFirst
			restoreOn389(t, s, p)
			changeAs(t, uint32(p.UID), "alone", p.Name, p.Password, changed, changed).accept(t, tokenChanged)
			a := logIn(t, "alone", p.Name, changed)
			a.accept(t)
			if strings.Contains(a.text, "Your password") {
				t.Errorf("%s: still said after the change: %s", name, a.text)
			}
		}
	})
}

// TestOn389ByRoot is a password set by root, who gives that of root_bind_dn;
// the user has to choose another.
func TestOn389ByRoot(t *testing.T) {
	on389(t, func(t *testing.T, s *dirsrv.Server) {
		p, changed, chosen := dirsrv.Find("erin"), chosenFirst, chosenSecond
		restoreOn389(t, s, p)
		changeAs(t, 0, "alone", p.Name, wrongPassword, changed, changed).refuse(t)
		changeAs(t, 0, "alone", p.Name, dirsrv.ManagerPassword, changed, changed).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, changed).refuse(t, authenticated, newTokenNeeded)
		changeAs(t, uint32(p.UID), "alone", p.Name, changed, chosen, chosen).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, chosen).accept(t)
	})
}

// TestOn389WithoutPassword is the account step alone, as after a login with an
// ssh key.
func TestOn389WithoutPassword(t *testing.T) {
	on389(t, func(t *testing.T, _ *dirsrv.Server) {
		pamtester(t, "alone", "alice", "", "acct_mgmt").accept(t, accountDone)
		pamtester(t, "alone", "locked", "", "acct_mgmt").refuse(t, "Your account is locked.")
	})
}
