//go:build integration

package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
)

// fullDisk mounts a file system at a new place in which one more socket, and no
// more files than that, can be made.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, syscall.Mount("full", dir, "tmpfs", 0, "mode=755,size=4k,nr_inodes=2"))
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	return dir
}

// TestFullDisk is that a goldapd that cannot make its socket says why and
// leaves nothing behind, and that one that runs does not notice.
func TestFullDisk(t *testing.T) {
	showLogsOnFailure(t)
	writeGoldapConfig(t)
	writeServices(t, withDaemon)
	dir := fullDisk(t)
	first, second := filepath.Join(dir, "socket"), filepath.Join(dir, "second")
	running, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.GoldapConfig, first)
	must(t, err)
	t.Cleanup(func() { must(t, running.Stop()) })

	said, err := exec.CommandContext(within(t, 20*time.Second), daemon.GoldapProgram,
		"--config", daemon.GoldapConfig, "--socket", second).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "socket "+second) || !strings.Contains(string(said), "no space left on device") {
		t.Errorf("a second goldapd: %v\n%s", err, said)
	}
	if _, err := os.Lstat(second); err == nil {
		t.Error("it left a file behind")
	}

	askRunning := func(when string) {
		a := run(t, "/goldap/build/goldapctl", "lookup", "--socket", first, "passwd", "alice")
		if !a.ok || !strings.Contains(a.text, "alice:") {
			t.Errorf("%s: %s", when, a.text)
		}
	}
	askRunning("on a full disk")
	must(t, syscall.Kill(running.Pid(), syscall.SIGHUP))
	eventually(t, 20*time.Second, "the configuration is read again", func() bool {
		return strings.Contains(readFile(t, running.LogFile), "configuration read again")
	})
	askRunning("after a reload on a full disk")
}
