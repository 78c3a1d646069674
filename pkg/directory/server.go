package directory

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// settings are what the configuration says about a server, or about those
// that DNS names for one entry of it.
type settings struct {
	base     rebase
	identity identity
	// tls has no ServerName yet: each server's copy gets its own.
	tls            *tls.Config
	mode           string
	allowClearText bool
	// connectTimeout bounds TCP, TLS and the bind together; searchTimeout one
	// search.
	connectTimeout, searchTimeout time.Duration
	// deref is whether the server follows aliases (RFC 4511, section 4.5.1.3).
	deref int
	// policy: the password policy is asked for and obeyed.
	policy bool
	// writesOnly: nothing is read there (write_uris).
	writesOnly bool
	// referrer goes on where a server refers to; nil if nothing does.
	referrer *referrer
}

// identity is whom goldap itself is to a server: the pseudouser, or nobody.
type identity struct {
	dn       string
	password secret.Secret
	sasl     *sasl // instead of both
}

// anonymous reports whether the identity is nobody's.
func (who identity) anonymous() bool { return who.dn == "" && who.sasl == nil }

// String is for messages.
func (who identity) String() string {
	if who.sasl != nil {
		return "SASL " + who.sasl.mechanism
	}
	return who.dn
}

// server is one server of a directory: where it is, whether it answers, and
// the connections to it.
//
// A server that failed is down: requests pass it over. A probe in the
// background connects to it at its retry time and searches, so that no request
// pays for finding out, and puts it back into service. Its failures are
// forgotten only when a request was answered, or after a long time: one that
// answers nothing but probes is down for longer each time.
type server struct {
	settings
	at              endpoint
	ctx             context.Context // ends when the directory is closed
	exchangeTimeout time.Duration
	retry           retryTimes
	dial            func(ctx context.Context, network, address string) (net.Conn, error)
	log             *slog.Logger
	services        servicePool
	binds           bindPool
	// back is called when the server was down and is not any more.
	back func()
	// probe is the search whose answer shows that a server that was down is
	// back. probes: somebody lives long enough to profit from it.
	probe  search
	probes bool

	mu       sync.Mutex
	down     bool
	failures int // in a row
	failedAt time.Time
	upSince  time.Time
	retryAt  time.Time
	timer    *time.Timer
	lastErr  error
	latency  time.Duration
	// operations were answered, in operationTime together.
	operations    uint64
	operationTime time.Duration
	// failed is what went wrong since the start, lastFailure the last of it.
	failed        Failures
	lastFailure   string
	lastFailureAt time.Time
	// certificate is nil before the first TLS handshake.
	certificate atomic.Pointer[Certificate]
}

func (d *Directory) newServer(set settings, at endpoint) *server {
	s := &server{
		settings: set, at: at, ctx: d.ctx, retry: d.retry, dial: d.dial,
		log: d.log.With("server", at.uri), back: d.noteBack, probes: !d.singleUse,
		// One response may take as long as a search; the connection is given
		// up only after that and some more, so that one slow search does not
		// take the others with it.
		exchangeTimeout: set.connectTimeout + set.searchTimeout,
		probe: search{
			place:  place{dn: d.firstBase(), scope: ldap.ScopeBaseObject},
			filter: present("objectClass"), attributes: []string{"1.1"}, limit: 1,
		},
	}
	if set.writesOnly { // whether it answers says nothing about lookups
		s.back = func() {}
	}
	if set.tls != nil {
		s.tls = set.tls.Clone()
		s.tls.ServerName = at.host
	}
	s.services = servicePool{server: s, size: d.cfg.SearchConnections, idle: d.cfg.IdleTimeout, ctx: d.ctx}
	s.binds = bindPool{server: s, size: d.cfg.BindConnections, idle: min(bindIdle, d.cfg.IdleTimeout)}
	if d.singleUse { // one connection does for searches and the user's bind
		s.services.size = 1
		s.binds.size = 0
		s.binds.borrow = s.services.steal
	}
	return s
}

// firstBase returns a DN that must be there.
func (d *Directory) firstBase() string {
	if d.cfg.Base == "" && len(d.maps.passwd.places) > 0 {
		return d.maps.passwd.places[0].dn
	}
	return d.cfg.Base
}

// isDown reports whether requests pass the server over.
func (s *server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// retryTimes bound the time before a failed server is tried again.
type retryTimes struct{ first, last time.Duration }

// after returns the time to wait after that many failures: the first doubling
// to the last, less up to a quarter so that many machines do not come back at
// the same moment.
func (t retryTimes) after(failures int) time.Duration {
	delay := t.last
	if shift := failures - 1; shift < 32 && t.first < t.last>>shift {
		delay = t.first << shift
	}
	return delay - rand.N(max(delay/4, 1))
}

// markDown notes that an attempt begun at start failed. Attempts that began
// before the last failure was noted say nothing new.
func (s *server) markDown(start time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.failures > 0 && !s.failedAt.Before(start) {
		if s.down && !now.Before(s.retryAt) { // there is always a next probe
			s.probeIn(s.retry.after(s.failures))
		}
		return
	}
	if !s.down && now.Sub(s.upSince) > s.retry.last {
		s.failures = 0
	}
	s.failures++
	s.failedAt, s.lastErr = now, err
	delay := s.retry.after(s.failures)
	s.services.disown()
	if !s.down {
		s.log.Warn("server is down", "error", err, "retry_in", delay)
	}
	s.down = true
	s.probeIn(delay)
}

// probeIn sets the time of the next probe. The caller holds s.mu.
func (s *server) probeIn(delay time.Duration) {
	s.retryAt = time.Now().Add(delay)
	if !s.probes {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(delay, func() {
		_ = guarded(func() {
			if s.ctx.Err() == nil && s.isDown() {
				s.services.probe()
			}
		})
	})
}

// probeNow probes a server that is down without waiting for its retry time.
func (s *server) probeNow() {
	s.services.forgive()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		s.probeIn(0)
	}
}

// markUp notes that the server answered a probe or, with answered, a request,
// after latency.
func (s *server) markUp(answered bool, latency time.Duration) {
	if wasDown := s.noteUp(answered, latency); wasDown || answered {
		s.back()
	}
}

func (s *server) noteUp(answered bool, latency time.Duration) (wasDown bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wasDown, s.down = s.down, false
	if wasDown {
		s.log.Info("server is back", "down_for", time.Since(s.failedAt))
		s.upSince = time.Now()
	}
	s.lastErr, s.latency = nil, latency
	if answered {
		s.failures = 0
		s.operations++
		s.operationTime += latency
	}
	return wasDown
}

func (s *server) endProbes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes = false
	if s.timer != nil {
		s.timer.Stop()
	}
}

// close closes all connections. Requests that are under way fail.
func (s *server) close() {
	s.endProbes()
	s.services.close()
	s.binds.close()
}

// drain is close for a server that is not to be used any more, but lets the
// requests that are under way end.
func (s *server) drain() {
	s.endProbes()
	s.services.drain()
	s.binds.close()
}
