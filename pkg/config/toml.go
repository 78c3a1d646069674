package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/goldap/goldap/pkg/secret"
)

// readTOML reads the TOML spelling. The library checks the syntax; the values
// are then carried into the model here, because the library's own decoder
// stops at the first that does not fit.
func (d *draft) readTOML(data []byte) {
	root := d.decodeTOML(data)
	d.fillStruct(reflect.ValueOf(d.cfg).Elem(), "", root)
}

// decodeTOML reads the syntax and notes the places. If it is wrong, the draft is
// stopped.
func (d *draft) decodeTOML(data []byte) map[string]any {
	if line := deepLine(string(data)); line > 0 {
		d.stop(line, "has tables in tables deeper than any key of goldap's is")
		return nil
	}
	var root map[string]any
	if _, err := toml.Decode(string(data), &root); err != nil {
		d.failSyntax(err)
		return nil
	}
	for path, line := range locateTOML(string(data)) {
		d.places[path] = place{key: withoutIndexes(path), line: line}
	}
	return root
}

// failSyntax reports an error of the TOML library. Its text may quote a part
// of a value, which may be a part of a password.
func (d *draft) failSyntax(err error) {
	line, message := 0, err.Error()
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		line, message = syntax.Position.Line, syntax.Message
	}
	d.stop(line, "is not TOML: "+withoutQuotes(message))
}

// withoutQuotes replaces what stands in quotes in a message of the TOML
// library, unless it is a single character, and numbers.
func withoutQuotes(message string) string {
	if strings.Contains(message, "range") {
		return "a number is out of range"
	}
	return regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|"[^"]*$|'[^']*$`).ReplaceAllStringFunc(message, func(quoted string) string {
		if len([]rune(quoted)) <= 3 {
			return quoted
		}
		return "(not shown)"
	})
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[secret.Secret]()
	regexpType   = reflect.TypeFor[*Regexp]()
)

// fillStruct carries a table into dst.
func (d *draft) fillStruct(dst reflect.Value, path string, table map[string]any) {
	keys := tomlKeys(dst.Type())
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if d.isFull() {
			return
		}
		i := slices.Index(keys, key)
		if i < 0 || key == "-" {
			d.failUnknownKey(dst.Type(), path, key)
			continue
		}
		d.fill(dst.Field(i), join(path, key), table[key])
	}
	if _, given := table["dn"]; !given && dst.Type() == reflect.TypeFor[SearchBase]() {
		d.fail(join(path, "dn"), "", "is missing: say where to search")
	}
}

// fill carries one value into dst.
func (d *draft) fill(dst reflect.Value, path string, value any) {
	switch dst.Type() {
	case durationType, secretType, regexpType:
		d.fillText(dst, path, value)
		return
	}
	switch dst.Kind() {
	case reflect.Bool, reflect.String:
		d.fillScalar(dst, path, value)
	case reflect.Int, reflect.Uint32:
		d.fillNumber(dst, path, value)
	case reflect.Struct:
		if table, ok := value.(map[string]any); ok {
			d.fillStruct(dst, path, table)
			return
		}
		d.failType(path, value, "must be a table: ["+withoutIndexes(path)+"]")
	case reflect.Slice:
		d.fillSlice(dst, path, value)
	case reflect.Map:
		d.fillMap(dst, path, value)
	case reflect.Pointer:
		d.fill(dst.Elem(), path, value)
	default:
		panic("no TOML for " + dst.Type().String())
	}
}

// fillText carries a value that is a text in the file and something else in
// the model.
func (d *draft) fillText(dst reflect.Value, path string, value any) {
	text, ok := value.(string)
	switch {
	case dst.Type() == durationType:
		t, err := time.ParseDuration(text)
		if !ok || err != nil {
			d.failType(path, value, `is not a duration: write a number and its unit in quotes, such as "5s" or "500ms"`)
			return
		}
		dst.SetInt(int64(t))
	case !ok:
		d.failType(path, value, "must be a text in quotes")
	case dst.Type() == secretType:
		dst.Set(reflect.ValueOf(secret.FromString(text)))
		if text != "" {
			d.secrets = append(d.secrets, path)
		}
	default:
		r := new(Regexp)
		if err := r.UnmarshalText([]byte(text)); err != nil {
			d.fail(path, text, "is not a usable regular expression: %v", err)
			return
		}
		dst.Set(reflect.ValueOf(r))
	}
}

func (d *draft) fillScalar(dst reflect.Value, path string, value any) {
	v := reflect.ValueOf(value)
	if v.Kind() != dst.Kind() {
		d.failType(path, value, map[reflect.Kind]string{
			reflect.Bool:   "must be true or false, without quotes",
			reflect.String: "must be a text in quotes",
		}[dst.Kind()])
		return
	}
	dst.Set(v)
}

func (d *draft) fillNumber(dst reflect.Value, path string, value any) {
	n, ok := value.(int64)
	if number, isJSON := value.(json.Number); isJSON {
		var err error
		n, err = number.Int64()
		ok = err == nil
	}
	switch {
	case !ok:
		d.failType(path, value, "must be a whole number, without quotes")
	case dst.Kind() == reflect.Int && !dst.OverflowInt(n):
		dst.SetInt(n)
	case dst.Kind() == reflect.Uint32 && n >= 0 && !dst.OverflowUint(uint64(n)):
		dst.SetUint(uint64(n))
	default:
		d.failType(path, value, "is out of range")
	}
}

// maxTables is how many tables a list can have. Each takes far more memory than
// its line in the file.
const maxTables = 2000

// fillSlice carries a list of texts or of tables into dst, in place of what is
// there.
func (d *draft) fillSlice(dst reflect.Value, path string, value any) {
	list, ok := asList(value)
	if !ok {
		what := `a list of texts: ["...", "..."]`
		if dst.Type().Elem().Kind() == reflect.Struct {
			what = "a list of tables: [[" + withoutIndexes(path) + "]]"
		}
		d.failType(path, value, "must be "+what)
		return
	}
	if dst.Type().Elem().Kind() == reflect.Struct && len(list) > maxTables {
		d.fail(path, "", "has %d tables; there can be %d", len(list), maxTables)
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
	for i, element := range list {
		if directory, ok := dst.Index(i).Addr().Interface().(*Directory); ok {
			*directory = DefaultDirectory()
		}
		d.fill(dst.Index(i), path+"["+strconv.Itoa(i)+"]", element)
	}
}

// asList returns a TOML list, which the library hands out in one of two forms.
func asList(value any) ([]any, bool) {
	if tables, ok := value.([]map[string]any); ok {
		list := make([]any, len(tables))
		for i, table := range tables {
			list[i] = table
		}
		return list, true
	}
	list, ok := value.([]any)
	return list, ok
}

// fillMap carries a table of texts into dst.
func (d *draft) fillMap(dst reflect.Value, path string, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		d.failType(path, value, "must be a table of texts: ["+withoutIndexes(path)+"]")
		return
	}
	texts := make(map[string]string, len(table))
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if text, ok := table[key].(string); ok {
			texts[key] = text
			continue
		}
		d.failType(join(path, key), table[key], "must be a text in quotes")
	}
	dst.Set(reflect.ValueOf(texts))
}

// failType reports a value that does not fit its key, showing simple values.
func (d *draft) failType(path string, value any, text string) {
	switch value.(type) {
	case map[string]any, []map[string]any, []any:
		d.fail(path, "", "%s", text)
	default:
		d.fail(path, fmt.Sprint(value), "%s", text)
	}
}

// failUnknownKey reports a key that its table does not have. The value is not
// shown: the key may be a misspelt bind_password.
func (d *draft) failUnknownKey(table reflect.Type, path, key string) {
	hint := didYouMean(key, tomlKeys(table))
	if home := homeOf(key); hint == "" && home != "" {
		hint = "; it belongs into the table " + home
	}
	d.fail(join(path, key), "", "is not a key of %s%s", tableName(path), hint)
}

// homeOf returns the first table that has the key, in brackets.
func homeOf(key string) string {
	tables := []struct {
		name  string
		table reflect.Type
	}{
		{"[daemon]", reflect.TypeFor[Daemon]()},
		{"[accounts]", reflect.TypeFor[Accounts]()},
		{"[lookups]", reflect.TypeFor[Lookups]()},
		{"[login]", reflect.TypeFor[Login]()},
		{"[login.throttle]", reflect.TypeFor[Throttle]()},
		{"[[directory]]", reflect.TypeFor[Directory]()},
		{"[directory.tls]", reflect.TypeFor[TLS]()},
		{"[directory.sasl]", reflect.TypeFor[SASL]()},
		{"[[directory.server]]", reflect.TypeFor[Server]()},
		{"[directory.passwd]", reflect.TypeFor[Map]()},
		{"[[role]]", reflect.TypeFor[Role]()},
		{"[[service]]", reflect.TypeFor[Service]()},
	}
	for _, t := range tables {
		if key != "-" && slices.Contains(tomlKeys(t.table), key) {
			return t.name
		}
	}
	return ""
}

func tableName(path string) string {
	switch {
	case path == "":
		return "the top level"
	case strings.HasSuffix(path, "]"):
		return "[[" + withoutIndexes(path) + "]]"
	default:
		return "[" + withoutIndexes(path) + "]"
	}
}

// tomlKeys returns the keys of the fields of a struct, in order. A field that
// is not in the file has the key "-".
func tomlKeys(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = cmp.Or(t.Field(i).Tag.Get("toml"), "-")
	}
	return keys
}

// join appends a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
