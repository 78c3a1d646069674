package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manager is the service manager's end of sd_notify(3).
type manager struct {
	t    *testing.T
	path string
	conn *net.UnixConn
}

func newManager(t *testing.T) manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return manager{t, path, conn}
}

// launch starts goldapd under the manager, with more in its environment.
func (m manager) launch(environment []string, args ...string) *process {
	m.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(environment, "NOTIFY_SOCKET="+m.path)
	return start(m.t, cmd)
}

// next returns the next message.
func (m manager) next() map[string]string {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		m.t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	n, err := m.conn.Read(buffer)
	if err != nil {
		m.t.Fatalf("the service manager is not told anything: %v", err)
	}
	message := map[string]string{}
	for line := range strings.SplitSeq(string(buffer[:n]), "\n") {
		name, value, found := strings.Cut(line, "=")
		if !found || value == "" {
			m.t.Errorf("line %q in %q", line, buffer[:n])
		}
		message[name] = value
	}
	return message
}

func (m manager) expect(name, status string) map[string]string {
	m.t.Helper()
	message := m.next()
	if message[name] != "1" || !strings.Contains(message["STATUS"], status) {
		m.t.Errorf("got %v, want %s=1 and a status with %q", message, name, status)
	}
	return message
}

// monotonic is the clock of MONOTONIC_USEC.
func monotonic(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano() / 1000
}

func TestTheServiceManagerIsTold(t *testing.T) {
	m := newManager(t)
	config := configFile(t, "goldap.toml", nobody)
	socket := filepath.Join(t.TempDir(), "socket")
	p := m.launch(nil, "--config", config, "--socket", socket)
	m.expect("READY", "listening on "+socket)
	if conn, err := net.Dial("unix", socket); err != nil {
		t.Errorf("ready, but: %v", err)
	} else {
		conn.Close()
	}

	before := monotonic(t)
	p.signal(syscall.SIGHUP)
	began, err := strconv.ParseInt(m.expect("RELOADING", "reading")["MONOTONIC_USEC"], 10, 64)
	if after := monotonic(t); err != nil || began < before || began > after {
		t.Errorf("MONOTONIC_USEC %d is not between %d and %d: %v", began, before, after, err)
	}
	m.expect("READY", "configuration read again: "+config)

	rewrite(t, config, "frobnicate = 1\nfrobnicate2 = 2\n"+nobody)
	p.signal(syscall.SIGHUP)
	m.expect("RELOADING", "reading")
	m.expect("READY", "the configuration is bad, the old one stays: "+config+":1: ")

	p.signal(syscall.SIGTERM)
	m.expect("STOPPING", "finishing")
	if status := p.wait(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
}

func TestNoServiceManagerIsNoTrouble(t *testing.T) {
	m := newManager(t)
	m.conn.Close() // it is gone, and its socket with it
	p := m.launch(nil, "--config", configFile(t, "goldap.toml", nobody), "--socket", filepath.Join(t.TempDir(), "socket"))
	p.waitFor("the service manager is not told")
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != exitOK {
		t.Errorf("exit status %d:\n%s", status, p.text())
	}
}

func TestAStatusIsOneLine(t *testing.T) {
	long := strings.Repeat("\u00e9", 150)
	for text, want := range map[string]string{
		"one":           "one",
		"one\ntwo\nmen": "one (and 2 more, see the log)",
		long:            strings.Repeat("\u00e9", 100) + "...",
		"x" + long:      "x" + strings.Repeat("\u00e9", 99) + "...",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
