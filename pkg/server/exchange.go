package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/nslcd"
)

// exchange is one request and its response.
type exchange struct {
	server   *Server
	conn     net.Conn
	caller   Credential
	log      *slog.Logger // use logger
	began    time.Time
	backend  *generation
	in       *nslcd.RequestReader
	request  nslcd.Request
	response *nslcd.Response
	// enumerating: the answer is long, and may be read slowly.
	enumerating bool
	// waited is how long the login waited for its turn.
	waited time.Duration
}

// ServeOne reads one request from conn, answers it, and closes conn. If ctx
// ends before, conn is closed without a complete answer.
func (s *Server) ServeOne(ctx context.Context, conn net.Conn, caller Credential) {
	s.serve(ctx, conn, caller, time.Now(), nslcd.NewRequestReader(conn))
}

// serve is ServeOne for a connection that was accepted a while ago: its time
// counts from then on. A part of the request may have been read already.
func (s *Server) serve(ctx context.Context, conn net.Conn, caller Credential, accepted time.Time, in *nslcd.RequestReader) {
	x := &exchange{server: s, conn: conn, caller: caller, began: accepted, in: in}
	defer x.release()
	defer conn.Close()
	defer x.survive()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	defer func() { x.request.Wipe() }()

	if err := x.read(); err != nil {
		x.refuse(err)
		return
	}
	if err := x.answer(ctx); err != nil {
		x.logger().Debug("answer not delivered", "op", x.request.Action.String(), "error", err)
		return
	}
	if unread(conn) {
		s.hangUp(conn)
	}
}

// logger returns the logger with the request's id and caller. It is made when
// the first line is written: most requests write none.
func (x *exchange) logger() *slog.Logger {
	if x.log == nil {
		x.log = x.server.options.Logger.With("request", requestID(),
			"caller_uid", x.caller.UID, "caller_pid", x.caller.PID)
	}
	return x.log
}

func requestID() string {
	var id [6]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

func (x *exchange) release() {
	if x.backend != nil {
		x.server.backends.release(x.backend)
	}
}

// survive keeps a bug in the handling of one request from ending the daemon.
// The connection is closed without the end marker: nothing was decided.
func (x *exchange) survive() {
	if reason := recover(); reason != nil {
		x.logger().Error("request failed by a bug", "op", x.request.Action.String(), "panic", reason,
			"stack", string(debug.Stack()))
	}
}

// read reads the request within its deadlines.
func (x *exchange) read() error {
	in := x.in
	defer in.Wipe()
	options, now := x.server.options, time.Now()
	if err := x.conn.SetReadDeadline(now.Add(options.HeaderTimeout)); err != nil {
		return err
	}
	if _, err := in.Header(); err != nil {
		return err
	}
	if err := x.conn.SetReadDeadline(now.Add(options.RequestTimeout)); err != nil {
		return err
	}
	request, err := in.Body()
	x.request = request
	return err
}

// refuse ends an exchange whose request was not one.
func (x *exchange) refuse(err error) {
	gone := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
	if gone || errors.Is(err, os.ErrDeadlineExceeded) {
		x.logger().Debug("no request", "error", err)
		return
	}
	if errors.Is(err, nslcd.ErrAction) {
		x.logger().Debug("action not served", "error", err)
		x.server.hangUp(x.conn)
		return
	}
	x.server.nonsense.Do(func() { x.logger().Warn("request refused", "error", err) })
	x.server.hangUp(x.conn)
}

// answer looks the action up in the permission table and has it served.
func (x *exchange) answer(ctx context.Context) error {
	x.backend = x.server.backends.acquire()
	route, listed := routes[x.request.Action]
	if x.backend == nil || !listed {
		return nil
	}
	ctx, cancel := x.within(ctx, route)
	defer cancel()
	x.response = nslcd.NewResponse(x.conn, x.request.Action)
	if !route.allowed(x.caller, x.request) {
		return x.deny()
	}
	if route.unbounded {
		return x.serveEnumeration(ctx, route)
	}
	return route.serve(ctx, x)
}

// within gives the request the time that its route has.
func (x *exchange) within(ctx context.Context, route route) (context.Context, context.CancelFunc) {
	limit := x.backend.LookupTimeout
	switch {
	case route.unbounded:
		return context.WithCancel(ctx)
	case route.login:
		limit = x.backend.LoginTimeout
	}
	if action := x.request.Action; action == nslcd.ActionLogin || action == nslcd.ActionAdmit {
		limit = min(limit, x.request.Budget)
	}
	return context.WithDeadline(ctx, x.began.Add(limit))
}

// flush sends what is in the response.
func (x *exchange) flush() error {
	limit := x.server.options.WriteTimeout
	if x.enumerating {
		limit = x.server.options.ReaderTimeout
	}
	if err := x.conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	return x.response.Flush()
}

// end sends what is in the response and that it is complete.
func (x *exchange) end() error {
	x.response.End()
	return x.flush()
}

// unread reports whether the caller sent more than its request. A Unix socket
// that is closed then fails the caller's next read with ECONNRESET.
func unread(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	waiting := 0
	err = raw.Control(func(fd uintptr) { waiting, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return err == nil && waiting > 0
}

// maxDrain bounds what is read only to be thrown away.
const maxDrain = 1 << 20

// hangUp says that there is no more to come and reads away what the caller
// still sends, so that it sees the answer and a clean end.
func (s *Server) hangUp(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	if conn.SetReadDeadline(time.Now().Add(s.options.DrainTimeout)) != nil {
		return
	}
	rest := make([]byte, 4096)
	defer clear(rest) // it may be a password
	for total := 0; total < maxDrain; {
		n, err := conn.Read(rest)
		if err != nil {
			return
		}
		total += n
	}
}
