package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestModuleOptionsAreDocumented looks for every option that pam_module/call.c
// takes in pam_goldap(8) and in docs/configuration.md, and the other way round.
func TestModuleOptionsAreDocumented(t *testing.T) {
	read := func(path string) string {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	taken := func(text, pattern string) []string {
		var names []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			names = append(names, strings.TrimRight(match[1], "=/"))
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	options := taken(read("pam_module/call.c"), `(?:strcmp|strncmp)\(argument, "([a-z_]+(?:=/?)?)"`)
	if len(options) < 15 {
		t.Fatalf("only %v are options: is the expression right?", options)
	}
	page := read("packaging/man/pam_goldap.8")
	_, page, _ = strings.Cut(page, ".SH OPTIONS\n")
	page, _, _ = strings.Cut(page, "\n.SH ")
	documents := map[string][]string{
		"pam_goldap(8)":         taken(page, `(?m)^\.TP\n(?:\.B |\\fB)([a-z_]+=?)`),
		"docs/configuration.md": taken(read("docs/configuration.md"), "(?m)^\\| `([a-z_]+=?)(?:[A-Z/][A-Z]*|auto|daemon|direct)?` \\| "),
	}
	for document, names := range documents {
		for _, option := range options {
			if !slices.Contains(names, option) {
				t.Errorf("%s does not have the module's option %s", document, option)
			}
		}
	}
	for _, name := range documents["pam_goldap(8)"] {
		if !slices.Contains(options, name) {
			t.Errorf("pam_goldap(8) has the option %s, which the module does not take", name)
		}
	}
}
