package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/config"
)

// TestTwoDaemons has two daemons of one configuration make changes at the same
// time, and read it again all the while: each change is made whole or refused, and
// the file is never half of one.
func TestTwoDaemons(t *testing.T) {
	path := configFile(t, "goldap.toml", adminConfig)
	var clients []*adminclient.Client
	p, c := administer(t, path)
	clients = append(clients, c)
	socket := filepath.Join(filepath.Dir(path), "a2")
	other := launch(t, "--config", path, "--socket", filepath.Join(filepath.Dir(path), "s2"), "--admin-socket", socket)
	other.waitFor("ready")
	clients = append(clients, adminclient.New(socket))
	end := time.Now().Add(time.Second)
	var working sync.WaitGroup
	for i, c := range clients {
		working.Go(func() {
			made := 0
			for n := 0; made == 0 || time.Now().Before(end); n++ {
				settings := map[string]any{"uris": []string{"ldaps://127.0.0.1:1"}, "base": "dc=example,dc=com", "page_size": n, "login_filter": fmt.Sprintf("(a=%s)", strings.Repeat("x", 20_000))}
				_, err := c.Set(t.Context(), adminclient.Directories, "main", settings, force)
				switch {
				case err == nil:
					made++
				case !strings.Contains(err.Error(), "nothing is changed"):
					t.Errorf("daemon %d: %v", i, err)
					return
				}
				if _, err := config.Load(path); err != nil {
					t.Errorf("daemon %d: %v", i, err)
					return
				}
				if n%8 == 0 {
					p.signal(syscall.SIGHUP)
				}
			}
		})
	}
	working.Wait()
	if log := p.text() + other.text(); strings.Contains(log, "the old one stays") {
		t.Error("a reload found half a file")
	}
}
