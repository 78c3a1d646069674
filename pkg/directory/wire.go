package directory

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Caps on one message from a server, in bytes, and on all entries of one
// search together.
const (
	serviceMessageLimit = 16 << 20
	bindMessageLimit    = 1 << 20
	searchBytesLimit    = 32 << 20
	// swallowedLimit: a search above the limit has ended for whoever asked;
	// what still comes is swallowed up to here, for the sake of the others on
	// the connection.
	swallowedLimit = 2 * searchBytesLimit
)

// outgoingLimit caps the requests that wait because the server does not read.
const outgoingLimit = 1 << 20

// init sets the second fence behind readMessage and checkElements: go-ldap's
// decoder is never handed more than this.
func init() {
	ber.MaxPacketLengthBytes = serviceMessageLimit
	ber.MaxNestingDepth = 2 * maxDepth
}

// wire is the net.Conn that go-ldap gets, above TLS. It reads whole messages,
// checks them before the library sees them, and fails the connection on
// whatever a server must not send:
//
//   - a message above the size limit, nested too deep or not well formed;
//   - a response to no request, or by another operation than the request's
//     (go-ldap 3.4.15 takes any success for a bind's success);
//   - a notice of disconnection (RFC 4511, section 4.4.1), which go-ldap
//     ignores.
//
// A search whose entries are too large together ends with the result code
// sizeLimitExceeded, made up here, and the connection goes on.
//
// Requests are written beside the library: its dispatcher, which also hands
// out the responses, would stop for as long as the server does not read.
//
// Every read and write has a deadline. The response to a bind or an extended
// request is kept for answer, since the library narrows result codes and drops
// controls that it cannot decode.
type wire struct {
	raw   net.Conn // what is closed: closing it ends everything at once
	conn  net.Conn // raw, or the TLS connection above it
	in    *bufio.Reader
	limit int
	// exchangeTimeout bounds the wait for the next response while a request
	// is outstanding, one message, and one write.
	exchangeTimeout time.Duration
	onFail          func()
	// references lets continuation references through; otherwise they are
	// counted and swallowed.
	references bool

	// Only the library's reader uses these.
	buf, pending []byte

	mu          sync.Mutex
	idle        time.Duration // how long to wait while nothing is outstanding
	outstanding map[int64]*exchange
	lastRead    time.Time
	collector   *collector // nil: the library decodes the entries
	kept        []byte     // the response that answer returns
	outgoing    []byte     // requests to be written
	spare       []byte     // the buffer for the next ones
	flushing    bool
	err         error
}

func newWire(raw, conn net.Conn, limit int, exchangeTimeout, idle time.Duration) *wire {
	return &wire{
		raw: raw, conn: conn, in: bufio.NewReaderSize(conn, 4096), limit: limit,
		exchangeTimeout: exchangeTimeout, idle: idle,
		outstanding: map[int64]*exchange{},
	}
}

// fail closes the connection for the reason err. Only the first reason counts.
func (w *wire) fail(err error) {
	w.mu.Lock()
	if w.err != nil {
		w.mu.Unlock()
		return
	}
	w.err = err
	clear(w.outgoing)
	w.outgoing = nil
	onFail := w.onFail
	w.mu.Unlock()
	_ = w.raw.Close()
	if onFail != nil {
		onFail()
	}
}

// failure returns the reason of fail, or nil while the connection is good.
func (w *wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// notify makes f run when the connection fails; at once if it has.
func (w *wire) notify(f func()) {
	w.mu.Lock()
	w.onFail = f
	dead := w.err != nil
	w.mu.Unlock()
	if dead && f != nil {
		f()
	}
}

// setIdle changes how long the connection may wait without a request.
func (w *wire) setIdle(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = d
	if len(w.outstanding) == 0 {
		_ = w.conn.SetReadDeadline(time.Now().Add(d))
	}
}

// silentSince reports whether nothing was received after t.
func (w *wire) silentSince(t time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.lastRead.After(t)
}

// answer returns and forgets the last bind, extended or modify response: the whole
// LDAPMessage, or nil.
func (w *wire) answer() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.kept
	w.kept = nil
	return kept
}

// Write takes over one request. The library calls it once for each.
func (w *wire) Write(b []byte) (int, error) {
	if err := w.enqueue(b); err != nil {
		w.fail(err)
		return 0, err
	}
	return len(b), nil
}

// enqueue notes the request in b and has it written.
func (w *wire) enqueue(b []byte) error {
	id, op, err := messageHead(b)
	if err != nil {
		return violation("request: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if len(w.outgoing)+len(b) > outgoingLimit {
		return broken("write", fmt.Errorf("the server does not read: %d bytes wait", len(w.outgoing)))
	}
	w.append(b)
	if op != opUnbindRequest {
		w.outstanding[id] = newExchange(op, b)
		w.kept = nil
		_ = w.conn.SetReadDeadline(time.Now().Add(w.exchangeTimeout))
	}
	if !w.flushing {
		w.flushing = true
		go w.flush()
	}
	return nil
}

// append adds b to what is outgoing. A buffer that is too small is wiped when it
// is left behind. The caller holds w.mu.
func (w *wire) append(b []byte) {
	if need := len(w.outgoing) + len(b); need > cap(w.outgoing) {
		larger := make([]byte, len(w.outgoing), max(need, 2*cap(w.outgoing)))
		copy(larger, w.outgoing)
		clear(w.outgoing)
		w.outgoing = larger
	}
	w.outgoing = append(w.outgoing, b...)
}

// flush writes what is outgoing until nothing is left. It wipes what it wrote:
// passwords are in it.
func (w *wire) flush() {
	for {
		buf := w.takeOutgoing()
		if buf == nil {
			return
		}
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.exchangeTimeout))
		_, err := w.conn.Write(buf)
		clear(buf)
		if err != nil {
			w.fail(broken("write", err))
		}
		if cap(buf) <= chunk {
			w.mu.Lock()
			w.spare = buf
			w.mu.Unlock()
		}
	}
}

// takeOutgoing returns what is to be written, or nil and ends flushing.
func (w *wire) takeOutgoing() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.outgoing) == 0 || w.err != nil {
		w.flushing = false
		return nil
	}
	buf := w.outgoing
	w.outgoing, w.spare = w.spare[:0], nil
	return buf
}

// Read gives the library the bytes of checked messages.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.pending) == 0 {
		message, err := w.next()
		if err != nil {
			w.fail(err)
			return 0, err
		}
		w.pending = message
	}
	n := copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

// next returns the next message for the library.
func (w *wire) next() ([]byte, error) {
	for {
		message, err := w.receive()
		if err != nil {
			return nil, err
		}
		if message, err = w.received(message); err != nil || message != nil {
			return message, err
		}
	}
}

// receive waits for a message and reads it.
func (w *wire) receive() ([]byte, error) {
	if cap(w.buf) > 2*chunk {
		w.buf = nil
	}
	w.awaitDeadline()
	if _, err := w.in.Peek(1); err != nil {
		return nil, broken("read", err)
	}
	_ = w.conn.SetReadDeadline(time.Now().Add(w.exchangeTimeout))
	var err error
	if w.buf, err = readMessage(w.in, w.limit, w.buf); err != nil {
		if noAnswer(err) {
			return nil, err
		}
		return nil, broken("read", err)
	}
	return w.buf, nil
}

// awaitDeadline sets the read deadline before waiting for the next message.
func (w *wire) awaitDeadline() {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := w.idle
	if len(w.outstanding) > 0 {
		wait = w.exchangeTimeout
	}
	_ = w.conn.SetReadDeadline(time.Now().Add(wait))
}

// received checks one message and ends its exchange if it is the last. It
// returns what the library is to see instead of the message, nil for nothing.
func (w *wire) received(message []byte) ([]byte, error) {
	left := maxElements
	if err := checkElements(message, 0, &left); err != nil {
		return nil, violation("%w", err)
	}
	id, op, err := messageHead(message)
	if err != nil {
		return nil, violation("response: %w", err)
	}
	if id == 0 {
		return nil, noticeOfDisconnection(message)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastRead = time.Now()
	return w.match(id, op, message)
}

// match pairs a response with its request. The caller holds w.mu.
func (w *wire) match(id int64, op byte, message []byte) ([]byte, error) {
	request := w.outstanding[id]
	if request == nil {
		return nil, violation("response %#02x to no request (message %d)", op, id)
	}
	switch {
	case request.op == opBindRequest && op == opBindResponse,
		request.op == opExtendedRequest && op == opExtendedResponse,
		request.op == opModifyRequest && op == opModifyResponse:
		w.kept = append([]byte(nil), message...)
		delete(w.outstanding, id)
	case request.op == opSearchRequest && op == opSearchResultDone:
		delete(w.outstanding, id)
		if request.ended {
			return nil, nil
		}
	case request.op == opSearchRequest && op == opSearchResultEntry:
		return w.entry(request, id, message)
	case request.op == opSearchRequest && op == opSearchReference,
		request.op != opBindRequest && op == opIntermediateResponse:
		return request.part(id, op, message, w.references)
	default:
		return nil, violation("request %#02x answered by %#02x", request.op, op)
	}
	return message, nil
}

// entry is part for an entry, which the library does not see if it is collected.
func (w *wire) entry(request *exchange, id int64, message []byte) ([]byte, error) {
	visible, err := request.part(id, opSearchResultEntry, message, w.references)
	if w.collector == nil || request.ended || err != nil {
		return visible, err
	}
	return nil, w.collector.add(message)
}

// collectEntries keeps entries from the library from now on, for takeEntries.
func (w *wire) collectEntries() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.collector = &collector{names: map[string]string{}}
}

// takeEntries returns the entries that were collected since it was last called.
func (w *wire) takeEntries() []*ldap.Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.collector == nil {
		return nil
	}
	entries := w.collector.entries
	w.collector.entries = make([]*ldap.Entry, 0, len(entries))
	return entries
}

// takeReferences lets continuation references through from now on.
func (w *wire) takeReferences() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.references = true
}

// Close closes the connection below at once, without waiting for TLS to say
// goodbye to a peer that may not listen.
func (w *wire) Close() error {
	w.fail(fmt.Errorf("%w: %w", errTransport, net.ErrClosed))
	return nil
}

// LocalAddr is part of net.Conn.
func (w *wire) LocalAddr() net.Addr { return w.raw.LocalAddr() }

// RemoteAddr is part of net.Conn.
func (w *wire) RemoteAddr() net.Addr { return w.raw.RemoteAddr() }

// SetDeadline is part of net.Conn. The deadlines are the wire's own: it does
// nothing, as do the other two.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
