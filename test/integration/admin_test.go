//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/test/root/daemon"
)

// managedFolder makes a folder for the managed file on a file system with room for
// that many bytes.
func managedFolder(t *testing.T, size string) string {
	t.Helper()
	dir := filepath.Dir(config.ManagedPath(daemon.GoldapConfig))
	must(t, os.MkdirAll(dir, 0o755))
	must(t, syscall.Mount("managed", dir, "tmpfs", 0, "mode=755,size="+size))
	t.Cleanup(func() {
		must(t, syscall.Unmount(dir, 0))
		must(t, os.Remove(dir))
	})
	return dir
}

// administer runs goldapctl with the admin API's socket.
func administer(t *testing.T, uid uint32, arguments ...string) answer {
	t.Helper()
	return asUID(t, uid, "", goldapctl, append(arguments, "--admin-socket", daemon.GoldapAdmin)...)
}

// TestAdminOnAFullDisk has a change that there is no room for change nothing, and
// the next smaller one work.
func TestAdminOnAFullDisk(t *testing.T) {
	showLogsOnFailure(t)
	dir := managedFolder(t, "8k")
	startGoldapd(t)
	name := loadedName(t)
	if a := administer(t, 0, "directory", "set", name, "page_size=77"); !a.ok {
		t.Fatal(a.text)
	}
	before := readFile(t, config.ManagedPath(daemon.GoldapConfig))
	a := administer(t, 0, "directory", "set", name, "login_filter=(cn="+strings.Repeat("x", 20_000)+")")
	if a.ok || !strings.Contains(a.text, "no room in "+dir) || !strings.Contains(a.text, "nothing is changed") {
		t.Errorf("on a full disk: %s", a.text)
	}
	if readFile(t, config.ManagedPath(daemon.GoldapConfig)) != before {
		t.Error("the managed file was changed")
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
	if a := run(t, goldapctl, "lookup", "passwd", "alice"); !a.ok {
		t.Errorf("a lookup afterwards: %s", a.text)
	}
	if a := administer(t, 0, "directory", "set", name, "page_size=78"); !a.ok {
		t.Errorf("a small change afterwards: %s", a.text)
	}
}

// TestAdminIsRoots has nobody else change or see anything.
func TestAdminIsRoots(t *testing.T) {
	showLogsOnFailure(t)
	managedFolder(t, "64k")
	startGoldapd(t)
	for _, arguments := range [][]string{
		{"directory", "list"}, {"directory", "remove", loadedName(t)}, {"role", "list"}, {"settings", "set", "login.local_users=true"}, {"status"}, {"metrics"},
	} {
		if a := administer(t, 65534, arguments...); a.ok || !strings.Contains(a.text, "root") {
			t.Errorf("%v as nobody: %s", arguments, a.text)
		}
	}
	if a := administer(t, 0, "settings", "show"); !a.ok || !strings.Contains(a.text, "login.local_users = false") {
		t.Errorf("as root: %s", a.text)
	}
}

// TestAdminChangesLogins has a rule that is set through the API decide about the
// next login, with the daemon and without it.
func TestAdminChangesLogins(t *testing.T) {
	showLogsOnFailure(t)
	managedFolder(t, "64k")
	writeGoldapConfig(t)
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.GoldapConfig, daemon.GoldapSocket)
	must(t, err)
	writeServices(t, withDaemon)
	accepts := func(when string, want bool) {
		t.Helper()
		if got := logIn(t, "coronerd", "alice", person("alice").Password).ok; got != want {
			t.Errorf("%s: login is %v, want %v", when, got, want)
		}
	}
	accepts("at first", true)
	if a := administer(t, 0, "role", "add", "none", "users=nobody-here"); !a.ok {
		t.Fatal(a.text)
	}
	if a := administer(t, 0, "settings", "set", "login.other_services=admit", `service=[{"names": ["coronerd"], "admit": ["none"]}]`); !a.ok {
		t.Fatal(a.text)
	}
	accepts("with a rule", false)
	must(t, d.Kill())
	accepts("with the rule and without the daemon", false)
	must(t, os.Remove(config.ManagedPath(daemon.GoldapConfig)))
	accepts("without the rule and without the daemon", true)
}

// loadedName is the name of the directory of the tests.
func loadedName(t *testing.T) string {
	t.Helper()
	cfg, err := config.Load(daemon.GoldapConfig)
	must(t, err)
	return cfg.Directories[0].Name
}
