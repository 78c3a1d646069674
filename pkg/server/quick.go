package server

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/nslcd"
)

// quick answers lookups from memory, in the goroutine that accepts connections:
// if the request is there and the answer, too, then a goroutine, timers and
// contexts for the connection cost more than all the rest. Whatever would have
// to wait is left to Server.serve, which begins anew.
type quick struct {
	server *Server
	// These are used for one connection after the other. Between two, in is
	// empty.
	conn     quickConn
	in       *nslcd.RequestReader
	response *nslcd.Response
	exchange exchange
	breath   *breath
	// answered: the last connection was. awake: the next one was waited for.
	answered, awake bool
}

func newQuick(s *Server) *quick {
	q := &quick{server: s, breath: newBreath()}
	q.in = nslcd.NewRequestReader(&q.conn)
	q.response = nslcd.NewResponse(&q.conn, 0)
	return q
}

// linger waits a moment for the next connection behind an answer.
func (q *quick) linger(listener syscall.RawConn) {
	q.awake = q.answered && await(listener, lingering)
	q.answered = false
}

// serve reports whether it answered. If so, rest is what could not be sent
// without waiting, and the connection is closed if there is none.
func (q *quick) serve(conn *net.UnixConn, caller Credential) (done bool, rest []byte) {
	if !q.conn.reset(conn) || q.awake && !await(q.conn.raw, arriving) {
		return false, nil
	}
	q.exchange = exchange{server: q.server, conn: &q.conn, caller: caller, began: time.Now(), response: q.response}
	if !q.answer(&q.exchange) {
		return false, nil
	}
	q.in.Reset(&q.conn)
	if rest = q.conn.rest; rest != nil {
		q.response = nslcd.NewResponse(&q.conn, 0) // rest is in the memory of the other
	} else {
		conn.Close()
	}
	q.breath.answered()
	q.answered = true
	return true, rest
}

func (q *quick) close() { q.breath.close() }

// read reports whether it read a request that may be answered here.
func (q *quick) read() (nslcd.Request, route, bool) {
	action, err := q.in.Header()
	route := routes[action]
	if err != nil || !route.quick {
		return nslcd.Request{}, route, false
	}
	request, err := q.in.Body()
	return request, route, err == nil && !q.in.Full()
}

// answer reports whether it answered; a bug in a lookup is no answer, but there
// will be no other.
func (q *quick) answer(x *exchange) (done bool) {
	defer x.release()
	defer x.survive()
	request, route, ok := q.read()
	if !ok {
		return false
	}
	x.request, x.backend = request, q.server.backends.acquire()
	if x.backend == nil || x.backend.AtOnce == nil || !route.allowed(x.caller, x.request) {
		return false
	}
	done = true
	x.response.Reset(x.conn, x.request.Action)
	return !errors.Is(route.serve(x.backend.AtOnce, x), names.ErrNotInMemory)
}

// handOver returns a reader of the request on conn for Server.serve, which has
// what the quick look at it read.
func (q *quick) handOver(conn *net.UnixConn) *nslcd.RequestReader {
	in := q.in
	q.in = nslcd.NewRequestReader(&q.conn)
	in.Again(conn)
	return in
}

// send sends the rest of an answer to a caller who is slow, and closes the
// connection.
func (s *Server) send(ctx context.Context, conn *net.UnixConn, rest []byte) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if conn.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout)) == nil {
		_, _ = conn.Write(rest) // whoever does not read gets no more
	}
}

// errWait says that there is nothing to read, or no more than was read before.
var errWait = errors.New("not yet")

// quickConn reads once and writes, without waiting.
type quickConn struct {
	*net.UnixConn
	raw  syscall.RawConn
	read bool
	rest []byte // what could not be written yet
}

func (c *quickConn) reset(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	*c = quickConn{UnixConn: conn, raw: raw}
	return err == nil
}

func (c *quickConn) Read(p []byte) (n int, err error) {
	if c.read {
		return 0, errWait
	}
	c.read = true
	problem := c.raw.Control(func(fd uintptr) { n, err = unix.Read(int(fd), p) })
	if err = errors.Join(problem, err); err != nil || n <= 0 {
		return 0, errors.Join(errWait, err)
	}
	return n, nil
}

// Write takes all of p, once. What is not sent is in rest then.
func (c *quickConn) Write(p []byte) (n int, err error) {
	problem := c.raw.Control(func(fd uintptr) { n, err = unix.Write(int(fd), p) })
	if n < 0 {
		n = 0
	}
	if problem != nil || err != nil && !errors.Is(err, unix.EAGAIN) {
		return len(p), nil // nobody is there any more
	}
	if n < len(p) {
		c.rest = p[n:]
	}
	return len(p), nil
}

// SetWriteDeadline does nothing: nothing here waits.
func (c *quickConn) SetWriteDeadline(time.Time) error { return nil }
