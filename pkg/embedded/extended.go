package embedded

import (
	"crypto/tls"
	"fmt"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Extended operations.
const (
	// oidStartTLS is RFC 4511, section 4.14.
	oidStartTLS = "1.3.6.1.4.1.1466.20037"
	// oidPasswordModify is RFC 3062.
	oidPasswordModify = "1.3.6.1.4.1.4203.1.11.1"
	// oidWhoAmI is RFC 4532.
	oidWhoAmI = "1.3.6.1.4.1.4203.1.11.3"
)

// extended answers an ExtendedRequest (RFC 4511, section 4.12).
func (c *conn) extended(m *message) error {
	if len(m.op.Children) == 0 {
		return c.refuse(m, result{codeProtocolError, "no operation named"})
	}
	switch oid := text(m.op.Children[0]); oid {
	case oidStartTLS:
		return c.startTLS(m)
	case oidPasswordModify:
		return c.passwordModify(m)
	case oidWhoAmI:
		return c.whoAmI(m)
	default:
		return c.refuse(m, result{codeProtocolError, "unsupported extended operation " + oid})
	}
}

// startTLS answers and then does the handshake. A handshake that fails ends
// the connection; nothing goes on in clear text.
func (c *conn) startTLS(m *message) error {
	name := contextOctets(10, oidStartTLS)
	if c.tls {
		return c.refuse(m, result{codeProtocolError, "TLS already started"})
	}
	if err := c.send(result{}.response(m.id, opExtendedResponse, []*ber.Packet{name}, nil)); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	lift, err := c.startHandshakeDeadline()
	if err != nil {
		return err
	}
	secured := tls.Server(c.net, c.dir.authority.server)
	if err := secured.Handshake(); err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	c.dir.startTLS.Add(1)
	c.use(secured)
	c.tls = true
	return lift()
}

// whoAmI answers with the authorization identity, empty for anonymous.
func (c *conn) whoAmI(m *message) error {
	identity := ""
	if c.bound != nil {
		identity = "dn:" + c.bound.dn
	}
	value := contextOctets(11, identity)
	return c.send(result{}.response(m.id, opExtendedResponse, []*ber.Packet{value}, nil))
}

// passwordModify answers a password modify request (RFC 3062).
func (c *conn) passwordModify(m *message) error {
	r, n := c.passwordModifyResult(m)
	if r.code == codeSuccess {
		c.dir.passwordChanges.Add(1)
	}
	return c.send(r.response(m.id, opExtendedResponse, nil, n.controls(m, false)))
}

func (c *conn) passwordModifyResult(m *message) (result, notice) {
	if !c.private() {
		return errNotPrivate, noNotice
	}
	if c.bound == nil {
		return result{codeInsufficientAccessRights, "bind first"}, noNotice
	}
	change, err := parsePasswordChange(m.op)
	if err != nil {
		return result{codeProtocolError, "malformed password modify request"}, noNotice
	}
	target, r := c.changeTarget(change.target)
	if r.code != codeSuccess {
		return r, noNotice
	}
	if len(change.new) == 0 {
		return result{codeUnwillingToPerform, "this directory does not make up passwords"}, noNotice
	}
	change.byAdmin = c.role == roleAdmin && target != c.bound
	return target.credentials.change(change, passwordRules{
		minLength:  c.dir.options.MinPasswordLength,
		requireOld: c.dir.options.RequireOldPassword,
	})
}

// changeTarget finds whose password a request is about and whether the bound
// identity may set it: the own one, and the administrator everybody's.
func (c *conn) changeTarget(identity string) (*entry, result) {
	if identity == "" {
		return c.bound, result{}
	}
	e, err := c.dir.store.lookup(strings.TrimPrefix(identity, "dn:"))
	if err != nil {
		return nil, result{codeInvalidDNSyntax, "invalid DN"}
	}
	switch {
	case e != c.bound && c.role != roleAdmin:
		return nil, result{code: codeInsufficientAccessRights}
	case e == nil || e.credentials == nil:
		return nil, result{code: codeNoSuchObject}
	}
	return e, result{}
}

// parsePasswordChange reads PasswdModifyRequestValue: userIdentity [0],
// oldPasswd [1], newPasswd [2], all optional.
func parsePasswordChange(op *ber.Packet) (passwordChange, error) {
	var change passwordChange
	if len(op.Children) < 2 {
		return change, nil
	}
	value, err := ber.DecodePacketErr(op.Children[1].Data.Bytes())
	if err != nil {
		return change, err
	}
	for _, child := range value.Children {
		switch child.Tag {
		case 0:
			change.target = text(child)
		case 1:
			change.old, change.hasOld = child.Data.Bytes(), true
		case 2:
			change.new = child.Data.Bytes()
		default:
			return change, errMalformed
		}
	}
	return change, nil
}
