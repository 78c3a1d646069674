package throttle

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestLockoutsStopBeforeTheLast(t *testing.T) {
	c := newClock()
	l := NewLockouts(3, time.Minute, c.now)
	try := func(right bool) bool {
		t.Helper()
		may, done, err := l.Begin(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		if may {
			done(right, !right)
		}
		return may
	}
	if !try(false) || !try(false) || try(false) || try(true) {
		t.Error("of a lockout after 3, not 2 are asked about")
	}
	c.pass(time.Minute)
	if try(true) {
		t.Error("asked before the directory forgets")
	}
	c.pass(time.Second)
	if !try(false) || !try(true) || !try(false) || !try(false) || try(false) {
		t.Error("success does not clear")
	}
	if may, _, err := l.Begin(t.Context(), "bob"); !may || err != nil {
		t.Errorf("bob: %v, %v", may, err)
	}
}

// Right passwords at the same time are all tried, wrong ones not too many.
func TestLockoutsAtTheSameTime(t *testing.T) {
	for _, right := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLockouts(3, time.Minute, time.Now)
			asked := make(chan bool, 50)
			for range cap(asked) {
				go func() {
					may, done, err := l.Begin(t.Context(), "alice")
					if err != nil {
						t.Error(err)
					}
					if may {
						time.Sleep(time.Millisecond)
						done(right, !right)
					}
					asked <- may
				}()
			}
			count := 0
			for range cap(asked) {
				if <-asked {
					count++
				}
			}
			if want := map[bool]int{true: cap(asked), false: 2}[right]; count != want {
				t.Errorf("right %v: %d are asked about, want %d", right, count, want)
			}
		})
	}
}

func TestLockoutsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLockouts(2, time.Minute, time.Now)
		if may, _, err := l.Begin(t.Context(), "alice"); !may || err != nil {
			t.Fatal(may, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if may, _, err := l.Begin(ctx, "alice"); may || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", may, err)
		}
	})
}
