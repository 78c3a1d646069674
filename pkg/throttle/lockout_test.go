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
	for i, want := range []bool{true, true, false, false} {
		if try(false) != want {
			t.Errorf("wrong password %d: asked about: %v", i, !want)
		}
	}
	c.pass(time.Minute)
	if try(true) {
		t.Error("asked before the directory forgets")
	}
	c.pass(time.Second)
	for i, one := range []struct{ right, asked bool }{{false, true}, {true, true}, {false, true}, {false, true}, {true, false}} {
		if try(one.right) != one.asked {
			t.Errorf("later, password %d: asked about: %v", i, !one.asked)
		}
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
