package scripted

import (
	"errors"
	"fmt"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Filter is a search filter as it came over the wire. Kind is one of & | ! =
// (equality) and * (presence).
type Filter struct {
	Kind             byte
	Attribute, Value string
	Parts            []Filter
}

// The choices of Filter (RFC 4511, section 4.5.1.7).
const (
	filterAnd, filterOr, filterNot = 0, 1, 2
	filterEquality, filterPresent  = 3, 7
)

// ParseFilter decodes a filter. Substring and ordering matches are errors:
// nothing that is tested here sends them.
func ParseFilter(p *ber.Packet) (Filter, error) {
	kinds := map[ber.Tag]byte{filterAnd: '&', filterOr: '|', filterNot: '!', filterEquality: '=', filterPresent: '*'}
	f := Filter{Kind: kinds[p.Tag]}
	switch f.Kind {
	case 0:
		return f, fmt.Errorf("filter choice %d", p.Tag)
	case '*':
		f.Attribute = p.Data.String()
		return f, nil
	case '=':
		if len(p.Children) != 2 {
			return f, errors.New("equality without two parts")
		}
		f.Attribute, f.Value = p.Children[0].Data.String(), p.Children[1].Data.String()
		return f, nil
	}
	for _, child := range p.Children {
		part, err := ParseFilter(child)
		if err != nil {
			return f, err
		}
		f.Parts = append(f.Parts, part)
	}
	return f, nil
}

// String returns the filter as text (RFC 4515), for comparing; values are not
// escaped.
func (f Filter) String() string {
	switch f.Kind {
	case '=':
		return "(" + f.Attribute + "=" + f.Value + ")"
	case '*':
		return "(" + f.Attribute + "=*)"
	}
	var text strings.Builder
	text.WriteByte('(')
	text.WriteByte(f.Kind)
	for _, part := range f.Parts {
		text.WriteString(part.String())
	}
	text.WriteByte(')')
	return text.String()
}

// Matches reports whether the filter matches; values have no case, as in
// caseIgnoreMatch.
func (f Filter) Matches(entry Entry) bool {
	switch f.Kind {
	case '&':
		for _, part := range f.Parts {
			if !part.Matches(entry) {
				return false
			}
		}
		return true
	case '|':
		for _, part := range f.Parts {
			if part.Matches(entry) {
				return true
			}
		}
		return false
	case '!':
		return !f.Parts[0].Matches(entry)
	case '*':
		return len(entry.values(f.Attribute)) > 0
	}
	for _, value := range entry.values(f.Attribute) {
		if strings.EqualFold(value, f.Value) {
			return true
		}
	}
	return false
}
