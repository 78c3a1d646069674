package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The daemon of this test answers, fails, hangs and answers again. What counts
// is when the service manager hears of it.
func TestTheWatchdogIsFedOnlyAfterAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var log bytes.Buffer
		var fed []int
		began := time.Now()
		second := func() int { return int(time.Since(began).Seconds()) }
		w := watchdog{
			interval: 30 * time.Second,
			alive:    func() { fed = append(fed, second()) },
			logger:   slog.New(slog.NewTextHandler(&log, nil)),
			probe: func(ctx context.Context) error {
				switch at := second(); {
				case at >= 20 && at < 40:
					return errors.New("no answer")
				case at >= 40 && at < 50:
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			},
		}
		go w.run(ctx)
		time.Sleep(75 * time.Second)
		cancel()
		synctest.Wait()
		if diff := cmp.Diff([]int{0, 10, 50, 60, 70}, fed); diff != "" {
			t.Errorf("fed in these seconds: %s", diff)
		}
		if said := log.String(); strings.Count(said, "does not answer its own lookups") != 1 || strings.Count(said, "again") != 1 {
			t.Errorf("said:\n%s", said)
		}
	})
}

func TestTheEndIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var log bytes.Buffer
		w := watchdog{time.Minute, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			func() { t.Error("fed without an answer") }, slog.New(slog.NewTextHandler(&log, nil))}
		go w.run(ctx)
		time.Sleep(time.Second)
		cancel()
		synctest.Wait()
		if log.Len() > 0 {
			t.Errorf("said:\n%s", &log)
		}
	})
}

// The whole of it, with a directory that refuses connections: that says nothing
// about goldapd.
func TestAnOutageOfTheDirectoryDoesNotStarveTheWatchdog(t *testing.T) {
	m := newManager(t)
	p := m.launch([]string{"WATCHDOG_USEC=1500000"},
		"--config", configFile(t, "goldap.toml", nobody), "--socket", filepath.Join(t.TempDir(), "socket"))
	seen := map[string]int{}
	for seen["READY"] == 0 || seen["WATCHDOG"] < 3 {
		for name := range m.next() {
			seen[name]++
		}
	}
	if strings.Contains(p.text(), "does not answer") {
		t.Errorf("said:\n%s", p.text())
	}
}

// The probe asks as everybody else does: where nobody else gets an answer,
// neither does goldapd.
func TestTheProbeGoesThroughTheSocket(t *testing.T) {
	m := newManager(t)
	socket := filepath.Join(t.TempDir(), "socket")
	p := m.launch([]string{"WATCHDOG_USEC=600000"}, "--config", configFile(t, "goldap.toml", nobody), "--socket", socket)
	for m.next()["WATCHDOG"] == "" {
	}
	if err := syscall.Rename(socket, socket+".away"); err != nil {
		t.Fatal(err)
	}
	p.waitFor("goldapd does not answer its own lookups")
	if err := syscall.Rename(socket+".away", socket); err != nil {
		t.Fatal(err)
	}
	p.waitFor("goldapd answers its own lookups again")
	if m.next()["WATCHDOG"] == "" {
		t.Error("and the service manager is not told")
	}
}
