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

// TestManualPagesExist looks for the pages of ours that the pages name.
func TestManualPagesExist(t *testing.T) {
	folder := filepath.Join(root, "packaging", "man")
	pages, err := filepath.Glob(filepath.Join(folder, "*.[1-8]"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("only %v, %v", pages, err)
	}
	named := regexp.MustCompile(`((?:goldap|pam_goldap|libnss_goldap)[a-z0-9_.-]*)(?: |\\fR)?\(([1-8])\)`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := named.FindAllStringSubmatch(strings.ReplaceAll(string(text), `\-`, "-"), -1)
		if len(found) == 0 {
			t.Errorf("%s names no other page", page)
		}
		for _, match := range found {
			if !slices.Contains(pages, filepath.Join(folder, match[1]+"."+match[2])) {
				t.Errorf("%s names %s(%s), which is not there", page, match[1], match[2])
			}
		}
	}
}
