package directory

import (
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// exchange is one request that has no final response yet.
type exchange struct {
	op         byte
	bytes      int
	references int
}

// maxReferences bounds the continuation references in one answer.
const maxReferences = 1000

// part counts a response before the last. Above the limit the search ends with
// a result of our own, and the rest of it is swallowed.
func (e *exchange) part(id int64, message []byte) ([]byte, error) {
	before := e.bytes
	e.bytes += len(message)
	switch {
	case e.bytes > swallowedLimit, e.bytes > searchBytesLimit && e.op != opSearchRequest:
		return nil, violation("%d bytes for one request", e.bytes)
	case before > searchBytesLimit:
		return nil, nil
	case e.bytes > searchBytesLimit:
		return sizeLimitExceeded(id), nil
	}
	return message, nil
}

// reference is part for a continuation reference, which is nothing to the
// library unless it is wanted. Too many are like too many entries.
func (e *exchange) reference(id int64, message []byte, wanted bool) ([]byte, error) {
	if e.references++; wanted && e.references > maxReferences && e.bytes <= searchBytesLimit {
		e.bytes = searchBytesLimit
	}
	visible, err := e.part(id, message)
	if !wanted && e.bytes <= searchBytesLimit {
		return nil, err
	}
	return visible, err
}

// sizeLimitExceeded encodes the end of a search whose entries are too large.
func sizeLimitExceeded(id int64) []byte {
	done := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultDone, nil, "")
	done.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, ldap.LDAPResultSizeLimitExceeded, ""))
	for _, text := range []string{"", fmt.Sprintf("goldap: more than %d bytes or %d references", searchBytesLimit, maxReferences)} {
		done.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
	}
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(done)
	return message.Bytes()
}
