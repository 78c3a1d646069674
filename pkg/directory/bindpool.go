package directory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// bindIdle is how long a bind connection is kept without a bind at most.
	bindIdle = time.Minute
	// surplusIdle is the same for those above the configured number, so that
	// a burst of logins does not pay a TLS handshake for each.
	surplusIdle = 2 * time.Second
)

// bindPool holds the secured connections to one server that carry nothing but
// binds of users, one at a time each.
type bindPool struct {
	server *server
	size   int
	idle   time.Duration // how long a connection may be without a bind
	// borrow, if set, gives a connection that the bind may use up (SingleUse).
	borrow func() *conn

	busy atomic.Int32 // in use now

	mu     sync.Mutex
	closed bool
	unused []*conn // the one used last is at the end and goes out first
}

// use runs operation on a bind connection. A kept connection that ends without
// an answer (it was dead, or something came on it that nobody had asked for) is
// replaced by a fresh one, once. After operation the connection
// is kept only if reuse says so and it is in good order.
func (p *bindPool) use(ctx context.Context, reuse bool, operation func(context.Context, *conn) error) error {
	if c := p.take(); c != nil {
		err := p.useKept(ctx, c, reuse, operation)
		if !lost(err) || ctx.Err() != nil {
			return err
		}
	}
	return p.useFresh(ctx, reuse, operation)
}

// useFresh is use on a connection of its own.
func (p *bindPool) useFresh(ctx context.Context, reuse bool, operation func(context.Context, *conn) error) error {
	c, err := p.server.open(ctx, bindMessageLimit, p.idle, nil)
	if err != nil {
		return err
	}
	c.wire.notify(func() { p.remove(c) })
	err = p.run(ctx, c, operation)
	p.put(c, reuse && err == nil)
	return err
}

// useKept gives a kept connection half of the time, so that a fresh one still
// has a chance.
func (p *bindPool) useKept(ctx context.Context, c *conn, reuse bool, operation func(context.Context, *conn) error) error {
	share, cancel := half(ctx)
	defer cancel()
	err := p.run(share, c, operation)
	p.put(c, reuse && err == nil)
	return err
}

// run runs the operation on a connection that is busy meanwhile.
func (p *bindPool) run(ctx context.Context, c *conn, operation func(context.Context, *conn) error) error {
	p.busy.Add(1)
	defer p.busy.Add(-1)
	return operation(ctx, c)
}

// take returns a kept connection, or nil.
func (p *bindPool) take() *conn {
	if p.borrow != nil {
		return p.borrow()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.unused) > 0 {
		last := len(p.unused) - 1
		c := p.unused[last]
		p.unused = p.unused[:last]
		if c.wire.failure() == nil {
			return c
		}
	}
	return nil
}

// put keeps c if it is clean, and closes it otherwise. Connections above the
// configured number are kept for a short time only. One that is held is not the
// pool's any more.
func (p *bindPool) put(c *conn, clean bool) {
	if c.held {
		return
	}
	p.mu.Lock()
	if !clean || p.closed || p.size == 0 {
		p.mu.Unlock()
		c.close()
		return
	}
	idle := p.idle
	if len(p.unused) >= p.size {
		idle = min(surplusIdle, p.idle)
	}
	p.unused = append(p.unused, c)
	p.mu.Unlock()
	c.wire.setIdle(idle)
}

// remove forgets a connection that failed while it was idle.
func (p *bindPool) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.unused {
		if other == c {
			p.unused = append(p.unused[:i:i], p.unused[i+1:]...)
			return
		}
	}
}

// close closes the idle connections; those in use are closed when given back.
func (p *bindPool) close() {
	p.mu.Lock()
	conns := p.unused
	p.unused, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}
