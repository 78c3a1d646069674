//go:build integration

package integration

import (
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/dirsrv"
	"github.com/goldap/goldap/test/root/slapd"
)

// onlyPartner is a person whom only 389 Directory Server has.
const onlyPartner = "guest"

// TestOnTwoDirectories is etc/examples/two-directories.toml with slapd and 389
// Directory Server: alice is in both, with two passwords.
func TestOnTwoDirectories(t *testing.T) {
	start389(t)
	files := map[string]string{
		"bind.secret": slapd.PseudouserPassword + "\n", "ca.pem": readFile(t, server.PKI.CAFile),
		"partner.secret": dirsrv.PseudouserPassword + "\n", "partner-ca.pem": readFile(t, dirsrv.CAFile),
	}
	inSetups(t, exampleSetups("two-directories.toml", files), func(t *testing.T, _ setup) {
		t.Run("the first that knows the user decides", func(t *testing.T) {
			logIn(t, "alone", "alice", person("alice").Password).accept(t)
			logIn(t, "alone", "alice", dirsrv.Find("alice").Password).refuse(t, authFailure)
			logIn(t, "alone", "bob", person("bob").Password).accept(t)
		})
		t.Run("only the second knows the user", func(t *testing.T) {
			logIn(t, "alone", onlyPartner, dirsrv.Find(onlyPartner).Password).accept(t)
			logIn(t, "alone", onlyPartner, wrongPassword).refuse(t, authFailure)
		})
		t.Run("nobody knows the user", func(t *testing.T) {
			logIn(t, "alone", "nobody-here", wrongPassword).refuse(t)
		})
		if hasDaemon(t) {
			namesFromGoldap(t)
			run(t, "getent", "passwd", "alice").accept(t, "alice:x:10001:10000:")
			run(t, "getent", "passwd", onlyPartner).accept(t, onlyPartner+":*:60020:60000:")
		}
		t.Run("the first is away", func(t *testing.T) {
			must(t, server.Stop())
			t.Cleanup(func() { must(t, server.Resume(within(t, 20*time.Second))) })
			// Who knows whether the first has such a user? guest is remembered
			// for a while by the daemon, visitor never logged in.
			logIn(t, "alone", "visitor", dirsrv.Find("visitor").Password).refuse(t, "cannot be reached")
			logIn(t, "alone", "alice", dirsrv.Find("alice").Password).refuse(t, "cannot be reached")
		})
	})
}
