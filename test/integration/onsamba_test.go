//go:build integration

package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/samba"
)

// onSamba runs a test with etc/examples/active-directory.toml.
func onSamba(t *testing.T, test func(t *testing.T, s *samba.Server)) {
	t.Helper()
	s := startDomain(t)
	files := map[string]string{"bind.secret": samba.PseudouserPassword + "\n", "ca.pem": readFile(t, s.CAFile)}
	inSetups(t, exampleSetups("active-directory.toml", files), func(t *testing.T, _ setup) { test(t, s) })
}

func restoreOnSamba(t *testing.T, s *samba.Server, p samba.Person) {
	t.Helper()
	t.Cleanup(func() { must(t, s.Restore(within(t, 20*time.Second), p)) })
}

// TestOnSamba is a login of each person, and what is said.
func TestOnSamba(t *testing.T) {
	onSamba(t, func(t *testing.T, _ *samba.Server) {
		for _, c := range []struct {
			name string
			ok   bool
			text string
		}{
			{"alice", true, authenticated},
			{"future", true, authenticated},
			{"expired", false, "Your account has expired."},
			{"locked", false, "Your account is disabled."},
			{"aged", false, "Your password must be changed before you can log in here."},
			{"mustchange", false, "Your password must be changed before you can log in here."},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := logIn(t, "alone", c.name, samba.Find(c.name).Password)
				if c.ok {
					a.accept(t, c.text)
				} else {
					a.refuse(t, c.text)
				}
			})
		}
		logIn(t, "alone", "alice", wrongPassword).refuse(t, authFailure)
		logIn(t, "alone", "nobody-here", wrongPassword).refuse(t)
	})
}

// TestOnSambaNames is that users by their sAMAccountName, and groups in groups,
// are found by the C library, whatever the case of the name.
func TestOnSambaNames(t *testing.T) {
	onSamba(t, func(t *testing.T, _ *samba.Server) {
		if !hasDaemon(t) {
			return
		}
		namesFromGoldap(t)
		exactly(t, "alice:*:10001:10000:The person alice:/home/alice:/bin/sh\n", "getent", "passwd", "alice")
		exactly(t, "alice:*:10001:10000:The person alice:/home/alice:/bin/sh\n", "getent", "passwd", "10001")
		exactly(t, "10000 10102 10103\n", "id", "-G", "alice")
		exactly(t, "10000\n", "id", "-G", "dave")
		exactly(t, "above:*:10103:alice\n", "getent", "group", "above")
	})
}

// TestOnSambaSIDs is the same without uidNumber and gidNumber, in the words of
// the example's last lines.
func TestOnSambaSIDs(t *testing.T) {
	s := startDomain(t)
	text := readFile(t, examples+"active-directory.toml")
	for _, change := range []struct{ before, after string }{
		{"\n[[directory]]\n", "\n[[directory]]\nuid_offset = 100000\ngid_offset = 100000\n"},
		{"filter = \"(&(objectCategory=person)(objectClass=user)(uidNumber=*))\"", "filter = \"(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))\""},
		{"filter = \"(&(objectClass=group)(gidNumber=*))\"", "filter = \"(objectClass=group)\""},
		{"\n[directory.passwd.attributes]\n", "\n[directory.passwd.attributes]\nuidNumber = \"objectSid:" + samba.SID + "\"\ngidNumber = \"primaryGroupID\"\n"},
		{"\n[directory.group.attributes]\n", "\n[directory.group.attributes]\ngidNumber = \"objectSid:" + samba.SID + "\"\n"},
	} {
		if !strings.Contains(text, change.before) {
			t.Fatalf("the example has no %q", change.before)
		}
		text = strings.ReplaceAll(text, change.before, change.after)
	}
	files := map[string]string{"goldap.toml": text, "bind.secret": samba.PseudouserPassword + "\n", "ca.pem": readFile(t, s.CAFile)}
	inSetups(t, exampleSetups("active-directory.toml", files), func(t *testing.T, _ setup) {
		logIn(t, "alone", "alice", samba.Find("alice").Password).accept(t)
		if hasDaemon(t) {
			namesFromGoldap(t)
			run(t, "getent", "passwd", "alice").accept(t, "alice:*:101", ":100513:")
			run(t, "getent", "group", "above").accept(t, "above:*:101", ":alice")
			groups := strings.Fields(run(t, "id", "-G", "alice").text)
			if len(groups) != 3 || groups[0] != "100513" { // Domain Users is no name here, for its blank
				t.Errorf("groups of alice: %v", groups)
			}
		}
	})
}

// TestOnSambaLockout is too many wrong passwords.
func TestOnSambaLockout(t *testing.T) {
	onSamba(t, func(t *testing.T, s *samba.Server) {
		p := samba.Find("lockable")
		restoreOnSamba(t, s, p)
		logIn(t, "alone", p.Name, p.Password).accept(t)
		for range 4 {
			logIn(t, "alone", p.Name, wrongPassword).refuse(t, authFailure)
		}
		logIn(t, "alone", p.Name, p.Password).refuse(t, "locked because of too many failed logins")
	})
}

// TestOnSambaChange is what the domain says to new passwords.
func TestOnSambaChange(t *testing.T) {
	onSamba(t, func(t *testing.T, s *samba.Server) {
		p := samba.Find("dave")
		restoreOnSamba(t, s, p)
		change := func(old, new string) answer { return changeAs(t, uint32(p.UID), "alone", p.Name, old, new, new) }
		change(wrongPassword, chosenFirst).refuse(t)
		change(p.Password, "Ab1-x").refuse(t, "The new password is too short.")
		change(p.Password, "all-in-lower-case").refuse(t, "The new password is too simple.")
		logIn(t, "alone", p.Name, p.Password).accept(t)

		change(p.Password, chosenFirst).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, chosenFirst).accept(t)
		logIn(t, "alone", p.Name, p.Password).refuse(t, authFailure)
		change(chosenFirst, p.Password).refuse(t, "The new password has been used before.")
	})
}

// TestOnSambaWithoutPassword is the account step alone, as after a login with an
// ssh key.
func TestOnSambaWithoutPassword(t *testing.T) {
	onSamba(t, func(t *testing.T, _ *samba.Server) {
		pamtester(t, "alone", "alice", "", "acct_mgmt").accept(t, accountDone)
		pamtester(t, "alone", "future", "", "acct_mgmt").accept(t, accountDone)
		pamtester(t, "alone", "locked", "", "acct_mgmt").refuse(t, "Your account is locked.")
		pamtester(t, "alone", "expired", "", "acct_mgmt").refuse(t, "Your account has expired.")
	})
}
