package embedded

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Protocol operations: the APPLICATION tags of RFC 4511, section 4.2 and on.
const (
	opBindRequest      ber.Tag = 0
	opBindResponse     ber.Tag = 1
	opUnbindRequest    ber.Tag = 2
	opSearchRequest    ber.Tag = 3
	opSearchEntry      ber.Tag = 4
	opSearchDone       ber.Tag = 5
	opModifyRequest    ber.Tag = 6
	opAddRequest       ber.Tag = 8
	opDeleteRequest    ber.Tag = 10
	opModifyDNRequest  ber.Tag = 12
	opCompareRequest   ber.Tag = 14
	opAbandonRequest   ber.Tag = 16
	opExtendedRequest  ber.Tag = 23
	opExtendedResponse ber.Tag = 24
)

// Result codes (RFC 4511, section 4.1.9).
const (
	codeSuccess                      = 0
	codeProtocolError                = 2
	codeSizeLimitExceeded            = 4
	codeAuthMethodNotSupported       = 7
	codeUnavailableCriticalExtension = 12
	codeConfidentialityRequired      = 13
	codeConstraintViolation          = 19
	codeNoSuchObject                 = 32
	codeInvalidDNSyntax              = 34
	codeInvalidCredentials           = 49
	codeInsufficientAccessRights     = 50
	codeUnwillingToPerform           = 53
)

// maxMessage bounds one request, in bytes.
const maxMessage = 1 << 20

var (
	errTooLong   = errors.New("message is too long")
	errMalformed = errors.New("message is malformed")
)

// message is an LDAPMessage (RFC 4511, section 4.1.1).
type message struct {
	id       int64
	op       *ber.Packet
	controls []control
}

// control is a Control of a request (RFC 4511, section 4.1.11).
type control struct {
	oid      string
	critical bool
	value    []byte
}

// find returns the control with this OID, or nil.
func (m *message) find(oid string) *control {
	for i := range m.controls {
		if m.controls[i].oid == oid {
			return &m.controls[i]
		}
	}
	return nil
}

// readMessage reads one request. io.EOF means that the client hung up between
// two requests.
func readMessage(r *bufio.Reader) (*message, error) {
	size, err := messageSize(r)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, size)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, err
	}
	packet, err := ber.DecodePacketErr(buf)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return parseMessage(packet)
}

// messageSize looks at the header of the next message and returns the bytes it
// takes in all, so that nothing is allocated on the word of a stranger.
func messageSize(r *bufio.Reader) (int, error) {
	head, err := r.Peek(2)
	if err != nil {
		return 0, err
	}
	if head[0] != 0x30 {
		return 0, errMalformed
	}
	if head[1] < 0x80 {
		return 2 + int(head[1]), nil
	}
	octets := int(head[1] & 0x7f)
	if octets == 0 || octets > 4 {
		return 0, errTooLong
	}
	if head, err = r.Peek(2 + octets); err != nil {
		return 0, err
	}
	size := 0
	for _, b := range head[2:] {
		size = size<<8 | int(b)
	}
	if size > maxMessage {
		return 0, errTooLong
	}
	return 2 + octets + size, nil
}

func parseMessage(p *ber.Packet) (*message, error) {
	if len(p.Children) < 2 {
		return nil, errMalformed
	}
	id, ok := p.Children[0].Value.(int64)
	if !ok || id < 0 || p.Children[1].ClassType != ber.ClassApplication {
		return nil, errMalformed
	}
	m := &message{id: id, op: p.Children[1]}
	if len(p.Children) == 2 {
		return m, nil
	}
	for _, child := range p.Children[2].Children {
		c, err := parseControl(child)
		if err != nil {
			return nil, err
		}
		m.controls = append(m.controls, c)
	}
	return m, nil
}

func parseControl(p *ber.Packet) (control, error) {
	if len(p.Children) == 0 || len(p.Children) > 3 {
		return control{}, errMalformed
	}
	c := control{oid: text(p.Children[0])}
	for _, child := range p.Children[1:] {
		switch child.Tag {
		case ber.TagBoolean:
			c.critical, _ = child.Value.(bool)
		case ber.TagOctetString:
			c.value = child.Data.Bytes()
		default:
			return control{}, errMalformed
		}
	}
	return c, nil
}

// text returns the content of a primitive packet, whatever its tag.
func text(p *ber.Packet) string {
	if p == nil || p.Data == nil {
		return ""
	}
	return p.Data.String()
}

// result is an LDAPResult without its rarely used parts.
type result struct {
	code int
	text string
}

// response builds the LDAPMessage for op. The extra packets follow the
// LDAPResult inside op, the controls follow op.
func (r result) response(id int64, op ber.Tag, extra []*ber.Packet, controls []*ber.Packet) *ber.Packet {
	body := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	body.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, r.code, ""))
	body.AppendChild(octets(""))
	body.AppendChild(octets(r.text))
	for _, p := range extra {
		body.AppendChild(p)
	}
	return envelope(id, body, controls)
}

// envelope puts op and the controls into an LDAPMessage.
func envelope(id int64, op *ber.Packet, controls []*ber.Packet) *ber.Packet {
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			list.AppendChild(c)
		}
		p.AppendChild(list)
	}
	return p
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// contextOctets is an OCTET STRING with an implicit context tag.
func contextOctets(tag ber.Tag, s string) *ber.Packet {
	return ber.NewString(ber.ClassContext, ber.TypePrimitive, tag, s, "")
}

// responseControl is a control of a response, never critical.
func responseControl(oid, value string) *ber.Packet {
	p := ber.NewSequence("")
	p.AppendChild(octets(oid))
	p.AppendChild(octets(value))
	return p
}
