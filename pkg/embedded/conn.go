package embedded

import (
	"bufio"
	"errors"
	"io"
	"net"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

const (
	// handshakeTimeout is what a client gets for its TLS handshake.
	handshakeTimeout = 10 * time.Second
	// writeTimeout is what a client gets to take an answer.
	writeTimeout = 30 * time.Second
	// oidDisconnection is RFC 4511, section 4.4.1.
	oidDisconnection = "1.3.6.1.4.1.1466.20036"
)

// conn is one connection. Only the goroutine that serves it touches it.
type conn struct {
	dir  *Directory
	net  net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	tls  bool
	role role
	// bound is nil for an anonymous connection.
	bound *entry
}

// serve answers the requests of one client until it hangs up.
func (d *Directory) serve(raw net.Conn) {
	defer d.untrack(raw)
	c := &conn{dir: d}
	c.use(raw)
	err := c.loop()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		d.logger.Debug("embedded directory: connection ended", "client", raw.RemoteAddr().String(), "error", err)
	}
}

// use makes n the stream below; what was buffered from another is forgotten,
// so that nothing sent before StartTLS counts after it.
func (c *conn) use(n net.Conn) {
	c.net = n
	c.r = bufio.NewReader(n)
	c.w = bufio.NewWriter(n)
}

// errUnbind ends a connection in the regular way.
var errUnbind = errors.New("unbind")

func (c *conn) loop() error {
	for {
		m, err := readMessage(c.r)
		if errors.Is(err, errMalformed) || errors.Is(err, errTooLong) {
			c.disconnect(err.Error())
		}
		if err != nil {
			return err
		}
		if err := c.handle(m); err != nil {
			if errors.Is(err, errUnbind) {
				return nil
			}
			return err
		}
		if err := c.flushIfIdle(); err != nil {
			return err
		}
	}
}

// flushIfIdle writes the answers out unless more requests are waiting.
func (c *conn) flushIfIdle() error {
	if c.r.Buffered() > 0 {
		return nil
	}
	return c.flush()
}

func (c *conn) flush() error {
	if err := c.net.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return c.w.Flush()
}

// handle answers one request.
func (c *conn) handle(m *message) error {
	for _, control := range m.controls {
		if control.critical && !supportedControls[control.oid] {
			return c.refuse(m, result{codeUnavailableCriticalExtension, "unknown critical control " + control.oid})
		}
	}
	switch m.op.Tag {
	case opUnbindRequest:
		return errUnbind
	case opAbandonRequest:
		return nil
	case opBindRequest:
		return c.bind(m)
	case opSearchRequest:
		return c.search(m)
	case opExtendedRequest:
		return c.extended(m)
	}
	return c.refuse(m, result{codeUnwillingToPerform, "this directory does not do that"})
}

// supportedControls may be critical.
var supportedControls = map[string]bool{oidBehera: true, oidPaging: true, oidManageDsaIT: true}

const (
	// oidPaging is RFC 2696.
	oidPaging = "1.2.840.113556.1.4.319"
	// oidManageDsaIT is RFC 3296. There are no referrals here, so it changes
	// nothing.
	oidManageDsaIT = "2.16.840.1.113730.3.4.2"
)

// responseTags are the responses to the requests that have one.
var responseTags = map[ber.Tag]ber.Tag{
	opBindRequest:     opBindResponse,
	opSearchRequest:   opSearchDone,
	opExtendedRequest: opExtendedResponse,
	opModifyRequest:   opModifyRequest + 1,
	opAddRequest:      opAddRequest + 1,
	opDeleteRequest:   opDeleteRequest + 1,
	opModifyDNRequest: opModifyDNRequest + 1,
	opCompareRequest:  opCompareRequest + 1,
}

// refuse answers m with a bare result; a request that has no response gets
// none, an operation that LDAP does not know ends the connection.
func (c *conn) refuse(m *message, r result) error {
	if m.op.Tag == opUnbindRequest || m.op.Tag == opAbandonRequest {
		return nil
	}
	tag, ok := responseTags[m.op.Tag]
	if !ok {
		c.disconnect("unknown operation")
		return errMalformed
	}
	return c.send(r.response(m.id, tag, nil, nil))
}

func (c *conn) send(p *ber.Packet) error {
	_, err := c.w.Write(p.Bytes())
	return err
}

// disconnect sends a notice of disconnection; the caller hangs up.
func (c *conn) disconnect(why string) {
	name := contextOctets(10, oidDisconnection)
	_ = c.send(result{codeProtocolError, why}.response(0, opExtendedResponse, []*ber.Packet{name}, nil))
	_ = c.flush()
}

// private reports whether passwords and entries may travel here.
func (c *conn) private() bool { return c.tls || c.dir.options.AllowClearText }

var errNotPrivate = result{codeConfidentialityRequired, "TLS confidentiality required"}

// restricted reports whether the bound user must change the password first.
func (c *conn) restricted() bool {
	return c.bound != nil && c.bound.credentials.mustChange()
}
