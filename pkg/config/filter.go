package config

import (
	"errors"
	"fmt"
	"strings"
)

// maxFilterDepth is how deep parentheses may be nested.
const maxFilterDepth = 50

// checkFilter checks the shape of a search filter (RFC 4515): parentheses,
// operators, attribute descriptions and escapes.
func checkFilter(filter string) error {
	p := filterParser{rest: filter}
	if err := p.filter(maxFilterDepth); err != nil {
		return err
	}
	if p.rest != "" {
		return fmt.Errorf("is not a filter: there is %s after its end", shown(p.rest))
	}
	return nil
}

// filterParser holds what is left of a filter.
type filterParser struct{ rest string }

func (p *filterParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// filter reads "(" ... ")".
func (p *filterParser) filter(depth int) error {
	if depth == 0 {
		return errors.New("is not a filter that goldap takes: it is nested too deep")
	}
	if !p.take('(') {
		return fmt.Errorf("is not a filter: there should be an opening parenthesis before %s", shown(p.rest))
	}
	if err := p.content(depth); err != nil {
		return err
	}
	if !p.take(')') {
		return errors.New("is not a filter: a closing parenthesis is missing")
	}
	return nil
}

// content reads what stands between parentheses. (&) and (|) are allowed (RFC
// 4526).
func (p *filterParser) content(depth int) error {
	switch {
	case p.take('&'), p.take('|'):
		for strings.HasPrefix(p.rest, "(") {
			if err := p.filter(depth - 1); err != nil {
				return err
			}
		}
		return nil
	case p.take('!'):
		return p.filter(depth - 1)
	default:
		return p.item()
	}
}

// item reads attribute, operator and value. A backslash that two hexadecimal
// digits do not follow makes the next character stand for itself, as it does
// for nslcd and libldap.
func (p *filterParser) item() error {
	item, _, _ := cutUnescaped(p.rest, "()")
	p.rest = p.rest[len(item):]
	attribute, value, found := strings.Cut(item, "=")
	if !found {
		return fmt.Errorf("is not a filter: %s is not of the form attribute=value", shown(item))
	}
	if err := checkFilterAttribute(attribute); err != nil {
		return err
	}
	if strings.ContainsRune(value, 0) {
		return fmt.Errorf(`is not a filter: in %s there is a NUL, which is written \00`, shown(item))
	}
	return nil
}

// checkFilterAttribute checks what stands before the = of an item: an attribute
// and perhaps ~, <, > or the parts of an extensible match.
func checkFilterAttribute(s string) error {
	attribute := strings.TrimRight(s, "~<>")
	if len(s)-len(attribute) > 1 {
		return fmt.Errorf("is not a filter: there is no operator %s=", s[len(attribute):])
	}
	if extensible, ok := strings.CutSuffix(s, ":"); ok {
		attribute, rule, found := strings.Cut(extensible, ":")
		rule = strings.TrimPrefix(strings.TrimPrefix(rule, "dn:"), "dn")
		if found && rule != "" && checkDescription(rule) != nil || attribute != "" && checkDescription(attribute) != nil {
			return fmt.Errorf("is not a filter: %s= is not an extensible match", shown(s))
		}
		return nil
	}
	if checkDescription(attribute) != nil {
		return fmt.Errorf("is not a filter: %s is not the name of an attribute", shown(attribute))
	}
	return nil
}
