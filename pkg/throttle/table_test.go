package throttle

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// usual are the limits of a configuration that says nothing.
var usual = Limits{Failures: 3, UserFailures: 20, HostFailures: 20, CallerFailures: 20,
	Delay: time.Second, MaxDelay: 16 * time.Second, ForgetAfter: 15 * time.Minute}

// longest is half of a login's time.
const longest = 5 * time.Second

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }
func newClock() *clock                { return &clock{at: time.Unix(1_000_000, 0)} }
func (c *clock) table() *Table        { return New(c.now) }
func from(user, host string) Attempt  { return Attempt{User: user, Host: host} }

// fail has a fail n times, each in its turn.
func (c *clock) fail(t *testing.T, table *Table, a Attempt, n int) {
	t.Helper()
	for range n {
		turn := table.Take(usual, a, time.Hour)
		if turn.Refused {
			t.Fatalf("refused: %+v", turn)
		}
		if turn.Wait > 0 {
			c.pass(turn.Wait)
			turn.Waited()
		}
		turn.Failed()
	}
}

func TestDelaysDoubleAndAreForgotten(t *testing.T) {
	c := newClock()
	table, a := c.table(), from("alice", "h")
	for i, want := range []time.Duration{0, 0, 0, 0, 1, 2, 4, 8, 16, 16, 16} {
		turn := table.Take(usual, a, time.Hour)
		if turn.Wait != want*time.Second || turn.Refused || (turn.Key == "") != (want == 0) {
			t.Fatalf("attempt %d: %+v, want a wait of %d s", i, turn, want)
		}
		if want > 0 {
			if turn.Key != "user alice from h" {
				t.Errorf("key %q", turn.Key)
			}
			c.pass(turn.Wait)
			turn.Waited()
		}
		turn.Failed()
	}
	if turn := table.Take(usual, a, longest); !turn.Refused || turn.Wait != 16*time.Second {
		t.Errorf("a wait of 16 s: %+v", turn)
	}
	if turn := table.Take(usual, from("bob", "h"), longest); turn.Wait != 0 {
		t.Errorf("bob waits for alice: %+v", turn)
	}
	c.pass(usual.ForgetAfter + time.Second)
	if turn := table.Take(usual, a, longest); turn.Wait != 0 {
		t.Errorf("not forgotten: %+v", turn)
	}
}

func TestSuccessClearsThePlace(t *testing.T) {
	c := newClock()
	table, a := c.table(), from("alice", "h")
	c.fail(t, table, a, 5)
	turn := table.Take(usual, from("ALICE", "h"), longest)
	if turn.Wait == 0 {
		t.Fatal("another spelling need not wait")
	}
	c.pass(turn.Wait)
	turn.Waited()
	turn.Succeeded()
	if turn := table.Take(usual, a, longest); turn.Wait != 0 {
		t.Errorf("after success: %+v", turn)
	}
}

func TestTurnsAreNobodyElses(t *testing.T) {
	c := newClock()
	table, a := c.table(), from("alice", "h")
	c.fail(t, table, a, 4) // a second between two
	for i := range 5 {
		if turn := table.Take(usual, a, longest); turn.Refused || turn.Wait != time.Duration(i+1)*time.Second {
			t.Errorf("turn %d: %+v", i, turn)
		}
	}
	for range 3 { // a refused one takes no turn
		if turn := table.Take(usual, a, longest); !turn.Refused || turn.Wait != 6*time.Second {
			t.Errorf("the sixth: %+v", turn)
		}
	}
}

func TestZeroIsOff(t *testing.T) {
	table := newClock().table()
	for range 100 {
		turn := table.Take(Limits{}, from("alice", "h"), longest)
		if turn.Wait != 0 || turn.Refused {
			t.Fatalf("%+v", turn)
		}
		turn.Failed()
	}
	if keys, _, _ := table.Facts(); keys != 0 {
		t.Errorf("%d keys", keys)
	}
}

func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		a    Attempt
		want string
	}{
		{Attempt{Host: "Web.Example.com"}, "web.example.com"},
		{Attempt{Host: "192.0.2.1"}, "192.0.2.1"},
		{Attempt{Host: "::ffff:192.0.2.1"}, "::ffff:192.0.2.1"},
		{Attempt{Host: "2001:db8::1"}, "2001:db8::/64"},
		{Attempt{Host: "2001:db8:0:0:ffff::2"}, "2001:db8::/64"},
		{Attempt{Host: "fe80::1%eth0"}, "fe80::/64"},
		{Attempt{Remote: "mallory"}, "uid 0 mallory"},
		{Attempt{}, "uid 0"},
		{Attempt{UID: 33}, "uid 33"},
		{Attempt{UID: 33, Host: "192.0.2.1"}, "uid 33 192.0.2.1"}, // it may be a lie
	} {
		if got := tt.a.place(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.a, got, tt.want)
		}
	}
	if long := (Attempt{User: strings.Repeat("x", 1<<16)}); len(long.name()) != longestName {
		t.Error("a long name is kept")
	}
}

// However many names there are, the memory is bounded.
func TestMemoryIsBounded(t *testing.T) {
	c := newClock()
	table := c.table()
	for i := range 2 * maxKeys {
		turn := table.Take(usual, from(fmt.Sprint("user", i), ""), time.Hour)
		if turn.Wait > 0 {
			turn.Waited()
		}
		turn.Failed()
		turn.Succeeded()
	}
	if keys, waiting, _ := table.Facts(); keys > maxKeys || waiting != 0 || len(table.known.items) > maxPlaces {
		t.Errorf("%d keys, %d places, %d waiting", keys, len(table.known.items), waiting)
	}
	if table.failures.order.Len() != len(table.failures.items) {
		t.Error("the order and the map differ")
	}
}

func TestWaitingIsBounded(t *testing.T) {
	c := newClock()
	table := c.table()
	waitAll := func(uid uint32) (waiting []Turn) {
		for i := range 2 * maxWaiting {
			a := Attempt{User: fmt.Sprint("user", i), UID: uid}
			for range 4 {
				table.Take(usual, a, 0).Failed()
			}
			if turn := table.Take(usual, a, time.Hour); !turn.Refused {
				waiting = append(waiting, turn)
			}
		}
		return waiting
	}
	turns := waitAll(1000)
	if len(turns) != maxWaitingPerUID {
		t.Errorf("%d wait for one caller", len(turns))
	}
	if turns = append(turns, waitAll(0)...); len(turns) != maxWaiting {
		t.Errorf("%d wait in all", len(turns))
	}
	for _, turn := range turns {
		turn.Waited()
	}
	if _, waiting, _ := table.Facts(); waiting != 0 || len(table.waiting) != 0 {
		t.Errorf("%d wait in the end", waiting)
	}
}
