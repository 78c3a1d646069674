//go:build integration

package packages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// debs are the packages of an ordinary machine.
var debs = []string{"goldap", "libpam-goldap", "libnss-goldap"}

// TestLifecycle is a package's whole life on a machine with somebody logged in:
// installed, wired, upgraded, downgraded, removed, purged. At no step does a local
// user lose his login, and in the end nothing is left.
func TestLifecycle(t *testing.T) {
	m := newMachine(t)
	m.startSSHD(t)
	files, settings := m.files(t), m.settings(t)
	localUsersLogIn(t, "before")

	m.dpkg(t, oldPackages, debs...)
	localUsersLogIn(t, "installed, without a configuration")
	logsIn(t, "installed, without a configuration", "alice", person("alice").Password, false)
	if got := m.settings(t)["/etc/nsswitch.conf"]; got != settings["/etc/nsswitch.conf"] {
		t.Errorf("nobody asked for it, and nsswitch.conf is\n%s", got)
	}
	if text := read(t, m.path("/etc/pam.d/common-auth")); !strings.Contains(text, "pam_goldap.so") {
		t.Errorf("the profile is not in common-auth:\n%s", text)
	}

	m.configure(t)
	m.shell(t, "/usr/libexec/goldap/nsswitch add")
	stop := m.startDaemon(t)
	directoryLogsIn := func(step string) {
		t.Helper()
		logsIn(t, step, "alice", person("alice").Password, true)
		localUsersLogIn(t, step)
	}
	directoryLogsIn("wired")
	logsIn(t, "wired", "alice", wrongPassword, false)
	logsIn(t, "wired", "locked", person("locked").Password, false)
	session := openSession(t, "alice", person("alice").Password)
	session.lives(t, "logged in")

	for _, version := range []struct{ name, folder, release string }{
		{"upgraded", newPackages, "1.1.0"}, {"downgraded", oldPackages, "1.0.0"}, {"upgraded again", newPackages, "1.1.0"},
	} {
		before := m.settings(t)
		m.dpkg(t, version.folder, debs...)
		if diff := cmp.Diff(before, m.settings(t)); diff != "" {
			t.Errorf("%s: settings changed:\n%s", version.name, diff)
		}
		session.lives(t, version.name)
		directoryLogsIn(version.name + ", the old daemon still there")
		stop()
		stop = m.startDaemon(t)
		directoryLogsIn(version.name)
		session.lives(t, version.name+" and restarted")
		if got := m.shell(t, "goldapd --version; goldapctl version"); strings.Count(got, version.release) != 2 {
			t.Errorf("%s: the programs say they are\n%s", version.name, got)
		}
	}

	before := m.settings(t)
	m.shell(t, `cd /var/lib/dpkg/info; for script in *goldap*.postinst; do sh "$script" configure; sh "$script" configure 1.1.0-1; done`)
	if diff := cmp.Diff(before, m.settings(t)); diff != "" {
		t.Errorf("the scripts change something the second time:\n%s", diff)
	}

	stop()
	m.shell(t, "dpkg --remove libnss-goldap libpam-goldap goldap")
	session.lives(t, "removed")
	localUsersLogIn(t, "removed")
	logsIn(t, "removed", "alice", person("alice").Password, false)
	logsIn(t, "removed", localUser, wrongPassword, false)
	if diff := cmp.Diff(settings, m.settings(t)); diff != "" {
		t.Errorf("after the removal, not as before the installation:\n%s", diff)
	}
	m.shell(t, "test -s /etc/goldap/goldap.toml") // it is the administrator's

	m.shell(t, `cd /var/lib/dpkg/info; for script in *goldap*.postrm; do sh "$script" remove; done
		dpkg --purge libnss-goldap libpam-goldap goldap`)
	session.lives(t, "purged")
	must(t, session.client.Close())
	localUsersLogIn(t, "purged")
	if diff := cmp.Diff(files, m.files(t)); diff != "" {
		t.Errorf("after the purge, not as before the installation:\n%s", diff)
	}
}
