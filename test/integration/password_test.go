//go:build integration

package integration

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// restorePassword gives p its password back when the test is over, which p
// must then change again if it had to before.
func restorePassword(t *testing.T, p slapd.Person) {
	t.Helper()
	t.Cleanup(func() { must(t, server.Restore(within(t, 20*time.Second), p)) })
}

// changeAs runs chauthtok as uid with the lines of the conversation.
func changeAs(t *testing.T, uid uint32, service, user string, lines ...string) answer {
	t.Helper()
	return asUID(t, uid, strings.Join(lines, "\n")+"\n", "pamtester", service, user, "chauthtok")
}

// TestChangePassword is the change of the own password.
func TestChangePassword(t *testing.T) {
	inSetups(t, allSetups, func(t *testing.T, _ setup) {
		dave, changed := person("dave"), newPasswords[0]
		restorePassword(t, dave)
		uid := uint32(dave.UID)

		changeAs(t, uid, "coronerd", dave.Name, wrongPassword, changed, changed).refuse(t)
		logIn(t, "coronerd", dave.Name, dave.Password).accept(t)

		changeAs(t, uid, "coronerd", dave.Name, dave.Password, changed, changed).accept(t, tokenChanged)
		logIn(t, "coronerd", dave.Name, changed).accept(t)
		logIn(t, "coronerd", dave.Name, dave.Password).refuse(t, authFailure)
	})
}

// TestChangePasswordRefused is every reason to keep the old password.
func TestChangePasswordRefused(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		dave, changed := person("dave"), newPasswords[0]
		uid := uint32(dave.UID)
		for name, lines := range map[string][]string{
			"the two differ":        {dave.Password, changed, changed + "x"},
			"too short for slapd":   {dave.Password, "Ab1-x", "Ab1-x"},
			"the same again":        {dave.Password, dave.Password, dave.Password},
			"nothing":               {dave.Password, "", ""},
			"old password empty":    {"", changed, changed},
			"end of conversation":   {dave.Password},
			"old password of bob's": {person("bob").Password, changed, changed},
		} {
			t.Run(name, func(t *testing.T) {
				changeAs(t, uid, "alone", dave.Name, lines...).refuse(t)
				logIn(t, "alone", dave.Name, dave.Password).accept(t)
			})
		}
		t.Run("by another user", func(t *testing.T) {
			changeAs(t, uint32(person("bob").UID), "alone", dave.Name, person("bob").Password, changed, changed).refuse(t)
			logIn(t, "alone", dave.Name, dave.Password).accept(t)
		})
	})
}

// TestMustChange is the first login with a password somebody else has set:
// the account step asks for a new one, and with it all is well.
func TestMustChange(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		p, changed := person("mustchange"), newPasswords[2]
		restorePassword(t, p)
		logIn(t, "alone", p.Name, p.Password).refuse(t, newTokenNeeded)
		changeAs(t, uint32(p.UID), "alone", p.Name, p.Password, changed, changed).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, changed).accept(t, accountDone)
	})
}

// TestChangeByRoot is that root gives a user a new password without knowing
// the old one, through rootbinddn. The policy (pwdMustChange) lets the user in
// after choosing one that root does not know.
func TestChangeByRoot(t *testing.T) {
	withAdministrator(t)
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		erin, changed, chosen := person("erin"), newPasswords[1], newPasswords[4]
		restorePassword(t, erin)
		changeAs(t, 0, "coronerd", erin.Name, changed, changed).accept(t, tokenChanged)
		logIn(t, "coronerd", erin.Name, erin.Password).refuse(t, authFailure)
		logIn(t, "coronerd", erin.Name, changed).refuse(t, authenticated, newTokenNeeded)
		changeAs(t, uint32(erin.UID), "coronerd", erin.Name, changed, chosen, chosen).accept(t, tokenChanged)
		logIn(t, "coronerd", erin.Name, chosen).accept(t)
	})
}

// TestChangeLocalPassword is that root changes a local password through the
// same service files, and the directory's entry of that name keeps its own.
func TestChangeLocalPassword(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		changed := newPasswords[3]
		t.Cleanup(func() { must(t, setLocalPassword(localUser, localPassword)) })
		changeAs(t, 0, "coronerd", localUser, changed, changed).accept(t, tokenChanged)
		logIn(t, "coronerd", localUser, changed).accept(t)
		logIn(t, "coronerd", localUser, localPassword).refuse(t, authFailure)
		if err := bindWorks(person(localUser)); err != nil {
			t.Fatalf("the entry's password has changed: %v", err)
		}
	})
}

// bindWorks tries a person's password at the server, past all of goldap.
func bindWorks(p slapd.Person) error {
	whoami := exec.Command("ldapwhoami", "-x", "-ZZ", "-H", "ldap://"+slapd.ServerName, "-D", p.DN(), "-w", p.Password)
	whoami.Env = append(whoami.Environ(), "LDAPTLS_CACERT="+server.PKI.CAFile)
	return whoami.Run()
}
