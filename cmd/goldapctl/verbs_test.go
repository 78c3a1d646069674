package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// verbs are the commands that people see, without the root, from the top down.
func verbs(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	if !cmd.HasParent() {
		cmd.InitDefaultHelpCmd()
	}
	for _, verb := range cmd.Commands() {
		if !verb.Hidden {
			all = append(append(all, verb), verbs(verb)...)
		}
	}
	return all
}

func TestEveryVerbHasAScript(t *testing.T) {
	all := verbs(newRoot())
	if len(all) < 8 {
		t.Fatalf("only %d verbs", len(all))
	}
	for _, verb := range all {
		words := strings.Fields(verb.CommandPath())[1:]
		if verb.HasSubCommands() && !verb.Runnable() {
			continue // it only has verbs in it
		}
		if scriptOf(t, words) == "" {
			t.Errorf("testdata/script/%s.txtar is missing, or has no line with %q", words[0], verb.CommandPath())
		}
	}
}

// scriptOf is the script named after the verb, or after the one that it belongs to,
// if it runs the verb.
func scriptOf(t *testing.T, words []string) string {
	t.Helper()
	for n := len(words); n > 0; n-- {
		path := filepath.Join("testdata", "script", strings.Join(words[:n], "-")+".txtar")
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), "goldapctl "+strings.Join(words, " ")) {
			return string(data)
		}
	}
	return ""
}

func TestEveryVerbHasHelp(t *testing.T) {
	for _, verb := range append(verbs(newRoot()), newRoot()) {
		path := verb.CommandPath()
		for what, text := range map[string]string{"Short": verb.Short, "Long": verb.Long, "Example": verb.Example} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s has no %s text", path, what)
			}
			for line := range strings.Lines(text) {
				if len([]rune(line)) > 101 {
					t.Errorf("%s: a line of %d characters in %s: %s", path, len([]rune(line)), what, line)
				}
			}
		}
		if first := verb.Short[:1]; strings.ToLower(first) != first || strings.HasSuffix(verb.Short, ".") {
			t.Errorf("%s: the Short text begins small and has no full stop: %q", path, verb.Short)
		}
	}
}

// The examples are what people copy: each must be a command line that cobra
// takes, and one at least must use the verb.
func TestExamplesParse(t *testing.T) {
	for _, verb := range append(verbs(newRoot()), newRoot()) {
		t.Run(verb.CommandPath(), func(t *testing.T) {
			uses := 0
			for _, words := range exampleLines(verb.Example) {
				path, err := parseLine(words)
				if err != nil {
					t.Errorf("%s: %v", strings.Join(words, " "), err)
				}
				if strings.HasPrefix(path+" ", verb.CommandPath()+" ") {
					uses++
				}
			}
			if uses == 0 {
				t.Errorf("no example runs %s", verb.CommandPath())
			}
		})
	}
}

// exampleLines are the calls of goldapctl in an example, as words.
func exampleLines(example string) [][]string {
	var calls [][]string
	for line := range strings.Lines(strings.ReplaceAll(example, "\\\n", " ")) {
		var call []string
		for _, word := range append(shellWords(line), ";") {
			switch {
			case word == ";" || word == "|" || word == "&&" || word == "||":
				if len(call) > 0 {
					calls = append(calls, call)
				}
				call = nil
			case call != nil || word == "goldapctl":
				call = append(call, word)
			}
		}
	}
	return calls
}

// shellWords splits a line as a shell does, without redirections and comments.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	inWord := false
	end := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case quote == 0 && strings.ContainsRune(" \t\n", c):
			end()
		case quote == 0 && c == '#' && !inWord:
			return words
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	end()
	for i := 0; i < len(words); i++ {
		if strings.Trim(words[i], "0123456789<>") == "" && strings.ContainsAny(words[i], "<>") {
			words = slices.Delete(words, i, min(i+2, len(words))) // and the file
		}
	}
	return words
}

// parseLine has cobra read a command line as far as it does before it runs one.
func parseLine(words []string) (path string, err error) {
	root := newRoot()
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(words[1:])
	if err != nil {
		return "", err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return "", err
	}
	for _, check := range []func() error{
		cmd.ValidateRequiredFlags, cmd.ValidateFlagGroups, func() error { return cmd.ValidateArgs(cmd.Flags().Args()) },
	} {
		if err := check(); err != nil {
			return "", err
		}
	}
	if !cmd.Runnable() {
		return "", fmt.Errorf("%s cannot be run", cmd.CommandPath())
	}
	return cmd.CommandPath(), nil
}

func TestExampleLines(t *testing.T) {
	got := exampleLines("  # goldapctl is not run here\n  sudo goldapctl a 'b c' | jq . # goldapctl no\n  make demo\n  goldapctl x \\\n    y < z && goldapctl v")
	want := "[[goldapctl a b c] [goldapctl x y] [goldapctl v]]"
	if fmt.Sprint(got) != want || len(got[0]) != 3 {
		t.Errorf("%q", got)
	}
	for _, line := range []string{"goldapctl lookup planets x", "goldapctl lookup --nonsense", "goldapctl nonsense", "goldapctl explain alice"} {
		if path, err := parseLine(strings.Fields(line)); err == nil {
			t.Errorf("%q is %q", line, path)
		}
	}
}

// What --help prints has no trailing blanks or tabs, and says how it is used.
func TestHelpIsTidy(t *testing.T) {
	for _, verb := range append(verbs(newRoot()), newRoot()) {
		var out bytes.Buffer
		execute(t.Context(), append(strings.Fields(verb.CommandPath())[1:], "--help"), strings.NewReader(""), &out, &out)
		if !strings.Contains(out.String(), "Usage:\n  "+verb.CommandPath()) {
			t.Errorf("%s --help does not say how it is used:\n%s", verb.CommandPath(), out.String())
		}
		for line := range strings.Lines(out.String()) {
			if strings.TrimRight(line, " \t\n") != strings.TrimSuffix(line, "\n") {
				t.Errorf("%s --help: blanks at the end of %q", verb.CommandPath(), line)
			}
		}
	}
}

// A word that is no verb is an error everywhere, and not a way to the help.
func TestWordsThatAreNoVerbs(t *testing.T) {
	for _, verb := range append(verbs(newRoot()), newRoot()) {
		words := append(strings.Fields(verb.CommandPath())[1:], "nonsense")
		if !verb.HasAvailableSubCommands() {
			continue
		}
		if status, out, errOut := run(t, words...); status != exitUsage || out != "" || errOut == "" {
			t.Errorf("goldapctl %s: status %d, %q, %q", strings.Join(words, " "), status, out, errOut)
		}
	}
}

// A verb with exit statuses of its own has all that it can end with: cobra's 2 is
// among them.
func TestExitStatusesInTheHelp(t *testing.T) {
	for _, verb := range append(verbs(newRoot()), newRoot()) {
		_, list, found := strings.Cut(verb.Long, "Exit statuses:")
		for _, status := range []string{"0", "2"} {
			if found && !strings.Contains(list, "\n  "+status+"  ") {
				t.Errorf("%s does not say what status %s means", verb.CommandPath(), status)
			}
		}
		if found && strings.Contains(list, "\n\n") {
			t.Errorf("%s: the exit statuses come last", verb.CommandPath())
		}
	}
}

// A script shows a wrong use of its verb, and reads the JSON if there is some.
func TestScriptsShowWrongUse(t *testing.T) {
	for _, verb := range verbs(newRoot()) {
		words := strings.Fields(verb.CommandPath())[1:]
		text := scriptOf(t, words)
		call := regexp.QuoteMeta("goldapctl " + strings.Join(words, " "))
		if !regexp.MustCompile(`(?m)^(\[.*\] )?exits 2 ` + call + `\b`).MatchString(text) {
			t.Errorf("no script has %q with a wrong use: exits 2 %s ...", verb.CommandPath(), verb.CommandPath())
		}
		if verb.Flags().Lookup("json") != nil && !regexp.MustCompile(`(?m)`+call+`\b.* --json\b.*\n(?:.*\n)??(\[.*\] )?json stdout`).MatchString(text) {
			t.Errorf("no script reads the JSON of %q: --json, and json stdout in the next line", verb.CommandPath())
		}
	}
}
