//go:build integration

package integration

import (
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
			{"locked", false, ""},
			{"aged", false, "Your password has expired"},
			{"warned", true, "Your password will expire in 5 days."},
			{"mustchange", false, newTokenNeeded},
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
