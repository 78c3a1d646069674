package directory

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/config"
)

// The time before a failed server is tried again doubles from the first to the
// last.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// server is one server of a directory: where it is, whether it answers, and
// the connections to it.
type server struct {
	at             endpoint
	tls            *tls.Config
	allowClearText bool
	// policy: the password policy is asked for and obeyed.
	policy          bool
	connectTimeout  time.Duration
	exchangeTimeout time.Duration
	dial            func(ctx context.Context, network, address string) (net.Conn, error)
	log             *slog.Logger
	services        servicePool
	binds           bindPool

	mu       sync.Mutex
	failures int // in a row; 0 means up
	failedAt time.Time
	retryAt  time.Time
	lastErr  error
	latency  time.Duration
}

func newServer(cfg *config.Directory, at endpoint, log *slog.Logger) *server {
	s := &server{
		at: at, log: log.With("server", at.uri),
		allowClearText: cfg.TLS.AllowClearText,
		policy:         cfg.PasswordPolicy,
		connectTimeout: cfg.ConnectTimeout,
		// One response may take as long as a search; the connection is given
		// up only after that and some more, so that one slow search does not
		// take the others with it.
		exchangeTimeout: cfg.ConnectTimeout + cfg.SearchTimeout,
	}
	s.services = servicePool{server: s, size: cfg.SearchConnections, dn: cfg.BindDN, password: cfg.BindPassword}
	s.binds = bindPool{server: s, size: cfg.BindConnections}
	return s
}

// setSingleUse makes one connection do for searches and the user's bind.
func (s *server) setSingleUse(single bool) {
	if single {
		s.services.size = 1
		s.binds.size = 0
		s.binds.borrow = s.services.steal
	}
}

// usable reports whether requests should try the server: it is up, or its
// retry time has come. In the second case this request is the only one that
// tries, until the next retry time.
func (s *server) usable(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == 0 {
		return true
	}
	if now.Before(s.retryAt) {
		return false
	}
	s.retryAt = now.Add(retryDelay(s.failures))
	return true
}

// skipped reports whether requests pass the server over now.
func (s *server) skipped(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures > 0 && now.Before(s.retryAt)
}

// retryDelay is 1 s doubling to 30 s, less up to a quarter so that many
// machines do not come back at the same moment.
func retryDelay(failures int) time.Duration {
	delay := lastRetry
	if failures <= 5 {
		delay = firstRetry << (failures - 1)
	}
	return delay - rand.N(delay/4)
}

// markDown notes that an attempt begun at start failed. Attempts that began
// before the last failure was noted say nothing new.
func (s *server) markDown(start time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures > 0 && !s.failedAt.Before(start) {
		return
	}
	now := time.Now()
	s.failures++
	s.failedAt, s.lastErr = now, err
	delay := retryDelay(s.failures)
	s.retryAt = now.Add(delay)
	s.services.disown()
	if s.failures == 1 {
		s.log.Warn("server is down", "error", err, "retry_in", delay)
	}
}

// markUp notes that the server answered, after latency.
func (s *server) markUp(latency time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures > 0 {
		s.log.Info("server is back", "down_for", time.Since(s.failedAt))
	}
	s.failures, s.lastErr, s.latency = 0, nil, latency
}

func (s *server) status() ServerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := ServerStatus{URI: s.at.uri, Up: s.failures == 0, Latency: s.latency}
	if !status.Up {
		status.LastError, status.RetryAt = s.lastErr.Error(), s.retryAt
	}
	return status
}
