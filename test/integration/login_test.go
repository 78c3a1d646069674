//go:build integration

package integration

import (
	"strings"
	"testing"
)

var allSetups = []setup{withDaemon, withoutDaemon, stockModule, stockDaemon, reference}

// TestLogin is every user of the directory who may log in, through the two
// service files, in every setup.
func TestLogin(t *testing.T) {
	inSetups(t, allSetups, func(t *testing.T, _ setup) {
		for _, name := range []string{"alice", "bob", "carol", "grace", "warned"} {
			t.Run(name, func(t *testing.T) {
				logIn(t, "coronerd", name, person(name).Password).accept(t, authenticated, accountDone)
			})
		}
	})
}

// TestLoginRefused is every reason not to let someone in although the
// directory works.
func TestLoginRefused(t *testing.T) {
	inSetups(t, allSetups, func(t *testing.T, _ setup) {
		for _, c := range []struct{ name, user, password, text string }{
			{"wrong password", "alice", wrongPassword, authFailure},
			{"empty password", "alice", "", authFailure},
			{"password of someone else", "alice", person("bob").Password, authFailure},
			{"unknown user", "nobody-here", wrongPassword, authFailure},
			{"locked", "locked", person("locked").Password, authFailure},
			{"password too old", "aged", person("aged").Password, ""},
			{"account expired", "expired", person("expired").Password, authenticated},
			{"password must be changed", "mustchange", person("mustchange").Password, ""},
			{"wildcard for a name", "alic*", person("alice").Password, authFailure},
			{"filter for a name", "alice)(uid=*", person("alice").Password, authFailure},
		} {
			t.Run(c.name, func(t *testing.T) {
				logIn(t, "coronerd", c.user, c.password).refuse(t, c.text)
			})
		}
	})
}

// TestExactName is that a name in another spelling is another name, although
// the directory compares without case. The stock daemon lets it pass.
func TestExactName(t *testing.T) {
	inSetups(t, []setup{withDaemon, withoutDaemon, stockModule}, func(t *testing.T, _ setup) {
		for _, name := range []string{"ALICE", "Alice"} {
			logIn(t, "coronerd", name, person("alice").Password).refuse(t, authFailure)
		}
	})
}

// TestLocalUsers is that local users log in through the same files with their
// local passwords, and only with those, whatever the directory says.
func TestLocalUsers(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		for _, service := range []string{"coronerd", "plain"} {
			for user, password := range map[string]string{"root": rootPassword, systemUser: systemPassword, localUser: localPassword} {
				t.Run(service+" "+user, func(t *testing.T) {
					pamtester(t, service, user, password+"\n", "authenticate", "acct_mgmt", "open_session", "close_session").
						accept(t, authenticated, accountDone, sessionOpened, sessionClosed)
					logIn(t, service, user, wrongPassword).refuse(t, authFailure)
					logIn(t, service, user, "").refuse(t, authFailure)
				})
			}
		}
		t.Run("directory password of a local name", func(t *testing.T) {
			logIn(t, "coronerd", localUser, person(localUser).Password).refuse(t, authFailure)
		})
	})
}

// TestAnswers is what the module itself says, without a stack around it.
func TestAnswers(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		for _, c := range []struct{ user, text string }{
			{"expired", accountExpired},
			{"mustchange", newTokenNeeded},
		} {
			t.Run(c.user, func(t *testing.T) {
				logIn(t, "alone", c.user, person(c.user).Password).refuse(t, authenticated, c.text)
			})
		}
		t.Run("nothing on success", func(t *testing.T) {
			a := logIn(t, "alone", "alice", person("alice").Password)
			a.accept(t)
			const want = "Password: pamtester: " + authenticated + "\npamtester: " + accountDone + ".\n"
			if a.text != want {
				t.Fatalf("said %q, want %q", a.text, want)
			}
		})
		t.Run("a warning before the end", func(t *testing.T) {
			logIn(t, "alone", "warned", person("warned").Password).accept(t, "password")
		})
	})
}

// TestUnusableEntries is that entries which cannot be users of this machine
// are refused with their right passwords.
func TestUnusableEntries(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		for _, name := range []string{
			"nouid", "toor", "lowuid", "clash", "twin", "12345", "-dash", "st*r", "par(en)", `back\slash`, "two words",
		} {
			t.Run(name, func(t *testing.T) {
				asUID(t, 0, person(name).Password+"\n", "pamtester", "--", "alone", name, "authenticate", "acct_mgmt").refuse(t)
			})
		}
	})
}

// TestHostileInput is that strange names and passwords get a refusal.
func TestHostileInput(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		for name, c := range map[string]struct{ user, password string }{
			"300 byte name": {strings.Repeat("a", 300), wrongPassword},
			"line feed":     {"alice\nroot", wrongPassword},
			"invalid UTF-8": {"al\xffice", wrongPassword},
			"brackets":      {"*)(objectClass=*", wrongPassword},
			"backslash":     {`\2a`, wrongPassword},
		} {
			t.Run(name, func(t *testing.T) {
				logIn(t, "alone", c.user, c.password).refuse(t)
			})
		}
	})
}

// TestSession is the session step of a directory user.
func TestSession(t *testing.T) {
	inSetups(t, allSetups, func(t *testing.T, _ setup) {
		pamtester(t, "coronerd", "alice", person("alice").Password+"\n",
			"authenticate", "setcred", "acct_mgmt", "open_session", "close_session").
			accept(t, authenticated, accountDone, sessionOpened, sessionClosed)
	})
}
