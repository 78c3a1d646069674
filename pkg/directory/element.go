package directory

import (
	"errors"
	"fmt"
	"io"
)

// Limits on one message. The deepest message that a server may send to a
// client of this package has seven levels (a value of an attribute of an
// entry); the number of elements bounds the memory that go-ldap needs for it,
// about 400 bytes each.
const (
	maxDepth    = 16
	maxElements = 250_000
	chunk       = 64 << 10
)

// The tags of RFC 4511, section 4, that this package meets.
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagEnumerated  = 0x0a
	tagBoolean     = 0x01
	tagSequence    = 0x30
	tagSet         = 0x31

	opBindRequest     = 0x60
	opUnbindRequest   = 0x42
	opSearchRequest   = 0x63
	opModifyRequest   = 0x66
	opExtendedRequest = 0x77

	opBindResponse         = 0x61
	opSearchResultEntry    = 0x64
	opSearchResultDone     = 0x65
	opModifyResponse       = 0x67
	opSearchReference      = 0x73
	opExtendedResponse     = 0x78
	opIntermediateResponse = 0x79

	tagControls = 0xa0
	tagReferral = 0xa3
)

var errTruncated = errors.New("element is longer than its surroundings")

// element splits the first BER element off b. Only what RFC 4511, section 5.1,
// allows is accepted: one-byte tags and definite lengths.
func element(b []byte) (tag byte, content, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, errTruncated
	}
	if b[0]&0x1f == 0x1f {
		return 0, nil, nil, errors.New("tag of more than one byte")
	}
	tag = b[0]
	length, size, err := elementLength(b[1:])
	if err != nil {
		return 0, nil, nil, err
	}
	body := b[1+size:]
	if length > len(body) {
		return 0, nil, nil, errTruncated
	}
	return tag, body[:length], body[length:], nil
}

// elementLength decodes the length octets at the start of b (X.690, section
// 8.1.3) and returns how many they are.
func elementLength(b []byte) (length, size int, err error) {
	if b[0] < 0x80 {
		return int(b[0]), 1, nil
	}
	n := int(b[0] & 0x7f)
	if n == 0 {
		return 0, 0, errors.New("indefinite length")
	}
	if n > 4 || len(b) < 1+n {
		return 0, 0, errTruncated
	}
	var value uint64
	for _, octet := range b[1 : 1+n] {
		value = value<<8 | uint64(octet)
	}
	if value > 1<<31-1 {
		return 0, 0, fmt.Errorf("length of %d bytes", value)
	}
	return int(value), 1 + n, nil
}

// expect is element for a place where only one tag is right.
func expect(b []byte, want byte) (content, rest []byte, err error) {
	tag, content, rest, err := element(b)
	if err != nil {
		return nil, nil, err
	}
	if tag != want {
		return nil, nil, fmt.Errorf("tag %#02x where %#02x is due", tag, want)
	}
	return content, rest, nil
}

// integer decodes the contents of an INTEGER or ENUMERATED at full width.
func integer(content []byte) (int64, error) {
	if len(content) == 0 || len(content) > 8 {
		return 0, fmt.Errorf("number of %d bytes", len(content))
	}
	value := int64(int8(content[0]))
	for _, octet := range content[1:] {
		value = value<<8 | int64(octet)
	}
	return value, nil
}

// checkElements walks the elements in b and fails if they are not well formed,
// nested too deep, or more than *left.
func checkElements(b []byte, depth int, left *int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested more than %d deep", maxDepth)
	}
	for len(b) > 0 {
		tag, content, rest, err := element(b)
		if err != nil {
			return err
		}
		if *left--; *left < 0 {
			return fmt.Errorf("more than %d elements", maxElements)
		}
		if tag&0x20 != 0 {
			if err := checkElements(content, depth+1, left); err != nil {
				return err
			}
		}
		b = rest
	}
	return nil
}

// readMessage reads exactly one LDAPMessage from r into buf, not a byte more.
// Memory is taken as the bytes arrive, so a length that the peer only claims
// costs nothing.
func readMessage(r io.Reader, limit int, buf []byte) ([]byte, error) {
	buf = append(buf[:0], 0, 0)
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf, err
	}
	if buf[0] != tagSequence {
		return buf, violation("message begins with byte %#02x", buf[0])
	}
	if buf[1] > 0x80 && buf[1] <= 0x84 {
		var err error
		if buf, err = readMore(r, buf, int(buf[1]&0x7f)); err != nil {
			return buf, err
		}
	}
	length, _, err := elementLength(buf[1:])
	if err != nil {
		return buf, violation("message header: %w", err)
	}
	if length > limit {
		return buf, violation("message of %d bytes, the limit is %d", length, limit)
	}
	return readMore(r, buf, length)
}

// readMore appends n bytes from r to buf.
func readMore(r io.Reader, buf []byte, n int) ([]byte, error) {
	for n > 0 {
		step := min(n, chunk)
		old := len(buf)
		buf = append(buf, make([]byte, step)...)
		if _, err := io.ReadFull(r, buf[old:]); err != nil {
			return buf, noEOF(err)
		}
		n -= step
	}
	return buf, nil
}

// noEOF makes an end inside a message distinct from one between messages.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
