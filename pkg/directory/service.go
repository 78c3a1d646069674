package directory

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// crowded is the number of searches on every connection from which one more
// connection is opened, if the configuration allows it.
const crowded = 8

// patience is the age of an opening from which on a new request does not wait
// for it any more but begins another: the server may be back, and what is sent
// to it on the old connection lost.
const patience = time.Second

// errClosed: the directory was closed.
var errClosed = broken("connect", errors.New("the directory is closed"))

// servicePool holds the connections to one server that are bound as the
// pseudouser. Many searches share each.
//
// A connection's life: a request that finds none starts an opening, and all
// that come meanwhile wait for that one. Each opening has the next generation
// number, so that a request whose connection turned out dead can ask for one
// that was begun later than the request itself; get then retires the older
// ones, which close when the last search on them has ended. If the server is
// marked as down while it is being opened, the opening is disowned: nobody
// waits for it any more, but it joins the others if it succeeds. Once open, a
// connection is handed to whoever comes, the least busy one first, until it
// fails, is idle for too long or is retired; or until steal takes it out for
// a user's bind (SingleUse), after which it never comes back. Connections of
// useAlone have generation 0 and are never in the pool.
type servicePool struct {
	server *server
	size   int
	idle   time.Duration   // how long a connection may be without a search
	ctx    context.Context // ends when the directory is closed

	mu         sync.Mutex
	closed     bool
	conns      []*conn
	opening    *opening
	generation uint64 // of the newest connection, open or being opened
	refusal    refusal
}

// opening is a connection being opened for everybody who waits for it.
type opening struct {
	generation uint64
	began      time.Time
	done       chan struct{}
	conn       *conn
	err        error
}

// use runs operation on a shared connection. If that ends without an answer,
// operation runs once more, on a fresh connection, in two cases: one that was
// kept from before was dead; or the server broke the protocol on a kept or a
// shared one, which may have been about the request of somebody else.
func (p *servicePool) use(ctx context.Context, operation func(context.Context, *conn) error) error {
	since := p.now()
	c, err := p.get(ctx, 0)
	if err != nil {
		return err
	}
	kept := c.generation <= since
	shared, err := p.useShared(ctx, c, kept, operation)
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, errProtocol) && (kept || shared):
		return p.useAlone(ctx, operation)
	case errors.Is(err, errTransport) && kept:
		if c, err = p.get(ctx, since); err != nil {
			return err
		}
		_, err = p.useShared(ctx, c, false, operation)
	}
	return err
}

// useShared runs operation on a connection from get and gives it back. If a
// fresh one may be needed afterwards it has half of the time. It reports
// whether others used the connection, too.
func (p *servicePool) useShared(ctx context.Context, c *conn, kept bool, operation func(context.Context, *conn) error) (shared bool, err error) {
	if kept {
		var cancel context.CancelFunc
		ctx, cancel = half(ctx)
		defer cancel()
	}
	defer func() { shared = p.put(c) }()
	return false, operation(ctx, c)
}

// useAlone runs operation on a connection of its own: whoever made the server
// break the protocol may be about to try again, too, and is to harm nobody.
func (p *servicePool) useAlone(ctx context.Context, operation func(context.Context, *conn) error) error {
	c, err := p.openAlone(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	return operation(ctx, c)
}

// openAlone returns a connection that is not in the pool; the caller closes it.
func (p *servicePool) openAlone(ctx context.Context) (*conn, error) {
	if err := p.mayOpen(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	return p.open(ctx, 0)
}

// mayOpen returns the error that forbids to open a connection now, if any.
func (p *servicePool) mayOpen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	if p.refusal.holds(time.Now()) {
		return p.refusal.err
	}
	return nil
}

// now returns the current generation: connections opened from here on have a
// higher one.
func (p *servicePool) now() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.generation
}

// get returns a connection of a generation above after, and opens one if there
// is none; the caller gives it back with put. Soon after a refusal of the
// pseudouser nothing is opened, and the error is that refusal.
func (p *servicePool) get(ctx context.Context, after uint64) (*conn, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	if c := p.leastBusy(after); c != nil {
		c.join()
		if c.inFlight > crowded && len(p.conns) < p.size && p.opening == nil && !p.refusal.holds(time.Now()) {
			p.startOpening(p.open)
		}
		p.mu.Unlock()
		return c, nil
	}
	if p.opening == nil || p.opening.generation <= after || time.Since(p.opening.began) > patience {
		p.retire(after)
		if p.refusal.holds(time.Now()) {
			defer p.mu.Unlock()
			return nil, p.refusal.err
		}
		p.startOpening(p.open)
	}
	o := p.opening
	p.mu.Unlock()
	return p.wait(ctx, o)
}

// wait returns the connection that o leads to.
func (p *servicePool) wait(ctx context.Context, o *opening) (*conn, error) {
	select {
	case <-o.done:
	case <-ctx.Done():
		return nil, notOpened{broken("connect", context.Cause(ctx))}
	}
	if o.err != nil {
		return nil, o.err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o.conn.join()
	return o.conn, nil
}

// join notes one more use of c. The caller holds the pool's lock.
func (c *conn) join() {
	c.inFlight++
	c.shared = c.shared || c.inFlight > 1
}

// leastBusy returns the connection with the fewest searches, or nil. One that
// failed just now is still in the pool until remove has run.
func (p *servicePool) leastBusy(after uint64) *conn {
	var best *conn
	for _, c := range p.conns {
		if c.generation > after && c.wire.failure() == nil && (best == nil || c.inFlight < best.inFlight) {
			best = c
		}
	}
	return best
}

// retire takes all connections up to a generation out of use: one of them just
// turned out dead.
func (p *servicePool) retire(generation uint64) {
	var kept []*conn
	for _, c := range p.conns {
		if c.generation > generation {
			kept = append(kept, c)
			continue
		}
		c.retired = true
		if c.inFlight == 0 {
			go c.close()
		}
	}
	p.conns = kept
}

// startOpening opens a connection in the background, so that it does not die
// with the request that happened to be the first.
func (p *servicePool) startOpening(open func(context.Context, uint64) (*conn, error)) {
	p.generation++
	o := &opening{generation: p.generation, began: time.Now(), done: make(chan struct{})}
	p.opening = o
	background(func() {
		defer close(o.done)
		panicked := guarded(func() {
			o.conn, o.err = open(p.ctx, o.generation)
			p.opened(o)
			p.noteOpening(o)
		})
		if panicked != nil {
			o.conn, o.err = nil, panicked
			p.opened(o)
		}
	})
}

// noteOpening notes what an opening says about the server. That a connection
// could be opened is not yet an answer.
func (p *servicePool) noteOpening(o *opening) {
	switch {
	case p.ctx.Err() != nil:
	case errors.Is(o.err, errTransport):
		p.server.markDown(o.began, o.err)
	case errors.Is(o.err, errPseudouser):
		p.server.markUp(false, time.Since(o.began))
	}
}

// disown makes the next request open a connection of its own instead of
// waiting for one that may hang. If that succeeds after all, it is used.
func (p *servicePool) disown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opening = nil
}

// opened adds the new connection to the pool.
func (p *servicePool) opened(o *opening) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opening == o {
		p.opening = nil
	}
	if o.err != nil {
		return
	}
	if p.closed {
		go o.conn.close()
		return
	}
	c := o.conn
	p.conns = append(p.conns, c)
	background(func() { c.wire.notify(func() { p.remove(c) }) })
}

// open connects and binds as the pseudouser.
func (p *servicePool) open(ctx context.Context, generation uint64) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.server.connectTimeout)
	defer cancel()
	start, who := time.Now(), p.server.identity
	var first func(context.Context, net.Conn) error
	if who.sasl != nil {
		first = p.bindSASL
	}
	c, err := p.server.open(ctx, serviceMessageLimit, p.idle, first)
	if err != nil {
		return nil, err
	}
	c.generation = generation
	if p.server.referrer != nil {
		c.wire.takeReferences()
	}
	if who.sasl != nil || who.dn == "" {
		return c, nil
	}
	reply, err := c.bind(ctx, who.dn, who.password)
	if err == nil {
		err = p.judge(reply)
	}
	if err != nil {
		c.close()
		return nil, p.server.noteUnopened(ctx, binding, start, err)
	}
	return c, nil
}

func (p *servicePool) bindSASL(ctx context.Context, conn net.Conn) error {
	reply, err := p.server.identity.sasl.bind(ctx, conn, p.server.at.host)
	if err != nil {
		return err
	}
	return p.judge(reply)
}

// put ends one use of c, and reports whether c ever had several at a time.
func (p *servicePool) put(c *conn) (shared bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.inFlight--
	if c.retired && c.inFlight == 0 {
		go c.close()
	}
	return c.shared
}

// remove forgets a connection that failed.
func (p *servicePool) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.conns {
		if other == c {
			p.conns = append(p.conns[:i:i], p.conns[i+1:]...)
			return
		}
	}
}

// steal takes an unused connection out of the pool for good, or returns nil.
func (p *servicePool) steal() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, c := range p.conns {
		if c.inFlight == 0 && c.wire.failure() == nil {
			p.conns = append(p.conns[:i:i], p.conns[i+1:]...)
			return c
		}
	}
	return nil
}

// close closes all connections and lets no new one in.
func (p *servicePool) close() {
	p.mu.Lock()
	conns := p.conns
	p.conns, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}

// drain lets no new connection in and closes each when its last search has
// ended.
func (p *servicePool) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.retire(p.generation)
}
