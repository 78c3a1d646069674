package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/goldap/goldap/pkg/config"
)

func TestEachTargetHasItsLevel(t *testing.T) {
	var stderr bytes.Buffer
	l := newLogs(&stderr)
	logger := slog.New(newHandler(l)).With("a", 1).WithGroup("g").With("b", 2)
	file := filepath.Join(t.TempDir(), "log")
	open := func(cfg config.Daemon) {
		t.Helper()
		if err := l.open(cfg, nil); err != nil {
			t.Fatal(err)
		}
	}
	say := func() {
		logger.Debug("d")
		logger.Info("i")
		logger.Warn("w", "c", 3)
		logger.Error("e")
	}
	open(config.Daemon{LogLevel: "warn", Logs: []config.Log{{Target: "stderr"}, {Target: file, Level: "debug"}}})
	say()
	if got := messages(stderr.String()); got != "w e" {
		t.Errorf("stderr has %q", got)
	}
	data, err := os.ReadFile(file)
	if got := messages(string(data)); err != nil || got != "d i w e" || !strings.Contains(string(data), "level=WARN msg=w a=1 g.b=2 g.c=3\n") {
		t.Errorf("%v; the file has:\n%s", err, data)
	}
	stderr.Reset()
	open(config.Daemon{LogLevel: "error"})
	say()
	if got := messages(stderr.String()); got != "e" || logger.Enabled(t.Context(), slog.LevelWarn) {
		t.Errorf("stderr has %q", got)
	}
	stderr.Reset()
	open(config.Daemon{LogLevel: "debug", Logs: []config.Log{{Target: "none"}}})
	say()
	if stderr.Len() > 0 || logger.Enabled(t.Context(), slog.LevelError) {
		t.Errorf("stderr has %q", &stderr)
	}
	open(config.Daemon{LogLevel: "debug"})
	if err := l.open(config.Daemon{Logs: []config.Log{{Target: "none"}, {Target: "/nonexistent/folder/log"}}}, nil); err == nil {
		t.Error("opened a log in no folder")
	}
	if say(); messages(stderr.String()) != "d i w e" {
		t.Errorf("after an error stderr has %q", &stderr)
	}
}

// messages returns the messages of a log with blanks between.
func messages(log string) string {
	var found []string
	for _, match := range regexp.MustCompile(`msg=(\w+)`).FindAllStringSubmatch(log, -1) {
		found = append(found, match[1])
	}
	return strings.Join(found, " ")
}

func TestSyslog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := &syslogWriter{path: path}
	line := []byte("time=2026-01-01T00:00:00Z level=INFO msg=\"a msg=b\" c=1\n")
	if w.writeLine(slog.LevelInfo, line); w.quiet.IsZero() {
		t.Error("a line was written to nobody")
	}
	for _, level := range levels {
		w.quiet = w.quiet.AddDate(-1, 0, 0)
		syslogd := listenSyslog(t, path)
		w.writeLine(level, line)
		want := fmt.Sprintf(`^<%d>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d goldapd\[%d\]: msg="a msg=b" c=1$`, 24+severity(level), os.Getpid())
		if got := receive(t, syslogd); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%v: %q is not %s", level, got, want)
		}
		syslogd.Close() // the next one is another
		os.Remove(path)
	}
	w.close()
}

// A syslogd that reads nothing costs the daemon a moment and no more.
func TestSyslogThatDoesNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	listenSyslog(t, path)
	w := &syslogWriter{path: path}
	for range 100_000 {
		if w.writeLine(slog.LevelInfo, []byte(" msg=x\n")); !w.quiet.IsZero() {
			return
		}
	}
	t.Error("the socket takes everything: the test shows nothing")
}

func listenSyslog(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func receive(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Error(err)
	}
	return string(buffer[:n])
}

// A log that was moved away is made anew on SIGHUP.
func TestLogFileIsOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "log")
	text := fmt.Sprintf("[[daemon.log]]\ntarget = \"stderr\"\n[[daemon.log]]\ntarget = %q\nlevel = \"debug\"\n%s", file, nobody)
	path := configFile(t, "goldap.toml", text)
	p := launch(t, "--config", path, "--socket", filepath.Join(dir, "socket"))
	p.waitFor("ready")
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.waitFor("configuration read again")
	p.signal(syscall.SIGTERM)
	p.wait()
	data, err := os.ReadFile(file)
	if info, statErr := os.Stat(file); err != nil || !strings.Contains(string(data), "configuration read again") || statErr != nil || info.Mode() != 0o640 {
		t.Errorf("%v; %v; the new file has:\n%s", err, info, data)
	}
}

// A log on a full disk is lost, and goldapd goes on.
func TestLogOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	text := fmt.Sprintf("[[daemon.log]]\ntarget = \"/dev/full\"\n[[daemon.log]]\ntarget = \"stderr\"\n%s", nobody)
	p := launch(t, "--config", configFile(t, "goldap.toml", text), "--socket", filepath.Join(dir, "socket"))
	p.waitFor("ready")
	p.signal(syscall.SIGHUP)
	p.waitFor("configuration read again")
	p.signal(syscall.SIGTERM)
	if p.wait(); !p.cmd.ProcessState.Success() {
		t.Errorf("%v\n%s", p.cmd.ProcessState, p.text())
	}
}

// Who root is about to become may be the owner of the log's folder, and must not
// be given what a link there leads to.
func TestLogIsNoLinkWhenRootIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	precious, link, log := filepath.Join(dir, "precious"), filepath.Join(dir, "link"), filepath.Join(dir, "log")
	if err := errors.Join(os.WriteFile(precious, nil, 0o600), os.Symlink(precious, link), os.WriteFile(log, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	owner := &identity{uid: os.Getuid(), gid: os.Getgid()}
	for name, test := range map[string]struct {
		path  string
		owner *identity
		want  error
	}{
		"link":               {link, owner, syscall.ELOOP},
		"file":               {log, owner, nil},
		"link, who stays so": {link, nil, nil},
	} {
		file, err := openLog(test.path, test.owner)
		if err == nil {
			file.Close()
		}
		for _, err := range []error{err, checkTarget(test.path, test.owner)} {
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("%s: %v, want %v", name, err, test.want)
			}
		}
	}
}

func TestCheckLooksForLogs(t *testing.T) {
	dir := t.TempDir()
	for target, problem := range map[string]string{
		"stderr": "", dir + "/new": "", "/nonexistent/folder/log": "no such file or directory", dir: "is a directory", "/dev/null": "",
	} {
		path := configFile(t, "goldap.toml", fmt.Sprintf("[[daemon.log]]\ntarget = %q\n%s", target, nobody))
		var out bytes.Buffer
		status := run(t.Context(), []string{"--check", "--config", path}, nil, &out, &out)
		if (status == exitOK) != (problem == "") || !strings.Contains(out.String(), problem) {
			t.Errorf("%s: status %d\n%s", target, status, &out)
		}
	}
	if _, err := os.Stat(dir + "/new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("--check made a file: %v", err)
	}
}
