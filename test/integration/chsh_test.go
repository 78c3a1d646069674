//go:build integration

package integration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// shellOf asks the name service for the login shell of a user.
func shellOf(t *testing.T, user string) string {
	t.Helper()
	a := run(t, "getent", "passwd", user)
	a.accept(t)
	fields := strings.Split(strings.TrimSpace(a.text), ":")
	return fields[len(fields)-1]
}

// TestChangeShell is chsh.ldap of nslcd-utils, as the user and as root. The new
// shell is seen at once.
func TestChangeShell(t *testing.T) {
	for name, begin := range map[string]func(*testing.T){"goldapd": goldapdWithAdministrator, "stock nslcd": nslcdWithAdministrator} {
		t.Run(name, func(t *testing.T) {
			showLogsOnFailure(t)
			begin(t)
			namesFromDirectory(t)
			dave := person("dave")
			uid := uint32(dave.UID)
			if got := shellOf(t, "dave"); got != "/bin/sh" {
				t.Fatalf("dave's shell is %s", got)
			}
			asUID(t, uid, dave.Password+"\n", "chsh.ldap", "-s", "/bin/bash").accept(t)
			asUID(t, 0, slapd.AdminPassword+"\n", "chsh.ldap", "-s", "/bin/dash", "dave").accept(t)
			if got := shellOf(t, "dave"); got != "/bin/dash" {
				t.Errorf("root changed it to %s", got)
			}
			asUID(t, uid, dave.Password+"\n", "chsh.ldap", "-s", "/bin/sh").accept(t)
			if got := shellOf(t, "dave"); got != "/bin/sh" {
				t.Errorf("dave changed it to %s", got)
			}
			if a := asUID(t, uid, wrongPassword+"\n", "chsh.ldap", "-s", "/bin/bash"); shellOf(t, "dave") != "/bin/sh" {
				t.Errorf("a wrong password changes it: %s", a.text)
			}
		})
	}
}

func goldapdWithAdministrator(t *testing.T) {
	t.Helper()
	must(t, daemon.WriteGoldapConfig(server.PKI.CAFile, slices.Concat(configLines, []string{"rootbinddn " + slapd.AdminDN})...))
	runGoldapd(t)
}

func nslcdWithAdministrator(t *testing.T) {
	t.Helper()
	must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, "rootpwmoddn "+slapd.AdminDN))
	d, err := daemon.StartNslcd(within(t, 20*time.Second), logFile(t, "nslcd"))
	must(t, err)
	t.Cleanup(func() { must(t, d.Stop()) })
}
