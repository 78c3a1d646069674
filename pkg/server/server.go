package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/goldap/goldap/pkg/throttle"
)

// Options are what does not depend on the configuration. The zero value of a
// field means its default.
type Options struct {
	Logger *slog.Logger
	// HeaderTimeout is how long a caller may take to say what it wants (1 s),
	// RequestTimeout for the whole request (2 s).
	HeaderTimeout, RequestTimeout time.Duration
	// HeaderDelay is how long a login may take before the header of its
	// response goes out ahead of the rest (200 ms).
	HeaderDelay time.Duration
	// QueueTimeout is how long a connection may wait for a place, and an
	// enumeration for its turn (1 s).
	QueueTimeout time.Duration
	// WriteTimeout is how long a caller may take to read the answer (10 s).
	WriteTimeout time.Duration
	// ReaderTimeout is how long it may take to read a part of an enumeration
	// (60 s, as with nslcd): people look at it page by page.
	ReaderTimeout time.Duration
	// StallTimeout is how long an enumeration may go on without one more entry
	// (60 s). There is no limit to the whole of it.
	StallTimeout time.Duration
	// Enumerations bounds those that are under way at the same time (32, and 8
	// for each uid but root): each has a connection to the directory of its own.
	Enumerations Limits
	// DrainTimeout is how long bytes that nobody asked for are waited for
	// before the connection is closed (100 ms).
	DrainTimeout time.Duration
	// ShutdownTimeout is how long requests in flight may take after Run was
	// told to stop (3 s).
	ShutdownTimeout time.Duration
	// NSSwitch is nsswitch.conf(5) of this machine (/etc/nsswitch.conf).
	NSSwitch string
	// Self is the process whose connections have root's places, whoever it
	// is: the daemon asks itself whether it answers, and a crowd of callers
	// must not keep it from finding out. 0 is none.
	Self int
	// Credential says who is calling (PeerCredential).
	Credential func(*net.UnixConn) (Credential, error)
	// Observer hears of every PAM request; nil is nobody.
	Observer Observer
}

func (o Options) withDefaults() Options {
	setDefault(&o.HeaderTimeout, time.Second)
	setDefault(&o.RequestTimeout, 2*time.Second)
	setDefault(&o.HeaderDelay, 200*time.Millisecond)
	setDefault(&o.QueueTimeout, time.Second)
	setDefault(&o.WriteTimeout, 10*time.Second)
	setDefault(&o.ReaderTimeout, time.Minute)
	setDefault(&o.StallTimeout, time.Minute)
	setDefault(&o.DrainTimeout, 100*time.Millisecond)
	setDefault(&o.ShutdownTimeout, 3*time.Second)
	if o.Enumerations == (Limits{}) {
		o.Enumerations = Limits{Connections: 32, PerUID: 8}
	}
	if o.NSSwitch == "" {
		o.NSSwitch = "/etc/nsswitch.conf"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Credential == nil {
		o.Credential = func(conn *net.UnixConn) (Credential, error) { return PeerCredential(conn) }
	}
	return o
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Server serves requests. Its methods may be called at the same time.
type Server struct {
	options  Options
	backends generations
	doors    *admission
	// listings admits enumerations.
	listings *admission
	// These pace the log lines that callers can cause at will.
	crowds   rate.Sometimes
	nonsense rate.Sometimes
	starved  rate.Sometimes
	turned   atomic.Int64 // since the last of these lines
	nsswitch nsswitch
	// attempts and guesses outlast the configuration.
	attempts *throttle.Table
	guesses  durations
	// These are for Status.
	started      time.Time
	served       atomic.Uint64
	turnedAway   atomic.Uint64
	failedReload atomic.Pointer[FailedReload]
}

// New returns a Server that answers from backend and closes it in the end.
func New(backend *Backend, options Options) *Server {
	options = options.withDefaults()
	s := &Server{
		options:  options,
		started:  time.Now(),
		attempts: throttle.New(time.Now),
		doors:    newAdmission(fitting(backend.Limits, options.Logger)),
		listings: newAdmission(options.Enumerations),
		crowds:   rate.Sometimes{First: 1, Interval: time.Second},
		nonsense: rate.Sometimes{First: 100, Interval: time.Second},
		starved:  rate.Sometimes{First: 1, Interval: time.Second},
	}
	s.nsswitch.path, s.nsswitch.logger = options.NSSwitch, options.Logger
	s.backends.logger = options.Logger
	s.backends.swap(backend)
	return s
}

// Swap makes backend answer all further requests. Those in flight finish on
// the old one, which is closed after the last of them.
func (s *Server) Swap(backend *Backend) {
	s.doors.setLimits(fitting(backend.Limits, s.options.Logger))
	s.backends.swap(backend)
	s.failedReload.Store(nil)
}

// RetryNow makes the present backend's directories try at once what waits for
// its retry time.
func (s *Server) RetryNow() {
	present := s.backends.acquire()
	if present == nil {
		return
	}
	defer s.backends.release(present)
	if present.RetryNow != nil {
		present.RetryNow()
	}
}

// Flush makes the present backend forget what directories said.
func (s *Server) Flush() {
	present := s.backends.acquire()
	if present == nil {
		return
	}
	defer s.backends.release(present)
	if present.Flush != nil {
		present.Flush()
	}
}

// Close closes the backend after the last request on it. Connections that
// come later are closed without an answer.
func (s *Server) Close() { s.backends.swap(nil) }

// Listener is where connections come from: a *Socket or a *net.UnixListener.
type Listener interface {
	AcceptUnix() (*net.UnixConn, error)
	SyscallConn() (syscall.RawConn, error)
	Addr() net.Addr
	Close() error
}

// Run serves the listeners until ctx ends, and closes them then: no new
// connections, and ShutdownTimeout for those that are open.
func (s *Server) Run(ctx context.Context, listeners ...Listener) error {
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var accepting, connections sync.WaitGroup
	for _, listener := range listeners {
		accepting.Go(func() { s.accept(ctx, serving, listener, &connections) })
	}
	<-ctx.Done()
	var errs []error
	for _, listener := range listeners {
		errs = append(errs, listener.Close())
	}
	accepting.Wait()
	return errors.Join(append(errs, s.drain(&connections, cancel))...)
}

// drain waits for the connections, and cuts off what takes too long.
func (s *Server) drain(connections *sync.WaitGroup, cancel context.CancelFunc) error {
	done := make(chan struct{})
	go func() {
		connections.Wait()
		close(done)
	}()
	if waitFor(done, s.options.ShutdownTimeout) {
		return nil
	}
	cancel()
	if waitFor(done, time.Second) {
		return nil
	}
	return fmt.Errorf("requests still running %v after the end", s.options.ShutdownTimeout)
}

func waitFor(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// accept starts a goroutine for each connection until listener is closed.
func (s *Server) accept(ctx, serving context.Context, listener Listener, connections *sync.WaitGroup) {
	quick := newQuick(s)
	defer quick.close()
	raw, err := listener.SyscallConn()
	if err != nil {
		return // it was closed
	}
	for {
		quick.linger(raw)
		conn, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.starved.Do(func() {
				s.options.Logger.Error("accept", "socket", listener.Addr().String(), "error", err)
			})
			waitFor(ctx.Done(), 50*time.Millisecond) // out of descriptors, perhaps: let some be closed
			continue
		}
		s.admit(serving, conn, connections, quick)
	}
}

// admit serves conn if its caller may have one more connection, now or in a
// moment, and closes it if not.
func (s *Server) admit(ctx context.Context, conn *net.UnixConn, connections *sync.WaitGroup, quick *quick) {
	accepted := time.Now()
	caller, err := s.options.Credential(conn)
	if err != nil {
		s.options.Logger.Error("caller not known", "error", err)
		conn.Close()
		return
	}
	place := s.place(caller)
	now, later := s.doors.enter(place)
	if !now && later == nil {
		s.turnAway(conn, caller)
		return
	}
	if now {
		s.served.Add(1)
		switch done, rest := quick.serve(conn, caller); {
		case done && rest == nil:
			s.doors.leave(place)
			return
		case done:
			connections.Go(func() {
				defer s.doors.leave(place)
				s.send(ctx, conn, rest)
			})
			return
		}
	}
	in := quick.handOver(conn)
	connections.Go(func() {
		if !now {
			if !s.doors.wait(ctx, later, s.options.QueueTimeout) {
				s.turnAway(conn, caller)
				return
			}
			s.served.Add(1)
		}
		defer s.doors.leave(place)
		s.serve(ctx, conn, caller, accepted, in)
	})
}

// place returns whose place a connection of caller takes.
func (s *Server) place(caller Credential) uint32 {
	if s.options.Self != 0 && int(caller.PID) == s.options.Self {
		return 0
	}
	return caller.UID
}

// turnAway closes a connection that is one too many.
func (s *Server) turnAway(conn net.Conn, caller Credential) {
	s.turned.Add(1)
	s.turnedAway.Add(1)
	s.crowds.Do(func() {
		s.options.Logger.Warn("too many connections", "caller_uid", caller.UID, "caller_pid", caller.PID,
			"turned_away", s.turned.Swap(0))
	})
	conn.Close()
}
