//go:build integration

package integration

import (
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/test/root/daemon"
)

// TestRolesInTheSession: sshd and su hand the PAM environment on to the session.
func TestRolesInTheSession(t *testing.T) {
	for name, start := range map[string]func(*testing.T){
		"daemon": func(t *testing.T) { t.Helper(); runExampleDaemon(t) },
		"direct": func(t *testing.T) { t.Helper(); startNslcd(t) }, // for the names alone
	} {
		t.Run(name, func(t *testing.T) {
			showLogsOnFailure(t)
			addRoleGroups(t)
			writeAccessExample(t, "Whoever runs the web servers is in the group web-admins on this machine.")
			start(t)
			writeServices(t, setup{module: "pam_goldap.so nodelay socket=" + map[string]string{"daemon": daemon.GoldapSocket, "direct": "/nowhere"}[name]})
			namesFromDirectory(t)
			startSSHD(t)
			for user, want := range map[string]string{"alice": "admins,web-admins\n", "carol": "web-admins\n", "bob": "unset\n"} {
				const command = "echo ${GOLDAP_ROLES-unset}"
				got, err := sshOutput(user, command, ssh.Password(person(user).Password))
				if err != nil || got != want {
					t.Errorf("sshd, %s: %q, %v; want %q", user, got, err, want)
				}
				asUID(t, uint32(person("dave").UID), person(user).Password+"\n", "su", "-c", command, user).accept(t, want)
			}
		})
	}
}
