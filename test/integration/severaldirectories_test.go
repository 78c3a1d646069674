//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// partners are the entries of the second directory, which is of another style: user
// names are sAMAccountName, users no posixAccount, groups list DNs, and the
// groups of a user are its memberOf values. It has an alice of its own.
const partners = `dn: ou=partners,BASE
objectClass: organizationalUnit

dn: cn=Pat Partner,ou=partners,BASE
objectClass: inetOrgPerson
objectClass: extensibleObject
sn: Partner
mail: pat@partner.example
sAMAccountName: pat
uidNumber: 30001
gidNumber: 30000
homeDirectory: /home/pat
userPassword: Partnership-48
memberOf: cn=devs,ou=partners,BASE

dn: cn=Pia Partner,ou=partners,BASE
objectClass: inetOrgPerson
objectClass: extensibleObject
sn: Partner
mail: pia@partner.example
sAMAccountName: pia
uidNumber: 30002
gidNumber: 30000
homeDirectory: /home/pia
userPassword: Partnership-59

dn: cn=Alice Partner,ou=partners,BASE
objectClass: inetOrgPerson
objectClass: extensibleObject
sn: Partner
mail: alice@partner.example
sAMAccountName: alice
uidNumber: 30003
gidNumber: 30000
homeDirectory: /home/alice.partner
userPassword: Partnership-60
memberOf: cn=devs,ou=partners,BASE

dn: cn=devs,ou=partners,BASE
objectClass: groupOfNames
objectClass: posixGroup
cn: devs
gidNumber: 30100
member: cn=Pat Partner,ou=partners,BASE
member: cn=Alice Partner,ou=partners,BASE

`

// The passwords of the second directory.
const (
	patPassword          = "Partnership-48"
	alicePartnerPassword = "Partnership-60"
)

const partnersAddress = "127.0.0.1:2390"

// startPartners starts the second directory's server.
func startPartners(t *testing.T) *slapd.Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "partners")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	second, err := slapd.Start(within(t, time.Minute), slapd.Options{
		Dir: dir, Address: partnersAddress, More: []byte(strings.ReplaceAll(partners, "BASE", slapd.Base)),
	})
	must(t, err)
	t.Cleanup(func() { must(t, second.Stop()) })
	return second
}

// writeTwoDirectories writes a configuration with both; first are more lines of
// the first one's.
func writeTwoDirectories(t *testing.T, second *slapd.Server, first string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
	table := func(name, port, base, ca, more string) string {
		return fmt.Sprintf("[[directory]]\nname = %q\nuris = [\"ldap://%s:%s\"]\nbase = %q\nbind_dn = %q\nbind_password = %q\ntls.ca_file = %q\n%s\n",
			name, slapd.ServerName, port, base, slapd.PseudouserDN, slapd.PseudouserPassword, ca, more)
	}
	writeFile(t, goldapTOML, 0o600,
		table("staff", "389", "ou=people,"+slapd.Base, server.PKI.CAFile, "group.bases = [{dn = \"ou=groups,"+slapd.Base+"\"}]\n"+first)+
			table("partners", "2390", "ou=partners,"+slapd.Base, second.PKI.CAFile,
				"groups_of_user = \"member_of\"\npasswd = {object_class = \"inetOrgPerson\", attributes = {uid = \"sAMAccountName\"}}\n"))
}

// TestTwoDirectories has users of two directories of different style on one
// machine: the first that knows a name decides, and while it is away, as far as
// the configuration allows.
func TestTwoDirectories(t *testing.T) {
	second := startPartners(t)
	showLogsOnFailure(t)
	writeServices(t, withDaemon)
	namesFromGoldap(t)

	t.Run("both there", func(t *testing.T) {
		writeTwoDirectories(t, second, "")
		runExampleDaemon(t)
		exactly(t, "pat:*:30001:30000:Pat Partner:/home/pat:\n", "getent", "passwd", "pat")
		exactly(t, "30000 30100\n", "id", "-G", "pat")
		exactly(t, "10000 10101 10102\n", "id", "-G", "alice")
		exactly(t, "devs:*:30100:pat,alice\n", "getent", "group", "devs")
		twoDirectoryLogins(t)
	})
	t.Run("direct", func(t *testing.T) {
		writeServices(t, withoutDaemon)
		t.Cleanup(func() { writeServices(t, withDaemon) })
		writeTwoDirectories(t, second, "")
		twoDirectoryLogins(t)
	})
	t.Run("first away", func(t *testing.T) {
		writeTwoDirectories(t, second, "")
		runExampleDaemon(t)
		before := run(t, "getent", "passwd", "alice").text + run(t, "id", "-G", "alice").text
		stopServer(t)
		for range 2 {
			exactly(t, "30002\n", "id", "-u", "pia") // was never asked for
			if now := run(t, "getent", "passwd", "alice").text + run(t, "id", "-G", "alice").text; now != before {
				t.Errorf("alice is %q, and was %q", now, before)
			}
			if status := lookupStatus(t, "passwd", "nobody-here"); status != 3 {
				t.Errorf("nobody-here: status %d, want no answer", status)
			}
			logIn(t, "alone", "pat", patPassword).refuse(t, "cannot be reached")
		}
		condition(t, "directory staff: away")
		condition(t, "directory partners: up")
		must(t, server.Resume(within(t, 30*time.Second)))
		eventually(t, 10*time.Second, "nobody-here is not there", func() bool { return lookupStatus(t, "passwd", "nobody-here") == 1 })
		twoDirectoryLogins(t)
		condition(t, "directory staff: up")
	})
	t.Run("first away, passed over", func(t *testing.T) {
		writeTwoDirectories(t, second, "login_pass_over = true")
		runExampleDaemon(t)
		stopServer(t)
		logIn(t, "alone", "pat", patPassword).accept(t)
		logIn(t, "alone", "pat", wrongPassword).refuse(t)
		logIn(t, "alone", "alice", alicePartnerPassword).accept(t) // as the option says
		logIn(t, "alone", "bob", person("bob").Password).refuse(t, "cannot be reached")
		must(t, server.Resume(within(t, 30*time.Second)))
		eventually(t, 10*time.Second, "bob logs in", func() bool { return logIn(t, "alone", "bob", person("bob").Password).ok })
		twoDirectoryLogins(t)
	})
}

// twoDirectoryLogins are logins while both are there.
func twoDirectoryLogins(t *testing.T) {
	t.Helper()
	logIn(t, "alone", "alice", person("alice").Password).accept(t)
	logIn(t, "alone", "alice", alicePartnerPassword).refuse(t)
	logIn(t, "alone", "pat", patPassword).accept(t)
	logIn(t, "alone", "pat", wrongPassword).refuse(t)
}

// condition looks for a line of goldapctl status.
func condition(t *testing.T, line string) {
	t.Helper()
	if a := run(t, goldapctl, "status"); !strings.Contains(a.text, line) {
		t.Errorf("goldapctl status has no %q: %s", line, a.text)
	}
}
