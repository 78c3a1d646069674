package config

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// keywordReader reads one of the old spellings into a draft with one directory.
// In PADL's (pam_ldap(5), nss_ldap(5)):
//
// A line is a keyword in the first column, blanks, and a value that goes to the
// end of the line. Keywords and enumerated values may be in upper case. Of a
// keyword that is repeated the last line counts, unless the keyword collects.
type keywordReader struct {
	*draft
	dir   *Directory
	known map[string]keyword
	// seen is the last line of each keyword.
	seen map[string]int
	// servers and bases are put together from several keywords at the end.
	servers servers
	bases   nslcdBases
	// values are what nss_default_attribute_value and its like say.
	values []attributeValue
}

func (d *draft) newKeywordReader() *keywordReader {
	d.cfg.Directories = []Directory{DefaultDirectory()}
	r := &keywordReader{draft: d, dir: &d.cfg.Directories[0], known: map[string]keyword{}, seen: map[string]int{}}
	for _, k := range keywords() {
		if k.in&d.spelling != 0 {
			r.known[k.name] = k
		}
	}
	return r
}

// readPADL reads a whole file.
func (d *draft) readPADL(data []byte) {
	r := d.newKeywordReader()
	number := 0
	for line := range bytes.Lines(data) {
		number++
		r.readLine(number, string(line))
		if d.stopped {
			return
		}
	}
	r.finishServers()
	r.finishBases()
	r.finishValues()
}

// readLine reads one line.
func (r *keywordReader) readLine(number int, line string) {
	line = strings.TrimRight(line, " \t\r\n")
	if line == "" || line[0] == '#' {
		return
	}
	name, value := cutKeyword(line)
	at := place{key: name, line: number}
	switch {
	case name == "":
		r.readIndented(number, strings.TrimLeft(line, " \t"))
	case number == 1 && strings.HasPrefix(name, "\xef\xbb\xbf"):
		r.stop(1, "begins with a byte order mark: save the file as plain UTF-8")
	case looksLikeTOML(name, value):
		r.stop(number, "looks like TOML: the name of a TOML file must end in .toml")
	default:
		r.readKeyword(at, value)
	}
}

// cutKeyword splits a line at its first blanks. The keyword comes back in
// lower case.
func cutKeyword(line string) (name, value string) {
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		return strings.ToLower(line), ""
	}
	return strings.ToLower(line[:end]), strings.TrimLeft(line[end:], " \t")
}

// readIndented warns of a line that the old programs skip, because a keyword
// begins in the first column.
func (r *keywordReader) readIndented(number int, line string) {
	if line[0] == '#' {
		return
	}
	name, _ := cutKeyword(line)
	if _, ok := r.known[name]; !ok {
		name = ""
	}
	r.skipped = append(r.skipped, Problem{File: r.file, Line: number, Key: name,
		Text: "the line begins with a blank and is skipped, as the old programs do: remove the blank, or write # in front"})
}

// looksLikeTOML recognises [table] and key = value.
func looksLikeTOML(name, value string) bool {
	return name[0] == '[' || strings.HasPrefix(value, "= ") || strings.HasPrefix(value, `="`)
}

// readKeyword finds the keyword in the table and carries its value over. The
// value of an unknown keyword is not shown: it may be a misspelt bindpw.
func (r *keywordReader) readKeyword(at place, value string) {
	k, ok := r.known[at.key]
	if !ok {
		r.failAt(at, "", "is not a keyword"+r.hint(at.key))
		return
	}
	before := r.seen[k.name]
	r.seen[k.name] = at.line
	switch {
	case k.set == nil:
		if before == 0 && (value == "" || !strings.EqualFold(value, k.same)) {
			r.loseAt(at, "", "is not honoured: "+k.why)
		}
	case value == "":
		r.failAt(at, "", "has no value: write one, or remove the line")
	case r.spelling == spellNSLCD && !k.many && strings.ContainsAny(value, " \t"):
		r.failAt(at, value, errOneWord.Error())
	case !isPlainText(value) && !isSecretPath(k.path):
		r.failAt(at, "", "has a value that is not UTF-8 or has control characters in it")
	default:
		if before != 0 && !k.collects {
			r.warnAt(at, "", "stands in line "+strconv.Itoa(before)+", too; the last one counts")
		}
		r.setKeyword(k, at, value)
	}
}

// hint returns what the unknown keyword was perhaps meant to be.
func (r *keywordReader) hint(name string) string {
	for _, k := range keywords() {
		if k.name == name && r.spelling == spellNSLCD {
			return " of nslcd's, only of pam_ldap.conf: remove the line, or say it in a TOML file"
		}
	}
	return didYouMean(name, slices.Sorted(maps.Keys(r.known)))
}

func (r *keywordReader) setKeyword(k keyword, at place, value string) {
	if k.path != "" {
		r.places[k.fullPath()] = at
	}
	if err := k.set(r, at, value); err != nil {
		if isSecretPath(k.path) {
			value = ""
		}
		r.failAt(at, value, err.Error())
	}
}

// isPlainText reports whether value is UTF-8 without control characters other
// than the tab.
func isPlainText(value string) bool {
	isControl := func(c rune) bool { return c != '\t' && unicode.IsControl(c) }
	return utf8.ValidString(value) && strings.IndexFunc(value, isControl) < 0
}
