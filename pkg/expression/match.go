package expression

import "slices"

// wild says that a text in a pattern is not itself.
type wild int

const (
	itself  wild = iota
	oneByte      // ?
	anyText      // *
)

// atom is one byte of a pattern.
type atom struct {
	wild wild
	char byte
}

// cut returns v without the beginning or the end that the part's word matches.
func (p *part) cut(v string, value func(string) string) string {
	pattern, bytes := p.pattern(value), []byte(v)
	atEnd := p.operator == cutSuffix || p.operator == cutLongestAt
	if atEnd {
		slices.Reverse(pattern)
		slices.Reverse(bytes)
	}
	longest := p.operator == cutLongest || p.operator == cutLongestAt
	n := prefix(pattern, bytes, longest)
	if atEnd {
		return v[:len(v)-n]
	}
	return v[n:]
}

// pattern returns the word of the part as a pattern.
func (p *part) pattern(value func(string) string) []atom {
	var all []atom
	for _, inner := range p.word {
		if inner.wild != itself {
			all = append(all, atom{wild: inner.wild})
			continue
		}
		inner.each(value, func(text string, _ bool) {
			for i := range len(text) {
				all = append(all, atom{char: text[i]})
			}
		})
	}
	return all
}

// prefix returns how many bytes at the beginning of s the pattern matches: the
// fewest, or the most. It is 0 if it matches none. ends[i] is whether the part
// of the pattern looked at so far can match the first i bytes.
func prefix(pattern []atom, s []byte, most bool) int {
	ends := make([]bool, len(s)+1)
	ends[0] = true
	for _, a := range pattern {
		next := make([]bool, len(s)+1)
		for i := range next {
			switch a.wild {
			case anyText:
				next[i] = ends[i] || i > 0 && next[i-1]
			case oneByte:
				next[i] = i > 0 && ends[i-1]
			case itself:
				next[i] = i > 0 && ends[i-1] && s[i-1] == a.char
			}
		}
		ends = next
	}
	if !most {
		return max(0, slices.Index(ends, true))
	}
	for n := len(s); n > 0; n-- {
		if ends[n] {
			return n
		}
	}
	return 0
}
