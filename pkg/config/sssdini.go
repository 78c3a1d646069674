package config

import (
	"bytes"
	"strconv"
	"strings"
)

// iniFile is a file of SSSD's, as its library (libini_config of ding-libs) reads
// it for SSSD:
//
// A section begins with its name in brackets. A line in it is a key, an = and a
// value that goes to the end of the line; blanks around them do not count. There
// are no quotes, no comments behind a value, and no line goes on in the next one.
// A comment begins in the first column with #, ; or //, or with /* and ends with
// a line that ends in */. A key without a value counts as not there. Of a key that
// is repeated the last one counts, and a section that is repeated goes on.
type iniFile struct {
	*draft
	sections []*iniSection
	current  *iniSection
	// name is the file that is being read, line the number of the line.
	name string
	line int
	// comment is the line in which a /* began, 0 outside of such a comment.
	comment int
}

// iniSection is a section. Its name is as written, a key is in lower case.
type iniSection struct {
	name string
	at   place
	keys []iniKey
}

// iniKey is a key with its value.
type iniKey struct {
	name, value string
	at          place
}

// maxIniKey is the longest name of a key or of a section, in bytes.
const maxIniKey = 1023

// readINI reads a whole file. What it says of a key counts more than what a file
// before it said.
func (f *iniFile) readINI(name string, data []byte) {
	f.name, f.line, f.current, f.comment = name, 0, nil, 0
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for line := range bytes.Lines(data) {
		f.line++
		if bytes.IndexByte(line, 0) >= 0 {
			f.bad("the line has a NUL in it: save the file as plain UTF-8")
			continue
		}
		f.readLine(strings.TrimRight(string(line), " \t\r\n\v\f"))
	}
	if f.comment > 0 {
		f.line = f.comment
		f.bad("the comment that begins with /* does not end: SSSD does not start with it")
	}
}

func (f *iniFile) bad(text string) { f.failAt(f.at(""), "", text) }

func (f *iniFile) at(key string) place { return place{key: key, line: f.line, file: f.name} }

// readLine reads one line, without what it ends with.
func (f *iniFile) readLine(line string) {
	switch {
	case f.isComment(line):
	case line[0] == '[':
		f.readSection(line)
	default:
		f.readKey(line)
	}
}

// isComment reports whether a line is empty or belongs to a comment.
func (f *iniFile) isComment(line string) bool {
	switch {
	case f.comment > 0:
		if strings.HasSuffix(line, "*/") {
			f.comment = 0
		}
		return true
	case strings.HasPrefix(line, "/*"):
		if len(line) < 4 || !strings.HasSuffix(line, "*/") {
			f.comment = f.line
		}
		return true
	}
	return line == "" || line[0] == '#' || line[0] == ';' || strings.HasPrefix(line, "//")
}

func (f *iniFile) readSection(line string) {
	name, closed := strings.CutSuffix(line[1:], "]")
	name = strings.Trim(name, " \t")
	switch {
	case !closed:
		f.bad("the name of the section does not end in ]: SSSD does not start with it")
	case name == "":
		f.bad("the section has no name")
	case len(name) > maxIniKey || !isPlainText(name):
		f.bad("the name of the section is too long, or not UTF-8")
	default:
		f.open(name)
	}
}

// open makes a section the current one: the one that has the name already, or a
// new one.
func (f *iniFile) open(name string) {
	if f.current = f.section(name); f.current == nil {
		f.current = &iniSection{name: name, at: f.at("[" + name + "]")}
		f.sections = append(f.sections, f.current)
	}
}

// section returns the section of a name in any case, or nil.
func (f *iniFile) section(name string) *iniSection {
	for _, s := range f.sections {
		if strings.EqualFold(s.name, name) {
			return s
		}
	}
	return nil
}

// readKey reads key = value. A line that is not of that form is not shown: it may
// be the rest of a password.
func (f *iniFile) readKey(line string) {
	indented := isBlank(line[0])
	name, value, found := strings.Cut(strings.TrimLeft(line, " \t\v\f"), "=")
	name, value = strings.ToLower(strings.TrimRight(name, " \t")), strings.Trim(value, " \t")
	switch {
	case found && indented && strings.IndexAny(name, "#;") == 0: // a key that SSSD does not know
	case indented && strings.IndexAny(name, "#;") == 0:
		f.bad("a comment begins in the first column: SSSD does not start with a blank before it")
	case !found && indented:
		f.bad("the line has no =, and no line goes on from the one above: write the value in one line")
	case !found:
		f.bad("the line is neither [section] nor key = value nor a comment: SSSD does not start with it")
	case name == "":
		f.bad("there is no key before the =: SSSD does not start with it")
	case len(name) > maxIniKey || !isPlainText(name):
		f.bad("the key is too long, or not UTF-8")
	case f.current == nil:
		f.failAt(f.at(name), "", "stands before the first section, where nothing counts")
	case value != "":
		f.set(name, value)
	}
}

// set adds a key to the current section, in the place of one of that name.
func (f *iniFile) set(name, value string) {
	key := iniKey{name, value, f.at(name)}
	if !isPlainText(value) && !isSSSDSecret(name) {
		f.failAt(key.at, "", "has a value that is not UTF-8 or has control characters in it")
		return
	}
	for i, before := range f.current.keys {
		if before.name == name {
			f.overridden(before.at, key.at)
			f.current.keys[i] = key
			return
		}
	}
	f.current.keys = append(f.current.keys, key)
}

// isSSSDSecret reports whether the value of a key must not be shown.
func isSSSDSecret(name string) bool { return name == "ldap_default_authtok" }

// get returns a key of the section, which may be nil.
func (s *iniSection) get(name string) (iniKey, bool) {
	if s == nil {
		return iniKey{}, false
	}
	for _, key := range s.keys {
		if key.name == name {
			return key, true
		}
	}
	return iniKey{}, false
}

// overridden tells that a key counts no more because it is said again.
func (f *iniFile) overridden(before, now place) {
	if before.file != now.file {
		f.warnAt(now, "", "stands in "+before.file+", too; what the snippet says counts, as in SSSD")
		return
	}
	f.warnAt(now, "", "stands in line "+strconv.Itoa(before.line)+", too; the last one counts")
}
