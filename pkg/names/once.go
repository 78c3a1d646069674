package names

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// onceIn lets each text through once in a period, and only so many of them.
type onceIn struct {
	period time.Duration
	limit  int
	mu     sync.Mutex
	last   map[string]time.Time
}

func newOnceIn(period time.Duration, limit int) *onceIn {
	return &onceIn{period: period, limit: limit, last: map[string]time.Time{}}
}

// allows reports whether text may pass now, and whether it is the last that may
// for a while.
func (o *onceIn) allows(text string, now time.Time) (allowed, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.last[text]; ok && now.Sub(last) < o.period {
		return false, false
	}
	if len(o.last) >= o.limit {
		maps.DeleteFunc(o.last, func(_ string, last time.Time) bool { return now.Sub(last) >= o.period })
	}
	if _, known := o.last[text]; !known && len(o.last) >= o.limit {
		return false, false
	}
	o.last[text] = now
	return true, len(o.last) == o.limit
}

// tally counts by reason.
type tally struct {
	mu     sync.Mutex
	counts map[Reason]uint64
}

func (t *tally) add(reason Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[Reason]uint64{}
	}
	t.counts[reason]++
}

func (t *tally) copy() map[Reason]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

func unavailable(ctx context.Context) error {
	return fmt.Errorf("%w: %w", directory.ErrUnavailable, context.Cause(ctx))
}
