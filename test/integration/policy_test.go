//go:build integration

package integration

import "testing"

// TestPolicy is what slapd's ppolicy overlay says about the persons of the
// scene, in the words that they read, through the real libpam.
func TestPolicy(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		for _, c := range []struct {
			name string
			ok   bool
			text string
		}{
			{"alice", true, authenticated},
			{"warned", true, "Your password will expire in 2"},
			{"grace", true, "Your password has expired."},
			{"aged", false, "Your password has expired and must be set anew by an administrator."},
			{"spent", false, "Your password has expired and must be set anew by an administrator."},
			{"locked", false, "Your account is locked."},
			{"expired", false, "Your account has expired."},
			{"mustchange", false, "You must change your password now."},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := logIn(t, "alone", c.name, person(c.name).Password)
				if c.ok {
					a.accept(t, c.text)
				} else {
					a.refuse(t, c.text)
				}
				logIn(t, "alone", c.name, wrongPassword).refuse(t, "Authentication failure")
			})
		}
	})
}

// TestPolicyOfChanges is what the overlay says about new passwords.
func TestPolicyOfChanges(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		for _, c := range []struct{ name, changed, text string }{
			{"dave", "Ab1-x", "The new password is too short."},
			{"dave", person("dave").Password, "The new password has been used before."},
			{"tooyoung", newPasswords[0], "Your password was changed too recently to be changed again."},
			{"unchangeable", newPasswords[0], "You are not allowed to change your password."},
		} {
			t.Run(c.name+" "+c.text, func(t *testing.T) {
				p := person(c.name)
				changeAs(t, uint32(p.UID), "alone", p.Name, p.Password, c.changed, c.changed).refuse(t, c.text)
				logIn(t, "alone", p.Name, p.Password).accept(t)
			})
		}
	})
}

// TestPolicySafeModify: where the policy wants the old password along with the
// new one (pwdSafeModify), it gets it.
func TestPolicySafeModify(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		p, changed := person("safely"), newPasswords[0]
		restorePassword(t, p)
		changeAs(t, uint32(p.UID), "alone", p.Name, p.Password, changed, changed).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, changed).accept(t)
	})
}

// TestPolicyWithoutPassword is the account step alone, as after a login with an
// ssh key: what the pseudouser may read of the entry decides.
func TestPolicyWithoutPassword(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		pamtester(t, "alone", "alice", "", "acct_mgmt").accept(t, accountDone)
		pamtester(t, "alone", "locked", "", "acct_mgmt").refuse(t, "Your account is locked.")
		pamtester(t, "alone", "expired", "", "acct_mgmt").refuse(t, "Your account has expired.")
		pamtester(t, "alone", "aged", "", "acct_mgmt").accept(t, accountDone) // that is about the password
	})
}
