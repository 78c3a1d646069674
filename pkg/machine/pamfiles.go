package machine

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pamFolders are where service files are, in libpam's order.
var pamFolders = []string{"/etc/pam.d", "/usr/lib/pam.d"}

// pamKinds are the types of lines.
var pamKinds = []string{"auth", "account", "password", "session"}

// pamLine is a line of a service file (pam.conf(5)).
type pamLine struct {
	file string
	line int
	kind string // auth, account, password or session
	// control says what becomes of a module's answer, by the name of the
	// answer.
	control map[string]action
	// module is the file name without the folder, path as it is written.
	module, path string
	args         []string
	// level is how deep in substacks the line is; begins: it is not a module
	// but the beginning of one.
	level  int
	begins bool
	// optional: a module that is not installed is no error (-).
	optional bool
}

func (l pamLine) where() string { return fileLine(l.file, l.line) }

func (l pamLine) has(arg string) bool { return slices.Contains(l.args, arg) }

// option returns the value of an argument name=value.
func (l pamLine) option(name string) (string, bool) {
	for _, arg := range l.args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// action is what becomes of an answer: ignore, ok, done, bad, die, reset, or
// "jump" over the next lines.
type action struct {
	name string
	jump int
}

// controls are the short forms of controls, as libpam spells them out.
var controls = map[string]string{
	"required":   "success=ok new_authtok_reqd=ok ignore=ignore default=bad",
	"requisite":  "success=ok new_authtok_reqd=ok ignore=ignore default=die",
	"sufficient": "success=done new_authtok_reqd=done default=ignore",
	"optional":   "success=ok new_authtok_reqd=ok default=ignore",
}

// pamProblem is something that libpam does not understand either.
type pamProblem struct {
	where string
	text  string
}

// pamReader reads a service with everything it includes.
type pamReader struct {
	host     host
	problems []pamProblem
	// included gets the files that others include.
	included map[string]bool
}

// maxPAMDepth is libpam's own.
const maxPAMDepth = 16

// service returns the lines of a service of one kind, as libpam would go
// through them.
func (r *pamReader) service(name, kind string) []pamLine {
	return r.file(r.path(name), kind, 0, 0)
}

// path returns the file that libpam takes for a name.
func (r *pamReader) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	for _, folder := range pamFolders {
		if path := filepath.Join(folder, name); r.host.exists(path) {
			return path
		}
	}
	return filepath.Join(pamFolders[0], name)
}

func (r *pamReader) file(path, kind string, level, depth int) []pamLine {
	data, err := r.host.read(path)
	if err != nil {
		r.problem(path, 0, "cannot be read: %v", withoutPath(err))
		return nil
	}
	var lines []pamLine
	number, text := 0, ""
	for line := range strings.Lines(string(data)) {
		number++
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "#")
		if continued, ok := strings.CutSuffix(line, `\`); ok {
			text += continued + " "
			continue
		}
		at := pamLine{file: path, line: number, level: level}
		lines = append(lines, r.line(at, words(text+line), kind, depth)...)
		text = ""
	}
	return lines
}

func (r *pamReader) problem(file string, line int, text string, args ...any) {
	r.problems = append(r.problems, pamProblem{fileLine(file, line), fmt.Sprintf(text, args...)})
}

// line returns what one line stands for: itself, or the file that it includes.
func (r *pamReader) line(at pamLine, fields []string, kind string, depth int) []pamLine {
	switch {
	case len(fields) == 0:
		return nil
	case fields[0] == "@include" && len(fields) == 2:
		return r.include(at, fields[1], kind, at.level, depth)
	case len(fields) < 3:
		r.problem(at.file, at.line, "is not complete: it needs a type, a control and a module")
		return nil
	}
	at.kind, at.optional = strings.ToLower(strings.TrimPrefix(fields[0], "-")), strings.HasPrefix(fields[0], "-")
	if !slices.Contains(pamKinds, at.kind) {
		r.problem(at.file, at.line, "begins with %q instead of auth, account, password or session", fields[0])
		return nil
	}
	if at.kind != kind {
		return nil
	}
	switch fields[1] {
	case "include":
		return r.include(at, fields[2], kind, at.level, depth)
	case "substack":
		begins := at
		begins.begins = true
		return append([]pamLine{begins}, r.include(at, fields[2], kind, at.level+1, depth)...)
	}
	return r.module(at, fields)
}

func (r *pamReader) include(at pamLine, name, kind string, level, depth int) []pamLine {
	if depth >= maxPAMDepth {
		r.problem(at.file, at.line, "includes %s: files include each other in a circle", name)
		return nil
	}
	path := r.path(name)
	if path != at.file {
		r.included[path] = true
	}
	return r.file(path, kind, level, depth+1)
}

// module is a line with a module.
func (r *pamReader) module(at pamLine, fields []string) []pamLine {
	at.path, at.module, at.args = fields[2], r.host.moduleName(fields[2]), fields[3:]
	text := controls[strings.ToLower(fields[1])]
	if text == "" {
		text = strings.Trim(fields[1], "[]")
		if text == fields[1] {
			r.problem(at.file, at.line, "has the control %q, which libpam does not know: it takes the module for failed", fields[1])
			text = "default=bad"
		}
	}
	at.control = map[string]action{}
	for _, pair := range strings.Fields(strings.ReplaceAll(text, " =", "=")) {
		answer, name, _ := strings.Cut(pair, "=")
		a, ok := readAction(name)
		if !ok {
			r.problem(at.file, at.line, "has the action %q, which libpam does not know", pair)
			a = action{name: "bad"}
		}
		at.control[answer] = a
	}
	return []pamLine{at}
}

func readAction(name string) (action, bool) {
	if slices.Contains([]string{"ignore", "ok", "done", "bad", "die", "reset"}, name) {
		return action{name: name}, true
	}
	jump, err := strconv.Atoi(name)
	return action{name: "jump", jump: jump}, err == nil && jump > 0
}

// words splits a line at blanks, and keeps what is in brackets together.
func words(text string) []string {
	var fields []string
	var word strings.Builder
	depth := 0
	flush := func() {
		if word.Len() > 0 {
			fields = append(fields, word.String())
			word.Reset()
		}
	}
	for _, c := range text {
		switch {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case (c == ' ' || c == '\t' || c == '\r') && depth == 0:
			flush()
			continue
		}
		word.WriteRune(c)
	}
	flush()
	return fields
}
