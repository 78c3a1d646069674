//go:build integration

package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// TestChangeAtACopy: a slapd that has only a copy refers to another one. The
// change is refused, the log names that one, and with write_uris the change goes
// there.
func TestChangeAtACopy(t *testing.T) {
	const primary = "ldap://" + slapd.ServerName
	replica, err := slapd.Start(within(t, 20*time.Second), slapd.Options{Dir: t.TempDir(), Address: "127.0.0.1:3893", CopyOf: primary})
	must(t, err)
	t.Cleanup(func() { must(t, replica.Stop()) })
	dave, changed := person("dave"), newPasswords[5]
	for _, way := range []string{"exop", "clear"} {
		for _, writers := range []string{"", fmt.Sprintf("write_uris = [%q]\n", primary)} {
			t.Run(fmt.Sprint(way, " ", writers != ""), func(t *testing.T) {
				showLogsOnFailure(t)
				writeServices(t, withDaemon)
				restorePassword(t, dave)
				file := t.TempDir() + "/goldap.toml"
				writeFile(t, file, 0o600, fmt.Sprintf("[[directory]]\nuris = [%q]\nbase = %q\nbind_dn = %q\nbind_password = %q\npassword_change = %q\ntls.ca_file = %q\n%s",
					replica.LocalURL(), slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, way, server.PKI.CAFile, writers))
				log := logFile(t, "goldapd")
				d, err := daemon.StartGoldapd(within(t, 20*time.Second), log, file, daemon.GoldapSocket)
				must(t, err)
				t.Cleanup(func() { must(t, d.Stop()) })
				answer := changeAs(t, uint32(dave.UID), "alone", dave.Name, dave.Password, changed, changed)
				if writers != "" {
					answer.accept(t, tokenChanged)
					dave := dave
					dave.Password = changed
					must(t, bindWorks(dave))
					return
				}
				answer.refuse(t, "Passwords and other data cannot be changed from this machine.")
				must(t, bindWorks(dave))
				text, err := os.ReadFile(log)
				must(t, err)
				if !strings.Contains(string(text), primary) || !strings.Contains(string(text), "set write_uris") {
					t.Errorf("the log does not say where to: %s", text)
				}
			})
		}
	}
}
