//go:build integration

package packages

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// Where make test-packages puts two versions of all packages.
const (
	oldPackages = "/goldap/build/test-packages/1"
	newPackages = "/goldap/build/test-packages/2"
)

// The local users of each machine.
const (
	rootPassword  = "Local-root-key-01"
	localUser     = "localuser"
	localPassword = "Local-person-key-02"
	wrongPassword = "Not-the-one-04"
)

// server is the directory of all tests.
var server *slapd.Server

func TestMain(m *testing.M) {
	status, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		status = 1
	}
	os.Exit(status)
}

// runAll starts the directory for those tests that run inside the private root.
func runAll(m *testing.M) (int, error) {
	if !inside() {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "packages")
	if err != nil {
		return 1, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return 1, err
	}
	if err := serveSyslog(); err != nil {
		return 1, err
	}
	if server, err = slapd.Start(context.Background(), slapd.Options{Dir: dir}); err != nil {
		return 1, err
	}
	status := m.Run()
	return status, server.Stop()
}

// inside is whether this is the private root of test/root.
func inside() bool {
	_, err := os.Stat("/goldap/stamp")
	return err == nil
}

// onlyInside skips tests that change the machine when somebody runs them
// outside of the private root; the Makefile runs them inside.
func onlyInside(t *testing.T) {
	t.Helper()
	if !inside() {
		t.Skip("only in the private root: make test-packages")
	}
}

// serveSyslog writes what programs and PAM modules send to /dev/log to a file.
func serveSyslog() error {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "/dev/log", Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	if err := os.Chmod("/dev/log", 0o666); err != nil {
		return err
	}
	log, err := os.Create(syslogFile)
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

const syslogFile = "/tmp/packages.syslog"

// within returns a context for one step of a test.
func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls condition until it is true, and fails the test if that
// takes longer than limit.
func eventually(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	ctx := within(t, limit)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, limit)
		case <-again.C:
		}
	}
}

// person is slapd.Find, for short lines.
func person(name string) slapd.Person { return slapd.Find(name) }

// one returns the only file that pattern names.
func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("%s: found %v, want one file", pattern, found)
	}
	return found[0]
}
