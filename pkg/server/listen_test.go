package server_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/server"
)

func TestListenOpensTheSocketToAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "socket")
	socket, err := server.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o666 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := socket.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestListenReplacesASocketThatNobodyListensOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	leaveStale(t, path)
	socket, err := server.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// leaveStale leaves the file of a socket, as a daemon that was killed does.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close()
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	alive, err := server.Listen(filepath.Join(dir, "alive"))
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	leaveStale(t, filepath.Join(dir, "stale"))
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("stale", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"alive":                  "another process listens there",
		"file":                   "not a socket",
		"link":                   "not a socket",
		"no/such/folder/socket":  "no such file",
		"file/socket":            "not a directory",
		strings.Repeat("x", 108): "the limit is 107",
	} {
		socket, err := server.Listen(filepath.Join(dir, name))
		if err == nil {
			socket.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"alive", "file", "link", "stale"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("it was removed: %v", err)
		}
	}
}

func TestCloseLeavesTheSocketOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	first, err := server.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	second, err := server.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the second socket was removed: %v", err)
	}
}
