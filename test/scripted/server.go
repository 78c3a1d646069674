package scripted

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"
)

// Script says what the server does at each step. A nil field means the right
// thing. A handler that returns lets the server read the next request, unless
// it closed the connection.
type Script struct {
	// Accept runs before the first byte is read.
	Accept func(c *Conn)
	// StartTLS runs for the StartTLS request.
	StartTLS func(c *Conn, r *Request)
	// Bind, Search, Modify and Extended run for these requests.
	Bind     func(c *Conn, r *Request)
	Search   func(c *Conn, r *Request)
	Modify   func(c *Conn, r *Request)
	Extended func(c *Conn, r *Request)
	// Answer runs instead of sending a message of the answer to a request, and
	// sends what it likes with Write.
	Answer func(c *Conn, r *Request, message []byte)
}

// Server is one server. Its methods may be called while it serves.
type Server struct {
	// TLS is used by StartTLS, and from the first byte with Implicit (ldaps).
	// nil makes the server refuse StartTLS. Set before the first connection.
	TLS      *tls.Config
	Implicit bool

	mu       sync.Mutex
	script   Script
	tree     tree
	conns    map[*Conn]bool
	count    int
	refuse   bool
	binds    []Bind
	finds    []Search
	modifies []Modify
	ext      []string
	done     chan struct{}
	serving  sync.WaitGroup
}

// Bind is one bind request that came.
type Bind struct {
	Conn     int // the connection, from 1
	DN       string
	Password string
	TLS      bool
	// Mechanism and Credentials are SASL's.
	Mechanism, Credentials string
}

// Search is one search request that came.
type Search struct {
	Conn       int
	BoundAs    string // "" before a successful bind
	TLS        bool
	Base       string
	Scope      int
	Deref      int
	SizeLimit  int
	TimeLimit  int
	Filter     string // RFC 4515
	Attributes []string
	Paged      bool
}

// Modify is one modify request that came.
type Modify struct {
	Conn    int
	BoundAs string // "" before a successful bind
	DN      string
	Changes []Change
}

// New returns a server that stops at the end of the test.
func New(t testing.TB) *Server {
	s := &Server{conns: map[*Conn]bool{}, done: make(chan struct{})}
	t.Cleanup(s.Close)
	return s
}

// Script replaces the script, from the next request on.
func (s *Server) Script(script Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
}

func (s *Server) current() Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.script
}

// Add puts entries into the directory.
func (s *Server) Add(entries ...Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tree.entries = append(s.tree.entries, entries...)
}

// Refuse makes the server turn new connections away, or not.
func (s *Server) Refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// Listen serves on a loopback address and returns it as host:port.
func (s *Server) Listen(t testing.TB) string {
	t.Helper()
	return s.ListenOn(t, "tcp", "127.0.0.1:0")
}

// ListenOn is Listen for any address, such as a Unix socket's.
func (s *Server) ListenOn(t testing.TB, network, address string) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if s.take(conn) != nil {
				_ = conn.Close()
			}
		}
	})
	s.serving.Go(func() {
		<-s.done
		_ = listener.Close()
	})
	return listener.Addr().String()
}

// Dial connects through a net.Pipe. It has the signature of
// net.Dialer.DialContext and ignores the address.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	if err := s.take(server); err != nil {
		return nil, err
	}
	return client, nil
}

// Dialer returns a Dial that leads each host:port to its server.
func Dialer(servers map[string]*Server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		server := servers[address]
		if server == nil {
			return nil, errors.New("no route to " + address)
		}
		return server.Dial(ctx, network, address)
	}
}

// take serves a connection in the background.
func (s *Server) take(conn net.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		return errors.New("connection refused: the server has stopped")
	default:
	}
	if s.refuse {
		return errors.New("connection refused")
	}
	s.count++
	c := &Conn{server: s, conn: conn, raw: conn, Number: s.count}
	s.conns[c] = true
	s.serving.Go(func() {
		c.serve()
		s.forget(c)
	})
	return nil
}

func (s *Server) forget(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// Drop closes all connections but goes on serving.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.raw.Close()
	}
}

// Close stops the server and waits until nothing of it runs.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	for c := range s.conns {
		_ = c.raw.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// Connections returns how many connections were ever accepted.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Open returns how many connections are open now.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Binds returns the binds that came so far.
func (s *Server) Binds() []Bind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Bind(nil), s.binds...)
}

// Searches returns the searches that came so far.
func (s *Server) Searches() []Search {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Search(nil), s.finds...)
}

// Modifies returns the modify requests that came so far.
func (s *Server) Modifies() []Modify {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Modify(nil), s.modifies...)
}

// ExtendedRequests returns the names of the extended requests that came so
// far, StartTLS among them.
func (s *Server) ExtendedRequests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.ext...)
}
