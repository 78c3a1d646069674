//go:build integration

package packages

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// installBlock is the commands of README.md's section Install, one for each line
// of the answer. Names of an example become those of the tests' directory.
func installBlock(t *testing.T) []string {
	t.Helper()
	_, text, found := strings.Cut(read(t, "/goldap/README.md"), "<!-- install: a test runs this block -->\n```sh\n")
	text, _, closed := strings.Cut(text, "\n```\n")
	if !found || !closed {
		t.Fatal("README.md has no block of commands behind the mark for this test")
	}
	text = strings.ReplaceAll(text, "\\\n", "")
	for example, ours := range map[string]string{
		"ldap.example.com": slapd.ServerName, "cn=goldap,ou=services,dc=example,dc=com": slapd.PseudouserDN,
	} {
		if !strings.Contains(text, example) {
			t.Fatalf("README.md does not have the example %s any more", example)
		}
		text = strings.ReplaceAll(text, example, ours)
	}
	return strings.Split(strings.ReplaceAll(text, "dc=example,dc=com", slapd.Base), "\n")
}

// TestInstallSection follows README.md's section Install word for word on a machine
// that has never heard of LDAP. Two things are different there: the packages are
// built already, for the machine has no compiler, and goldapd is started by
// hand, for it has no systemd. Then somebody of the directory logs in through
// sshd.
func TestInstallSection(t *testing.T) {
	m := newMachine(t)
	m.startSSHD(t)
	// What the text before the block asks for; newMachine trusts the authority.
	m.input(t, slapd.PseudouserPassword+"\n", "sh", "-c", "umask 077; cat >/root/bind.secret")
	m.shell(t, "mkdir -p /root/source/build; ln -s "+oldPackages+" /root/source/build/packages")
	settings, began := m.settings(t), time.Now()
	for _, command := range installBlock(t) {
		if command == "make deb" {
			one(t, filepath.Join(oldPackages, "goldap_*.deb"))
			continue
		}
		said, err := m.try(t, person("alice").Password+"\n", "sh", "-euc", "cd /root/source; "+command)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, said)
		}
		t.Logf("%s\n%s", command, said)
		if strings.HasPrefix(command, "goldapctl setup ") {
			m.startDaemon(t)
		}
	}
	logsIn(t, "installed", "alice", person("alice").Password, true)
	took := time.Since(began)
	t.Logf("the first login was there after %v", took)
	if took > time.Minute {
		t.Errorf("the first login took %v: with the build, that is more than the five minutes that README.md promises", took)
	}
	logsIn(t, "installed", "alice", wrongPassword, false)
	localUsersLogIn(t, "installed")

	// And back, as somebody does who has seen enough.
	m.shell(t, "apt-get purge -y goldap libpam-goldap libnss-goldap")
	localUsersLogIn(t, "purged")
	for file, text := range m.settings(t) {
		if settings[file] != text {
			t.Errorf("after the purge %s is\n%s\nbefore:\n%s", file, text, settings[file])
		}
	}
	m.shell(t, "! ls -d /etc/goldap* /var/lib/*goldap*")
}

// TestModuleAlone is the PAM module without anything else of goldap: root's
// programs log users in, with the configuration that root can read.
func TestModuleAlone(t *testing.T) {
	m := newMachine(t)
	m.dpkg(t, oldPackages, "libpam-goldap")
	m.input(t, strings.Join([]string{"host " + slapd.ServerName, "base " + slapd.Base, "binddn " + slapd.PseudouserDN,
		"bindpw " + slapd.PseudouserPassword, "ssl start_tls", ""}, "\n"), "sh", "-c", "umask 077; cat >/etc/pam_ldap.conf")
	for password, want := range map[string]bool{person("alice").Password: true, wrongPassword: false} {
		said, err := m.try(t, password+"\n", "pamtester", "other", "alice", "authenticate")
		if (err == nil) != want {
			t.Errorf("pamtester: %v, want %v:\n%s", err, want, said)
		}
	}
}
