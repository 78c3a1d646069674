//go:build integration

package integration

import (
	"testing"

	"github.com/goldap/goldap/test/root/daemon"
)

// TestExplain is goldapctl explain about real logins at a real slapd: through the
// daemon, and without one by the same configuration.
func TestExplain(t *testing.T) {
	explain := func(input string, arguments ...string) answer {
		return asUID(t, 0, input, "/goldap/build/goldapctl", append([]string{"explain"}, arguments...)...)
	}
	ways := map[string]struct {
		start func(t *testing.T)
		with  []string
	}{
		"daemon": {startGoldapd, []string{"--service", "sshd"}},
		"direct": {writeGoldapConfig, []string{"--service", "sshd", "--config", daemon.GoldapConfig}},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			showLogsOnFailure(t)
			way.start(t)
			ask := func(input, user string, more ...string) answer {
				return explain(input, append(append([]string{user}, way.with...), more...)...)
			}
			ask("", "alice").accept(t, person("alice").DN(), "success")
			ask(person("alice").Password+"\n", "alice", "--password").accept(t, "success")
			ask("", "expired").refuse(t, "shadowExpire", "Your account has expired.")
			ask(wrongPassword+"\n", "alice", "--password").refuse(t, "bad-credentials")
			ask("", "locked").refuse(t, "pwdAccountLockedTime", "Your account is locked.")
			ask("", "nobody-there").refuse(t, "no such entry")
			ask(person("warned").Password+"\n", "warned", "--password").accept(t, "Your password will expire in")
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		explain("", "alice", "--service", "sshd").refuse(t, "--config")
	})
}
