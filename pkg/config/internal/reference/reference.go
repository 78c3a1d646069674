// Package reference writes the commented reference of the TOML spelling from
// the model in pkg/config: the keys and texts from the source of model*.go, the
// values from config.Default and config.DefaultDirectory. The description of the
// admin API (OpenAPI) is made of them, too.
//
// In the reference every key is commented out without a blank after the #
// (#key = value), text has a blank there, and tables stand as they are, so that
// whoever needs a key takes one character away.
package reference

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/config"
)

const header = `# goldap.toml: everything that goldap can be told. It belongs to
# /etc/goldap/goldap.toml, and with a password in it to root:goldap, mode 0640.
#
# Generated from pkg/config/model*.go by: go generate ./pkg/config
#
# Every key is commented out and shows its default or, where there is none, an
# example. A directory needs uris and base, and everything else only if its
# default does not fit.
`

// Generate returns the reference, given the folder with the source of the model.
func Generate(dir string) ([]byte, error) {
	texts, err := readTexts(dir)
	if err != nil {
		return nil, err
	}
	w := writer{texts: texts, explained: map[reflect.Type]bool{}}
	w.WriteString(header)
	err = w.table("", reflect.ValueOf(config.Default()).Elem())
	return w.Bytes(), err
}

// writer writes tables one after the other.
type writer struct {
	bytes.Buffer
	texts texts
	// explained are the types of the tables whose keys had their texts.
	explained map[reflect.Type]bool
	// optional: the table stands in a list that may be empty, so that its
	// header and those in it are commented out.
	optional bool
}

// table writes the keys of a table and then the tables in it.
func (w *writer) table(path string, values reflect.Value) error {
	t := values.Type()
	explain := !w.explained[t]
	w.explained[t] = true
	var tables []int
	for i := range t.NumField() {
		switch key := t.Field(i).Tag.Get("toml"); {
		case key == "-":
		case isTable(t.Field(i).Type):
			tables = append(tables, i)
		default:
			if err := w.key(t, t.Field(i), values.Field(i), explain); err != nil {
				return err
			}
		}
	}
	for _, i := range tables {
		if err := w.tableOf(path, t, t.Field(i), values.Field(i), explain); err != nil {
			return err
		}
	}
	return nil
}

// isTable reports whether a field is a table or a list of tables.
func isTable(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[config.Config]().PkgPath()
}

// tableOf writes the table of a field, with its header.
func (w *writer) tableOf(path string, parent reflect.Type, field reflect.StructField, values reflect.Value, explain bool) error {
	path = strings.TrimPrefix(path+"."+field.Tag.Get("toml"), ".")
	name, subject := "["+path+"]", "["+path+"]"
	if field.Type.Kind() == reflect.Slice {
		name, subject = "[["+path+"]]", "The [["+path+"]] tables"
		values = element(field.Type.Elem())
	}
	w.WriteString("\n")
	if explain {
		w.text(w.texts.of(parent, field.Name, subject))
	}
	around := w.optional
	defer func() { w.optional = around }()
	if field.Type.Kind() == reflect.Slice && path != "directory" {
		w.optional = true
	}
	if w.optional {
		name = "#" + name
	}
	w.WriteString(name + "\n")
	return w.table(path, values)
}

// element returns what an empty element of a list of tables means.
func element(t reflect.Type) reflect.Value {
	if t == reflect.TypeFor[config.Directory]() {
		return reflect.ValueOf(config.DefaultDirectory())
	}
	return reflect.Zero(t)
}

// key writes one key, commented out.
func (w *writer) key(parent reflect.Type, field reflect.StructField, value reflect.Value, explain bool) error {
	key := field.Tag.Get("toml")
	text := w.texts.of(parent, field.Name, key)
	example, hasExample := field.Tag.Lookup("example")
	if hasExample {
		text += " Not set by default; for example:"
	}
	if explain {
		w.text(text)
	}
	if !hasExample {
		var err error
		if example, err = format(value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	fmt.Fprintf(w, "#%s = %s\n", key, example)
	return nil
}

// format returns a value as TOML.
func format(value reflect.Value) (string, error) {
	switch v := value.Interface().(type) {
	case time.Duration:
		return strconv.Quote(v.String()), nil
	case *config.Regexp:
		text, err := v.MarshalText()
		return "'" + string(text) + "'", err
	case encoding.TextMarshaler: // a secret
		return `""`, nil
	case string:
		return strconv.Quote(v), nil
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]", nil
	case map[string]string:
		return "{}", nil
	case bool, int, uint32:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("no TOML for %T", v)
	}
}

// width is the longest line of text.
const width = 80

// text writes a comment, broken into lines.
func (w *writer) text(s string) {
	line := "#"
	for _, word := range strings.Fields(s) {
		if len(line)+1+len(word) > width {
			w.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	w.WriteString(line + "\n")
}

// Uncomment returns the reference with every key in force.
func Uncomment(reference []byte) []byte {
	var out []byte
	for line := range bytes.Lines(reference) {
		if len(line) > 1 && line[0] == '#' && !slices.Contains([]byte(" \n"), line[1]) {
			line = line[1:]
		}
		out = append(out, line...)
	}
	return out
}
