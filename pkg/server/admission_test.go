package server

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func TestReservedPlaces(t *testing.T) {
	for connections, want := range map[int]int{1: 1, 8: 1, 16: 2, 100: 12, 128: 16, 10_000: 16} {
		if got := (Limits{Connections: connections}).reserved(); got != want {
			t.Errorf("%d of %d connections are kept for root, want %d", got, connections, want)
		}
	}
}

// enterMany returns how many of the times uid was admitted at once, and how
// many may wait.
func enterMany(doors *admission, uid uint32, times int) (admitted, waiting int) {
	for range times {
		now, later := doors.enter(uid)
		if now {
			admitted++
		}
		if later != nil {
			waiting++
		}
	}
	return admitted, waiting
}

func TestAdmission(t *testing.T) {
	doors := newAdmission(Limits{Connections: 16, PerUID: 10})
	for _, step := range []struct {
		uid               uint32
		admitted, waiting int
	}{{1000, 10, 16}, {1001, 4, 0}, {1002, 0, 0}, {0, 2, 16}, {0, 0, 0}} {
		if admitted, waiting := enterMany(doors, step.uid, 100); admitted != step.admitted || waiting != step.waiting {
			t.Errorf("uid %d: %d of 100 admitted and %d waiting, want %d and %d", step.uid, admitted, waiting, step.admitted, step.waiting)
		}
	}
}

func TestPlacesCountBack(t *testing.T) {
	doors := newAdmission(Limits{Connections: 16, PerUID: 10})
	enterMany(doors, 1000, 10)
	enterMany(doors, 0, 1)
	for range 10 {
		doors.leave(1000)
	}
	doors.leave(0)
	if admitted, _ := enterMany(doors, 0, 20); admitted != 16 {
		t.Errorf("root: %d admitted into the places that are free", admitted)
	}
	if len(doors.perUID) != 0 || doors.others != 0 {
		t.Errorf("still counted: %+v", doors)
	}
}

func TestRootHasPlacesWhateverTheLimits(t *testing.T) {
	doors := newAdmission(Limits{Connections: 1, PerUID: 1})
	user, _ := doors.enter(1000)
	other, _ := doors.enter(1001)
	root, _ := doors.enter(0)
	if !user || other || !root {
		t.Errorf("%+v", doors)
	}
}

// TestWaiting is first come, first served, for each uid; a crowd of one uid is
// not in the way of another.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		doors := newAdmission(Limits{Connections: 10, PerUID: 2})
		var order []int
		var waiters []*waiter
		enterMany(doors, 1000, 2)
		for i := range 3 {
			_, w := doors.enter(1000)
			waiters = append(waiters, w)
			go func() {
				if doors.wait(t.Context(), w, time.Minute) {
					order = append(order, i)
				}
			}()
			synctest.Wait()
		}
		if now, _ := doors.enter(1001); !now {
			t.Error("another uid has to wait")
		}
		for range 3 {
			doors.leave(1000)
			synctest.Wait()
			if now, later := doors.enter(1000); now || later == nil {
				t.Error("a newcomer is served before those who wait")
			} else if doors.wait(cancelled(), later, time.Minute) {
				doors.leave(1000)
			}
			synctest.Wait()
		}
		if len(order) != 3 || order[0] != 0 || order[1] != 1 || order[2] != 2 {
			t.Errorf("served in the order %v", order)
		}
		for _, w := range waiters {
			<-w.ready
		}
		if doors.perUID[1000] != 2 || len(doors.queue) != 0 || len(doors.queued) != 0 {
			t.Errorf("left behind: %+v", doors)
		}
	})
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestWaitingEnds with its time, and leaves nothing behind.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		doors := newAdmission(Limits{Connections: 10, PerUID: 1})
		enterMany(doors, 1000, 1)
		_, w := doors.enter(1000)
		began := time.Now()
		if doors.wait(t.Context(), w, time.Second) || time.Since(began) != time.Second {
			t.Errorf("after %v", time.Since(began))
		}
		doors.leave(1000)
		if len(doors.queue) != 0 || len(doors.queued) != 0 || doors.others != 0 {
			t.Errorf("left behind: %+v", doors)
		}
	})
}

// TestWiderLimitsLetWaitersIn at once.
func TestWiderLimitsLetWaitersIn(t *testing.T) {
	doors := newAdmission(Limits{Connections: 10, PerUID: 1})
	enterMany(doors, 1000, 1)
	_, w := doors.enter(1000)
	doors.setLimits(Limits{Connections: 10, PerUID: 2})
	select {
	case <-w.ready:
	default:
		t.Error("it still waits")
	}
}

// TestLimitsFitTheDescriptors of the process.
func TestLimitsFitTheDescriptors(t *testing.T) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	want := (int(files.Cur) - sparedFiles) / 3
	if got := fitting(Limits{Connections: 1 << 30, PerUID: 5}, slog.New(slog.NewTextHandler(&log, nil))); files.Cur < 1<<20 && got.Connections != max(8, want) || got.PerUID != 5 {
		t.Errorf("%+v with %d descriptors", got, files.Cur)
	}
	if said := strings.Contains(log.String(), "RLIMIT_NOFILE"); said != (files.Cur < 1<<20) {
		t.Errorf("the log says %q", log.String())
	}
	if got := fitting(Limits{Connections: 5}, slog.New(slog.DiscardHandler)); got.Connections != 5 {
		t.Errorf("%+v", got)
	}
}
