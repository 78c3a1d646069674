package throttle

import (
	"fmt"
	"testing"
	"time"
)

// tick is how often the attackers of a simulation try.
const tick = 20 * time.Millisecond

// long is how long an attack goes on.
const long = 10 * time.Minute

const seconds = int(long / time.Second)

// attack has guesses guess for ten minutes, and alice log in each minute from a
// place: known, or one that she was never at. It returns how many guesses were
// tried, and the longest that she took until she was in.
func attack(t *testing.T, guesses func(step int) Attempt, known bool) (tried int, slowest time.Duration) {
	t.Helper()
	c := newClock()
	table, start := c.table(), c.at
	home := from("alice", "home")
	if known {
		table.Take(usual, home, longest).Succeeded()
	}
	type pending struct {
		at   time.Time
		turn Turn
	}
	var waiting []pending
	var since, turnAt time.Time
	var hers Turn
	for step := 0; c.at.Sub(start) < long; step++ {
		c.pass(tick)
		rest := waiting[:0]
		for _, p := range waiting { // those whose turn it is fail
			if p.at.After(c.at) {
				rest = append(rest, p)
				continue
			}
			p.turn.Waited()
			p.turn.Failed()
			tried++
		}
		waiting = rest
		if turn := table.Take(usual, guesses(step), longest); !turn.Refused {
			if turn.Wait > 0 {
				waiting = append(waiting, pending{c.at.Add(turn.Wait), turn})
			} else {
				turn.Failed()
				tried++
			}
		}
		if since.IsZero() && step%3000 == 1500+step/3000 {
			since, turnAt = c.at, time.Time{}
			if !known {
				home = from("alice", fmt.Sprint("hotel ", step))
			}
		}
		switch {
		case since.IsZero():
		case turnAt.IsZero(): // she tries again as soon as she was refused
			if hers = table.Take(usual, home, longest); !hers.Refused {
				turnAt = c.at.Add(hers.Wait)
			}
		}
		if !turnAt.IsZero() && !turnAt.After(c.at) {
			if hers.Wait > 0 {
				hers.Waited()
			}
			hers.Succeeded()
			slowest, since, turnAt = max(slowest, c.at.Sub(since)), time.Time{}, time.Time{}
		}
	}
	if !since.IsZero() {
		t.Errorf("alice is not in after %v", c.at.Sub(since))
	}
	return tried, slowest
}

// TestNobodyIsPushedOut: attackers who know alice's name try fifty passwords
// each second. They get few of them tried, and do not keep her out.
func TestNobodyIsPushedOut(t *testing.T) {
	for _, tt := range []struct {
		name    string
		guesses func(step int) Attempt
		// most is how many guesses there may be in ten minutes.
		most int
		// slowest is how long alice may take, from a known place and from a new one.
		known, fresh time.Duration
	}{
		// 3 are free; then there is one each 16 s.
		{"one place", func(int) Attempt { return from("alice", "evil") }, seconds/16 + 10, 0, 0},
		// One each second, whichever place it comes from, and 20 are free; each
		// place that is new has its first guess tried.
		{"500 places", func(step int) Attempt { return from("alice", fmt.Sprint("evil", step%500)) }, seconds + 20 + 4*500, 0, longest},
		// Nobody has so many places: fifty that are new, each second.
		{"a new place each time", func(step int) Attempt { return from("alice", fmt.Sprint("evil", step)) }, 20*seconds + 20 + 100, 0, -1},
		{"a caller without hosts", func(int) Attempt { return Attempt{User: "alice", UID: 1000} }, seconds/16 + 10, 0, 0},
		{"a caller who lies about hosts", func(step int) Attempt { return Attempt{User: "alice", UID: 1000, Host: fmt.Sprint("evil", step)} }, seconds + 20 + 10, 0, longest},
		// It never said that it is her home: only root's programs can.
		{"a caller who claims her home", func(int) Attempt { return Attempt{User: "alice", UID: 1000, Host: "home"} }, seconds/16 + 10, 0, 0},
		{"su by another user", func(int) Attempt { return Attempt{User: "alice", Remote: "mallory"} }, seconds/16 + 10, 0, 0},
		{"one host, many users", func(step int) Attempt { return from(fmt.Sprint("user", step), "home") }, seconds + 20 + 10, 0, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, known := range []bool{true, false} {
				limit := tt.fresh
				if known {
					limit = tt.known
				}
				if limit < 0 {
					continue // see the documentation: she cannot be told from them
				}
				tried, slowest := attack(t, tt.guesses, known)
				if tried > tt.most {
					t.Errorf("known %v: %d guesses, want at most %d", known, tried, tt.most)
				}
				if slowest > limit {
					t.Errorf("known %v: alice takes %v, want at most %v", known, slowest, limit)
				}
				t.Logf("known %v: %d guesses, alice takes up to %v", known, tried, slowest)
			}
		})
	}
}
