package config

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
)

// spelling is a way to write a configuration; the values are bits so that a
// keyword can belong to several.
type spelling uint8

const (
	spellTOML spelling = 1 << iota
	spellPADL
	spellNSLCD
	// spellSSSD is read by Convert only.
	spellSSSD
)

// draft is a configuration that is being read and checked. Its parts are
// addressed by path, the dotted TOML key with the number of each table:
// directory[0].tls.mode.
type draft struct {
	cfg      *Config
	file     string
	spelling spelling
	// places says where the file sets a path.
	places map[string]place
	// secrets are the paths of passwords that stand in the file itself.
	secrets  []string
	errors   []Problem
	warnings []Problem
	// skipped are warnings that may explain the errors, and are reported with
	// them.
	skipped []Problem
	// untrusted says that it names files that are not to be opened.
	untrusted bool
	// stopped says that the file could not be understood at all, so that
	// there is nothing to check.
	stopped bool
}

// place is where a file sets something: what the file calls it, and the line.
type place struct {
	key  string
	line int
	// file is empty for the file of the draft.
	file string
}

// first is the path of the first directory, with a dot. The old spellings know
// one directory only.
const first = "directory[0]."

func newDraft(file string, s spelling) *draft {
	return &draft{cfg: Default(), file: file, spelling: s, places: map[string]place{}}
}

// maxProblems is how many errors are told. A file of nonsense has one for each
// line, and each takes a search for what could have been meant.
const maxProblems = 200

// isFull reports whether no more errors are told.
func (d *draft) isFull() bool { return len(d.errors) > maxProblems }

func (d *draft) add(p Problem) {
	switch {
	case d.isFull():
	case len(d.errors) == maxProblems:
		d.errors = append(d.errors, Problem{File: d.file, Text: "has more problems than these"})
	default:
		d.errors = append(d.errors, p)
	}
}

// fail records an error about the path and the value that stands there. The
// text begins with the value, if there is one, and says what is wrong and what
// to do.
func (d *draft) fail(path, value, format string, args ...any) {
	d.add(d.problem(path, value, fmt.Sprintf(format, args...)))
}

// failWith is fail for an error of the operating system.
func (d *draft) failWith(err error, path, value, format string, args ...any) {
	p := d.problem(path, value, fmt.Sprintf(format, args...))
	p.Err = err
	d.add(p)
}

// warn records a warning like fail an error.
func (d *draft) warn(path, value, format string, args ...any) {
	d.warnings = append(d.warnings, d.problem(path, value, fmt.Sprintf(format, args...)))
}

// stop records the one error of a file that cannot be understood at all.
func (d *draft) stop(line int, text string) {
	d.stopped = true
	d.errors = append(d.errors, Problem{File: d.file, Line: line, Text: text})
}

func (d *draft) problem(path, value, text string) Problem {
	if isSecretPath(path) {
		value = ""
	}
	return d.problemAt(d.place(path), value, text)
}

// problemAt is for places that belong to no path. It shows the value: the
// caller sees to it that it is no secret.
func (d *draft) problemAt(at place, value, text string) Problem {
	if value != "" {
		text = shown(value) + " " + text
		value = value[:min(len(value), maxShown)]
	}
	return Problem{File: cmp.Or(at.file, d.file), Line: at.line, Key: printable(at.key), Value: value, Text: printable(text)}
}

func (d *draft) failAt(at place, value, text string) {
	d.add(d.problemAt(at, value, text))
}

func (d *draft) warnAt(at place, value, text string) {
	d.warnings = append(d.warnings, d.problemAt(at, value, text))
}

// loseAt is warnAt for what the line asks for and goldap does not do.
func (d *draft) loseAt(at place, value, text string) {
	p := d.problemAt(at, value, text)
	p.Lost = true
	d.warnings = append(d.warnings, p)
}

// printable replaces control characters, which TOML allows in a quoted key.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}

// isSecretPath reports whether the value of path must not be shown.
func isSecretPath(path string) bool { return strings.HasSuffix(path, "_password") }

// place returns where path is set. For a path that the file does not set it
// returns what the file would call it, and the line of the nearest table
// around it.
func (d *draft) place(path string) place {
	if at, ok := d.places[path]; ok {
		return at
	}
	at := place{key: d.key(path)}
	for outer := parent(path); outer != ""; outer = parent(outer) {
		if found, ok := d.places[outer]; ok {
			at.line, at.file = found.line, found.file
			switch {
			case found.file != "" && d.spelling != spellSSSD: // the managed file, which is TOML
				at.key = withoutIndexes(path)
			case at.key == "": // a part of what one keyword says
				at.key = found.key
			}
			return at
		}
	}
	return at
}

// key returns what the spelling calls a path that the file does not set.
func (d *draft) key(path string) string {
	switch d.spelling {
	case spellTOML:
		return withoutIndexes(path)
	case spellSSSD:
		return sssdKeyOf(path)
	}
	for _, k := range keywords() {
		if k.in&d.spelling != 0 && k.path != "" && k.fullPath() == path {
			return k.name
		}
	}
	return ""
}

// name returns, for texts, what the spelling calls a key of a directory such
// as bind_password.
func (d *draft) name(key string) string {
	if name := d.key(first + key); d.spelling != spellTOML && name != "" {
		return name
	}
	return key
}

// parent cuts the last key or the last index off a path.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// withoutIndexes returns directory.uris for directory[0].uris[2].
func withoutIndexes(path string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(path, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, path, _ = strings.Cut(after, "]")
	}
}
