package names

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// onceIn lets each text through once in a period. It forgets everything when
// it has seen too many.
type onceIn struct {
	period time.Duration
	limit  int
	mu     sync.Mutex
	last   map[string]time.Time
}

func newOnceIn(period time.Duration, limit int) *onceIn {
	return &onceIn{period: period, limit: limit, last: map[string]time.Time{}}
}

func (o *onceIn) allows(text string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.last[text]; ok && now.Sub(last) < o.period {
		return false
	}
	if len(o.last) >= o.limit {
		clear(o.last)
	}
	o.last[text] = now
	return true
}

func unavailable(ctx context.Context) error {
	return fmt.Errorf("%w: %w", directory.ErrUnavailable, context.Cause(ctx))
}
