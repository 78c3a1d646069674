//go:build integration

package integration

import (
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/samba"
)

// onSamba runs a test with etc/examples/active-directory.toml.
func onSamba(t *testing.T, test func(t *testing.T, s *samba.Server)) {
	t.Helper()
	s := startDomain(t)
	files := map[string]string{"bind.secret": samba.PseudouserPassword + "\n", "ca.pem": readFile(t, s.CAFile)}
	inSetups(t, exampleSetups("active-directory.toml", files), func(t *testing.T, _ setup) { test(t, s) })
}

func restoreOnSamba(t *testing.T, s *samba.Server, p samba.Person) {
	t.Helper()
	t.Cleanup(func() { must(t, s.Restore(within(t, 20*time.Second), p)) })
}

// TestOnSamba is a login of each person, and what is said.
func TestOnSamba(t *testing.T) {
	onSamba(t, func(t *testing.T, _ *samba.Server) {
		for _, c := range []struct {
			name string
			ok   bool
			text string
		}{
			{"alice", true, authenticated},
			{"future", true, authenticated},
			{"expired", false, ""},
			{"locked", false, ""},
			{"mustchange", false, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := logIn(t, "alone", c.name, samba.Find(c.name).Password)
				if c.ok {
					a.accept(t, c.text)
				} else {
					a.refuse(t, c.text)
				}
				logIn(t, "alone", c.name, wrongPassword).refuse(t, authFailure)
			})
		}
		logIn(t, "alone", "nobody-here", wrongPassword).refuse(t)
	})
}
