package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestAssignments(t *testing.T) {
	const present = `{"text": "a", "flag": true, "number": 1, "list": ["x", "y"], "table": {"inner": "b", "map": {}}, "tables": []}`
	for given, want := range map[string]string{
		"":                             present,
		"text=":                        `{"text": "", "flag": true, "number": 1, "list": ["x", "y"], "table": {"inner": "b", "map": {}}, "tables": []}`,
		"text=a=b flag=false number=7": `{"text": "a=b", "flag": false, "number": 7, "list": ["x", "y"], "table": {"inner": "b", "map": {}}, "tables": []}`,
		"list=p list=q,r list=s":       `{"text": "a", "flag": true, "number": 1, "list": ["p", "q,r", "s"], "table": {"inner": "b", "map": {}}, "tables": []}`,
		`list=["p"] list=q`:            `{"text": "a", "flag": true, "number": 1, "list": ["p", "q"], "table": {"inner": "b", "map": {}}, "tables": []}`,
		"list=":                        `{"text": "a", "flag": true, "number": 1, "list": [], "table": {"inner": "b", "map": {}}, "tables": []}`,
		`table.inner=c table.map.k=v tables=[{"dn":""}]`: `{"text": "a", "flag": true, "number": 1, "list": ["x", "y"], "table": {"inner": "c", "map": {"k": "v"}}, "tables": [{"dn": ""}]}`,
		`table={} new.key=v`:                             `{"text": "a", "flag": true, "number": 1, "list": ["x", "y"], "table": {}, "tables": [], "new": {"key": "v"}}`,
	} {
		table, wanted := decodeTable(t, present), decodeTable(t, want)
		if err := assignments(strings.Fields(given)).apply(table); err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		text, err := json.Marshal(table)
		if err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(wanted, decodeTable(t, string(text))); difference != "" {
			t.Errorf("%s: %s", given, difference)
		}
	}
	for given, want := range map[string]string{
		"text":                "not of the form KEY=VALUE",
		"=x":                  "not of the form KEY=VALUE",
		"text=a text=b":       "given twice",
		"flag=maybe":          "neither true nor false",
		"number=1.5":          "not a whole number",
		"list=[1":             "not a JSON list",
		"table=x":             "not a JSON object",
		"text.inner=x":        "text is not a table",
		"bind_password=x":     "use --bind-password",
		"root_bind_password=": "use --root-bind-password",
	} {
		err := assignments(strings.Fields(given)).apply(decodeTable(t, present))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}

func decodeTable(t *testing.T, text string) map[string]any {
	t.Helper()
	var table map[string]any
	if err := json.Unmarshal([]byte(text), &table); err != nil {
		t.Fatal(err)
	}
	return table
}

// TestPasswordIsUTF8: JSON would carry another password than the one that was typed,
// and an empty one is none.
func TestPasswordIsUTF8(t *testing.T) {
	for typed, good := range map[string]bool{"p\xe9\n": false, "\n": false, "": false, "pé\n": true} {
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		cmd.SetIn(strings.NewReader(typed))
		settings := map[string]any{}
		err := (&save{bindPassword: true}).askPassword(cmd, settings)
		if (err == nil) != good || good != (settings["bind_password"] != nil) {
			t.Errorf("%q: %v, %v", typed, settings, err)
		}
	}
}

func TestReadSettings(t *testing.T) {
	for text, good := range map[string]bool{`{"a": 1}`: true, "{}\n\n": true, `{} {}`: false, `{} x`: false, "": false, "null": false, "[1]": false, "{\"a\": \"\xe9\"}": false} {
		if settings, err := readSettings(strings.NewReader(text), "-"); (err == nil) != good {
			t.Errorf("%q: %v, %v", text, settings, err)
		}
	}
	s := &save{from: "-", bindPassword: true}
	if _, err := s.settings(&cobra.Command{}, nil, nil); err == nil {
		t.Error("standard input was read twice")
	}
}
