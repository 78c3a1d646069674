package directory

import (
	"sync"
	"sync/atomic"
	"time"
)

// ServerStatus is what the directory knows about one server.
type ServerStatus struct {
	URI string
	// WritesOnly: it is asked for changes only (write_uris).
	WritesOnly bool
	// Up: the last attempt was answered, or none was made yet.
	Up bool
	// LastError is why the last attempt failed; empty while Up.
	LastError string
	// RetryAt is when a server that is not Up is tried again.
	RetryAt time.Time
	// Latency is how long the last answered request took, with connecting if
	// it had to; 0 before the first.
	Latency time.Duration
	// Operations is how many requests were answered: searches, logins and
	// changes. OperationTime is how long they took together.
	Operations    uint64
	OperationTime time.Duration
	// Failures are those since the start.
	Failures Failures
	// LastFailure is the last thing that went wrong, at LastFailureAt, whether
	// the server is Up again or not; empty if nothing ever did.
	LastFailure   string
	LastFailureAt time.Time
	Certificate   Certificate
	Searches      SearchConnections
	Binds         BindConnections
}

// Failures are what went wrong with a server, by what was being done. A caller
// who went away counts for nothing.
type Failures struct {
	// Connect: no connection came about.
	Connect uint64
	// TLS: the server refused StartTLS, or the handshake failed.
	TLS uint64
	// Bind: the bind DN was not let in.
	Bind uint64
	// Answer: a request on an open connection had no usable answer, or none in
	// time.
	Answer uint64
}

// SearchConnections are those that are bound as the bind DN.
type SearchConnections struct {
	// Open are there, with InFlight searches under way on them.
	Open, InFlight int
}

// BindConnections are those that carry logins, one at a time each.
type BindConnections struct {
	// Open are there: Busy carry a login, Kept wait for one.
	Open, Busy, Kept int
}

// Outages say how long a directory could not be asked because none of its
// servers answered. An outage begins with the first request that finds that
// out, so that a directory that nobody asks has none.
type Outages struct {
	// Count is how many there were, with the one that lasts.
	Count uint64
	// Total is how long they took together. It never goes back.
	Total time.Duration
	// Since is when the one began that lasts; zero if a server answers.
	Since time.Time
}

// Status returns the state of every server in the order in which they are
// asked; those that take changes only come last. Those that DNS is to name are
// missing until it was asked.
func (d *Directory) Status() []ServerStatus {
	var result []ServerStatus
	for _, s := range append(d.servers(), serversOf(d.writeOnly)...) {
		result = append(result, s.status())
	}
	return result
}

// Outages returns for how long no server answered.
func (d *Directory) Outages() Outages { return d.away.read() }

// MemberNames returns how many DNs of members are remembered, with the user
// names behind them.
func (d *Directory) MemberNames() int {
	d.memberNames.mu.Lock()
	defer d.memberNames.mu.Unlock()
	return len(d.memberNames.names)
}

func (s *server) status() ServerStatus {
	s.mu.Lock()
	status := ServerStatus{
		URI: s.at.uri, WritesOnly: s.writesOnly, Up: !s.down, Latency: s.latency,
		Operations: s.operations, OperationTime: s.operationTime,
		Failures: s.failed, LastFailure: s.lastFailure, LastFailureAt: s.lastFailureAt,
	}
	if s.down {
		status.LastError, status.RetryAt = s.lastErr.Error(), s.retryAt
	}
	s.mu.Unlock()
	if shown := s.certificate.Load(); shown != nil {
		status.Certificate = *shown
	}
	status.Searches, status.Binds = s.services.status(), s.binds.status()
	return status
}

func (p *servicePool) status() SearchConnections {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := SearchConnections{Open: len(p.conns)}
	for _, c := range p.conns {
		status.InFlight += c.inFlight
	}
	return status
}

func (p *bindPool) status() BindConnections {
	p.mu.Lock()
	defer p.mu.Unlock()
	busy, kept := int(p.busy.Load()), len(p.unused)
	return BindConnections{Open: busy + kept, Busy: busy, Kept: kept}
}

// absence is whether no server answers, and for how long that was so.
type absence struct {
	lasts atomic.Bool // read without the lock by every request that was answered

	mu    sync.Mutex
	count uint64
	total time.Duration // of those that are over
	since time.Time
}

// begin reports whether the absence begins only now.
func (a *absence) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lasts.Load() {
		return false
	}
	a.count++
	a.since = time.Now()
	a.lasts.Store(true)
	return true
}

// end reports whether it lasted until now.
func (a *absence) end() bool {
	if !a.lasts.Load() {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.lasts.Load() {
		return false
	}
	a.total += time.Since(a.since)
	a.since = time.Time{}
	a.lasts.Store(false)
	return true
}

func (a *absence) read() Outages {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := Outages{Count: a.count, Total: a.total, Since: a.since}
	if a.lasts.Load() {
		o.Total += time.Since(a.since)
	}
	return o
}
