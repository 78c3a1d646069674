//go:build integration

package integration

import (
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// TestPasswd is passwd(1): by the user, and by root, who is asked for the
// administrator's password where it is not stored.
func TestPasswd(t *testing.T) {
	dave, changed := person("dave"), newPasswords[0]
	for name, c := range map[string]struct {
		setUp func(t *testing.T)
		uid   int
		says  []string
		after []string // what a login with the new password says: pwdMustChange
	}{
		"user": {func(*testing.T) {}, dave.UID, []string{dave.Password, changed, changed}, nil},
		"root": {withAdministrator, 0, []string{changed, changed}, []string{authenticated, newTokenNeeded}},
		"root, asked": {func(t *testing.T) { t.Helper(); withLines(t, "rootbinddn "+slapd.AdminDN) }, 0,
			[]string{slapd.AdminPassword, changed, changed}, []string{authenticated, newTokenNeeded}},
	} {
		t.Run(name, func(t *testing.T) {
			c.setUp(t)
			inSetups(t, []setup{withDaemon, directWithNames}, func(t *testing.T, s setup) {
				namesFromDirectory(t)
				writeFile(t, "/etc/pam.d/passwd", 0o644, strings.ReplaceAll(alone, "pam_goldap.so", s.module))
				restorePassword(t, dave)
				asUID(t, uint32(c.uid), strings.Join(c.says, "\n")+"\n", "passwd", dave.Name).accept(t)
				if login := logIn(t, "alone", dave.Name, changed); c.after == nil {
					login.accept(t)
				} else {
					login.refuse(t, c.after...)
				}
				logIn(t, "alone", dave.Name, dave.Password).refuse(t, authFailure)
			})
		})
	}
}

// TestSSHDLastGraceLogin: a password that has expired is changed within the one
// login that is left: sshd demands it, and the change needs no other bind.
func TestSSHDLastGraceLogin(t *testing.T) {
	grace, chosen := person("grace"), newPasswords[5]
	withPolicy(t, "graceful", "pwdGraceAuthNLimit", "1", "100")
	inSetups(t, []setup{{"daemon", "pam_goldap.so nodelay socket=" + daemon.GoldapSocket, startGoldapd}}, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		startSSHD(t)
		restorePassword(t, grace)
		expire(t, grace)
		sshAccepts(t, grace.Name, conversation(grace.Password, chosen))
		sshAccepts(t, grace.Name, ssh.Password(chosen))
		sshRefuses(t, grace.Name, ssh.Password(grace.Password))
		expire(t, grace)
	})
}

// TestLoginOnATerminal is login(1), which demands a new password of whoever has
// one that an administrator set, and says a warning once.
func TestLoginOnATerminal(t *testing.T) {
	const script = "/goldap/test/integration/testdata/login_on_a_terminal.py"
	p, warned, chosen := person("mustchange"), person("warned"), newPasswords[5]
	shell := "$ \techo in as $(id -un)\n$ \texit\n"
	inSetups(t, []setup{withDaemon, directWithNames}, func(t *testing.T, s setup) {
		namesFromDirectory(t)
		writeFile(t, "/etc/pam.d/login", 0o644, strings.ReplaceAll(alone, "pam_goldap.so", s.module))
		restorePassword(t, p)
		asUID(t, 0, "assword: \t"+p.Password+"\nNew password: \t"+chosen+"\nRetype new password: \t"+chosen+"\n"+shell,
			"python3", script, p.Name).accept(t, "You must change your password now.", "in as "+p.Name)
		logIn(t, "alone", p.Name, chosen).accept(t)
		login := asUID(t, 0, "assword: \t"+warned.Password+"\n"+shell, "python3", script, warned.Name)
		login.accept(t, "in as "+warned.Name)
		if n := strings.Count(login.text, "Your password will expire"); n != 1 {
			t.Errorf("the warning is shown %d times: %q", n, login.text)
		}
	})
}
