//go:build integration

package packages

import (
	"strings"
	"testing"
)

// TestLinesByHand is that a module does not go while lines that somebody wrote
// would lock everybody out without it.
func TestLinesByHand(t *testing.T) {
	m := newMachine(t)
	m.dpkg(t, oldPackages, "libpam-goldap")
	m.shell(t, "echo 'account required pam_goldap.so minimum_uid=1000' >>/etc/pam.d/sshd")
	m.startSSHD(t)
	said, err := m.try(t, "", "dpkg", "--remove", "libpam-goldap")
	if err == nil || !strings.Contains(said, "/etc/pam.d/sshd:") || !strings.Contains(said, "remove them first") {
		t.Errorf("removed: %v\n%s", err, said)
	}
	localUsersLogIn(t, "the removal was refused")
	m.dpkg(t, newPackages, "libpam-goldap") // an upgrade is not
	m.shell(t, "GOLDAP_FORCE_REMOVE=yes dpkg --remove libpam-goldap")
	logsIn(t, "removed by force", "root", rootPassword, false) // so it was right to refuse
	m.shell(t, "sed -i /pam_goldap.so/d /etc/pam.d/sshd")
	localUsersLogIn(t, "without the line")
}
