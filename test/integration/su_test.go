//go:build integration

package integration

import (
	"testing"

	"github.com/goldap/goldap/test/root/slapd"
)

// su is a local user who wants to be another one.
func su(t *testing.T, user, password string) answer {
	t.Helper()
	return asUID(t, slapd.LocalUserUID, password+"\n", "su", "-c", "id -un", user)
}

// sudo is a user of the directory who wants to be target.
func sudo(t *testing.T, user, password, target string) answer {
	t.Helper()
	return asUID(t, uint32(person(user).UID), password+"\n", "sudo", "-S", "-k", "-u", target, "id", "-un")
}

// TestSu is su to users of the directory.
func TestSu(t *testing.T) {
	inSetups(t, applicationSetups, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		su(t, "alice", person("alice").Password).accept(t, "alice\n")
		su(t, "carol", person("carol").Password).accept(t, "carol\n")
		su(t, "alice", wrongPassword).refuse(t)
		su(t, "alice", "").refuse(t)
		su(t, "expired", person("expired").Password).refuse(t)
		su(t, "locked", person("locked").Password).refuse(t)
	})
}

// TestSudo is sudo to a user of the directory.
func TestSudo(t *testing.T) {
	inSetups(t, applicationSetups, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		allowSudo(t)
		sudo(t, "alice", person("alice").Password, "bob").accept(t, "bob\n")
		sudo(t, "alice", wrongPassword, "bob").refuse(t)
		sudo(t, "alice", "", "bob").refuse(t)
		sudo(t, "bob", person("bob").Password, "bob").refuse(t, "not in the sudoers file")
		sudo(t, "expired", person("expired").Password, "bob").refuse(t)
	})
}

// TestBecomeLocalUser is su and sudo to local users. The stock module refuses
// them the session, for its "required" line knows no user below minimum_uid.
func TestBecomeLocalUser(t *testing.T) {
	inSetups(t, []setup{withDaemon, directWithNames}, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		allowSudo(t)
		su(t, systemUser, systemPassword).accept(t, systemUser+"\n")
		su(t, "root", rootPassword).accept(t, "root\n")
		su(t, "root", person("alice").Password).refuse(t)
		sudo(t, "alice", person("alice").Password, "root").accept(t, "root\n")
		sudo(t, "alice", person("alice").Password, localUser).accept(t, localUser+"\n")
	})
}

func allowSudo(t *testing.T) {
	t.Helper()
	writeFile(t, "/etc/sudoers.d/goldap", 0o440, "alice, expired ALL=(ALL) ALL\n")
}
