package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
)

// listeningFile listens at path, as systemd does, and returns the descriptor
// under a name. The socket stays when it is closed.
func listeningFile(t *testing.T, name, path string) *os.File {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	defer listener.Close()
	return renamed(t, name, listener)
}

// renamed returns a descriptor of socket under a name.
func renamed(t *testing.T, name string, socket interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	file, err := socket.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	named := os.NewFile(uintptr(fd), name)
	t.Cleanup(func() { named.Close() })
	return named
}

func TestSocketsAreSortedByName(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	got, err := sortSockets([]*os.File{
		listeningFile(t, lookupName, path("first")),
		listeningFile(t, adminName, path("admin")),
		listeningFile(t, lookupName, path("second")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if lookups := addresses(got.listeners()); lookups != path("first")+", "+path("second") {
		t.Errorf("lookups on %s", lookups)
	}
	if len(got.admin) != 1 || got.admin[0].Addr().String() != path("admin") {
		t.Errorf("admin on %v", got.admin)
	}
	if missing := got.missing([]string{path("second"), path("third")}); len(missing) != 1 || missing[0] != path("third") {
		t.Errorf("missing: %v", missing)
	}
	if err := got.close(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"first", "admin", "second"} {
		if _, err := os.Lstat(path(name)); err != nil {
			t.Errorf("a socket of systemd's was removed: %v", err)
		}
	}
}

func TestSocketsThatCannotBeServed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(ends[1])
	regular, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer regular.Close()
	for name, test := range map[string]struct {
		file *os.File
		want string
	}{
		"no name":       {listeningFile(t, "goldapd.socket", path), `the name "goldapd.socket": set FileDescriptorName=lookup or admin`},
		"TCP":           {renamed(t, adminName, tcp), `socket "admin" is tcp 127.0.0.1:`},
		"not listening": {os.NewFile(uintptr(ends[0]), lookupName), `socket "lookup" does not listen`},
		"no socket":     {os.NewFile(regular.Fd(), lookupName), `socket "lookup" does not listen`},
	} {
		t.Run(name, func(t *testing.T) {
			good := listeningFile(t, lookupName, path+name)
			got, err := sortSockets([]*os.File{good, test.file})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
			for _, listener := range got.lookups {
				if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("a listener is still open: %v", err)
				}
			}
		})
	}
}

// launchWithSockets starts goldapd as systemd does: with descriptors from 3 on,
// their names, and its own PID in the environment.
func launchWithSockets(t *testing.T, files []*os.File, args ...string) *process {
	t.Helper()
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0]}, args...)...)
	cmd.Env = []string{fmt.Sprintf("LISTEN_FDS=%d", len(files)), "LISTEN_FDNAMES=" + strings.Join(names, ":")}
	cmd.ExtraFiles = files
	return start(t, cmd)
}

func TestASocketOfSystemdOutlivesGoldapd(t *testing.T) {
	dir := t.TempDir()
	path, unused := filepath.Join(dir, "socket"), filepath.Join(dir, "unused")
	file := listeningFile(t, lookupName, path)
	config := configFile(t, "goldap.toml", fmt.Sprintf("[daemon]\nsockets = [%q]\n", unused)+prohibit("here"))

	first := launchWithSockets(t, []*os.File{file}, "--config", config)
	first.waitFor("ready, listening on " + path + "\n")
	first.waitFor("socket=" + unused)
	ask := func() error {
		text, err := client.New(path).Config(withTimeout(t), nslcd.OptionProhibitMessage)
		if err == nil && text != "here" {
			err = fmt.Errorf("answer %q", text)
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	first.signal(syscall.SIGTERM)
	if status := first.wait(); status != exitOK {
		t.Fatalf("exit status %d:\n%s", status, first.text())
	}
	if _, err := os.Lstat(unused); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("goldapd made the socket of its configuration, too: %v", err)
	}

	// Nobody serves now: who asks waits for the next goldapd.
	asked := make(chan error, 1)
	go func() { asked <- ask() }()
	second := launchWithSockets(t, []*os.File{file}, "--config", config)
	if err := <-asked; err != nil {
		t.Errorf("asked between two daemons: %v\n%s", err, second.text())
	}
}

// What systemd does not pass on is not made instead, the admin API's socket
// included: under the unit goldapd could not.
func TestTheAdminSocketIsSystemdsOrNone(t *testing.T) {
	dir := t.TempDir()
	lookups, admin := filepath.Join(dir, "socket"), filepath.Join(dir, "admin")
	config := configFile(t, "goldap.toml", fmt.Sprintf("[daemon]\nadmin_socket = %q\n", admin)+nobody)
	p := launchWithSockets(t, []*os.File{listeningFile(t, lookupName, lookups)}, "--config", config)
	p.waitFor("ready")
	if _, err := os.Lstat(admin); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("goldapd made it: %v", err)
	}

	passed := filepath.Join(dir, "passed")
	p = launchWithSockets(t, []*os.File{listeningFile(t, lookupName, lookups+"2"), listeningFile(t, adminName, passed)}, "--config", config)
	p.waitFor("ready")
	conn, err := net.Dial("unix", passed)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /v1/status HTTP/1.0\r\n\r\n")
	answer := make([]byte, len("HTTP/1.0 200"))
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.0 200" {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestArgumentsAddToTheSocketsOfSystemd(t *testing.T) {
	dir := t.TempDir()
	passed, own := filepath.Join(dir, "passed"), filepath.Join(dir, "own")
	p := launchWithSockets(t, []*os.File{listeningFile(t, lookupName, passed)},
		"--config", configFile(t, "goldap.toml", nobody), "--socket", own)
	p.waitFor("ready, listening on " + passed + ", " + own + "\n")
}

func TestASocketWithoutAKnownNameIsRefused(t *testing.T) {
	p := launchWithSockets(t, []*os.File{listeningFile(t, "goldapd.socket", filepath.Join(t.TempDir(), "socket"))},
		"--config", configFile(t, "goldap.toml", nobody))
	if status := p.wait(); status != exitFailure || !strings.Contains(p.text(), "FileDescriptorName=lookup") {
		t.Errorf("exit status %d:\n%s", status, p.text())
	}
}
