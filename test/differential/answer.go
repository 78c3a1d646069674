package differential

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// The ways in which an answer ends.
const (
	// End is the protocol's own: the answer is complete.
	End = "END"
	// EOF is a connection closed in mid-answer: nobody could tell.
	EOF = "EOF"
	// Nothing is a connection closed without a byte: refused.
	Nothing = "refused"
)

// Answer is what a daemon said.
type Answer struct {
	// Results are the entries, one line each.
	Results []string
	// Ending is End, EOF or Nothing.
	Ending string
}

func (a Answer) String() string {
	return strings.Join(append(slices.Clone(a.Results), a.Ending), " | ")
}

// Read reads the answer to q. An error is an answer that breaks the protocol.
func (q Question) Read(from io.Reader) (Answer, error) {
	in := &frame{from: from}
	version, action := in.int(), in.int()
	if in.err != nil {
		if in.read == 0 {
			return Answer{Ending: Nothing}, nil
		}
		return Answer{Ending: EOF}, in.broken()
	}
	if version != 2 || uint32(action) != q.action {
		return Answer{}, fmt.Errorf("the answer begins with %d %#x", version, action)
	}
	var a Answer
	for {
		switch marker := in.int(); {
		case in.err != nil:
			a.Ending = EOF
			return a, in.broken()
		case marker == 2:
			a.Ending = End
			return a, nil
		case marker != 1:
			return a, fmt.Errorf("marker %d", marker)
		}
		result := in.result(q.shape)
		if in.err == nil {
			a.Results = append(a.Results, result)
		}
	}
}

// frame reads fields until the first error.
type frame struct {
	from io.Reader
	read int
	err  error
}

// broken returns the error if it is not simply the end.
func (f *frame) broken() error {
	if errors.Is(f.err, io.EOF) || errors.Is(f.err, io.ErrUnexpectedEOF) || f.read == 0 {
		return nil
	}
	return f.err
}

func (f *frame) bytes(n int) []byte {
	if f.err != nil || n < 0 || n > 4<<20 {
		if f.err == nil {
			f.err = fmt.Errorf("a length of %d", n)
		}
		return nil
	}
	data := make([]byte, n)
	got, err := io.ReadFull(f.from, data)
	f.read += got
	f.err = err
	return data
}

func (f *frame) int() int32 {
	data := f.bytes(4)
	if f.err != nil {
		return 0
	}
	return int32(binary.BigEndian.Uint32(data))
}

func (f *frame) string() string { return string(f.bytes(int(f.int()))) }

// result reads the fields of one result: s is a STRING, i an INT32, u the same
// without a sign, l a STRINGLIST, m one without an order, a an ADDRESSLIST, e
// an ETHER, n the members of a netgroup.
func (f *frame) result(shape string) string {
	var fields []string
	for _, kind := range shape {
		fields = append(fields, f.field(kind))
	}
	return daysAgo.ReplaceAllString(strings.Join(fields, ":"), "N days ago")
}

// daysAgo is what nslcd's messages count up.
var daysAgo = regexp.MustCompile(`\b\d+ days ago`)

func (f *frame) field(kind rune) string {
	switch kind {
	case 's':
		return visible(f.string())
	case 'i':
		return fmt.Sprint(f.int())
	case 'u':
		return fmt.Sprint(uint32(f.int()))
	case 'l':
		return strings.Join(f.list(f.string), ",")
	case 'm':
		members := f.list(f.string)
		slices.Sort(members)
		return strings.Join(members, ",")
	case 'a':
		return strings.Join(f.list(f.address), ",")
	case 'e':
		return fmt.Sprintf("%x", f.bytes(6))
	case 'n':
		return f.netgroup()
	}
	panic("no such kind of field: " + string(kind))
}

func (f *frame) list(item func() string) []string {
	var items []string
	for n := f.int(); n > 0 && f.err == nil; n-- {
		items = append(items, visible(item()))
	}
	return items
}

func (f *frame) address() string {
	family, raw := f.int(), f.string()
	address, ok := netip.AddrFromSlice([]byte(raw))
	if !ok {
		return fmt.Sprintf("family %d", family)
	}
	return address.String()
}

func (f *frame) netgroup() string {
	var members []string
	for f.err == nil {
		switch kind := f.int(); kind {
		case 1:
			members = append(members, f.string())
		case 2:
			members = append(members, fmt.Sprintf("(%s,%s,%s)", f.string(), f.string(), f.string()))
		case 3:
			return strings.Join(members, " ")
		default:
			f.err = fmt.Errorf("a netgroup member of type %d", kind)
		}
	}
	return ""
}

// visible shows a string in one line of a table.
func visible(s string) string {
	if len(s) > 60 {
		s = fmt.Sprintf("%s... (%d bytes)", s[:8], len(s))
	}
	quoted := fmt.Sprintf("%q", s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
