package throttle

import (
	"context"
	"sync"
	"time"
)

// Lockouts keeps a directory's own lockout from being reached: it counts wrong
// passwords for each account and lets nobody ask for one more before that would
// lock it. It is safe for concurrent use.
type Lockouts struct {
	limit    int
	interval time.Duration
	now      func() time.Time

	mu       sync.Mutex
	accounts *bounded[string, *tries]
}

// tries are those for one account.
type tries struct {
	wrong int
	last  time.Time
	// asking are under way; changed is closed when one of them ends.
	asking  int
	changed chan struct{}
}

// NewLockouts returns a counter for a directory that locks an account after
// limit wrong passwords, each of which it remembers for interval.
func NewLockouts(limit int, interval time.Duration, now func() time.Time) *Lockouts {
	return &Lockouts{limit: limit, interval: interval, now: now, accounts: newBounded[string, *tries](maxKeys)}
}

// Begin reports whether the directory may be asked about a password of the
// account; then done says how that ended. Where those who are being asked about
// might all be wrong, it waits for them. An error is ctx's.
func (l *Lockouts) Begin(ctx context.Context, account string) (may bool, done func(right, wrong bool), err error) {
	for {
		l.mu.Lock()
		t := l.tries(account)
		if t.wrong >= l.limit-1 {
			l.mu.Unlock()
			return false, nil, nil
		}
		if t.wrong+t.asking < l.limit-1 {
			t.asking++
			l.mu.Unlock()
			return true, func(right, wrong bool) { l.end(t, right, wrong) }, nil
		}
		changed := t.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false, nil, ctx.Err()
		}
	}
}

func (l *Lockouts) tries(account string) *tries {
	at := l.accounts.put(account)
	if *at == nil {
		*at = &tries{changed: make(chan struct{})}
	}
	t := *at
	if t.wrong > 0 && l.now().Sub(t.last) > l.interval {
		t.wrong = 0
	}
	return t
}

func (l *Lockouts) end(t *tries, right, wrong bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.asking--
	switch {
	case right:
		t.wrong = 0
	case wrong:
		t.wrong++
		t.last = l.now()
	}
	close(t.changed)
	t.changed = make(chan struct{})
}
