//go:build integration

package integration

import (
	"slices"
	"strings"
	"testing"
)

// section is a part of the page about the migration: its heading, and the
// commands in it.
type section struct{ heading, commands string }

// migrationPage returns the commands of docs/migrating-from-nslcd.md.
func migrationPage(t *testing.T) []section {
	t.Helper()
	var all []section
	for _, part := range strings.Split(readFile(t, "/goldap/docs/migrating-from-nslcd.md"), "\n## ")[1:] {
		s := section{heading: strings.SplitN(part, "\n", 2)[0]}
		for _, block := range strings.Split(part, "\n```sh\n")[1:] {
			commands, _, closed := strings.Cut(block, "\n```\n")
			if !closed {
				t.Fatalf("%s: a block does not end", s.heading)
			}
			s.commands += commands + "\n"
		}
		all = append(all, s)
	}
	return all
}

// TestMigration follows docs/migrating-from-nslcd.md to the letter in a clean
// root with the stock packages, there and back. The same users are known and
// log in after each step.
func TestMigration(t *testing.T) {
	showLogsOnFailure(t)
	c := newCleanRoot(t)
	before := c.state(t)
	c.worksFor(t, "before", before)
	// By the first letter of the heading.
	nssModules := map[string]string{"1": "ldap", "2": "ldap", "3": "ldap", "4": "goldap", "5": "goldap", "6": "goldap", "B": "ldap"}
	pamModules := map[string]string{"1": "ldap", "2": "ldap", "3": "ldap", "4": "ldap", "5": "goldap", "6": "goldap", "B": "ldap"}
	steps := 0
	for _, s := range migrationPage(t) {
		if s.commands == "" {
			continue
		}
		steps++
		t.Logf("%s\n%s", s.heading, c.shell(t, s.commands))
		c.worksFor(t, s.heading, before)
		step := s.heading[:1]
		if got := c.shell(t, "grep ^passwd: /etc/nsswitch.conf"); words(got) != words("passwd: files "+nssModules[step]) {
			t.Errorf("%s: nsswitch.conf has %q", s.heading, got)
		}
		used := c.shell(t, "grep -oh 'pam_g*o*ldap.so' /etc/pam.d/common-* | sort | uniq -c")
		if words(used) != words("5 pam_"+pamModules[step]+".so") {
			t.Errorf("%s: /etc/pam.d has %q", s.heading, used)
		}
	}
	// Whoever is not believed any more is in the log, with the key that says why.
	if log := c.shell(t, "cat /var/log/goldapd.log"); !strings.Contains(log, "lowuid") || !strings.Contains(log, "accounts.min_uid") {
		t.Errorf("the log does not say why lowuid is gone:\n%s", log)
	}
	if steps != len(nssModules) {
		t.Errorf("%d steps with commands, not %d", steps, len(nssModules))
	}
	if after := c.state(t); after != before {
		t.Errorf("after the way back:\n%+v\nwant\n%+v", after, before)
	}
	c.shell(t, "service nslcd stop")
}

// machineState is what the way back brings back.
type machineState struct{ users, groups, nsswitch, pam, nslcd string }

func (c cleanRoot) state(t *testing.T) machineState {
	t.Helper()
	return machineState{
		users: c.shell(t, "getent passwd | sort"), groups: c.shell(t, "getent group | sort"),
		nsswitch: c.shell(t, "cat /etc/nsswitch.conf"), pam: c.shell(t, "cat /etc/pam.d/common-*"),
		nslcd: c.shell(t, "cat /etc/nslcd.conf"),
	}
}

// unbelieved are the entries that nslcd makes users of, and goldap does not
// (docs/lookups.md, Differences to nslcd).
var unbelieved = []string{"toor", "lowuid", "clash", "localuser", "twin", "12345", "par(en)", `back\slash`, "two words"}

// worksFor fails the test unless the users of the directory and of the machine
// are known and log in.
func (c cleanRoot) worksFor(t *testing.T, step string, before machineState) {
	t.Helper()
	for _, name := range []string{"alice", "bob", "carol"} {
		c.logsIn(t, step, name, person(name).Password, true)
	}
	c.logsIn(t, step, "alice", wrongPassword, false)
	c.logsIn(t, step, "root", rootPassword, true)
	c.logsIn(t, step, localUser, localPassword, true)
	c.logsIn(t, step, "expired", person("expired").Password, false)
	if got := words(c.shell(t, "id -Gn alice")); got != words("users-of-ldap dev ops") {
		t.Errorf("%s: groups of alice: %s", step, got)
	}
	c.shell(t, "getent.ldap passwd alice")
	users := c.shell(t, "getent passwd")
	for line := range strings.Lines(before.users) {
		name, _, _ := strings.Cut(line, ":")
		if !strings.Contains("\n"+users, "\n"+name+":") && !slices.Contains(unbelieved, name) {
			t.Errorf("%s: %s is gone", step, name)
		}
	}
}

// logsIn is a login through the stacks that pam-auth-update writes.
func (c cleanRoot) logsIn(t *testing.T, step, name, password string, want bool) {
	t.Helper()
	a := c.says(t, password+"\n", "pamtester", "other", name, "authenticate", "acct_mgmt", "open_session", "close_session")
	if a.ok != want {
		t.Errorf("%s: login of %s: %v, want %v: %s", step, name, a.ok, want, a.text)
	}
}
