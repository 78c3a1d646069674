//go:build integration

package packages

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
	"github.com/goldap/goldap/test/root/systemd"
)

// booted is the private root itself with systemd as process 1: what the scripts
// do on a machine that runs.
type booted struct{ *systemd.Machine }

// boot purges the stock packages from the root and boots it. What happens to it
// then, happens to every test that comes later; this one is the last.
func boot(t *testing.T) booted {
	t.Helper()
	onlyInside(t)
	run(t, "sh", "-euc", `
		dpkg --purge nslcd-utils libnss-ldapd libpam-ldapd nslcd
		rm -rf /etc/nslcd.conf* /etc/pam_ldap.conf /usr/sbin/policy-rc.d
		cp "$1" /usr/local/share/ca-certificates/mydomain.crt
		update-ca-certificates`, "sh", server.PKI.CAFile)
	console := filepath.Join(t.TempDir(), "console")
	machine, err := systemd.Boot(within(t, time.Minute), console)
	must(t, err)
	m := booted{machine}
	t.Cleanup(func() {
		if t.Failed() {
			journal, _ := m.Command("journalctl", "--no-pager", "--unit=goldapd*").CombinedOutput()
			t.Logf("journal:\n%s", journal)
		}
		must(t, m.Stop())
	})
	return m
}

// try runs a script on the machine.
func (m booted) try(input, script string) (string, error) {
	command := m.Command("timeout", "60", "sh", "-euc", script)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	command.Stdin = strings.NewReader(input)
	said, err := command.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

func (m booted) shell(t *testing.T, script string) string {
	t.Helper()
	said, err := m.try("", script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, said)
	}
	return said
}

func (m booted) install(t *testing.T, folder string, names ...string) {
	t.Helper()
	var files []string
	for _, name := range names {
		files = append(files, one(t, filepath.Join(folder, name+"_*.deb")))
	}
	m.shell(t, "dpkg --install "+strings.Join(files, " "))
}

// states are what systemctl says of the units, by a verb such as is-active.
func (m booted) states(t *testing.T, verb string, units ...string) string {
	t.Helper()
	said, _ := m.try("", "systemctl "+verb+" "+strings.Join(units, " ")) // its status is that of the worst
	return strings.Join(strings.Fields(said), " ")
}

func (m booted) want(t *testing.T, step, want, verb string, units ...string) {
	t.Helper()
	if got := m.states(t, verb, units...); got != want {
		t.Errorf("%s: %s %v: %s, want %s", step, verb, units, got, want)
	}
}

var units = []string{"goldapd.socket", "goldapd-admin.socket", "goldapd.service"}

// TestOnSystemdPackages is the day of a machine that runs: nothing starts without
// a configuration, nobody who asks is turned away while the daemon changes, what
// an administrator has decided stays, and in the end systemd knows nothing.
func TestOnSystemdPackages(t *testing.T) {
	m := boot(t)
	m.install(t, oldPackages, debs...)
	m.want(t, "installed", "enabled enabled enabled", "is-enabled", units...)
	m.want(t, "without a configuration", "inactive inactive inactive", "is-active", units...)
	m.shell(t, "getent passwd root; /usr/libexec/goldap/nsswitch add; timeout 1 getent passwd nobody-here || [ $? = 2 ]")

	configuration := "[[directory]]\nuris = [\"ldap://" + slapd.ServerName + "\"]\nbase = \"" + slapd.Base +
		"\"\nbind_dn = \"" + slapd.PseudouserDN + "\"\nbind_password = \"" + slapd.PseudouserPassword + "\"\n"
	if said, err := m.try(configuration, "umask 027; cat >/etc/goldap/goldap.toml; chgrp goldap /etc/goldap/goldap.toml"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	m.shell(t, "systemctl start "+strings.Join(units, " "))
	m.want(t, "started", "active active active", "is-active", units...)
	m.shell(t, "getent passwd alice")

	for _, folder := range []string{newPackages, oldPackages} {
		release := map[string]string{newPackages: "1.1.0", oldPackages: "1.0.0"}[folder]
		m.whileAsking(t, release, func() { m.install(t, folder, debs...) })
		m.want(t, release, "active active active", "is-active", units...)
		if got := m.shell(t, "readlink /proc/$(systemctl show --value --property=MainPID goldapd.service)/exe; goldapd --version"); !strings.Contains(got, "/usr/sbin/goldapd\ngoldapd "+release+"\n") {
			t.Errorf("after the change to %s this runs:\n%s", release, got)
		}
	}

	m.shell(t, "systemctl disable goldapd-admin.socket; systemctl stop goldapd-admin.socket")
	m.install(t, newPackages, debs...)
	m.want(t, "upgraded", "enabled disabled enabled", "is-enabled", units...)

	m.runsCompat(t)

	m.shell(t, "dpkg --remove libnss-goldap libpam-goldap goldap")
	m.want(t, "removed", "inactive inactive inactive", "is-active", units...)
	m.shell(t, "! test -e /run/goldap/socket; getent passwd root; ! grep goldap /etc/nsswitch.conf")
	m.shell(t, "dpkg --purge libnss-goldap libpam-goldap goldap")
	if left := m.shell(t, "find /etc/systemd /var/lib/systemd /run/systemd/units -name '*goldap*'"); left != "" {
		t.Errorf("systemd still knows:\n%s", left)
	}
	if failed := m.shell(t, "systemctl list-units --failed --plain --no-legend 'goldapd*'"); failed != "" {
		t.Errorf("failed: %s", failed)
	}
}

// whileAsking does something while somebody asks for alice all the time. Every
// answer must come, and be right.
func (m booted) whileAsking(t *testing.T, step string, do func()) {
	t.Helper()
	asking := m.Command("sh", "-c", `n=0; while [ ! -e /run/enough ]; do
		getent passwd alice >/dev/null || echo "lost"; n=$((n + 1)); done; echo "$n asked"`)
	var said bytes.Buffer
	asking.Stdout = &said
	must(t, asking.Start())
	do()
	m.shell(t, "touch /run/enough")
	must(t, waitFor(asking))
	m.shell(t, "rm /run/enough")
	t.Logf("%s: %s", step, strings.TrimSpace(said.String()))
	if strings.Contains(said.String(), "lost") {
		t.Errorf("%s: alice was not known for a while: %s", step, said.String())
	}
}

// waitFor waits for a program that is about to end.
func waitFor(command *exec.Cmd) error {
	timer := time.AfterFunc(20*time.Second, func() { command.Process.Kill() }) //nolint:errcheck // it may have ended
	defer timer.Stop()
	return command.Wait()
}

// runsCompat installs goldap-compat with an nslcd.conf, and takes both away again.
func (m booted) runsCompat(t *testing.T) {
	t.Helper()
	text := strings.Join([]string{"uri ldap://" + slapd.ServerName, "base " + slapd.Base, "binddn " + slapd.PseudouserDN,
		"bindpw " + slapd.PseudouserPassword, "ssl start_tls", ""}, "\n")
	if said, err := m.try(text, "umask 027; cat >/etc/nslcd.conf; chgrp goldap /etc/nslcd.conf; mv /etc/goldap/goldap.toml /root"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	m.install(t, newPackages, "goldap-compat")
	m.want(t, "goldap-compat", "active active active", "is-active", "goldapd.socket", "goldapd-nslcd.socket", "goldapd.service")
	m.shell(t, "goldapctl lookup --socket /run/nslcd/socket passwd alice; getent passwd alice")
	m.shell(t, "dpkg --purge goldap-compat; rm /etc/nslcd.conf; mv /root/goldap.toml /etc/goldap; systemctl restart goldapd.service")
	m.shell(t, "! test -e /run/nslcd; getent passwd alice")
}
