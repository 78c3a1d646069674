package directory

import (
	"context"
	"errors"
	"fmt"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/config"
)

// The SASL mechanisms (RFC 4422) that goldap itself can bind with. Users are
// always authenticated by simple binds.
const (
	mechanismExternal = "EXTERNAL"
	mechanismGSSAPI   = "GSSAPI"
)

// sasl is how goldap itself binds where the configuration names a mechanism.
// It happens on the bare connection, before go-ldap gets it: that library
// knows EXTERNAL only without an authorization identity, and its GSSAPI fails
// at slapd with Cyrus SASL and MIT Kerberos (3.4.15: checksum mismatch).
type sasl struct {
	mechanism string
	authzID   string
	kerberos  *kerberos // for GSSAPI
}

// newSASL checks what the configuration says; nil means a simple bind.
func newSASL(cfg config.SASL) (*sasl, error) {
	switch cfg.Mechanism {
	case "":
		return nil, nil
	case mechanismExternal:
		return &sasl{mechanism: cfg.Mechanism, authzID: cfg.AuthzID}, nil
	case mechanismGSSAPI:
		k, err := newKerberos(cfg)
		return &sasl{mechanism: cfg.Mechanism, authzID: cfg.AuthzID, kerberos: k}, err
	}
	return nil, fmt.Errorf("SASL mechanism %q: must be EXTERNAL or GSSAPI", cfg.Mechanism)
}

// fits refuses a server that cannot know who we are, or on the way to which
// others could act as us: there is no security layer below TLS.
func (m *sasl) fits(set *settings, at endpoint) error {
	switch {
	case m == nil || at.local:
	case at.mode == modeOff && (m.mechanism == mechanismExternal || !set.allowClearText):
		return fmt.Errorf("server %q: SASL %s needs TLS or ldapi://", at.uri, m.mechanism)
	case m.mechanism == mechanismExternal && len(set.tls.Certificates) == 0:
		return fmt.Errorf("server %q: SASL EXTERNAL needs ldapi:// or TLS with cert_file", at.uri)
	}
	return nil
}

// bind binds on a connection that is new and secured. The caller closes the
// connection when ctx ends.
func (m *sasl) bind(ctx context.Context, conn net.Conn, host string) (Reply, error) {
	x := saslExchange{conn: conn, mechanism: m.mechanism}
	if m.mechanism == mechanismExternal {
		// An empty authorization identity is sent as such (RFC 4422, appendix A):
		// without it the server would ask for one.
		r, err := x.step([]byte(m.authzID))
		return r.reply(), err
	}
	return m.kerberos.bind(ctx, &x, host, m.authzID)
}

// saslExchange is a SASL bind (RFC 4511, section 4.2) under way.
type saslExchange struct {
	conn      net.Conn
	mechanism string
	id        int64
}

// step sends credentials and returns the response, which may be
// saslBindInProgress with the server's own credentials.
func (x *saslExchange) step(credentials []byte) (result, error) {
	x.id++
	if _, err := x.conn.Write(saslRequest(x.id, x.mechanism, credentials)); err != nil {
		return result{}, broken("SASL bind", err)
	}
	return awaitResult(x.conn, "SASL bind", x.id, opBindResponse)
}

func saslRequest(id int64, mechanism string, credentials []byte) []byte {
	auth := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	auth.AppendChild(octetString([]byte(mechanism)))
	auth.AppendChild(octetString(credentials))
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationBindRequest, nil, "")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 3, ""))
	request.AppendChild(octetString(nil))
	request.AppendChild(auth)
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(request)
	return message.Bytes()
}

func octetString(b []byte) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(b), "")
}

// reply is the result of a bind for whoever judges it.
func (r result) reply() Reply {
	return Reply{Code: int(r.code), Diagnostic: r.diagnostic, Policy: NoPolicy}
}

// awaitResult reads exactly one response to the message with the id from a
// connection that go-ldap does not have yet. The caller bounds the time by
// closing the connection.
func awaitResult(conn net.Conn, doing string, id int64, op byte) (result, error) {
	message, err := readMessage(conn, chunk, nil)
	if err != nil {
		if errors.Is(err, errProtocol) {
			return result{}, err
		}
		return result{}, broken(doing, err)
	}
	gotID, gotOp, err := messageHead(message)
	if err != nil {
		return result{}, violation("response: %w", err)
	}
	switch {
	case gotID == 0:
		return result{}, noticeOfDisconnection(message)
	case gotID != id || gotOp != op:
		return result{}, violation("%s answered by %#02x (message %d)", doing, gotOp, gotID)
	}
	r, err := parseResult(message, op)
	if err != nil {
		return result{}, violation("response: %w", err)
	}
	return r, nil
}
