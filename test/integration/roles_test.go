//go:build integration

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// roleGroups are what the examples of docs/access.md speak of: bob leads, and so
// administrates; carol runs the web servers.
const roleGroups = `dn: cn=staff,ou=groups,BASE
objectClass: groupOfNames
member: uid=alice,ou=people,BASE
member: uid=bob,ou=people,BASE

dn: cn=operations,ou=groups,BASE
objectClass: organizationalRole
objectClass: posixGroup
gidNumber: 10201
memberUid: carol

dn: cn=leads,ou=groups,BASE
objectClass: groupOfNames
member: uid=bob,ou=people,BASE

dn: cn=admins,ou=groups,BASE
objectClass: groupOfUniqueNames
uniqueMember: cn=leads,ou=groups,BASE

dn: cn=everybody,ou=groups,BASE
objectClass: groupOfNames
member: cn=staff,ou=groups,BASE
member: cn=audit,ou=groups,BASE

dn: cn=web,ou=groups,BASE
objectClass: groupOfNames
member: uid=carol,ou=people,BASE
`

// addRoleGroups adds the groups for one test.
func addRoleGroups(t *testing.T) {
	t.Helper()
	ldif := strings.ReplaceAll(roleGroups, "BASE", slapd.Base)
	credentials := []string{"-x", "-H", server.LocalURL(), "-D", slapd.AdminDN, "-w", slapd.AdminPassword}
	add := exec.Command("ldapadd", credentials...)
	add.Stdin = strings.NewReader(ldif)
	if said, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ldapadd: %v\n%s", err, said)
	}
	for _, match := range regexp.MustCompile("(?m)^dn: (.*)$").FindAllStringSubmatch(ldif, -1) {
		t.Cleanup(func() { must(t, command("ldapdelete", append(credentials, match[1])...)) })
	}
}

const goldapTOML = "/etc/goldap/goldap.toml"

// writeAccessExample writes the configuration of an example of docs/access.md,
// with our directory.
func writeAccessExample(t *testing.T, title string) {
	t.Helper()
	example := regexp.MustCompile("(?ms)^```toml\n# " + regexp.QuoteMeta(title) + "\n(.*?)^```$").FindStringSubmatch(readFile(t, "/goldap/docs/access.md"))
	if example == nil {
		t.Fatalf("docs/access.md has no example %q", title)
	}
	must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
	writeFile(t, goldapTOML, 0o600, strings.ReplaceAll(example[1], "dc=example,dc=com", slapd.Base)+fmt.Sprintf(
		"[[directory]]\nuris = [\"ldap://%s\"]\nbase = %q\nbind_dn = %q\nbind_password = %q\ntls.ca_file = %q\n",
		slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile))
}

func runExampleDaemon(t *testing.T) {
	t.Helper()
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), goldapTOML, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	stopAtEnd(t, d)
}

// roleSetups are the ways in which the rules of an example are applied.
var roleSetups = map[string]func(t *testing.T){
	"daemon":                  func(t *testing.T) { t.Helper(); runExampleDaemon(t); writeAlone(t, "pam_goldap.so nodelay") },
	"direct":                  func(t *testing.T) { t.Helper(); writeAlone(t, "pam_goldap.so nodelay") },
	"stock module on goldapd": func(t *testing.T) { t.Helper(); runExampleDaemon(t); writeAlone(t, "pam_ldap.so") },
}

// writeAlone makes services that have nothing but the module.
func writeAlone(t *testing.T, module string) {
	t.Helper()
	for _, service := range []string{"sshd", "login", "sudo", "cron", "vsftpd"} {
		writeFile(t, "/etc/pam.d/"+service, 0o644, strings.ReplaceAll(alone, "pam_goldap.so", module))
	}
}

// TestRolesAndServices logs in through the examples of docs/access.md.
func TestRolesAndServices(t *testing.T) {
	addRoleGroups(t)
	for title, admitted := range map[string]map[string][]string{ // services by user; of sshd, login, sudo, cron, vsftpd
		"Only staff may log in by ssh.": {
			"alice": {"sshd", "login"}, "bob": {"sshd"}, "carol": {"login"}, "erin": {"login", "cron"},
		},
		"Staff may use what is listed, and nobody who is suspended; nothing else is open.": {
			"alice": {"sshd", "cron"}, "carol": {"sshd", "cron"}, "erin": {},
		},
		"Only administrators may use sudo.": {"alice": {"sshd"}, "bob": {"sshd", "sudo"}, "carol": {"vsftpd"}},
	} {
		for name, start := range roleSetups {
			t.Run(title+" "+name, func(t *testing.T) {
				showLogsOnFailure(t)
				writeAccessExample(t, title)
				start(t)
				for user, services := range admitted {
					for _, service := range services {
						logIn(t, service, user, person(user).Password).accept(t, authenticated, accountDone)
					}
				}
				switch title {
				case "Only staff may log in by ssh.":
					keptOut(t, "sshd", "carol", "erin")
				case "Only administrators may use sudo.":
					keptOut(t, "sudo", "alice", "carol")
				default:
					keptOut(t, "sshd", "erin")
					keptOut(t, "vsftpd", "alice", "carol", "erin")
				}
			})
		}
	}
}

// keptOut fails the test unless the service refuses the users, with the right
// password, without one (an ssh key), and under another spelling of its name,
// which libpam changes to lower case.
func keptOut(t *testing.T, service string, users ...string) {
	t.Helper()
	for _, user := range users {
		logIn(t, service, user, person(user).Password).refuse(t, authenticated, notPermitted)
		logIn(t, service, user, wrongPassword).refuse(t, authFailure)
		pamtester(t, service, user, "", "acct_mgmt").refuse(t, notPermitted)
		pamtester(t, strings.ToUpper(service), user, "", "acct_mgmt").refuse(t, notPermitted)
	}
}

// TestRolesByMemberOf believes what slapd's memberof overlay writes into the
// entries of users, and of groups in groups.
func TestRolesByMemberOf(t *testing.T) {
	showLogsOnFailure(t)
	addRoleGroups(t)
	writeAccessExample(t, "Only staff may log in by ssh.")
	file := readFile(t, goldapTOML) + "groups_of_user = \"member_of\"\n"
	for group, carol := range map[string]bool{"staff": false, "everybody": true} { // is carol in it, by way of a group
		writeFile(t, goldapTOML, 0o600, strings.NewReplacer(
			"cn=staff,", "cn="+group+",", "[[service]]", "nested = true\n[[service]]",
		).Replace(file))
		t.Run(group, func(t *testing.T) {
			roleSetups["daemon"](t)
			logIn(t, "sshd", "alice", person("alice").Password).accept(t, authenticated, accountDone)
			keptOut(t, "sshd", "erin")
			if carol {
				logIn(t, "sshd", "carol", person("carol").Password).accept(t, authenticated, accountDone)
			} else {
				keptOut(t, "sshd", "carol")
			}
		})
	}
}

// TestSuspended: the role that a service refuses wins over the one that it
// admits, as soon as the directory has it.
func TestSuspended(t *testing.T) {
	showLogsOnFailure(t)
	addRoleGroups(t)
	writeAccessExample(t, "Staff may use what is listed, and nobody who is suspended; nothing else is open.")
	roleSetups["daemon"](t)
	bob := person("bob")
	logIn(t, "sshd", "bob", bob.Password).accept(t, authenticated, accountDone)
	must(t, server.Modify(within(t, 10*time.Second), bob.DN(), "add: employeeType\nemployeeType: suspended\n"))
	t.Cleanup(func() {
		must(t, server.Modify(within(t, 10*time.Second), bob.DN(), "delete: employeeType\n"))
	})
	keptOut(t, "sshd", "bob")
	log := readFile(t, logFile(t, "goldapd"))
	for _, want := range []string{`authorization=success roles=staff rule=bind`, `rule="service sshd: refuses role suspended"`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
	if strings.Contains(log, "SSHD") {
		t.Errorf("libpam does not change services to lower case:\n%s", log)
	}
}

// sshInput is sshOutput with something for the command to read.
func sshInput(t *testing.T, user, command, input string) string {
	t.Helper()
	client, err := ssh.Dial("tcp", sshAddress, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(person(user).Password)}, Timeout: 20 * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // it is ours, on loopback
	})
	must(t, err)
	defer client.Close()
	session, err := client.NewSession()
	must(t, err)
	defer session.Close()
	session.Stdin = strings.NewReader(input)
	out, err := session.CombinedOutput(command)
	t.Logf("%s: %v", command, err) // what it says counts
	return string(out)
}

// TestRoleGroup: the group of a role is one for initgroups, sudo and su, beside
// the groups that the directory has.
func TestRoleGroup(t *testing.T) {
	showLogsOnFailure(t)
	addRoleGroups(t)
	writeAccessExample(t, "Whoever runs the web servers is in the group web-admins on this machine.")
	runExampleDaemon(t)
	writeServices(t, withDaemon)
	namesFromGoldap(t)
	startSSHD(t)
	exactly(t, "web-admins:*:5000:\n", "getent", "group", "web-admins")
	exactly(t, "web-admins:*:5000:\n", "getent", "group", "5000")
	exactly(t, "users-of-ldap dev ops web-admins\n", "id", "-Gn", "alice")
	exactly(t, "users-of-ldap audit operations web-admins\n", "id", "-Gn", "carol")
	exactly(t, "users-of-ldap dev audit\n", "id", "-Gn", "bob")
	got := sshInput(t, "carol", "id -Gn", "")
	if _, groups, _ := strings.Cut(got, "No such file or directory\n"); words(groups) != words("users-of-ldap audit operations web-admins") { // behind a word about /home/carol
		t.Errorf("carol's session has %q", got)
	}
	t.Run("sudo", func(t *testing.T) {
		writeFile(t, "/etc/sudoers.d/goldap", 0o440, "%web-admins ALL=(bob) ALL\n%dev ALL=(carol) ALL\n")
		for _, c := range []struct{ user, target, want string }{
			{"carol", "bob", "bob\n"},         // by the role's group
			{"alice", "bob", "bob\n"},         // by the role that it includes
			{"alice", "carol", "carol\n"},     // by the directory's group
			{"bob", "carol", "carol\n"},       // by the directory's group
			{"bob", "alice", "not allowed"},   // by none
			{"carol", "carol", "not allowed"}, // by none
		} {
			got := sshInput(t, c.user, "sudo -S -k -p '' -u "+c.target+" id -un", person(c.user).Password+"\n")
			if !strings.HasSuffix(got, c.want) && !strings.Contains(got, c.want+" to execute") {
				t.Errorf("%s as %s: %q, want %q", c.user, c.target, got, c.want)
			}
		}
	})
	for group, members := range map[string]map[string]bool{
		"web-admins": {"alice": true, "carol": true, "bob": false}, // of the role
		"ops":        {"alice": true, "carol": false},              // of the directory, by DN
		"dev":        {"bob": true, "carol": false},                // by name
	} {
		t.Run("su "+group, func(t *testing.T) {
			writeFile(t, "/etc/pam.d/su", 0o644, "auth required pam_wheel.so use_uid group="+group+application)
			for user, member := range members {
				a := asUID(t, uint32(person(user).UID), person("dave").Password+"\n", "su", "-c", "id -un", "dave")
				if member {
					a.accept(t, "dave\n")
				} else {
					a.refuse(t, notPermitted)
				}
			}
		})
	}
}

// TestRoleThatCannotBeLookedAt refuses who would need it, and nobody else; it is
// looked at again as soon as it can be.
func TestRoleThatCannotBeLookedAt(t *testing.T) {
	showLogsOnFailure(t)
	addRoleGroups(t)
	writeAccessExample(t, "Staff may use what is listed, and nobody who is suspended; nothing else is open.")
	writeFile(t, goldapTOML, 0o600, strings.Replace(readFile(t, goldapTOML), "group_base = \"ou=groups", "group_base = \"ou=gone", 1))
	roleSetups["daemon"](t)
	a := logIn(t, "sshd", "alice", person("alice").Password)
	a.refuse(t, authenticated, "Authentication service cannot retrieve authentication info")
	log := readFile(t, logFile(t, "goldapd"))
	if !strings.Contains(log, "role staff: group staff under ou=gone,"+slapd.Base) || !strings.Contains(log, "no such base") {
		t.Errorf("no such rule in the log:\n%s", log)
	}
}
