//go:build integration

package integration

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
)

// useServers puts servers before the real one in the configuration.
func useServers(t *testing.T, servers string) {
	t.Helper()
	must(t, daemon.WriteGoldapConfig(server.PKI.CAFile, configLines...))
	config := readFile(t, daemon.GoldapConfig)
	writeFile(t, daemon.GoldapConfig, 0o600, strings.Replace(config, "host ", "host "+servers+" ", 1))
}

// TestFailover is a login while the first server is down, or accepts and then
// says nothing.
func TestFailover(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:1390")
	must(t, err)
	t.Cleanup(func() { must(t, silent.Close()) })
	for name, first := range map[string]string{"refuses": "ldap1.mydomain.com:1389", "hangs": "ldap2.mydomain.com:1390"} {
		t.Run(name, func(t *testing.T) {
			useServers(t, first)
			writeServices(t, withoutDaemon)
			t.Run("direct", func(t *testing.T) {
				logIn(t, "alone", "alice", person("alice").Password).accept(t)
			})
			t.Run("daemon", func(t *testing.T) {
				showLogsOnFailure(t)
				runGoldapd(t)
				logIn(t, "alone", "alice", person("alice").Password).accept(t)
				logIn(t, "alone", "alice", wrongPassword).refuse(t, authFailure)
				// By now the first server is known to be down.
				a := logIn(t, "alone", "bob", person("bob").Password)
				a.accept(t)
				if a.took > time.Second {
					t.Errorf("a login takes %v although the server is known to be down", a.took)
				}
			})
		})
	}
}
