//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// site is a directory that goldapctl setup is to make the machine a client of.
type site struct {
	uri, base, bindDN, bindPassword, caFile string
	user, password, vendor                  string
}

// TestSetupOnSlapd is a machine set up by goldapctl, a login through the stacks
// that pam-auth-update wrote, and the way back.
func TestSetupOnSlapd(t *testing.T) {
	alice := person("alice")
	setUpAndUndo(t, site{
		uri: "ldap://ldap.mydomain.com", base: slapd.Base, bindDN: slapd.PseudouserDN, bindPassword: slapd.PseudouserPassword,
		caFile: server.PKI.CAFile, user: alice.Name, password: alice.Password, vendor: "OpenLDAP",
	})
}

func setUpAndUndo(t *testing.T, s site) {
	t.Helper()
	showLogsOnFailure(t)
	installForSetup(t)
	before := filesOf(t, "/etc", "/var/lib/pam")
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte(s.bindPassword+"\n"), 0o600))
	a := run(t, goldapctl, "setup", "--uri", s.uri, "--base", s.base, "--bind-dn", s.bindDN, "--bind-password-file", secret,
		"--ca-file", s.caFile, "--pam", "--nsswitch", "--yes")
	t.Logf("setup says:\n%s", a.text)
	a.accept(t, s.vendor, "goldap is in nsswitch.conf", "pam_goldap is in the PAM stacks")
	if strings.Contains(a.text, s.bindPassword) || strings.Contains(a.text, "unindexed") {
		t.Errorf("setup says: %s", a.text)
	}
	undone := false
	defer func() {
		if !undone {
			run(t, goldapctl, "setup", "--undo", "--force")
		}
	}()
	useWhatWasSetUp(t, s)
	a = run(t, goldapctl, "setup", "--undo")
	a.accept(t, "everything is as it was before")
	undone = true
	if diff := cmp.Diff(before, filesOf(t, "/etc", "/var/lib/pam")); diff != "" {
		t.Errorf("before is -, after is +:\n%s", diff)
	}
}

// TestSetupKilled is that a setup which was killed at any time can be undone.
// pkg/setup's own tests know every moment; here the programs that it runs are
// the real ones.
func TestSetupKilled(t *testing.T) {
	installForSetup(t)
	before := filesOf(t, "/etc", "/var/lib/pam")
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte(slapd.PseudouserPassword+"\n"), 0o600))
	interrupted := 0
	for delay := 20 * time.Millisecond; delay < 2*time.Second; delay += delay / 5 {
		setup := exec.Command(goldapctl, "setup", "--uri", "ldap://ldap.mydomain.com", "--base", slapd.Base, "--bind-dn", slapd.PseudouserDN,
			"--bind-password-file", secret, "--ca-file", server.PKI.CAFile, "--pam", "--nsswitch", "--yes")
		must(t, setup.Start())
		timer := time.AfterFunc(delay, func() { _ = setup.Process.Kill() })
		ended := setup.Wait()
		timer.Stop()
		if _, err := os.Stat("/var/lib/goldap-setup/setup.json"); err == nil {
			if ended != nil {
				interrupted++
			}
			run(t, goldapctl, "setup", "--undo").accept(t, "everything is as it was before")
		}
		after := filesOf(t, "/etc", "/var/lib/pam")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("killed after %v (before is -, after is +):\n%s", delay, diff)
		}
		if ended == nil {
			break
		}
	}
	if interrupted < 2 {
		t.Errorf("interrupted only %d times while it changed things", interrupted)
	}
}

// useWhatWasSetUp starts goldapd, and does what people do.
func useWhatWasSetUp(t *testing.T, s site) {
	t.Helper()
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), "/etc/goldap/goldap.toml", daemon.GoldapSocket)
	must(t, err)
	defer func() { must(t, d.Stop()) }()
	run(t, "getent", "passwd", s.user).accept(t, s.user+":")
	run(t, "id", s.user).accept(t, "("+s.user+")")
	logIn(t, "login", s.user, s.password).accept(t, authenticated)
	logIn(t, "login", s.user, wrongPassword).refuse(t)
	logIn(t, "login", localUser, localPassword).accept(t, authenticated)
	checkFinds(t)
}

// checkFinds is that goldapctl check finds no error on a machine that was set up
// by goldapctl setup.
func checkFinds(t *testing.T) {
	t.Helper()
	a := run(t, goldapctl, "check", "--json", "--socket", daemon.GoldapSocket)
	var report struct {
		Findings []struct{ ID, Severity, Where, What string }
	}
	if err := json.Unmarshal([]byte(a.text), &report); err != nil {
		t.Fatalf("check: %v: %s", err, a.text)
	}
	for _, f := range report.Findings {
		t.Logf("check: %s %s %s: %s", f.Severity, f.ID, f.Where, f.What)
		if f.Severity == "error" {
			t.Errorf("check finds %s at %s: %s", f.ID, f.Where, f.What)
		}
	}
}

// installForSetup puts there what the packages would.
func installForSetup(t *testing.T) {
	t.Helper()
	writeFile(t, "/usr/share/pam-configs/goldap", 0o644, readFile(t, "/goldap/etc/pam-configs/goldap"))
	must(t, os.MkdirAll("/usr/libexec/goldap", 0o755))
	writeFile(t, "/usr/libexec/goldap/nsswitch", 0o755, readFile(t, "/goldap/packaging/nsswitch"))
	// The other tests have left stacks of their own.
	must(t, command("pam-auth-update", "--force", "--disable", "ldap"))
}

// filesOf are all files and links below some folders, with all that --undo is to
// restore.
func filesOf(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, folder := range folders {
		must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			must(t, err)
			info, err := entry.Info()
			must(t, err)
			stat := info.Sys().(*syscall.Stat_t)
			text := ""
			switch {
			case info.Mode().IsRegular():
				text = readFile(t, path)
			case info.Mode()&fs.ModeSymlink != 0:
				text, err = os.Readlink(path)
				must(t, err)
			}
			files[path] = fmt.Sprintf("%v %d:%d %s", info.Mode(), stat.Uid, stat.Gid, text)
			return nil
		}))
	}
	return files
}
