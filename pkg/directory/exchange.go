package directory

import (
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// exchange is one request that has no final response yet.
type exchange struct {
	op byte
	// limit is how many entries were asked for at most; 0 is any number.
	limit                      int64
	bytes, entries, references int64
	// ended: whoever asked was told that there is too much. What still comes is
	// swallowed.
	ended bool
}

// maxReferences bounds the continuation references in one answer, if they are
// wanted.
const maxReferences = 1000

func newExchange(op byte, request []byte) *exchange {
	e := &exchange{op: op}
	if op == opSearchRequest {
		e.limit = sizeLimitOf(request)
	}
	return e
}

// part counts a response before the last. Above a limit the search ends with a
// result of our own. References are nothing to the library unless they are
// wanted.
func (e *exchange) part(id int64, op byte, message []byte, references bool) ([]byte, error) {
	e.bytes += int64(len(message))
	tooMuch := e.bytes > searchBytesLimit
	switch op {
	case opSearchResultEntry:
		e.entries++
		tooMuch = tooMuch || e.limit > 0 && e.entries > e.limit
	case opSearchReference:
		e.references++
		tooMuch = tooMuch || references && e.references > maxReferences
	}
	switch {
	case e.bytes > swallowedLimit, tooMuch && e.op != opSearchRequest:
		return nil, violation("%d bytes for one request", e.bytes)
	case e.ended:
		return nil, nil
	case tooMuch:
		e.ended = true
		return sizeLimitExceeded(id), nil
	case op == opSearchReference && !references:
		return nil, nil
	}
	return message, nil
}

// sizeLimitOf returns the size limit in a search request (RFC 4511, section
// 4.5.1), 0 if there is none.
func sizeLimitOf(request []byte) int64 {
	message, _, err := expect(request, tagSequence)
	if err != nil {
		return 0
	}
	_, message, _ = expect(message, tagInteger)
	fields, _, _ := expect(message, opSearchRequest)
	for _, tag := range []byte{tagOctetString, tagEnumerated, tagEnumerated} {
		_, fields, _ = expect(fields, tag)
	}
	number, _, _ := expect(fields, tagInteger)
	limit, err := integer(number)
	if err != nil {
		return 0
	}
	return limit
}

// sizeLimitExceeded encodes the end of a search whose entries are too large.
func sizeLimitExceeded(id int64) []byte {
	done := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultDone, nil, "")
	done.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, ldap.LDAPResultSizeLimitExceeded, ""))
	for _, text := range []string{"", "goldap: there is too much of it"} {
		done.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
	}
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(done)
	return message.Bytes()
}

// messageHead returns the message id and the tag of the operation.
func messageHead(message []byte) (id int64, op byte, err error) {
	body, rest, err := expect(message, tagSequence)
	if err != nil {
		return 0, 0, err
	}
	if len(rest) != 0 {
		return 0, 0, fmt.Errorf("%d bytes after the message", len(rest))
	}
	number, body, err := expect(body, tagInteger)
	if err != nil {
		return 0, 0, fmt.Errorf("message id: %w", err)
	}
	if id, err = integer(number); err != nil {
		return 0, 0, fmt.Errorf("message id: %w", err)
	}
	op, _, _, err = element(body)
	return id, op, err
}

// noticeOfDisconnection is the failure behind an unsolicited message.
func noticeOfDisconnection(message []byte) error {
	result, err := parseResult(message, opExtendedResponse)
	if err != nil {
		return violation("unsolicited message: %w", err)
	}
	return fmt.Errorf("%w: notice of disconnection: result code %d %q", errTransport, result.code, result.diagnostic)
}
