//go:build integration

package integration

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/dirsrv"
	"github.com/goldap/goldap/test/root/samba"
)

// The tests whose names begin with TestOn need the root with the large servers
// (make-root.sh servers, run.sh --servers). The servers are started by the
// first test that asks for them, and stopped at the end.
var (
	started dirsrvAndSamba

	the389 = sync.OnceValues(func() (*dirsrv.Server, error) {
		s, err := dirsrv.Start(context.Background(), filepath.Join(logs, "ns-slapd"))
		started.dirsrv = s
		return s, err
	})
	theDomain = sync.OnceValues(func() (*samba.Server, error) {
		dir := filepath.Join(filepath.Dir(logs), "domain")
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
		s, err := samba.Start(context.Background(), dir, filepath.Join(logs, "samba"))
		started.samba = s
		return s, err
	})
)

type dirsrvAndSamba struct {
	dirsrv *dirsrv.Server
	samba  *samba.Server
}

// stop ends the servers that were started.
func (s dirsrvAndSamba) stop() error {
	var errs []error
	if s.dirsrv != nil {
		errs = append(errs, s.dirsrv.Stop())
	}
	if s.samba != nil {
		errs = append(errs, s.samba.Stop())
	}
	return errors.Join(errs...)
}

func start389(t *testing.T) *dirsrv.Server {
	t.Helper()
	s, err := the389()
	must(t, err)
	return s
}

func startDomain(t *testing.T) *samba.Server {
	t.Helper()
	s, err := theDomain()
	must(t, err)
	return s
}

// examples are the files in etc/examples, word for word.
const examples = "/goldap/etc/examples/"

// exampleSetups are goldap with a file of etc/examples, with and without the
// daemon. files are what else is in /etc/goldap.
func exampleSetups(name string, files map[string]string) []setup {
	write := func(t *testing.T) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
		writeFile(t, goldapTOML, 0o644, readFile(t, examples+name))
		for file, text := range files {
			mode := os.FileMode(0o600)
			if filepath.Ext(file) == ".pem" {
				mode = 0o644
			}
			writeFile(t, filepath.Join(filepath.Dir(goldapTOML), file), mode, text)
		}
	}
	return []setup{
		{"daemon", "pam_goldap.so nodelay mode=daemon", func(t *testing.T) {
			t.Helper()
			write(t)
			d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), goldapTOML, daemon.GoldapSocket)
			must(t, err)
			stopAtEnd(t, d)
		}},
		{"direct", "pam_goldap.so nodelay mode=direct", write},
	}
}

// The passwords that tests choose on the large servers, which refuse those with
// the name of the user in them.
const (
	chosenFirst  = "Freshly-minted-21"
	chosenSecond = "Freshly-minted-22"
)

// largeSecrets are the passwords on the large servers.
func largeSecrets() []string {
	all := []string{dirsrv.ManagerPassword, dirsrv.PseudouserPassword, samba.AdministratorPassword, samba.PseudouserPassword,
		chosenFirst, chosenSecond}
	for _, p := range dirsrv.People() {
		all = append(all, p.Password)
	}
	for _, p := range samba.People() {
		all = append(all, p.Password)
	}
	return all
}

// hasDaemon reports whether goldapd runs in the test's setup: only then there are
// names for the C library.
func hasDaemon(t *testing.T) bool {
	t.Helper()
	return strings.Contains(t.Name(), "/daemon")
}
