//go:build integration

package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// directWithNames is direct mode in a machine whose names come from somewhere
// else, here from nslcd: without names sshd knows nobody.
var directWithNames = setup{"direct, names from nslcd", "pam_goldap.so nodelay mode=direct", func(t *testing.T) {
	t.Helper()
	writeGoldapConfig(t)
	startNslcd(t)
}}

// applicationSetups are for programs that need the name service.
var applicationSetups = []setup{withDaemon, directWithNames, stockModule, reference}

const sshAddress = "127.0.0.1:2222"

// startSSHD starts an sshd that uses PAM for passwords. Of two lines in its
// configuration about the same thing the first counts, which is that in more.
func startSSHD(t *testing.T, more ...string) {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	must(t, command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key))
	config := filepath.Join(dir, "config")
	must(t, os.WriteFile(config, []byte(strings.Join(append(more,
		"ListenAddress "+sshAddress, "HostKey "+key, "PidFile none", "LogLevel DEBUG3",
		"UsePAM yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication yes", "PubkeyAuthentication no",
		"MaxStartups 100", "PrintMotd no", "",
	), "\n")), 0o600))
	log, err := os.Create(logFile(t, "sshd"))
	must(t, err)
	defer log.Close()
	sshd := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", config)
	sshd.Stdout, sshd.Stderr = log, log
	must(t, sshd.Start())
	t.Cleanup(func() {
		must(t, sshd.Process.Kill())
		sshd.Wait() //nolint:errcheck // it was killed
	})
	eventually(t, 10*time.Second, "sshd listens", func() bool {
		conn, err := net.Dial("tcp", sshAddress)
		return err == nil && conn.Close() == nil
	})
}

// sshOutput logs in and returns what a command prints over there.
func sshOutput(user, command string, method ssh.AuthMethod) (string, error) {
	client, err := ssh.Dial("tcp", sshAddress, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{method}, Timeout: 20 * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // it is ours, on loopback
	})
	if err != nil {
		return "", err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	out, err := session.Output(command)
	return string(out), err
}

// conversation answers keyboard-interactive prompts as a person does who has
// the password and, if asked, chooses a new one. It gives up after a few.
func conversation(password, chosen string) ssh.AuthMethod {
	asked := 0
	return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		var answers []string
		for _, question := range questions {
			if asked++; asked > 6 {
				return nil, fmt.Errorf("asked too often, now for %q", question)
			}
			// sshd puts messages before the prompt.
			if strings.Contains(question, "New password") || strings.Contains(question, "Retype new password") {
				answers = append(answers, chosen)
			} else {
				answers = append(answers, password)
			}
		}
		return answers, nil
	})
}

// TestSSHD is sshd with both ways to send a password.
func TestSSHD(t *testing.T) {
	inSetups(t, applicationSetups, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		startSSHD(t)
		for method, with := range map[string]func(string) ssh.AuthMethod{
			"password":             ssh.Password,
			"keyboard-interactive": func(password string) ssh.AuthMethod { return conversation(password, "") },
		} {
			t.Run(method, func(t *testing.T) {
				for _, name := range []string{"alice", "carol"} {
					sshAccepts(t, name, with(person(name).Password))
				}
				sshRefuses(t, "alice", with(wrongPassword))
				sshRefuses(t, "alice", with(""))
				sshRefuses(t, "expired", with(person("expired").Password))
				sshRefuses(t, "locked", with(person("locked").Password))
				sshRefuses(t, "nobody-here", with(wrongPassword))
			})
		}
		t.Run("local user", func(t *testing.T) {
			out, err := sshOutput(localUser, "id -un", ssh.Password(localPassword))
			if err != nil || out != localUser+"\n" {
				t.Fatalf("%q, %v", out, err)
			}
			sshRefuses(t, localUser, ssh.Password(wrongPassword))
		})
	})
}

func sshAccepts(t *testing.T, name string, method ssh.AuthMethod) {
	t.Helper()
	out, err := sshOutput(name, "id -un; id -u", method)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if want := fmt.Sprintf("%s\n%d\n", name, person(name).UID); out != want {
		t.Fatalf("%s is %q, want %q", name, out, want)
	}
}

func sshRefuses(t *testing.T, name string, method ssh.AuthMethod) {
	t.Helper()
	if out, err := sshOutput(name, "id", method); err == nil {
		t.Fatalf("%s may log in: %s", name, out)
	}
}

// TestSSHDAtOnce is many logins at the same time, right and wrong ones. The wrong
// ones are somebody else's, because whose password was guessed waits
// (TestThrottle).
func TestSSHDAtOnce(t *testing.T) {
	inSetups(t, []setup{withDaemon, directWithNames}, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		startSSHD(t)
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				name, password := "alice", person("alice").Password
				if i%2 == 1 {
					name, password = "bob", wrongPassword
				}
				_, err := sshOutput(name, "true", ssh.Password(password))
				if right := i%2 == 0; right != (err == nil) {
					t.Errorf("login %d: %v", i, err)
				}
			})
		}
		all.Wait()
	})
}

// TestSSHDChangesPassword is a password that must be changed at the login,
// which sshd does within keyboard-interactive.
func TestSSHDChangesPassword(t *testing.T) {
	inSetups(t, []setup{withDaemon, directWithNames}, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		startSSHD(t)
		p, chosen := person("mustchange"), newPasswords[2]
		restorePassword(t, p)
		sshAccepts(t, p.Name, conversation(p.Password, chosen))
		sshAccepts(t, p.Name, ssh.Password(chosen))
		sshRefuses(t, p.Name, ssh.Password(p.Password))
	})
}
