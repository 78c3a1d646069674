package scripted

import (
	"fmt"
	"strconv"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// The tag numbers of the operations (RFC 4511, section 4.2 and later).
const (
	BindRequest          = 0
	BindResponse         = 1
	UnbindRequest        = 2
	SearchRequest        = 3
	SearchEntry          = 4
	SearchDone           = 5
	ModifyRequest        = 6
	ModifyResponse       = 7
	SearchReference      = 19
	ExtendedRequest      = 23
	ExtendedResponse     = 24
	IntermediateResponse = 25
)

// Object identifiers.
const (
	StartTLSOID         = "1.3.6.1.4.1.1466.20037"
	PasswordModifyOID   = "1.3.6.1.4.1.4203.1.11.1"
	NoticeOID           = "1.3.6.1.4.1.1466.20036"
	PagingOID           = "1.2.840.113556.1.4.319"
	PasswordPolicyOID   = "1.3.6.1.4.1.42.2.27.8.5.1"
	NetscapeExpiredOID  = "2.16.840.1.113730.3.4.4"
	NetscapeExpiringOID = "2.16.840.1.113730.3.4.5"
)

// Request is one decoded request. Which fields are set depends on Op.
type Request struct {
	ID       int64
	Op       int
	Controls map[string][]byte
	// Bind; Mechanism and Credentials are SASL's, instead of Password.
	DN, Password, Mechanism, Credentials string
	// Search.
	Base                        string
	Scope, SizeLimit, TimeLimit int
	Deref                       int
	Filter                      Filter
	Attributes                  []string
	// Modify, with DN.
	Changes []Change
	// Extended.
	Name  string
	Value []byte
}

// decode takes a request apart. It panics on nothing: what is not a request is
// an error.
func decode(p *ber.Packet) (r *Request, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("not a request: %v", reason)
		}
	}()
	op := p.Children[1]
	r = &Request{ID: p.Children[0].Value.(int64), Op: int(op.Tag), Controls: map[string][]byte{}}
	if len(p.Children) > 2 {
		for _, control := range p.Children[2].Children {
			value := control.Children[len(control.Children)-1]
			r.Controls[control.Children[0].Value.(string)] = value.Data.Bytes()
		}
	}
	switch r.Op {
	case BindRequest:
		r.decodeBind(op)
	case SearchRequest:
		return r, r.decodeSearch(op)
	case ModifyRequest:
		r.decodeModify(op)
	case ExtendedRequest:
		r.Name = op.Children[0].Data.String()
		if len(op.Children) > 1 {
			r.Value = op.Children[1].Data.Bytes()
		}
	}
	return r, nil
}

func (r *Request) decodeBind(op *ber.Packet) {
	r.DN = op.Children[1].Value.(string)
	auth := op.Children[2]
	if auth.Tag != 3 {
		r.Password = auth.Data.String()
		return
	}
	r.Mechanism = auth.Children[0].Value.(string)
	if len(auth.Children) > 1 {
		r.Credentials = auth.Children[1].Data.String()
	}
}

func (r *Request) decodeSearch(op *ber.Packet) error {
	number := func(i int) int { return int(op.Children[i].Value.(int64)) }
	r.Base, r.Scope = op.Children[0].Value.(string), number(1)
	r.Deref, r.SizeLimit, r.TimeLimit = number(2), number(3), number(4)
	for _, attribute := range op.Children[7].Children {
		r.Attributes = append(r.Attributes, attribute.Value.(string))
	}
	var err error
	r.Filter, err = ParseFilter(op.Children[6])
	return err
}

// Change is one change of a modify request (RFC 4511, section 4.6).
type Change struct {
	Operation int64 // 0 add, 1 delete, 2 replace
	Attribute string
	Values    []string
}

func (r *Request) decodeModify(op *ber.Packet) {
	r.DN = op.Children[0].Value.(string)
	for _, one := range op.Children[1].Children {
		attribute := one.Children[1]
		change := Change{Operation: one.Children[0].Value.(int64), Attribute: attribute.Children[0].Value.(string)}
		for _, value := range attribute.Children[1].Children {
			change.Values = append(change.Values, value.Data.String())
		}
		r.Changes = append(r.Changes, change)
	}
}

// page returns what the paging control (RFC 2696) asks for.
func (r *Request) page() (offset, size int, paged bool) {
	value, paged := r.Controls[PagingOID]
	if !paged {
		return 0, 0, false
	}
	p := ber.DecodePacket(value)
	offset, _ = strconv.Atoi(p.Children[1].Data.String())
	return offset, int(p.Children[0].Value.(int64)), true
}

// PasswordModify is the value of a password modify request (RFC 3062).
type PasswordModify struct{ DN, Old, New string }

// PasswordModify decodes Value.
func (r *Request) PasswordModify() PasswordModify {
	var change PasswordModify
	for _, field := range ber.DecodePacket(r.Value).Children {
		switch field.Tag {
		case 0:
			change.DN = field.Data.String()
		case 1:
			change.Old = field.Data.String()
		case 2:
			change.New = field.Data.String()
		}
	}
	return change
}

// Control is a response control. A nil Value is left out.
type Control struct {
	OID   string
	Value []byte
}

// Message encodes an LDAPMessage around an operation.
func Message(id int64, op *ber.Packet, controls ...Control) []byte {
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, control := range controls {
			one := ber.NewSequence("")
			one.AppendChild(octets(control.OID))
			if control.Value != nil {
				one.AppendChild(octets(string(control.Value)))
			}
			list.AppendChild(one)
		}
		message.AppendChild(list)
	}
	return message.Bytes()
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

func application(tag ber.Tag) *ber.Packet {
	return ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
}

// Result encodes a response that is an LDAPResult: op is BindResponse,
// SearchDone, ModifyResponse or ExtendedResponse.
func Result(id int64, op int, code int64, diagnostic string, controls ...Control) []byte {
	return Message(id, result(op, code, diagnostic), controls...)
}

func result(op int, code int64, diagnostic string) *ber.Packet {
	p := application(ber.Tag(op))
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	p.AppendChild(octets(""))
	p.AppendChild(octets(diagnostic))
	return p
}

// Referral encodes a result with code 10 and a referral to uri.
func Referral(id int64, op int, uri string) []byte {
	p := result(op, 10, "")
	list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	list.AppendChild(octets(uri))
	p.AppendChild(list)
	return Message(id, p)
}

// Reference encodes a search continuation reference.
func Reference(id int64, uris ...string) []byte {
	p := application(SearchReference)
	for _, uri := range uris {
		p.AppendChild(octets(uri))
	}
	return Message(id, p)
}

// Notice encodes a notice of disconnection (RFC 4511, section 4.4.1).
func Notice() []byte {
	p := result(ExtendedResponse, 52, "going down")
	p.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 10, NoticeOID, ""))
	return Message(0, p)
}

// EntryMessage encodes a search result entry.
func EntryMessage(id int64, entry Entry) []byte {
	p := application(SearchEntry)
	p.AppendChild(octets(entry.DN))
	list := ber.NewSequence("")
	for _, name := range entry.names() {
		attribute := ber.NewSequence("")
		attribute.AppendChild(octets(name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, value := range entry.Attributes[name] {
			values.AppendChild(octets(value))
		}
		attribute.AppendChild(values)
		list.AppendChild(attribute)
	}
	p.AppendChild(list)
	return Message(id, p)
}

// PagingControl says that the next page begins at an offset; 0 means none.
func PagingControl(next int) Control {
	cookie := ""
	if next > 0 {
		cookie = strconv.Itoa(next)
	}
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 0, ""))
	p.AppendChild(octets(cookie))
	return Control{OID: PagingOID, Value: p.Bytes()}
}

// None leaves a field of Policy out.
const None = -1

// Policy encodes a password policy response control. Each number may be None;
// of expire and grace only one may be set.
func Policy(expire, grace, policyError int64) Control {
	p := ber.NewSequence("")
	for tag, number := range []int64{expire, grace} {
		if number != None {
			warning := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
			warning.AppendChild(ber.NewInteger(ber.ClassContext, ber.TypePrimitive, ber.Tag(tag), number, ""))
			p.AppendChild(warning)
		}
	}
	if policyError != None {
		p.AppendChild(ber.NewInteger(ber.ClassContext, ber.TypePrimitive, 1, policyError, ""))
	}
	return Control{OID: PasswordPolicyOID, Value: p.Bytes()}
}
