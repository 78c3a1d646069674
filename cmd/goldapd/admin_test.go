package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/config"
)

// adminConfig has a directory whose server is not there.
const adminConfig = "# the administrator's\n[[directory]]\nname = \"main\"\nuris = [\"ldaps://127.0.0.1:1\"]\nbase = \"dc=example,dc=com\"\n"

// administer starts goldapd with an admin API, and returns its client.
func administer(t *testing.T, path string) (*process, *adminclient.Client) {
	t.Helper()
	dir := filepath.Dir(path)
	if err := os.Mkdir(filepath.Join(dir, "managed"), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "a")
	p := launch(t, "--config", path, "--socket", filepath.Join(dir, "s"), "--admin-socket", socket)
	p.waitFor("ready")
	return p, adminclient.New(socket)
}

// force saves a directory that is not there.
var force = adminclient.SaveOptions{Force: true}

// TestAdminAPI changes the running daemon, has that outlast a reload, and has the
// socket closed to others.
func TestAdminAPI(t *testing.T) {
	path := configFile(t, "goldap.toml", adminConfig)
	p, c := administer(t, path)
	info, err := os.Stat(filepath.Join(filepath.Dir(path), "a"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
	other := map[string]any{"name": "other", "uris": []string{"ldaps://127.0.0.1:2"}, "base": "dc=other"}
	if _, err := c.Add(t.Context(), adminclient.Directories, other, adminclient.SaveOptions{}); err == nil || !strings.Contains(err.Error(), "no server of directory") {
		t.Errorf("a directory that is not there was saved: %v", err)
	}
	if _, err := c.Add(t.Context(), adminclient.Directories, other, force); err != nil {
		t.Fatal(err)
	}
	inForce := func(when string, generation uint64) {
		t.Helper()
		status, err := c.Status(t.Context())
		if err != nil || len(status.Directories) != 2 || status.Directories[1].Name != "other" || status.Configuration.Generation != generation {
			t.Errorf("%s: %+v, %v", when, status, err)
		}
	}
	inForce("after the change", 2)
	p.signal(syscall.SIGHUP)
	p.waitFor("configuration read again")
	inForce("after a reload", 3)
	if text, err := c.Metrics(t.Context()); err != nil || !strings.Contains(string(text), "goldap_") {
		t.Errorf("metrics: %s, %v", text, err)
	}
	rewrite(t, config.ManagedPath(path), "nonsense")
	p.signal(syscall.SIGHUP)
	p.waitFor("the old one stays")
	if log := p.text(); !strings.Contains(log, "managed/goldap.toml:1") {
		t.Errorf("the log does not say where it is wrong:\n%s", log)
	}
	inForce("after a reload of nonsense", 3)
	if own, err := os.ReadFile(path); err != nil || string(own) != adminConfig {
		t.Error("the administrator's file was changed")
	}
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestNoAdminSocket: where only sockets for lookups are named, there is no other.
func TestNoAdminSocket(t *testing.T) {
	path := configFile(t, "goldap.toml", "[daemon]\nadmin_socket = \""+filepath.Join(t.TempDir(), "a")+"\"\n"+adminConfig)
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--config", path, "--socket", filepath.Join(filepath.Dir(path), "s"))
	p.waitFor("ready")
	if _, err := adminclient.New(cfg.Daemon.AdminSocket).Status(t.Context()); !errors.Is(err, adminclient.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// TestKilledWhileSaving kills the daemon in the middle of changes, again and
// again: what is on the disk is the old configuration or the new one.
func TestKilledWhileSaving(t *testing.T) {
	path := configFile(t, "goldap.toml", adminConfig)
	saved, last := 0, 1000
	for round := range 25 {
		p, c := administer(t, path)
		first, ended := make(chan struct{}, 1), make(chan int)
		go func() {
			n := last
			for { // until nobody answers
				settings := map[string]any{"uris": []string{"ldaps://127.0.0.1:1"}, "base": "dc=example,dc=com", "page_size": n + 1, "login_filter": fmt.Sprintf("(a=%s)", strings.Repeat("x", 50_000))}
				if _, err := c.Set(t.Context(), adminclient.Directories, "main", settings, force); err != nil {
					ended <- n
					return
				}
				n++
				select {
				case first <- struct{}{}:
				default:
				}
			}
		}()
		select {
		case <-first: // a slow machine makes no fewer changes
		case <-ended:
			t.Fatalf("round %d: the first change failed:\n%s", round, p.text())
		}
		time.Sleep(time.Duration(3*round) * time.Millisecond)
		p.signal(syscall.SIGKILL)
		answered := <-ended
		cfg, err := config.Load(path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		found := int(cfg.Directories[0].PageSize)
		if found != answered && found != answered+1 {
			t.Fatalf("round %d: %d was the last that was confirmed, and the file has %d", round, answered, found)
		}
		saved += answered - last
		last = found
		p.wait()
	}
	if saved < 25 {
		t.Errorf("only %d changes were made in 25 rounds", saved)
	}
}
