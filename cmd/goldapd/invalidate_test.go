package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHelperEmptiesCaches runs the helper with programs that write down how
// they were called.
func TestHelperEmptiesCaches(t *testing.T) {
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	program(t, dir, "nscd", "echo nscd \"$@\" $LANG >> "+calls+"; [ $2 != group ] || { echo no daemon; echo here >&2; exit 1; }")
	program(t, dir, "nfsidmap", "echo nfsidmap \"$@\" >> "+calls)
	t.Setenv("LANG", "not-handed-on")
	orders, order := io.Pipe()
	go func() {
		_, _ = order.Write([]byte("\n"))
		_, _ = order.Write([]byte("\n"))
		order.Close()
	}()
	var problems bytes.Buffer
	help([]string{"passwd", "group", "nfsidmap"}, []string{dir}, orders, &problems)
	got, err := os.ReadFile(calls)
	const once = "nscd -i passwd\nnscd -i group\nnfsidmap -c\n"
	if err != nil || string(got) != once+once {
		t.Errorf("%v; called:\n%s", err, got)
	}
	if want := strings.Repeat("nscd -i group: exit status 1: no daemon here\n", 2); problems.String() != want {
		t.Errorf("problems:\n%s", &problems)
	}
}

func program(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// A machine without nscd has nothing to empty.
func TestHelperWithoutPrograms(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nscd"), nil, 0o644); err != nil { // not a program
		t.Fatal(err)
	}
	var problems bytes.Buffer
	help([]string{"passwd", "nfsidmap"}, []string{dir, "/nonexistent"}, strings.NewReader("\n"), &problems)
	if problems.Len() > 0 {
		t.Errorf("problems:\n%s", &problems)
	}
}

// The helper is a process of its own, which ends when the daemon lets it go.
func TestInvalidatorIsAProcess(t *testing.T) {
	t.Setenv(asDaemon, "1")
	var log bytes.Buffer
	d := newDaemon(&log)
	i, err := startInvalidator(nil, d.logger) // the machine's caches are not the test's
	if err != nil {
		t.Fatal(err)
	}
	if err := i.run(); err != nil {
		t.Error(err)
	}
	i.close()
	<-i.ended
	if err := i.run(); err == nil {
		t.Error("an order was written to nobody")
	}
	var none *invalidator
	if err := none.run(); err != nil {
		t.Error(err)
	}
	none.close()
}

// pkill -HUP goldapd reaches the helper, too, and must not end it.
func TestHelperIgnoresSignalsForTheDaemon(t *testing.T) {
	cmd := exec.Command(os.Args[0], helperArgument)
	cmd.Env = append(os.Environ(), asDaemon+"=1")
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const wanted = 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGUSR1-1)
	ignored := uint64(0)
	for end := time.Now().Add(10 * time.Second); ignored&wanted != wanted && time.Now().Before(end); time.Sleep(time.Millisecond) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		_, mask, _ := strings.Cut(string(status), "SigIgn:\t")
		mask, _, _ = strings.Cut(mask, "\n")
		if ignored, err = strconv.ParseUint(mask, 16, 64); err != nil {
			t.Fatal(err)
		}
	}
	if ignored&wanted != wanted {
		t.Errorf("the helper ignores %#x", ignored)
	}
	orders.Close()
	_ = cmd.Wait() // as a test binary it goes on, and fails
}
