package config

import (
	"strconv"
	"strings"
)

// locateTOML returns the line of every key and table of a TOML file, by path.
// The file is known to be valid: the library has read it. (The library knows
// the lines, too, but keeps them under the dotted key alone, so that the last
// of several [[directory]] tables hides the others.)
func locateTOML(text string) map[string]int {
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	l := &locator{text: text, line: 1, lines: map[string]int{}, count: map[string]int{}}
	for l.skip(true); l.text != ""; l.skip(true) {
		if l.take("[") {
			l.header()
		} else {
			l.keyValue(l.table)
		}
	}
	return l.lines
}

// locator walks through a TOML file.
type locator struct {
	text string // what is left
	line int    // where text begins
	// table is the path of the current table.
	table string
	// count counts the elements of each array of tables.
	count map[string]int
	lines map[string]int
}

// advance goes n bytes on, or to the end.
func (l *locator) advance(n int) {
	n = min(n, len(l.text))
	l.line += strings.Count(l.text[:n], "\n")
	l.text = l.text[n:]
}

// advanceTo goes to the first of the characters, or to the end.
func (l *locator) advanceTo(characters string) {
	if n := strings.IndexAny(l.text, characters); n >= 0 {
		l.advance(n)
		return
	}
	l.advance(len(l.text))
}

// take goes past s if that comes next.
func (l *locator) take(s string) bool {
	if !strings.HasPrefix(l.text, s) {
		return false
	}
	l.advance(len(s))
	return true
}

// skip goes past blanks and, if it may leave the line, comments.
func (l *locator) skip(lines bool) {
	blanks := " \t"
	if lines {
		blanks = " \t\r\n"
	}
	for {
		l.advance(len(l.text) - len(strings.TrimLeft(l.text, blanks)))
		if !lines || !strings.HasPrefix(l.text, "#") {
			return
		}
		l.advanceTo("\n")
	}
}

// header reads [table] or [[table]]; the first bracket is past.
func (l *locator) header() {
	line, array := l.line, l.take("[")
	path, keys := "", l.keys()
	for i, key := range keys {
		path = l.inside(path, "."+key)
		if array && i == len(keys)-1 {
			l.lines[path] = line
			l.count[path]++
		}
		path = l.current(path)
	}
	l.table, l.lines[path] = path, line
	l.advanceTo("\n")
}

// current returns the path of the last element of an array of tables, and any
// other path as it is.
func (l *locator) current(path string) string {
	if n := l.count[path]; n > 0 {
		return path + "[" + strconv.Itoa(n-1) + "]"
	}
	return path
}

// maxPath is about how long a path gets, in bytes; what is deeper in a table is no
// key that goldap knows, and is where that is.
const maxPath = 500

// inside returns the path of a part, which begins with what is between.
func (l *locator) inside(path, part string) string {
	if len(path) > maxPath {
		return path
	}
	if path == "" {
		return strings.TrimPrefix(part, ".")
	}
	return path + part
}

// keyValue reads "key = value" in the table of the path.
func (l *locator) keyValue(path string) {
	line := l.line
	for _, key := range l.keys() {
		path = l.inside(path, "."+key)
		l.lines[path] = line
	}
	if !l.take("=") {
		l.advanceTo("\n") // cannot happen in a valid file
		return
	}
	l.skip(false)
	l.value(path)
}

// keys reads a dotted key, to the character behind it.
func (l *locator) keys() []string {
	var keys []string
	for {
		l.skip(false)
		keys = append(keys, l.key())
		l.skip(false)
		if !l.take(".") {
			return keys
		}
	}
}

func (l *locator) key() string {
	before := l.text
	if strings.HasPrefix(before, `"`) || strings.HasPrefix(before, "'") {
		l.quoted()
		quoted := before[:len(before)-len(l.text)]
		if key, err := strconv.Unquote(quoted); err == nil && quoted[0] == '"' {
			return key
		}
		return strings.Trim(quoted, quoted[:1])
	}
	l.advanceTo(" \t.=]\r\n")
	return before[:len(before)-len(l.text)]
}

// value reads any value.
func (l *locator) value(path string) {
	switch {
	case l.take("["):
		l.list(path)
	case l.take("{"):
		l.inlineTable(path)
	case strings.HasPrefix(l.text, `"`), strings.HasPrefix(l.text, "'"):
		l.quoted()
	default:
		l.advanceTo(",]}#\r\n")
	}
}

func (l *locator) list(path string) {
	for i := 0; ; i++ {
		l.skip(true)
		if l.text == "" || l.take("]") {
			return
		}
		element := l.inside(path, "["+strconv.Itoa(i)+"]")
		l.lines[element] = l.line
		l.value(element)
		l.skip(true)
		if !l.take(",") && !strings.HasPrefix(l.text, "]") {
			return // cannot happen in a valid file
		}
	}
}

func (l *locator) inlineTable(path string) {
	for {
		l.skip(true)
		if l.text == "" || l.take("}") {
			return
		}
		l.keyValue(path)
		l.skip(true)
		if !l.take(",") && !strings.HasPrefix(l.text, "}") {
			return // cannot happen in a valid file
		}
	}
}

// quoted reads a text in any of the four kinds of quotes.
func (l *locator) quoted() {
	quote := l.text[:1]
	end, multiline := quote, strings.HasPrefix(l.text, strings.Repeat(quote, 3))
	if multiline {
		end = strings.Repeat(quote, 3)
	}
	l.advance(len(end))
	for l.text != "" && !strings.HasPrefix(l.text, end) {
		if l.text[0] == '\\' && quote == `"` {
			l.advance(1)
		}
		l.advance(1)
	}
	l.advance(len(end))
	for multiline && l.take(quote) { // """a""" may end in up to two quotes more
	}
}
