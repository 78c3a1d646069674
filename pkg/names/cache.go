package names

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/goldap/goldap/pkg/directory"
)

// cache remembers values by key for a while. Callers that ask for the same key
// at the same time share one load. Errors are not remembered.
type cache[V any] struct {
	ttl     time.Duration
	limit   int
	timeout time.Duration // of one load
	logger  *slog.Logger
	keep    func(V) bool // whether a value may be remembered
	loads   singleflight.Group
	mu      sync.Mutex
	values  map[string]remembered[V]
	flushes int
	hits    uint64
	misses  uint64
}

type remembered[V any] struct {
	value V
	until time.Time
}

// maxLogins bounds the logins that are remembered for a few seconds; each is
// half a KB.
const maxLogins = 10_000

func newCache[V any](o Options, keep func(V) bool) *cache[V] {
	return &cache[V]{
		ttl: o.LoginTTL, limit: min(o.Entries, maxLogins), timeout: o.LoginTimeout, logger: o.Logger, keep: keep, values: map[string]remembered[V]{},
	}
}

// get returns the value of key, from memory unless fresh, else from load. One
// caller's deadline does not end the load for the others.
func (c *cache[V]) get(ctx context.Context, key string, fresh bool, load func(context.Context) (V, error)) (V, error) {
	if value, ok := c.lookup(key, fresh); ok {
		return value, nil
	}
	began := c.generation()
	flight := key
	if fresh { // one that began before may be older than what is asked for
		flight = "\x00" + key
	}
	results := c.loads.DoChan(flight, func() (any, error) {
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
		defer cancel()
		value, err := guarded(shared, c.logger, load)
		c.store(key, value, err, began)
		return value, err
	})
	select {
	case r := <-results:
		return r.Val.(V), r.Err
	case <-ctx.Done():
		var none V
		return none, unavailable(ctx)
	}
}

// guarded makes an error of a panic in load, which would otherwise end the
// process: nobody's recover is below it.
func guarded[V any](ctx context.Context, logger *slog.Logger, load func(context.Context) (V, error)) (value V, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			logger.Error("lookup failed by a bug", "panic", reason, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: a bug", directory.ErrUnavailable)
		}
	}()
	return load(ctx)
}

// lookup returns what is remembered, unless the value is to be fresh.
func (c *cache[V]) lookup(key string, fresh bool) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.values[key]
	if fresh || !ok || !time.Now().Before(r.until) {
		c.misses++
		var none V
		return none, false
	}
	c.hits++
	return r.value, true
}

func (c *cache[V]) generation() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flushes
}

// flush forgets everything, and what is being loaded, too.
func (c *cache[V]) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushes++
	clear(c.values)
}

// store remembers value, or forgets key if there was an error. What was begun
// before something was forgotten is not remembered.
func (c *cache[V]) store(key string, value V, err error, began int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if began != c.flushes {
		return
	}
	if err != nil || c.ttl <= 0 || c.limit <= 0 || !c.keep(value) {
		delete(c.values, key)
		return
	}
	if _, known := c.values[key]; !known && len(c.values) >= c.limit {
		c.makeRoom()
	}
	c.values[key] = remembered[V]{value, time.Now().Add(c.ttl)}
}

// forget removes the value of key. Nothing that is being loaded is remembered,
// nor joined by those who ask for key: it may be older.
func (c *cache[V]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushes++
	delete(c.values, key)
	c.loads.Forget(key)
	c.loads.Forget("\x00" + key)
}

// makeRoom looks at a few values in no particular order and forgets those that
// are over, or else one of them.
func (c *cache[V]) makeRoom() {
	now, looked, victim := time.Now(), 0, ""
	for key, r := range c.values {
		if !now.Before(r.until) {
			delete(c.values, key)
		}
		victim = key
		if looked++; looked == 16 {
			break
		}
	}
	if len(c.values) >= c.limit {
		delete(c.values, victim)
	}
}
