package directory

import (
	"context"
	"errors"
	"time"
)

// probe finds out whether a server that is down answers again. It opens a
// connection for the requests to come, except where the pseudouser may not be
// tried yet.
func (p *servicePool) probe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
	case p.refusal.holds(time.Now()):
		background(p.knock)
	default:
		p.retire(p.generation)
		p.startOpening(p.openAnswering)
	}
}

// openAnswering is open for a probe: it tells whether the server is back, which
// takes an answer to a search, all within the connect timeout. A server that lets everybody in and then says
// nothing is not.
func (p *servicePool) openAnswering(ctx context.Context, generation uint64) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.server.connectTimeout)
	defer cancel()
	start := time.Now()
	c, err := p.open(ctx, generation)
	if err == nil {
		if _, err = c.search(ctx, p.server.searchTimeout, &p.server.probe); !noAnswer(err) {
			err = nil // whatever it is, it is an answer
		} else {
			c.close()
			c = nil
		}
	}
	p.tell(start, err)
	return c, err
}

// tell notes at the server how a probe that began at start has ended. Busy
// servers, and those that refuse the pseudouser, are there.
func (p *servicePool) tell(start time.Time, err error) {
	switch {
	case p.ctx.Err() != nil:
	case lost(err):
		p.server.markDown(start, err)
	case errors.Is(err, errBusy): // there, but the directory is not back yet
		p.server.noteUp(false, time.Since(start))
	default:
		p.server.markUp(false, time.Since(start))
	}
}

// knock connects to the server, without a bind.
func (p *servicePool) knock() {
	start := time.Now()
	c, err := p.server.open(p.ctx, serviceMessageLimit, p.idle, nil)
	if err == nil {
		c.close()
	}
	p.tell(start, err)
}
