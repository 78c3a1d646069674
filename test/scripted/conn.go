package scripted

import (
	"crypto/tls"
	"io"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Conn is a connection that a script acts on.
type Conn struct {
	// Number counts the server's connections from 1.
	Number int
	// BoundAs is the DN of the last successful bind.
	BoundAs string
	// TLS is true once a handshake succeeded.
	TLS bool

	server  *Server
	raw     net.Conn
	conn    net.Conn
	request *Request // the one that is being answered
}

// serve reads and answers requests until the connection ends.
func (c *Conn) serve() {
	defer func() { _ = c.raw.Close() }()
	if accept := c.server.current().Accept; accept != nil {
		accept(c)
	}
	if c.server.Implicit && !c.Handshake(c.server.TLS) {
		return
	}
	for {
		packet, err := ber.ReadPacket(c.conn)
		if err != nil {
			return
		}
		request, err := decode(packet)
		if err != nil || !c.handle(request) {
			return
		}
	}
}

// handle answers one request. It returns false at an unbind.
func (c *Conn) handle(r *Request) bool {
	script := c.server.current()
	c.request = r
	c.record(r)
	switch r.Op {
	case BindRequest:
		run(script.Bind, (*Conn).DefaultBind, c, r)
	case SearchRequest:
		run(script.Search, (*Conn).DefaultSearch, c, r)
	case ModifyRequest:
		run(script.Modify, (*Conn).DefaultModify, c, r)
	case ExtendedRequest:
		if r.Name == StartTLSOID {
			run(script.StartTLS, (*Conn).DefaultStartTLS, c, r)
		} else {
			run(script.Extended, (*Conn).DefaultExtended, c, r)
		}
	case UnbindRequest:
		return false
	}
	return true
}

func run(script, standard func(*Conn, *Request), c *Conn, r *Request) {
	if script == nil {
		script = standard
	}
	script(c, r)
}

func (c *Conn) record(r *Request) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Op {
	case BindRequest:
		s.binds = append(s.binds, Bind{
			Conn: c.Number, DN: r.DN, Password: r.Password, TLS: c.TLS,
			Mechanism: r.Mechanism, Credentials: r.Credentials,
		})
	case SearchRequest:
		_, paged := r.Controls[PagingOID]
		s.finds = append(s.finds, Search{
			Conn: c.Number, BoundAs: c.BoundAs, TLS: c.TLS, Base: r.Base, Scope: r.Scope,
			Deref: r.Deref, SizeLimit: r.SizeLimit, TimeLimit: r.TimeLimit, Filter: r.Filter.String(),
			Attributes: r.Attributes, Paged: paged,
		})
	case ModifyRequest:
		s.modifies = append(s.modifies, Modify{Conn: c.Number, BoundAs: c.BoundAs, DN: r.DN, Changes: r.Changes})
	case ExtendedRequest:
		s.ext = append(s.ext, r.Name)
	}
}

// Send sends messages, through the script's Answer if there is one. It returns
// false if that fails.
func (c *Conn) Send(messages ...[]byte) bool {
	answer := c.server.current().Answer
	for _, message := range messages {
		if answer != nil && c.request != nil {
			answer(c, c.request, message)
		} else if !c.Write(message) {
			return false
		}
	}
	return true
}

// Write writes bytes as they are. It returns false if that fails.
func (c *Conn) Write(bytes []byte) bool {
	_, err := c.conn.Write(bytes)
	return err == nil
}

// Hang does nothing, not even read, until the server stops.
func (c *Conn) Hang() {
	<-c.server.done
}

// Deaf reads and ignores everything until the connection ends.
func (c *Conn) Deaf() { _, _ = io.Copy(io.Discard, c.conn) }

// Close closes the connection.
func (c *Conn) Close() { _ = c.raw.Close() }

// Handshake puts TLS on the connection. It returns false if that fails.
func (c *Conn) Handshake(config *tls.Config) bool {
	upper := tls.Server(c.conn, config)
	if err := upper.Handshake(); err != nil {
		c.Close()
		return false
	}
	c.conn, c.TLS = upper, true
	return true
}

// DefaultStartTLS answers and does the handshake; without a TLS configuration
// it refuses.
func (c *Conn) DefaultStartTLS(r *Request) {
	if c.server.TLS == nil {
		c.Send(Result(r.ID, ExtendedResponse, 2, "no TLS here"))
		return
	}
	if c.Send(Result(r.ID, ExtendedResponse, 0, "")) {
		c.Handshake(c.server.TLS)
	}
}

// DefaultBind checks the password against userPassword. SASL EXTERNAL proves
// to be the authorization identity.
func (c *Conn) DefaultBind(r *Request) {
	c.BoundAs = ""
	code := 49
	if r.Mechanism == "EXTERNAL" {
		c.BoundAs, code = "external:"+r.Credentials, 0
	} else if r.Mechanism == "" && c.server.passwordIs(r.DN, r.Password) {
		c.BoundAs, code = r.DN, 0
	}
	c.Send(Result(r.ID, BindResponse, int64(code), ""))
}

// DefaultModify replaces attributes for whoever is bound.
func (c *Conn) DefaultModify(r *Request) {
	code := int64(50)
	if c.BoundAs != "" {
		code = c.server.modify(r)
	}
	c.Send(Result(r.ID, ModifyResponse, code, ""))
}

// DefaultExtended changes a password (RFC 3062).
func (c *Conn) DefaultExtended(r *Request) {
	if r.Name != PasswordModifyOID || c.BoundAs == "" {
		c.Send(Result(r.ID, ExtendedResponse, 53, "not here"))
		return
	}
	change := r.PasswordModify()
	if !c.server.setPassword(change.DN, change.New) {
		c.Send(Result(r.ID, ExtendedResponse, 32, "no such entry"))
		return
	}
	c.Send(Result(r.ID, ExtendedResponse, 0, ""))
}

// DefaultSearch answers from the directory, with size limit and paging.
func (c *Conn) DefaultSearch(r *Request) {
	found, code := c.server.find(r)
	offset, size, paged := r.page()
	last := len(found)
	if paged && offset+size < last {
		last = offset + size
	}
	if !paged && r.SizeLimit > 0 && last > r.SizeLimit {
		last, code = r.SizeLimit, 4
	}
	for _, entry := range found[min(offset, last):last] {
		if !c.Send(EntryMessage(r.ID, entry.only(r.Attributes))) {
			return
		}
	}
	if !paged {
		c.Send(Result(r.ID, SearchDone, code, ""))
		return
	}
	next := 0
	if last < len(found) {
		next = last
	}
	c.Send(Result(r.ID, SearchDone, code, "", PagingControl(next)))
}
