package config

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"github.com/goldap/goldap/pkg/secret"
)

// WriteOptions say how Write writes.
type WriteOptions struct {
	// Secrets writes the passwords that have no file of their own. Without it
	// they are left out, and a comment says so.
	Secrets bool
	// Comment returns what to say above a key or a table, which it gets as a
	// dotted key without indexes; empty for nothing. nil says nothing.
	Comment func(key string) string
}

// Write writes a configuration as TOML: what differs from the default, in the
// order of the reference. Load of the result is cfg again, but for Files,
// Warnings and, without [WriteOptions].Secrets, passwords.
func Write(w io.Writer, cfg *Config, options WriteOptions) error {
	out := writer{options: options}
	out.structure("", reflect.ValueOf(*cfg), reflect.ValueOf(*Default()))
	if out.err != nil {
		return out.err
	}
	_, err := w.Write(bytes.TrimPrefix(out.text.Bytes(), []byte("\n")))
	clear(out.text.Bytes())
	return err
}

// writer writes tables. Its methods do nothing after an error.
type writer struct {
	options WriteOptions
	text    bytes.Buffer
	err     error
}

// structure writes the keys of a table that differ from those of usual, and then
// the tables in it: TOML wants them in this order.
func (w *writer) structure(path string, v, usual reflect.Value) {
	for i, key := range tomlKeys(v.Type()) {
		if key != "-" && !isTable(v.Field(i).Type()) {
			w.key(join(path, key), key, v, i, usual.Field(i))
		}
	}
	for i, key := range tomlKeys(v.Type()) {
		if key != "-" && isTable(v.Field(i).Type()) {
			w.table(join(path, key), v.Field(i), usual.Field(i))
		}
	}
}

// isTable reports whether a type is written as tables of their own.
func isTable(t reflect.Type) bool {
	switch t {
	case secretType, regexpType:
		return false
	}
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map
}

// key writes one key of a table. What tells the tables of a list apart comes
// first in each and is always written.
func (w *writer) key(path, key string, table reflect.Value, i int, usual reflect.Value) {
	v := table.Field(i)
	if v.Type() == secretType {
		w.secret(path, key, v.Interface().(secret.Secret), table)
		return
	}
	value := Plain(v.Interface())
	identifies := i == 0 && strings.HasSuffix(parent(path), "]") && v.Kind() == reflect.String
	if identifies && (value != "" || table.Type() == reflect.TypeFor[SearchBase]()) || !reflect.DeepEqual(value, Plain(usual.Interface())) {
		w.comment(path)
		w.pair(key, value)
	}
}

// secret writes a password, unless it came from a file that the table names.
func (w *writer) secret(path, key string, s secret.Secret, table reflect.Value) {
	fromFile := false
	if i := slices.Index(tomlKeys(table.Type()), key+"_file"); i >= 0 {
		fromFile = table.Field(i).String() != ""
	}
	switch {
	case s.IsEmpty() || fromFile:
	case w.options.Secrets:
		w.pair(key, string(s.Bytes()))
	default:
		fmt.Fprintf(&w.text, "# %s is left out: it is a password\n", key)
	}
}

// pair writes a key and its value with the library, which knows how to quote.
func (w *writer) pair(key string, value any) {
	line, err := toml.Marshal(map[string]any{key: value})
	if err == nil && !utf8.Valid(line) {
		err = fmt.Errorf("%s is not UTF-8, as everything in TOML has to be; a password can be in a file of its own", printable(strings.ToValidUTF8(key, "\ufffd")))
	}
	if w.err == nil {
		w.err = err
	}
	w.text.Write(line)
	clear(line)
}

// table writes a table, or the tables of a list.
func (w *writer) table(path string, v, usual reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		w.under("["+withoutIndexes(path)+"]", path, func() { w.structure(path, v, usual) })
	case reflect.Pointer:
		if !v.IsNil() {
			w.header("["+withoutIndexes(path)+"]", path)
			w.structure(path, v.Elem(), usualElement(v.Elem().Type()))
		}
	case reflect.Map:
		w.under("["+withoutIndexes(path)+"]", path, func() { w.texts(path, v.Interface().(map[string]string)) })
	case reflect.Slice:
		for i := range v.Len() {
			at := index(path, i)
			w.header("[["+withoutIndexes(path)+"]]", path)
			w.structure(at, v.Index(i), usualElement(v.Type().Elem()))
		}
	}
}

// usualElement is what an empty table means.
func usualElement(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[Directory]():
		return reflect.ValueOf(DefaultDirectory())
	case reflect.TypeFor[Authentication]():
		return reflect.ValueOf(DefaultAuthentication())
	}
	return reflect.Zero(t)
}

// under writes a header if body writes anything below it.
func (w *writer) under(header, path string, body func()) {
	before := w.text.Len()
	w.header(header, path)
	began := w.text.Len()
	body()
	written := w.text.Bytes()[began:]
	switch {
	case len(written) == 0:
		w.text.Truncate(before)
	case bytes.HasPrefix(written, []byte("\n[")): // the tables below say where they are
		kept := bytes.Clone(written)
		clear(written)
		w.text.Truncate(before)
		w.text.Write(kept)
		clear(kept)
	}
}

func (w *writer) header(header, path string) {
	w.text.WriteString("\n")
	w.comment(path)
	w.text.WriteString(header + "\n")
}

func (w *writer) texts(path string, texts map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		w.comment(join(path, key))
		w.pair(key, texts[key])
	}
}

// comment writes what there is to say about a path. It may hold what a server
// said: control characters have no place in a comment of TOML.
func (w *writer) comment(path string) {
	if w.options.Comment == nil {
		return
	}
	for line := range strings.Lines(w.options.Comment(withoutIndexes(path))) {
		w.text.WriteString(strings.TrimRight("# "+printable(strings.TrimRight(line, "\n")), " ") + "\n")
	}
}

// Plain turns a part of the model into the values that TOML and JSON know: a
// table becomes a map[string]any with the keys of the file, a duration and a
// regular expression a text, a list is never nil. Passwords are left out.
func Plain(value any) any { return plain(reflect.ValueOf(value)) }

func plain(v reflect.Value) any {
	switch v.Type() {
	case durationType:
		return durationText(time.Duration(v.Int()))
	case regexpType:
		if v.IsNil() {
			return ""
		}
		text, _ := v.Interface().(*Regexp).MarshalText() // it never fails
		return string(text)
	}
	switch v.Kind() {
	case reflect.Struct:
		return plainTable(v)
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, plain(v.Index(i)))
		}
		return list
	case reflect.Map:
		texts := map[string]any{}
		for _, key := range v.MapKeys() {
			texts[key.String()] = v.MapIndex(key).String()
		}
		return texts
	default:
		return v.Interface()
	}
}

func plainTable(v reflect.Value) map[string]any {
	table := map[string]any{}
	for i, key := range tomlKeys(v.Type()) {
		if key != "-" && v.Field(i).Type() != secretType {
			table[key] = plain(v.Field(i))
		}
	}
	return table
}

var zeroUnits = regexp.MustCompile(`^(.*[hm])0s$`)

// durationText returns 5m for what Duration calls 5m0s, and 24h for 24h0m0s.
func durationText(t time.Duration) string {
	text := zeroUnits.ReplaceAllString(t.String(), "$1")
	if hours, found := strings.CutSuffix(text, "h0m"); found {
		return hours + "h"
	}
	return text
}
