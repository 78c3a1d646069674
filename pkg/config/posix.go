package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// setValidNames reads /REGEX/ or /REGEX/i. The expression is an extended one of
// POSIX (regex(7)); the model has those of RE2.
func (r *keywordReader) setValidNames(_ place, value string) error {
	end := strings.LastIndexByte(value, '/')
	if value[0] != '/' || end < 1 || value[end+1:] != "" && value[end+1:] != "i" {
		return errors.New("is not of the form /REGEX/ or /REGEX/i")
	}
	translated, err := fromPOSIX(value[1:end], value[end+1:] == "i")
	if err == nil {
		err = r.cfg.Accounts.ValidNames.UnmarshalText([]byte(translated))
	}
	if err != nil {
		return fmt.Errorf("is not a usable regular expression: %w", err)
	}
	return nil
}

// fromPOSIX translates an extended regular expression of POSIX into RE2
// (https://github.com/google/re2/wiki/Syntax). The two differ in brackets, where
// a backslash of POSIX stands for itself, and in what only one of them has. With
// fold, ASCII letters match in either case; RE2's own flag for that would let
// in letters of other alphabets.
func fromPOSIX(expression string, fold bool) (string, error) {
	t := posixTranslator{rest: expression, fold: fold}
	quantified := true // there is nothing yet to repeat
	for t.rest != "" {
		c := t.rest[0]
		switch {
		case strings.IndexByte("*+?{", c) >= 0 && quantified:
			return "", fmt.Errorf("%s repeats nothing, or a repetition: use parentheses", shown(t.rest[:1]))
		case c == '[':
			if err := t.bracket(); err != nil {
				return "", err
			}
		case c == '\\':
			if err := t.escape(); err != nil {
				return "", err
			}
		case c == '{':
			if err := t.count(); err != nil {
				return "", err
			}
		default:
			t.literal()
		}
		quantified = strings.IndexByte("*+?{(|^", c) >= 0
	}
	return t.done.String(), nil
}

// posixTranslator holds what is left of an expression and what is done.
type posixTranslator struct {
	rest string
	done strings.Builder
	fold bool
}

func (t *posixTranslator) literal() {
	c := t.rest[0]
	t.rest = t.rest[1:]
	if t.fold && isLetter(c) {
		t.done.WriteString(string([]byte{'[', c, c ^ 0x20, ']'}))
		return
	}
	t.done.WriteByte(c)
}

// escape copies a backslash before a character that is not a letter or a digit;
// the others are extensions of GNU's, which differ in RE2.
func (t *posixTranslator) escape() error {
	if len(t.rest) < 2 || strings.IndexByte(`.[]{}()*+?|^$\/-_@~ `, t.rest[1]) < 0 {
		return fmt.Errorf("%s is not an escape that goldap understands", shown(t.rest[:min(2, len(t.rest))]))
	}
	if c := t.rest[1]; strings.IndexByte("/-_@~ ", c) < 0 {
		t.done.WriteByte('\\')
	}
	t.done.WriteByte(t.rest[1])
	t.rest = t.rest[2:]
	return nil
}

// count copies {n}, {n,} or {n,m}.
func (t *posixTranslator) count() error {
	end := strings.IndexByte(t.rest, '}')
	if end < 2 || strings.Trim(t.rest[1:end], "0123456789,") != "" || t.rest[1] == ',' {
		return errors.New("{ must be followed by numbers and }")
	}
	t.done.WriteString(t.rest[:end+1])
	t.rest = t.rest[end+1:]
	return nil
}

// bracket translates [...]. A ] that comes first is one of the characters.
func (t *posixTranslator) bracket() error {
	t.done.WriteByte('[')
	t.rest = t.rest[1:]
	if strings.HasPrefix(t.rest, "^") {
		t.done.WriteByte('^')
		t.rest = t.rest[1:]
	}
	for begin := true; t.rest != ""; begin = false {
		switch {
		case t.rest[0] == ']' && !begin:
			t.done.WriteByte(']')
			t.rest = t.rest[1:]
			return nil
		case strings.HasPrefix(t.rest, "[:"):
			if err := t.class(); err != nil {
				return err
			}
		case strings.HasPrefix(t.rest, "[.") || strings.HasPrefix(t.rest, "[="):
			return errors.New("goldap has no [. .] and [= =]: name the characters")
		default:
			if err := t.characters(); err != nil {
				return err
			}
		}
	}
	return errors.New("a ] is missing")
}

// class copies [:name:].
func (t *posixTranslator) class() error {
	name, rest, found := strings.Cut(t.rest[len("[:"):], ":]")
	if !found {
		return errors.New("a :] is missing")
	}
	if t.fold && (name == "upper" || name == "lower") {
		name = "alpha"
	}
	t.done.WriteString("[:" + name + ":]")
	t.rest = rest
	return nil
}

// characters translates one character or a range of them within brackets.
func (t *posixTranslator) characters() error {
	low, size := utf8.DecodeRuneInString(t.rest)
	t.rest = t.rest[size:]
	high := low
	if len(t.rest) > 1 && t.rest[0] == '-' && t.rest[1] != ']' {
		high, size = utf8.DecodeRuneInString(t.rest[1:])
		t.rest = t.rest[1+size:]
		if high < low {
			return fmt.Errorf("%c-%c is an empty range", low, high)
		}
	}
	t.writeRange(low, high)
	if t.fold {
		t.foldRange(low, high, 'a', 'z', -0x20)
		t.foldRange(low, high, 'A', 'Z', +0x20)
	}
	return nil
}

// foldRange writes the part of low-high that is in from-to, in the other case.
func (t *posixTranslator) foldRange(low, high, from, to, shift rune) {
	if low, high = max(low, from), min(high, to); low <= high {
		t.writeRange(low+shift, high+shift)
	}
}

func (t *posixTranslator) writeRange(low, high rune) {
	fmt.Fprintf(&t.done, `\x{%x}-\x{%x}`, low, high)
}

func isLetter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z'
}
