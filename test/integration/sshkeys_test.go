//go:build integration

package integration

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/test/root/daemon"
)

// sshKey is a key of the tests.
type sshKey struct {
	line string // of authorized_keys
	auth ssh.AuthMethod
}

func newSSHKey(t *testing.T) sshKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	must(t, err)
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return sshKey{line, ssh.PublicKeys(signer)}
}

// setKeys gives an entry of the directory these keys, none if there are none.
func setKeys(t *testing.T, dn string, lines ...string) {
	t.Helper()
	change := "replace: sshPublicKey\n"
	for _, line := range lines {
		change += "sshPublicKey:: " + base64.StdEncoding.EncodeToString([]byte(line)) + "\n"
	}
	must(t, server.Modify(within(t, 10*time.Second), dn, change))
}

// maySSHKeys lets entries have keys, for one test.
func maySSHKeys(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		dn := person(name).DN()
		must(t, server.Modify(within(t, 10*time.Second), dn, "add: objectClass\nobjectClass: ldapPublicKey\n"))
		t.Cleanup(func() {
			setKeys(t, dn)
			must(t, server.Modify(within(t, 10*time.Second), dn, "delete: objectClass\nobjectClass: ldapPublicKey\n"))
		})
	}
}

// installCommand puts goldapctl where sshd believes it: all folders above are
// root's.
func installCommand(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/goldap/build/goldapctl")
	must(t, err)
	path := filepath.Join("/usr/bin", "goldapctl")
	must(t, os.WriteFile(path, data, 0o755))
	t.Cleanup(func() { must(t, os.Remove(path)) })
	return path
}

// TestSSHKeys is sshd that asks goldapctl for the keys of users, at a real slapd.
func TestSSHKeys(t *testing.T) {
	showLogsOnFailure(t)
	writeGoldapConfig(t)
	log := logFile(t, "goldapd")
	goldapd, err := daemon.StartGoldapd(within(t, 20*time.Second), log, daemon.GoldapConfig, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	stop := func() { must(t, goldapd.Stop()) }
	defer func() { stop() }()
	writeServices(t, withDaemon)
	namesFromDirectory(t)
	command := installCommand(t)
	startSSHD(t, "PubkeyAuthentication yes", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "AuthorizedKeysFile none",
		"AuthorizedKeysCommand "+command+" ssh-keys %u", "AuthorizedKeysCommandUser nobody")
	maySSHKeys(t, "alice", "bob", "expired", "localuser")
	alice, other := newSSHKey(t), newSSHKey(t)
	dn := person("alice").DN()

	t.Run("keys", func(t *testing.T) {
		sshRefuses(t, "alice", alice.auth)
		setKeys(t, dn, alice.line)
		sshAccepts(t, "alice", alice.auth)
		sshRefuses(t, "alice", other.auth)
		sshRefuses(t, "bob", alice.auth)
		setKeys(t, dn, other.line+" the other\n", alice.line)
		sshAccepts(t, "alice", alice.auth)
		sshAccepts(t, "alice", other.auth)
	})
	t.Run("a key that was removed", func(t *testing.T) {
		setKeys(t, dn, other.line)
		sshRefuses(t, "alice", alice.auth)
		setKeys(t, dn, alice.line)
		sshAccepts(t, "alice", alice.auth)
	})
	t.Run("options", func(t *testing.T) {
		setKeys(t, dn, `command="echo as the directory says" `+alice.line)
		if out, err := sshOutput("alice", "id", alice.auth); err != nil || out != "as the directory says\n" {
			t.Errorf("%q, %v", out, err)
		}
	})
	t.Run("values that are not keys", func(t *testing.T) {
		setKeys(t, dn, "# a comment\n"+alice.line, "ssh-ed25519 AAAA", "\x00"+alice.line)
		sshRefuses(t, "alice", alice.auth)
		setKeys(t, dn, "# a comment\n"+other.line, "ssh-ed25519 AAAA", alice.line)
		sshAccepts(t, "alice", alice.auth)
		for _, want := range []string{": ssh key 1: has a line end", ": ssh key 2: not a public key"} {
			if !strings.Contains(readFile(t, log), dn+want) {
				t.Errorf("the log does not say %q", want)
			}
		}
	})
	t.Run("rules", func(t *testing.T) {
		setKeys(t, person("expired").DN(), alice.line)
		asUID(t, 65534, "", command, "ssh-keys", "expired").accept(t, alice.line)
		sshRefuses(t, "expired", alice.auth) // by the account stack
	})
	t.Run("local user", func(t *testing.T) {
		setKeys(t, person("localuser").DN(), alice.line)
		if a := asUID(t, 65534, "", command, "ssh-keys", localUser); !a.ok || a.text != "" {
			t.Errorf("%v, %q", a.ok, a.text)
		}
		sshRefuses(t, localUser, alice.auth)
	})
	setKeys(t, dn, alice.line)
	t.Run("no directory", func(t *testing.T) {
		sshAccepts(t, "alice", alice.auth)
		must(t, server.Stop())
		defer func() { must(t, server.Resume(within(t, 20*time.Second))) }()
		refusedSoon(t, asUID(t, 65534, "", command, "ssh-keys", "alice"))
		start := time.Now()
		if sshRefuses(t, "alice", alice.auth); time.Since(start) > 10*time.Second {
			t.Errorf("refused after %v", time.Since(start))
		}
	})
	t.Run("no daemon", func(t *testing.T) {
		stop()
		stop = func() {}
		refusedSoon(t, asUID(t, 65534, "", command, "ssh-keys", "alice"))
		start := time.Now()
		if sshRefuses(t, "alice", alice.auth); time.Since(start) > 10*time.Second {
			t.Errorf("refused after %v", time.Since(start))
		}
	})
}

func refusedSoon(t *testing.T, a answer) {
	t.Helper()
	if a.refuse(t, "no answer"); a.took > 5*time.Second {
		t.Errorf("took %v", a.took)
	}
}
