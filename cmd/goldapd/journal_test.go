package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLinesForTheJournal(t *testing.T) {
	for level, want := range map[slog.Level]string{
		slog.LevelError: "<3>msg=hello name=x\n", slog.LevelWarn: "<4>msg=hello name=x\n",
		slog.LevelInfo: "<6>msg=hello name=x\n", slog.LevelDebug: "<7>msg=hello name=x\n",
	} {
		var stderr bytes.Buffer
		logs := newLogs(&stderr)
		logs.put([]target{{slog.LevelDebug, journalWriter{&stderr}}})
		slog.New(newHandler(logs)).Log(t.Context(), level, "hello", "name", "x")
		if got := stderr.String(); got != want {
			t.Errorf("%v: %q, want %q", level, got, want)
		}
	}
}

// goldapd knows by JOURNAL_STREAM whether its stderr is the journal's: whoever
// calls it from a service of their own may have another one.
func TestStderrIsTheJournal(t *testing.T) {
	for name, test := range map[string]struct {
		elsewhere uint64
		want      string
	}{
		"the journal": {0, "<6>msg=\"configuration read again\""},
		"a pipe":      {1, "level=INFO msg=\"configuration read again\""},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := os.Create(filepath.Join(t.TempDir(), "journal"))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			var info syscall.Stat_t
			if err := syscall.Fstat(int(log.Fd()), &info); err != nil {
				t.Fatal(err)
			}
			m := newManager(t)
			cmd := exec.Command(os.Args[0], "--config", configFile(t, "goldap.toml", nobody), "--socket", filepath.Join(t.TempDir(), "socket"))
			cmd.Env = append(os.Environ(), asDaemon+"=1", "NOTIFY_SOCKET="+m.path, fmt.Sprintf("JOURNAL_STREAM=%d:%d", info.Dev, info.Ino+test.elsewhere))
			cmd.Stderr = log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			m.expect("READY", "listening")
			_ = cmd.Process.Signal(syscall.SIGHUP)
			m.expect("RELOADING", "reading")
			m.expect("READY", "read again")
			_ = cmd.Process.Signal(syscall.SIGTERM)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if text, err := os.ReadFile(log.Name()); err != nil || !strings.Contains(string(text), test.want) {
				t.Errorf("%s, %v", text, err)
			}
		})
	}
}
