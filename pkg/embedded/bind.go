package embedded

import (
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// bind answers a BindRequest (RFC 4511, section 4.2). Whatever happens, the
// connection is anonymous until the bind has succeeded.
func (c *conn) bind(m *message) error {
	c.role, c.bound = roleAnonymous, nil
	r, n := c.bindResult(m)
	c.dir.binds.Add(1)
	if r.code == codeSuccess {
		c.dir.successfulBinds.Add(1)
	}
	return c.send(r.response(m.id, opBindResponse, nil, n.controls(m, c.dir.options.NetscapeControls)))
}

func (c *conn) bindResult(m *message) (result, notice) {
	if len(m.op.Children) != 3 {
		return result{codeProtocolError, "malformed bind request"}, noNotice
	}
	if version, _ := m.op.Children[0].Value.(int64); version != 3 {
		return result{codeProtocolError, "only LDAPv3 is spoken here"}, noNotice
	}
	method := m.op.Children[2]
	if method.ClassType != ber.ClassContext || method.Tag != 0 {
		return result{codeAuthMethodNotSupported, "only simple binds"}, noNotice
	}
	name, password := text(m.op.Children[1]), method.Data.Bytes()
	if !c.private() {
		return errNotPrivate, noNotice
	}
	return c.simpleBind(name, password)
}

// simpleBind refuses a name without a password (RFC 4513, section 5.1.2), so
// that no client can take an anonymous bind for a login.
func (c *conn) simpleBind(name string, password []byte) (result, notice) {
	if len(password) == 0 {
		if name == "" {
			return result{}, noNotice
		}
		return result{codeUnwillingToPerform, "unauthenticated bind (DN with no password) disallowed"}, noNotice
	}
	e, err := c.dir.store.lookup(name)
	if err != nil {
		return result{codeInvalidDNSyntax, "invalid DN"}, noNotice
	}
	if e == nil || e.credentials == nil {
		return result{code: codeInvalidCredentials}, noNotice
	}
	r, n := e.credentials.bind(password)
	if r.code == codeSuccess {
		c.bound, c.role = e, e.credentials.role
	}
	return r, n
}

// startHandshakeDeadline bounds the TLS handshake; the returned function lifts
// the limit again.
func (c *conn) startHandshakeDeadline() (lift func() error, err error) {
	n := c.net
	err = n.SetDeadline(time.Now().Add(handshakeTimeout))
	return func() error { return n.SetDeadline(time.Time{}) }, err
}
