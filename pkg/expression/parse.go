package expression

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads an expression, without the quotes that nslcd.conf puts around it.
// An error says at which byte, counted from 1, and what is wrong there.
func Parse(text string) (*Expression, error) {
	p := parser{text: text}
	parts, err := p.parts(noWord)
	if err != nil {
		return nil, err
	}
	return &Expression{text: text, parts: parts}, nil
}

// where is the place in an expression at which texts are read.
type where int

const (
	noWord    where = iota // not inside braces
	word                   // after :- and :+
	pattern                // after #
	starWords              // after ## % and %%
)

type parser struct {
	text string
	at   int
}

func (p *parser) fault(at int, format string, args ...any) error {
	return fmt.Errorf("at byte %d: %s", at+1, fmt.Sprintf(format, args...))
}

// parts reads texts and attributes up to the end, or up to the brace that ends
// a word, which it takes.
func (p *parser) parts(in where) ([]part, error) {
	var all []part
	opened := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '}' && in != noWord:
			p.at++
			return all, nil
		case c == '$':
			attribute, err := p.attribute()
			if err != nil {
				return nil, err
			}
			all = append(all, attribute)
		case c == '\\':
			if p.at+1 == len(p.text) {
				return nil, p.fault(p.at, `nothing comes after \; for the character itself write \\`)
			}
			all = appendByte(all, p.text[p.at+1])
			p.at += 2
		case c == '?' && in >= pattern:
			all = append(all, part{text: "?", wild: oneByte})
			p.at++
		case c == '*' && in == starWords:
			all = append(all, part{text: "*", wild: anyText})
			p.at++
		default:
			all = appendByte(all, c)
			p.at++
		}
	}
	if in != noWord {
		return nil, p.fault(opened, "the word that begins here has no } at its end")
	}
	return all, nil
}

// appendByte appends a byte to the text at the end of parts.
func appendByte(parts []part, c byte) []part {
	if last := len(parts) - 1; last >= 0 && parts[last].operator == text && parts[last].wild == itself {
		parts[last].text += string([]byte{c})
		return parts
	}
	return append(parts, part{text: string([]byte{c})})
}

// attribute reads from a $ on.
func (p *parser) attribute() (part, error) {
	start := p.at
	p.at++
	if !strings.HasPrefix(p.text[p.at:], "{") {
		name := p.name("")
		if name == "" {
			return part{}, p.fault(start, `the name of an attribute must come after $; for the character itself write \$`)
		}
		return part{operator: plain, name: name}, nil
	}
	p.at++
	name := p.name("-.")
	if name == "" {
		return part{}, p.fault(start, "the name of an attribute must come after ${")
	}
	result, err := p.operation(start)
	result.name = name
	return result, err
}

// name reads the name of an attribute: letters, digits, semicolons and what
// more is allowed, with a letter first.
func (p *parser) name(more string) string {
	end := p.at
	for end < len(p.text) {
		c := p.text[end]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		other := '0' <= c && c <= '9' || c == ';' || strings.IndexByte(more, c) >= 0
		if !letter && (end == p.at || !other) {
			break
		}
		end++
	}
	name := p.text[p.at:end]
	p.at = end
	return name
}

// operations are the operators inside braces with the place that their words
// are; the longer ones first.
var operations = []struct {
	text     string
	operator operator
	in       where
}{
	{":-", orElse, word},
	{":+", ifSet, word},
	{"##", cutLongest, starWords},
	{"#", cutPrefix, pattern},
	{"%%", cutLongestAt, starWords},
	{"%", cutSuffix, starWords},
}

// operation reads what comes after the name of an attribute in braces that were
// opened at start.
func (p *parser) operation(start int) (part, error) {
	rest := p.text[p.at:]
	if rest == "" {
		return part{}, p.fault(start, "${ has no } at its end")
	}
	if rest[0] == '}' {
		p.at++
		return part{operator: plain}, nil
	}
	for _, o := range operations {
		if strings.HasPrefix(rest, o.text) {
			p.at += len(o.text)
			parts, err := p.parts(o.in)
			return part{operator: o.operator, word: parts}, err
		}
	}
	if rest[0] == ':' {
		return p.slice()
	}
	return part{}, p.fault(p.at, "%.1q cannot come after the name of an attribute; }, :-, :+, :OFFSET:LENGTH, #, ##, %% and %%%% can", rest)
}

// slice reads :OFFSET:LENGTH}.
func (p *parser) slice() (part, error) {
	at := p.at
	offset, okOffset := p.number(':')
	length, okLength := p.number(':')
	if !okOffset || !okLength || !strings.HasPrefix(p.text[p.at:], "}") {
		return part{}, p.fault(at, "after : must come - or + and a word, or two numbers as in ${attribute:0:8}")
	}
	p.at++
	return part{operator: slice, offset: offset, len: length}, nil
}

// number reads the character before and a decimal number after it.
func (p *parser) number(before byte) (int, bool) {
	if p.at == len(p.text) || p.text[p.at] != before {
		return 0, false
	}
	end := p.at + 1
	for end < len(p.text) && '0' <= p.text[end] && p.text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(p.text[p.at+1:end], 10, 31)
	p.at = end
	return int(n), err == nil
}
