package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/manual"
)

//go:generate go test -count=1 -run ^(TestManual|TestCompletionScripts)$ . -update

const (
	manualFolder = "../../packaging/man"
	manualSource = "the help of goldapctl"
	manualInDocs = "../../docs/goldapctl.md"
)

// TestManual holds the manual pages and docs/goldapctl.md against the help, from
// which go generate writes them.
func TestManual(t *testing.T) {
	pages := map[string]string{manualInDocs: documentOfVerbs()}
	for _, cmd := range documented() {
		page := pageOf(cmd)
		pages[filepath.Join(manualFolder, page.Name+".1")] = page.Roff(manualSource)
	}
	old, err := filepath.Glob(filepath.Join(manualFolder, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if pages[path] != "" {
			continue
		}
		if !*update {
			compareGenerated(t, path, "")
		} else if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	for path, want := range pages {
		compareGenerated(t, path, want)
	}
}

// compareGenerated writes a file with -update, and else compares it.
func compareGenerated(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what it would be now (%v): go generate ./cmd/goldapctl", path, err)
	}
}

// documented are the root and all verbs but help.
func documented() []*cobra.Command {
	root := newRoot()
	all := []*cobra.Command{root}
	for _, verb := range verbs(root) {
		if verb.Name() != "help" {
			verb.InitDefaultHelpFlag()
			all = append(all, verb)
		}
	}
	return all
}

func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "-")
}

func pageOf(cmd *cobra.Command) manual.Page {
	description, statuses := exitStatuses(cmd)
	p := manual.Page{Name: pageName(cmd), Volume: 1, Summary: cmd.Short}
	p.Sections = append(p.Sections, manual.Section{Heading: "SYNOPSIS", Roff: manual.Tag(synopsis(cmd)) + "\n"},
		manual.Section{Heading: "DESCRIPTION", Blocks: description})
	if children := availableVerbs(cmd); len(children) > 0 {
		var items []manual.Item
		for _, child := range children {
			if child.Name() == "help" {
				continue
			}
			items = append(items, manual.Item{Tag: child.Name(), Text: "See " + pageName(child) + "(1): " + child.Short + "."})
		}
		p.Sections = append(p.Sections, manual.Section{Heading: "VERBS", Blocks: []manual.Block{{Items: items}}})
	}
	p.Sections = append(p.Sections,
		manual.Section{Heading: "OPTIONS", Blocks: []manual.Block{{Items: flagItems(cmd)}}},
		manual.Section{Heading: "EXIT STATUS", Blocks: statuses},
		manual.Section{Heading: "EXAMPLES", Blocks: []manual.Block{{Literal: exampleText(cmd)}}})
	if !cmd.HasParent() {
		p.Sections = append(p.Sections, filesOfTheCommand)
	}
	return manual.Page{Name: p.Name, Volume: p.Volume, Summary: p.Summary, Sections: append(p.Sections, seeAlso(cmd))}
}

var filesOfTheCommand = manual.Text("FILES", `
  /run/goldap/socket   where goldapd answers lookups and logins
  /run/goldap/admin.sock   where it answers its administrators; only root may open it
  /etc/goldap/goldap.toml   the configuration, see goldap.toml(5)`)

// docsFolder is where the help sends people, and the packages have the same pages
// elsewhere.
var docsFolder = regexp.MustCompile(`(^|[\s(])docs/`)

// exitStatuses takes the exit statuses out of the text of a verb. One that has
// none has those of the root.
func exitStatuses(cmd *cobra.Command) (text, statuses []manual.Block) {
	const heading = "Exit statuses:"
	long := docsFolder.ReplaceAllString(cmd.Long, "${1}/usr/share/doc/goldap/docs/")
	before, after, found := strings.Cut(long, heading)
	if !found {
		_, statuses = exitStatuses(cmd.Root())
		return manual.Parse(long), statuses
	}
	blocks := manual.Parse(after)
	return append(manual.Parse(before), blocks[1:]...), blocks[:1]
}

// flagItems are the options of a verb, as --help has them.
func flagItems(cmd *cobra.Command) []manual.Item {
	var items []manual.Item
	for _, option := range optionsOf(cmd) {
		items = append(items, manual.Item{Tag: strings.TrimSpace(option[0]), Text: option[1]})
	}
	return items
}

func exampleText(cmd *cobra.Command) []string {
	return manual.Parse(cmd.Example)[0].Literal
}

func seeAlso(cmd *cobra.Command) manual.Section {
	pages := []string{"goldapd(8)", "goldap.toml(5)"}
	if cmd.HasParent() {
		pages = append([]string{pageName(cmd.Parent()) + "(1)"}, pages...)
	} else {
		pages = append(pages, "pam_goldap(8)", "libnss_goldap(8)")
	}
	return manual.Text("SEE ALSO", strings.Join(pages, ", "))
}

const documentHead = `# goldapctl

` + "`goldapctl`" + ` is what people use of goldap. This page has what ` + "`goldapctl VERB --help`" + ` and
the manual pages say; it is generated from there by ` + "`go generate ./cmd/goldapctl`" + `.
`

// documentOfVerbs is docs/goldapctl.md.
func documentOfVerbs() string {
	var b strings.Builder
	b.WriteString(documentHead + "\n| verb | what it does |\n| --- | --- |\n")
	all := documented()
	for _, cmd := range all[1:] {
		if cmd.Runnable() {
			name := strings.TrimPrefix(cmd.CommandPath(), "goldapctl ")
			fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", name, pageName(cmd), cmd.Short)
		}
	}
	for _, cmd := range all {
		if cmd.HasParent() {
			fmt.Fprintf(&b, "\n## %s\n\n", cmd.CommandPath())
			b.WriteString(manual.Code(synopsis(cmd)) + "\n")
		} else {
			b.WriteString("\n")
		}
		b.WriteString(manual.Markdown(manual.Parse(cmd.Long)))
		b.WriteString("\nOptions:\n\n" + manual.Markdown([]manual.Block{{Items: flagItems(cmd)}}))
		b.WriteString("\nExamples:\n\n" + manual.Code(strings.Join(exampleText(cmd), "\n")))
	}
	return b.String()
}
