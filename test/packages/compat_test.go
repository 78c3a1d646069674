//go:build integration

package packages

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/test/root/slapd"
)

// byHand is a service file that names the stock module, as on machines whose
// files somebody wrote.
const byHand = `auth        sufficient    pam_unix.so nodelay
auth        sufficient    pam_ldap.so minimum_uid=1000 use_first_pass
auth        required      pam_deny.so
account     required      pam_unix.so broken_shadow
account     sufficient    pam_localuser.so
account     required      pam_ldap.so minimum_uid=1000
session     required      pam_unix.so
session     required      pam_ldap.so minimum_uid=1000
`

// runStock answers the installation questions of the stock packages, has them
// wired as they do it themselves, and starts nslcd.
func (m machine) runStock(t *testing.T) (stop func()) {
	t.Helper()
	m.input(t, strings.NewReplacer("URI", "ldap://"+slapd.ServerName, "BASE", slapd.Base, "BINDDN", slapd.PseudouserDN,
		"BINDPW", slapd.PseudouserPassword).Replace(`
nslcd nslcd/ldap-uris string URI
nslcd nslcd/ldap-base string BASE
nslcd nslcd/ldap-auth-type select simple
nslcd nslcd/ldap-binddn string BINDDN
nslcd nslcd/ldap-bindpw password BINDPW
nslcd nslcd/ldap-starttls boolean true
nslcd nslcd/ldap-reqcert select demand
nslcd nslcd/ldap-cacertfile string /etc/ssl/certs/mydomain.pem
libnss-ldapd libnss-ldapd/nsswitch multiselect passwd, group, shadow
`), "debconf-set-selections")
	m.shell(t, `rm -f /etc/nslcd.conf /etc/pam_ldap.conf
		dpkg-reconfigure nslcd libnss-ldapd
		pam-auth-update --package --enable ldap
		install -d -o nslcd -g nslcd /run/nslcd`)
	return m.start(t, "/var/log/nslcd", "nslcd", "--nofork")
}

// TestCompat is a machine that ran the stock packages. goldap takes their place,
// and every file in /etc that speaks of them goes on working as it is.
func TestCompat(t *testing.T) {
	m := newStockMachine(t)
	stop := m.runStock(t)
	m.input(t, byHand, "sh", "-c", "cat >/etc/pam.d/byhand")
	m.startSSHD(t)
	logsIn(t, "stock", "alice", person("alice").Password, true)
	m.asksByHand(t, "stock", person("alice").Password, true)
	kept := m.stateOfCompat(t)
	stop()

	names := append([]string{"goldap-compat"}, debs...)
	install := []string{"apt-get", "install", "-y"}
	for _, name := range names {
		install = append(install, one(t, filepath.Join(oldPackages, name+"_*.deb")))
	}
	t.Log(m.input(t, "", install...))
	if left, err := m.try(t, "", "sh", "-c", "dpkg-query -W -f '${Status} ${Package}\n' libpam-ldapd libnss-ldapd nslcd | grep ' installed'"); err == nil {
		t.Errorf("still installed:\n%s", left)
	}
	localUsersLogIn(t, "replaced, no daemon")
	if got := m.stateOfCompat(t); got != kept {
		t.Errorf("files are not as they were:\n%s\nbefore:\n%s", got, kept)
	}

	stop = m.startDaemon(t)
	logsIn(t, "replaced", "alice", person("alice").Password, true)
	logsIn(t, "replaced", "alice", wrongPassword, false)
	m.asksByHand(t, "replaced", person("alice").Password, true)
	m.asksByHand(t, "replaced", wrongPassword, false)
	m.shell(t, "getent passwd alice; getent.ldap passwd alice") // the second asks on nslcd's socket

	// The name service needs the daemon; a program that does without it logs in.
	stop()
	m.asksByHand(t, "no daemon", person("alice").Password, true)
	m.asksByHand(t, "no daemon", wrongPassword, false)
	localUsersLogIn(t, "no daemon")

	m.shell(t, "dpkg --purge nslcd-utils goldap-compat libnss-goldap libpam-goldap goldap")
	localUsersLogIn(t, "removed")
	if got := m.stateOfCompat(t); got != kept {
		t.Errorf("the removal changed files that are not ours:\n%s\nbefore:\n%s", got, kept)
	}
}

// asksByHand authenticates through the file that names the stock module.
func (m machine) asksByHand(t *testing.T, step, password string, want bool) {
	t.Helper()
	said, err := m.try(t, password+"\n", "pamtester", "byhand", "alice", "authenticate")
	if (err == nil) != want {
		t.Errorf("%s: pamtester: %v, want %v:\n%s", step, err, want, said)
	}
}

// stateOfCompat is what goldap-compat must never change.
func (m machine) stateOfCompat(t *testing.T) string {
	t.Helper()
	return m.shell(t, "cat /etc/nsswitch.conf /etc/pam.d/byhand /etc/nslcd.conf; stat -c '%n %U:%G %a' /etc/nslcd.conf /etc/nsswitch.conf")
}

// TestCompatNames is that the name "ldap" goes with the package if it came for it.
func TestCompatNames(t *testing.T) {
	m := newMachine(t)
	before := m.settings(t)["/etc/nsswitch.conf"]
	m.dpkg(t, oldPackages, append([]string{"goldap-compat"}, debs...)...)
	m.configure(t)
	m.shell(t, "/usr/libexec/goldap/nsswitch add --service ldap; grep -q '^passwd:.* ldap' /etc/nsswitch.conf")
	stop := m.startDaemon(t)
	m.shell(t, "getent passwd alice")
	stop()
	m.dpkg(t, newPackages, "goldap-compat") // an upgrade changes nothing
	m.shell(t, "grep -q '^passwd:.* ldap' /etc/nsswitch.conf; dpkg --remove goldap-compat")
	if got := m.settings(t)["/etc/nsswitch.conf"]; got != before {
		t.Errorf("nsswitch.conf is\n%s\nbefore:\n%s", got, before)
	}
}
