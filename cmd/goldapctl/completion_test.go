package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// TestCompletionScripts holds the scripts that the packages install.
func TestCompletionScripts(t *testing.T) {
	for shell, name := range map[string]string{"bash": "goldapctl.bash", "zsh": "_goldapctl", "fish": "goldapctl.fish"} {
		var script bytes.Buffer
		if err := shells[shell](newRoot(), &script); err != nil {
			t.Fatal(err)
		}
		compareGenerated(t, filepath.Join("..", "..", "packaging", "completions", name), script.String())
	}
}

func TestNamesOfTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "goldap.toml")
	text := strings.Repeat("[[directory]]\nname = \"NAME\"\nuris = [\"ldap://localhost\"]\nbase = \"dc=x\"\n", 2) +
		"[[role]]\nname = \"admins\"\nusers = [\"ada\"]\ndirectories = [\"one\"]\n"
	text = strings.Replace(strings.Replace(text, "NAME", "one", 1), "NAME", "two", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	cmd.Flags().String("config", path, "")
	directories, _ := directoryNames(cmd, nil, "")
	roles, directive := roleNames(cmd, nil, "")
	if diff := cmp.Diff([]string{"one", "two", "admins"}, append(directories, roles...)); diff != "" || directive != cobra.ShellCompDirectiveNoFileComp {
		t.Errorf("%v (-want +got):\n%s", directive, diff)
	}
	cmd = &cobra.Command{}
	cmd.Flags().String("config", path+"x", "")
	if names, _ := directoryNames(cmd, nil, ""); len(names) > 0 {
		t.Errorf("without a configuration: %v", names)
	}
}

func TestArgumentsOf(t *testing.T) {
	verb := &cobra.Command{Use: "move DIRECTORY --before FILE [FILE]"}
	find := argumentsOf(verb)
	for n, want := range []cobra.ShellCompDirective{cobra.ShellCompDirectiveNoFileComp, cobra.ShellCompDirectiveDefault, cobra.ShellCompDirectiveNoFileComp} {
		if _, got := find(&cobra.Command{}, make([]string, n), ""); got != want {
			t.Errorf("argument %d: %v", n, got)
		}
	}
}

func TestNamesAndKeys(t *testing.T) {
	for line, want := range map[string]string{
		"directory set main": "tls.mode=",
		"directory add main": "passwd.filter=",
		"role set staff":     "group_dns=",
		"settings set":       "login.timeout=",
		"settings set x=1":   "accounts.min_uid=",
	} {
		root := newRoot()
		verb, args, err := root.Find(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		keys, directive := verb.ValidArgsFunction(verb, args, "")
		if !slices.Contains(keys, want) || directive&cobra.ShellCompDirectiveNoSpace == 0 || strings.Contains(strings.Join(keys, " "), "password=") {
			t.Errorf("%s: %v", line, keys)
		}
	}
	for line, want := range map[string]bool{"directory show": true, "directory move": true, "role remove": true, "directory add": false} {
		root := newRoot()
		verb, _, err := root.Find(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		if got := placeOf(verb, "NAME") != nil; got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}
