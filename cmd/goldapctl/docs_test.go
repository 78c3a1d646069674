package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// verbs of goldapctl in the docs: in code between backquotes, and in blocks
// that are indented or fenced.
var (
	docCode  = regexp.MustCompile("(?s)```.*?\n```|`[^`]+`|(?m-s:^(?:    |\t).*$)")
	docVerbs = regexp.MustCompile(`\bgoldapctl((?: +[a-z][a-z-]*)+)`)
	docFlags = regexp.MustCompile(`\bgoldapctl( [^\n|;&#]*)`)
	docFlag  = regexp.MustCompile(`(?:^| )(--[a-z-]+)`)
)

// docPages are the pages for those who type goldapctl.
func docPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, pattern := range []string{"../../[B-Z]*.md", "../../docs/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pages[strings.TrimPrefix(path, "../../")] = string(text)
		}
	}
	if len(pages) < 15 {
		t.Fatalf("found only %d pages", len(pages))
	}
	return pages
}

// inCode calls visit with every piece of code on a page. Lines that go on after
// a backslash are one.
func inCode(text string, visit func(code string)) {
	for _, code := range docCode.FindAllString(text, -1) {
		visit(strings.ReplaceAll(code, "\\\n", " "))
	}
}

// childOf returns the verb of that name below cmd, nil if there is none.
func childOf(cmd *cobra.Command, name string) *cobra.Command {
	for _, child := range cmd.Commands() {
		if child.Name() == name || child.HasAlias(name) {
			return child
		}
	}
	return nil
}

// find follows words down the tree as far as they are verbs.
func find(words []string) (*cobra.Command, bool) {
	cmd := newRoot()
	for i, word := range words {
		child := childOf(cmd, word)
		switch {
		case child == nil && (i == 0 || cmd.HasSubCommands() && !cmd.Runnable()):
			return nil, false
		case child == nil:
			return cmd, true
		}
		cmd = child
	}
	return cmd, true
}

// TestDocsNameVerbsThatExist looks for each verb that a page names in the tree
// of commands.
func TestDocsNameVerbsThatExist(t *testing.T) {
	named := 0
	for page, text := range docPages(t) {
		inCode(text, func(code string) {
			for _, match := range docVerbs.FindAllStringSubmatch(code, -1) {
				named++
				if _, ok := find(strings.Fields(match[1])); !ok {
					t.Errorf("%s speaks of goldapctl%s", page, match[1])
				}
			}
		})
	}
	if named < 30 {
		t.Errorf("found only %d verbs", named)
	}
}

// TestDocsNameFlagsThatExist does the same with the flags behind them.
func TestDocsNameFlagsThatExist(t *testing.T) {
	named := 0
	for page, text := range docPages(t) {
		inCode(text, func(code string) {
			for _, match := range docFlags.FindAllStringSubmatch(code, -1) {
				cmd, ok := find(leadingWords(match[1]))
				if !ok {
					continue // the other test says so
				}
				cmd.InitDefaultHelpFlag()
				for _, flag := range docFlag.FindAllStringSubmatch(match[1], -1) {
					named++
					name := strings.TrimPrefix(flag[1], "--")
					if cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
						t.Errorf("%s: %s has no flag %s", page, cmd.CommandPath(), flag[1])
					}
				}
			}
		})
	}
	if named < 10 {
		t.Errorf("found only %d flags", named)
	}
}

// leadingWords are the words in front that could be verbs.
func leadingWords(line string) []string {
	var words []string
	for _, word := range strings.Fields(line) {
		if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") != "" || strings.HasPrefix(word, "-") {
			break
		}
		words = append(words, word)
	}
	return words
}

// What the two tests stand on can say no.
func TestFindVerbs(t *testing.T) {
	for line, want := range map[string]bool{
		"lookup passwd alice": true, "status": true, "demo login": true, "lokup": false, "stauts": false,
	} {
		if _, ok := find(strings.Fields(line)); ok != want {
			t.Errorf("%q: got %v, want %v", line, ok, want)
		}
	}
}
