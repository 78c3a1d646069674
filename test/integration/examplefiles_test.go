//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/test/root/slapd"
)

// useServiceFiles puts the files of etc/pam.d in their place, for the setup's
// module.
func useServiceFiles(t *testing.T, s setup) {
	t.Helper()
	files, err := filepath.Glob(servicesDir + "*")
	must(t, err)
	for _, file := range files {
		service := filepath.Base(file)
		text := shipped(t, service)
		if !strings.Contains(text, "mode=daemon") {
			text = strings.ReplaceAll(text, "pam_goldap.so", s.module)
		}
		writeFile(t, "/etc/pam.d/"+service, 0o644, text)
	}
}

// TestServiceFiles is a login through each file of etc/pam.d: sshd and sudo by
// the programs, the others as the users that the applications run as.
func TestServiceFiles(t *testing.T) {
	inSetups(t, []setup{withDaemon, directWithNames}, func(t *testing.T, s setup) {
		namesFromDirectory(t)
		useServiceFiles(t, s)
		t.Run("sshd", func(t *testing.T) {
			startSSHD(t)
			home := "/home/bob"
			must(t, os.RemoveAll(home))
			out, err := sshOutput("bob", "pwd; stat -c %a:%U .", ssh.Password(person("bob").Password))
			if want := home + "\n700:bob\n"; err != nil || out != want {
				t.Errorf("%q, %v; want %q", out, err, want)
			}
			sshRefuses(t, "bob", ssh.Password(wrongPassword))
			sshRefuses(t, "expired", ssh.Password(person("expired").Password))
			out, err = sshOutput(localUser, "id -un", ssh.Password(localPassword))
			if err != nil || out != localUser+"\n" {
				t.Errorf("%q, %v", out, err)
			}
			sshMustChange(t)
		})
		t.Run("sudo", func(t *testing.T) {
			writeFile(t, "/etc/sudoers.d/goldap", 0o440, "%dev ALL=(ALL) ALL\n")
			sudo(t, "bob", person("bob").Password, "root").accept(t, "root\n")
			sudo(t, "bob", wrongPassword, "root").refuse(t)
			sudo(t, "carol", person("carol").Password, "root").refuse(t, "not in the sudoers file")
		})
		t.Run("coronerd", func(t *testing.T) {
			logIn(t, "coronerd", "alice", person("alice").Password).accept(t)
			logIn(t, "coronerd", "alice", wrongPassword).refuse(t)
		})
	})
}

// sshMustChange logs in with a password that has to be changed.
func sshMustChange(t *testing.T) {
	t.Helper()
	p, chosen := person("mustchange"), newPasswords[2]
	restorePassword(t, p)
	sshAccepts(t, p.Name, conversation(p.Password, chosen))
	sshAccepts(t, p.Name, ssh.Password(chosen))
}

// pamelaLogin is how a web application in Python asks: the password comes on
// stdin.
const pamelaLogin = `
import sys, pamela
try:
    pamela.authenticate(sys.argv[2], sys.stdin.readline().rstrip("\n"), service=sys.argv[1])
    pamela.check_account(sys.argv[2], service=sys.argv[1])
except pamela.PAMError as e:
    sys.exit(str(e))
print("welcome")
`

// TestServiceFilesWithoutRoot is webapp and bareos, whose applications are users
// of this machine without rights.
func TestServiceFilesWithoutRoot(t *testing.T) {
	inSetups(t, []setup{withDaemon}, func(t *testing.T, s setup) {
		useServiceFiles(t, s)
		const wwwData, bareos = 33, 34
		for service, uid := range map[string]uint32{"webapp": wwwData, "bareos": bareos} {
			t.Run(service, func(t *testing.T) {
				login := func(user, password string) answer {
					return asUID(t, uid, password+"\n", "python3", "-c", pamelaLogin, service, user)
				}
				login("alice", person("alice").Password).accept(t, "welcome")
				login("carol", person("carol").Password).accept(t, "welcome")
				login("alice", wrongPassword).refuse(t, authFailure)
				login("expired", person("expired").Password).refuse(t)
				login("root", rootPassword).refuse(t)
				login(localUser, localPassword).refuse(t)
			})
		}
		changeAs(t, wwwData, "webapp", "alice", person("alice").Password, newPasswords[0], newPasswords[0]).refuse(t)
	})
}

// TestExamplesOfOpenLDAP is each example for it, against slapd.
func TestExamplesOfOpenLDAP(t *testing.T) {
	files := map[string]string{"bind.secret": slapd.PseudouserPassword + "\n", "ca.pem": readFile(t, server.PKI.CAFile)}
	for _, c := range []struct{ file, ids string }{
		{"openldap-posix.toml", "10000 10101\n"},
		{"openldap-memberof.toml", "10000 10102\n"},
	} {
		t.Run(c.file, func(t *testing.T) {
			inSetups(t, exampleSetups(c.file, files), func(t *testing.T, s setup) {
				for _, service := range []string{"alone", "coronerd"} {
					logIn(t, service, "alice", person("alice").Password).accept(t, authenticated)
					logIn(t, service, "alice", wrongPassword).refuse(t, authFailure)
				}
				if s.name == "daemon" {
					namesFromGoldap(t)
					exactly(t, c.ids, "id", "-G", "alice")
				}
			})
		})
	}
}
