// Package expression reads the expressions of nslcd.conf(5): a small part of
// what a shell does inside double quotes, used to compute one attribute from
// others and to put what is known of a login into a filter.
//
//	$attr ${attr}       the first value of the attribute; nothing if it has none
//	${attr:-word}       word if the attribute has no value or an empty one
//	${attr:+word}       word if the attribute has a value that is not empty
//	${attr:OFF:LEN}     LEN bytes from byte OFF on, or as many as there are
//	${attr#word}        the value without the word it begins with
//	${attr##word}       the same; the longest if the word has a * in it
//	${attr%word}        the value without the word it ends with
//	${attr%%word}       the same; the longest if the word has a * in it
//	\x                  the character x, whatever it is
//
// A word may have further expressions in it. In the word after # ## % and %%
// a ? matches any byte. After ## % and %% an * matches any bytes; after # it is
// an asterisk, as it is to nslcd, which knows no other of the four. What an
// attribute puts into a word never matches anything but itself.
package expression

import "strings"

// Expression is an expression that has been read. It can be used by many
// goroutines at a time.
type Expression struct {
	text  string
	parts []part
}

// String returns the expression as it was written.
func (e *Expression) String() string { return e.text }

// Value returns what the expression stands for. value returns the first value
// of an attribute, "" if it has none.
func (e *Expression) Value(value func(attribute string) string) string {
	return evaluate(e.parts, value)
}

// Each is Value in pieces: it calls emit with each text in the order in which
// they make up the value, and says whether the text came from an attribute or
// from the expression itself.
func (e *Expression) Each(value func(attribute string) string, emit func(text string, fromAttribute bool)) {
	for _, p := range e.parts {
		p.each(value, emit)
	}
}

// Attributes returns the attributes that the expression depends on, each once,
// in the order in which it names them.
func (e *Expression) Attributes() []string {
	var names []string
	known := map[string]bool{}
	walk(e.parts, func(name string) {
		if !known[name] {
			known[name] = true
			names = append(names, name)
		}
	})
	return names
}

func walk(parts []part, visit func(name string)) {
	for _, p := range parts {
		if p.name != "" {
			visit(p.name)
		}
		walk(p.word, visit)
	}
}

// operator is what a part does with the value of its attribute.
type operator int

const (
	text operator = iota // no attribute: the part is text
	plain
	orElse       // :-
	ifSet        // :+
	slice        // :OFF:LEN
	cutPrefix    // #
	cutLongest   // ##
	cutSuffix    // %
	cutLongestAt // %%, the end
)

// part is a text or an attribute with what is done to it.
type part struct {
	operator    operator
	text        string // of a text; for patterns see wild
	wild        wild
	name        string // of the attribute
	word        []part
	offset, len int
}

func evaluate(parts []part, value func(string) string) string {
	if len(parts) == 1 && parts[0].operator == text {
		return parts[0].text
	}
	var b strings.Builder
	for _, p := range parts {
		p.each(value, func(text string, _ bool) { b.WriteString(text) })
	}
	return b.String()
}

// each emits what a part stands for.
func (p *part) each(value func(string) string, emit func(text string, fromAttribute bool)) {
	if p.operator == text {
		emit(p.text, false)
		return
	}
	v := value(p.name)
	switch p.operator {
	case orElse, ifSet:
		if (v == "") == (p.operator == orElse) {
			for _, inner := range p.word {
				inner.each(value, emit)
			}
			return
		}
		if p.operator == ifSet {
			return
		}
	case slice:
		start := min(p.offset, len(v))
		v = v[start : min(p.len, len(v)-start)+start]
	case cutPrefix, cutLongest, cutSuffix, cutLongestAt:
		v = p.cut(v, value)
	}
	emit(v, true)
}
