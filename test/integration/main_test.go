//go:build integration

package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// server is the directory of all tests. A test that stops it or gives it
// another certificate puts it back.
var server *slapd.Server

// logs is where every program of the tests writes its log.
var logs string

func TestMain(m *testing.M) {
	if socket := os.Getenv(floodSocket); socket != "" {
		os.Exit(flood(socket))
	}
	status, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		status = 1
	}
	os.Exit(status)
}

// runAll sets the scene, runs the tests and then looks for passwords in all
// that was logged meanwhile.
func runAll(m *testing.M) (int, error) {
	if _, err := os.Stat("/goldap/stamp"); err != nil {
		return 1, fmt.Errorf("not inside the private root, see test/root/run.sh: %w", err)
	}
	dir, err := os.MkdirTemp("", "integration")
	if err != nil {
		return 1, err
	}
	// The daemons' own users must be able to read the certificate authority.
	if err := os.Chmod(dir, 0o755); err != nil {
		return 1, err
	}
	logs = filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		return 1, err
	}
	if err := serveSyslog(filepath.Join(logs, "syslog")); err != nil {
		return 1, err
	}
	if err := setUpMachine(); err != nil {
		return 1, err
	}
	server, err = slapd.Start(context.Background(), slapd.Options{Dir: dir, LogLevel: 256})
	if err != nil {
		return 1, err
	}
	status := m.Run()
	if err := errors.Join(server.Stop(), started.stop()); err != nil {
		return 1, err
	}
	return status, searchLogs(logs, server.LogFile)
}

// serveSyslog collects what programs and PAM modules send to /dev/log.
func serveSyslog(path string) error {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "/dev/log", Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	if err := os.Chmod("/dev/log", 0o666); err != nil {
		return err
	}
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			fmt.Fprintf(log, "%s\n", buffer[:n])
		}
	}()
	return nil
}

// searchLogs reports every password of the tests that a log contains. The
// logs must not be empty, or the search would prove nothing.
func searchLogs(roots ...string) error {
	var size int
	var found []error
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			size += len(text)
			found = append(found, secretsIn(path, text)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("passwords in the logs: %v", found)
	}
	if size == 0 {
		return fmt.Errorf("nothing was logged in %v", roots)
	}
	return nil
}

func secretsIn(path string, text []byte) []error {
	var found []error
	for _, secret := range append(secrets(), newPasswords...) {
		if bytes.Contains(text, []byte(secret)) {
			found = append(found, fmt.Errorf("%s in %s", secret, path))
		}
	}
	return found
}

// secrets are all passwords that exist before the tests run.
func secrets() []string {
	all := []string{slapd.PseudouserPassword, slapd.AdminPassword, rootPassword, localPassword, systemPassword, wrongPassword}
	for _, p := range slapd.People() {
		all = append(all, p.Password)
	}
	return append(all, largeSecrets()...)
}

// within returns a context for one step of a test.
func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls condition until it is true, and fails the test if that
// takes longer than limit. It returns how long it took.
func eventually(t *testing.T, limit time.Duration, what string, condition func() bool) time.Duration {
	t.Helper()
	started := time.Now()
	ctx := within(t, limit)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, limit)
		case <-again.C:
		}
	}
	return time.Since(started)
}

// TestSearchLogs is that the search for passwords, with which all of this
// ends, finds one.
func TestSearchLogs(t *testing.T) {
	dir := t.TempDir()
	if searchLogs(dir) == nil {
		t.Error("no logs at all are good logs")
	}
	for _, c := range []struct {
		text string
		good bool
	}{{"alice logs in", true}, {"alice logs in with " + person("alice").Password, false}} {
		must(t, os.WriteFile(filepath.Join(dir, "log"), []byte(c.text), 0o600))
		if err := searchLogs(dir); (err == nil) != c.good {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
