//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// writeLocalUsers writes a configuration and service files in which local users
// are asked about, or not.
func writeLocalUsers(t *testing.T, inConfig bool, argument string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
	writeFile(t, goldapTOML, 0o600, fmt.Sprintf(
		"[login]\nlocal_users = %v\n[[directory]]\nuris = [\"ldap://%s\"]\nbase = %q\nbind_dn = %q\nbind_password = %q\ntls.ca_file = %q\n",
		inConfig, slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile))
	writeFile(t, "/etc/pam.d/alone", 0o644, "auth required pam_goldap.so nodelay "+argument+"\naccount required pam_goldap.so "+argument+"\n")
	writeFile(t, "/etc/pam.d/withunix", 0o644, "auth required pam_unix.so\naccount required pam_unix.so\naccount required pam_goldap.so "+argument+"\n")
}

// TestLocalUsersOfTheDirectory: a local user logs in with the directory's password
// if the configuration and the service file say so, and the uid is the same there.
// Root does not, and local logins do not depend on the directory.
func TestLocalUsersOfTheDirectory(t *testing.T) {
	entry := person(localUser)
	for name, start := range map[string]func(t *testing.T){"daemon": runExampleDaemon, "direct": func(*testing.T) {}} {
		for _, c := range []struct {
			inConfig bool
			argument string
			uid      int
			accepted bool
		}{
			{true, "", slapd.LocalUserUID, false},
			{false, "local_users", slapd.LocalUserUID, false},
			{true, "local_users", entry.UID, false},
			{true, "local_users", slapd.LocalUserUID, true},
		} {
			t.Run(fmt.Sprintf("%s, configuration %v, argument %q, uid %d", name, c.inConfig, c.argument, c.uid), func(t *testing.T) {
				showLogsOnFailure(t)
				setUID := func(uid int) {
					must(t, server.Modify(within(t, 10*time.Second), entry.DN(), fmt.Sprintf("replace: uidNumber\nuidNumber: %d\n", uid)))
				}
				setUID(c.uid)
				t.Cleanup(func() { setUID(entry.UID) })
				writeLocalUsers(t, c.inConfig, c.argument)
				start(t)
				login := logIn(t, "alone", localUser, entry.Password)
				if login.ok != c.accepted {
					t.Errorf("accepted %v: %s", login.ok, login.text)
				}
				logIn(t, "alone", localUser, wrongPassword).refuse(t)
				logIn(t, "alone", "root", rootPassword).refuse(t)
				logIn(t, "withunix", localUser, localPassword).accept(t)
				logIn(t, "withunix", "root", rootPassword).accept(t)
				stopServer(t)
				logIn(t, "withunix", localUser, localPassword).accept(t)
				logIn(t, "withunix", "root", rootPassword).accept(t)
			})
		}
	}
}
