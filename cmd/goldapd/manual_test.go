package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/manual"
)

//go:generate go test -count=1 -run ^TestManual$ . -update

var update = flag.Bool("update", false, "write the manual page anew")

const manualPath = "../../packaging/man/goldapd.8"

// TestManual holds goldapd(8) against --help and manual.txt, from which go
// generate writes it.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("manual.txt")
	if err != nil {
		t.Fatal(err)
	}
	page := manual.Page{Name: "goldapd", Volume: 8, Summary: "daemon for logins and lookups at LDAP directories"}
	page.Sections = append(sectionsOfUsage(t), manual.Sections(string(text))...)
	want := page.Roff("the help of goldapd and cmd/goldapd/manual.txt")
	if *update {
		if err := os.WriteFile(manualPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(manualPath); err != nil || string(got) != want {
		t.Errorf("%s is not what it would be now (%v): go generate ./cmd/goldapd", manualPath, err)
	}
}

// sectionsOfUsage finds the parts of what --help prints.
func sectionsOfUsage(t *testing.T) []manual.Section {
	t.Helper()
	var synopsis, description, options, signals, status manual.Section
	for _, block := range manual.Parse(usage) {
		kind, rest, _ := strings.Cut(block.Paragraph, ": ")
		switch {
		case block.Items != nil:
			options = manual.Section{Heading: "OPTIONS", Blocks: []manual.Block{block}}
		case kind == "Usage":
			synopsis = manual.Section{Heading: "SYNOPSIS", Roff: manual.Tag(rest) + "\n"}
		case kind == "Signals":
			signals = manual.Text("SIGNALS", rest)
		case kind == "Exit status":
			status = manual.Text("EXIT STATUS", rest)
		default:
			description.Heading = "DESCRIPTION"
			description.Blocks = append(description.Blocks, block)
		}
	}
	all := []manual.Section{synopsis, description, options, signals, status}
	for i, section := range all {
		if section.Heading == "" {
			t.Fatalf("part %d of the usage is missing: Usage, text, options, Signals, Exit status", i)
		}
	}
	return all
}
