package directory

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// conn is one connection to a server: secured, and with go-ldap behind it.
type conn struct {
	ldap   *ldap.Conn
	wire   *wire
	server *server
	secure bool // encrypted, or local
	// paging is full while a search in pages is under way: servers such as
	// OpenLDAP remember one for each connection.
	paging chan struct{}
	// generation numbers the service connections of a server.
	generation uint64
	// inFlight, shared and retired belong to servicePool and its lock.
	inFlight int
	shared   bool // several were in flight at a time
	retired  bool
	// held is set by the bind that uses the connection, if that is to stay
	// bound as the user (held.go).
	held bool
}

// open connects to the server and secures the connection within ctx and the
// connect timeout. limit caps one message from the server. first, unless it is
// nil, is what happens on the connection before anything else.
func (s *server) open(ctx context.Context, limit int, idle time.Duration, first func(context.Context, net.Conn) error) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.connectTimeout)
	defer cancel()
	start, at := time.Now(), securing
	raw, err := s.dial(ctx, s.at.network, s.at.address)
	if err != nil {
		return nil, s.noteUnopened(ctx, connecting, start, broken("connect", withCause(ctx, err)))
	}
	// Whatever the server does from here on, the end of ctx closes raw.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	upper, err := s.secureConn(ctx, raw)
	if err == nil && first != nil {
		at, err = binding, first(ctx, upper)
	}
	if !stop() || err != nil {
		_ = raw.Close()
		if err == nil {
			err = context.Cause(ctx)
		}
		if !noAnswer(err) || errors.Is(err, errTransport) {
			err = broken("connect", withCause(ctx, err))
		}
		return nil, s.noteUnopened(ctx, at, start, err)
	}
	w := newWire(raw, upper, limit, s.exchangeTimeout, idle)
	c := &conn{wire: w, server: s, secure: s.at.local || s.at.mode != modeOff, paging: make(chan struct{}, 1)}
	c.ldap = ldap.NewConn(w, c.secure)
	c.ldap.SetTimeout(s.exchangeTimeout)
	c.ldap.Start()
	return c, nil
}

// withCause prefers the reason why ctx ended to the error that it led to.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// secureConn puts TLS above raw, as the server's mode says.
func (s *server) secureConn(ctx context.Context, raw net.Conn) (net.Conn, error) {
	switch s.at.mode {
	case modeOff:
		return raw, nil
	case modeStartTLS:
		if err := startTLS(raw); err != nil {
			return nil, fmt.Errorf("StartTLS: %w", err)
		}
	}
	upper := tls.Client(raw, s.tls)
	err := upper.HandshakeContext(ctx)
	s.noteCertificate(upper, err)
	if err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return upper, nil
}

// startTLSRequest is the extended request of RFC 4511, section 4.14, with
// message id 1.
const startTLSRequest = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + oidStartTLS

// startTLS asks for TLS (RFC 4511, section 4.14). go-ldap's own StartTLS has
// no deadline in its handshake and leaves the wire below TLS. Exactly one
// response is read: whatever was injected behind it goes into the handshake,
// which fails. The caller bounds the time by closing raw.
func startTLS(raw net.Conn) error {
	if _, err := raw.Write([]byte(startTLSRequest)); err != nil {
		return err
	}
	r, err := awaitResult(raw, "StartTLS", 1, opExtendedResponse)
	if err != nil {
		return err
	}
	if r.code != ResultSuccess {
		return fmt.Errorf("refused by the server: result code %d %q", r.code, r.diagnostic)
	}
	return nil
}

// close ends the connection at once. The library's own Close can block for as
// long as a peer likes, so it runs beside.
func (c *conn) close() {
	_ = c.wire.Close()
	go c.ldap.Close()
}

// abort closes the connection for the reason err.
func (c *conn) abort(err error) {
	c.wire.fail(err)
	go c.ldap.Close()
}

// call runs one operation of the library and returns when it has, or when ctx
// ends; in that case the operation goes on alone until the connection closes
// or the library's own timeout. A panic in the library is an error.
func call[T any](ctx context.Context, operation func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		panicked := guarded(func() { o.value, o.err = operation() })
		if panicked != nil {
			o.err = panicked
		}
		done <- o
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, broken("wait for the response", context.Cause(ctx))
	}
}

// guarded turns a panic, most likely go-ldap's, into an error. Whatever runs
// in a goroutine of this package runs guarded: a panic there would end the
// process.
func guarded(operation func()) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = violation("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	operation()
	return nil
}

// policyControls ask for the password policy, if that is to be obeyed.
func (s *server) policyControls() []ldap.Control {
	if !s.policy {
		return nil
	}
	return []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}
}

// background runs f in a goroutine, guarded. Whoever waits for f hears of a
// panic by other means.
func background(f func()) {
	go func() { _ = guarded(f) }()
}

// bind sends a simple bind (RFC 4511, section 4.2) with the password policy
// request control, and returns what the server said. Nobody else may use the
// connection meanwhile. After an error it is closed.
func (c *conn) bind(ctx context.Context, dn string, password secret.Secret) (Reply, error) {
	if err := errors.Join(checkCredentials(dn, password), c.mayCarryPasswords()); err != nil {
		return noReply, err
	}
	request := ldap.NewSimpleBindRequest(dn, string(password.Bytes()), c.server.policyControls())
	return exclusive(ctx, c, "bind", opBindResponse, func() (*ldap.SimpleBindResult, error) {
		return c.ldap.SimpleBind(request)
	})
}

// extended sends an extended request (RFC 4511, section 4.12) with the
// password policy request control. As bind, it needs the connection alone.
func (c *conn) extended(ctx context.Context, request *ldap.ExtendedRequest) (Reply, error) {
	if err := c.mayCarryPasswords(); err != nil {
		return noReply, err
	}
	request.Controls = c.server.policyControls()
	return exclusive(ctx, c, "extended request", opExtendedResponse, func() (*ldap.ExtendedResponse, error) {
		return c.ldap.Extended(request)
	})
}

// modify sends a modify request (RFC 4511, section 4.6) with the password
// policy request control. As bind, it needs the connection alone.
func (c *conn) modify(ctx context.Context, request *ldap.ModifyRequest) (Reply, error) {
	if err := c.mayCarryPasswords(); err != nil {
		return noReply, err
	}
	request.Controls = c.server.policyControls()
	return exclusive(ctx, c, "modify", opModifyResponse, func() (struct{}, error) {
		return struct{}{}, c.ldap.Modify(request)
	})
}

// exclusive runs an operation with exactly one response and decodes that
// response from the wire. What the library thinks of it does not count: it
// narrows result codes, takes some policy controls for failures, and drops
// controls beside errors.
func exclusive[T any](ctx context.Context, c *conn, doing string, op byte, operation func() (T, error)) (Reply, error) {
	_, err := call(ctx, operation)
	if message := c.wire.answer(); message != nil {
		reply, err := replyOf(message, op)
		if err != nil {
			c.abort(err)
		}
		if !c.server.policy {
			reply.Policy = NoPolicy
		}
		return reply, err
	}
	if err == nil {
		err = violation("%s: success without a response", doing)
	}
	err = c.explain(doing, err)
	c.abort(err)
	return noReply, err
}

// mayCarryPasswords refuses a connection on which others could listen.
func (c *conn) mayCarryPasswords() error {
	if c.secure || c.server.allowClearText {
		return nil
	}
	return fmt.Errorf("%w: server %s: no password is sent over a connection without TLS", ErrRefused, c.server.at.uri)
}

// explain replaces the library's account of a broken connection by the wire's.
func (c *conn) explain(doing string, err error) error {
	if failure := c.wire.failure(); failure != nil {
		return fmt.Errorf("%s: %w", doing, failure)
	}
	if noAnswer(err) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if ldap.IsErrorWithCode(err, ldap.ErrorNetwork) {
		return broken(doing, err)
	}
	return violation("%s: %w", doing, err)
}
