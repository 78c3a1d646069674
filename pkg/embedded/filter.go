package embedded

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Filter choices (RFC 4511, section 4.5.1).
const (
	filterAnd            ber.Tag = 0
	filterOr             ber.Tag = 1
	filterNot            ber.Tag = 2
	filterEquality       ber.Tag = 3
	filterSubstrings     ber.Tag = 4
	filterGreaterOrEqual ber.Tag = 5
	filterLessOrEqual    ber.Tag = 6
	filterPresent        ber.Tag = 7
	filterApprox         ber.Tag = 8
	filterExtensible     ber.Tag = 9
)

// Parts of a substrings filter.
const (
	substringInitial ber.Tag = 0
	substringAny     ber.Tag = 1
	substringFinal   ber.Tag = 2
)

// maxFilterDepth bounds nesting.
const maxFilterDepth = 32

var errFilter = errors.New("filter is malformed")

// truth is three-valued (RFC 4511, section 4.5.1.7): the order makes min the
// conjunction and max the disjunction.
type truth int

const (
	no truth = iota
	undefined
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// filter is a compiled filter.
type filter struct {
	match func(*entry) truth
	// keys are index keys of which every matching entry has at least one; nil
	// means that nothing is known and all entries must be tried.
	keys []string
}

// compileFilter turns the filter of a search request into a filter.
func compileFilter(p *ber.Packet, depth int) (filter, error) {
	if p.ClassType != ber.ClassContext || depth > maxFilterDepth {
		return filter{}, errFilter
	}
	switch p.Tag {
	case filterAnd, filterOr, filterNot:
		return compileSet(p, depth)
	case filterEquality, filterApprox:
		return compileEquality(p)
	case filterGreaterOrEqual, filterLessOrEqual:
		return compileOrdering(p)
	case filterSubstrings:
		return compileSubstrings(p)
	case filterPresent:
		return compilePresent(text(p)), nil
	case filterExtensible:
		return filter{match: func(*entry) truth { return undefined }}, nil
	}
	return filter{}, errFilter
}

// compileSet compiles and, or, not.
func compileSet(p *ber.Packet, depth int) (filter, error) {
	parts := make([]filter, 0, len(p.Children))
	for _, child := range p.Children {
		part, err := compileFilter(child, depth+1)
		if err != nil {
			return filter{}, err
		}
		parts = append(parts, part)
	}
	switch {
	case p.Tag == filterAnd:
		return conjunction(parts), nil
	case p.Tag == filterOr:
		return disjunction(parts), nil
	case len(parts) == 1:
		return filter{match: func(e *entry) truth { return yes - parts[0].match(e) }}, nil
	}
	return filter{}, errFilter
}

// conjunction is true with no parts at all (RFC 4526).
func conjunction(parts []filter) filter {
	f := filter{match: func(e *entry) truth {
		all := yes
		for _, part := range parts {
			all = min(all, part.match(e))
		}
		return all
	}}
	for _, part := range parts {
		if f.keys == nil || onlyClasses(f.keys) && part.keys != nil {
			f.keys = part.keys
		}
	}
	return f
}

// onlyClasses reports whether the keys narrow a search no further than to the
// entries of a class.
func onlyClasses(keys []string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return !strings.HasPrefix(k, "objectclass=") })
}

// disjunction is false with no parts at all (RFC 4526).
func disjunction(parts []filter) filter {
	f := filter{keys: []string{}, match: func(e *entry) truth {
		one := no
		for _, part := range parts {
			one = max(one, part.match(e))
		}
		return one
	}}
	for _, part := range parts {
		if part.keys == nil {
			f.keys = nil
			break
		}
		f.keys = append(f.keys, part.keys...)
	}
	return f
}

// indexKey is what the index of the directory knows an attribute value by.
func indexKey(lower, normalized string) string { return lower + "=" + normalized }

// assertion returns the two parts of an AttributeValueAssertion.
func assertion(p *ber.Packet) (lower, value string, err error) {
	if len(p.Children) != 2 {
		return "", "", errFilter
	}
	return strings.ToLower(text(p.Children[0])), text(p.Children[1]), nil
}

func compileEquality(p *ber.Packet) (filter, error) {
	lower, value, err := assertion(p)
	if err != nil {
		return filter{}, err
	}
	normalized, ok := normalize(lower, value)
	if !ok {
		return filter{match: func(*entry) truth { return undefined }}, nil
	}
	return filter{
		keys: []string{indexKey(lower, normalized)},
		match: func(e *entry) truth {
			a := e.find(lower)
			return truthOf(a != nil && slices.Contains(a.normalized, normalized))
		},
	}, nil
}

// compileOrdering knows the order of numbers; for other attributes, which
// have no ORDERING rule here, the answer is undefined.
func compileOrdering(p *ber.Packet) (filter, error) {
	lower, value, err := assertion(p)
	if err != nil {
		return filter{}, err
	}
	limit, err := strconv.ParseInt(value, 10, 64)
	if err != nil || rules[lower] != integer {
		return filter{match: func(*entry) truth { return undefined }}, nil
	}
	holds := func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && (p.Tag == filterGreaterOrEqual && n >= limit || p.Tag == filterLessOrEqual && n <= limit)
	}
	return filter{match: func(e *entry) truth {
		a := e.find(lower)
		return truthOf(a != nil && slices.ContainsFunc(a.normalized, holds))
	}}, nil
}

func compilePresent(name string) filter {
	lower := strings.ToLower(name)
	return filter{match: func(e *entry) truth {
		if rules[lower] == unreadable {
			return undefined
		}
		return truthOf(e.find(lower) != nil)
	}}
}

// substrings is a compiled SubstringFilter.
type substrings struct {
	initial, final string
	any            []string
}

func compileSubstrings(p *ber.Packet) (filter, error) {
	if len(p.Children) != 2 || len(p.Children[1].Children) == 0 {
		return filter{}, errFilter
	}
	lower := strings.ToLower(text(p.Children[0]))
	var s substrings
	for _, child := range p.Children[1].Children {
		piece := foldSubstring(lower, text(child))
		switch child.Tag {
		case substringInitial:
			s.initial = piece
		case substringAny:
			s.any = append(s.any, piece)
		case substringFinal:
			s.final = piece
		default:
			return filter{}, errFilter
		}
	}
	return filter{match: s.matcher(lower)}, nil
}

// matcher: numbers and distinguished names have no SUBSTR rule, for them the
// answer is undefined.
func (s substrings) matcher(lower string) func(*entry) truth {
	if r := rules[lower]; r != caseIgnore && r != caseExact {
		return func(*entry) truth { return undefined }
	}
	return func(e *entry) truth {
		a := e.find(lower)
		return truthOf(a != nil && slices.ContainsFunc(a.normalized, s.in))
	}
}

// in reports whether the pieces occur in value, in order, without overlap.
func (s substrings) in(value string) bool {
	rest, ok := strings.CutPrefix(value, s.initial)
	if !ok {
		return false
	}
	for _, piece := range s.any {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, s.final)
}
