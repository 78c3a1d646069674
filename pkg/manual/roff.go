package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// Page is a manual page.
type Page struct {
	// Name and Volume, as in goldapctl(1).
	Name   string
	Volume int
	// Summary is what apropos(1) shows.
	Summary  string
	Sections []Section
}

// Section is a part of a page with a heading.
type Section struct {
	Heading string
	Blocks  []Block
	// Roff stands before the blocks as it is.
	Roff string
}

// Text is a section with a text in it.
func Text(heading, text string) Section { return Section{Heading: heading, Blocks: Parse(text)} }

// date is when the pages were first published: they would not be the same in
// every build with that of today.
const date = "2026-11-27"

// Roff returns the page for man(1).
func (p Page) Roff(generatedFrom string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" Generated from %s; do not edit.\n", generatedFrom)
	fmt.Fprintf(&b, ".TH %s %d %s goldap \"goldap manual\"\n", escape(strings.ToUpper(p.Name)), p.Volume, date)
	b.WriteString(".SH NAME\n" + wrap(escape(p.Name)+` \- `+escape(p.Summary)))
	for _, s := range p.Sections {
		b.WriteString(s.roff())
	}
	return b.String()
}

func (s Section) roff() string {
	var b strings.Builder
	heading := escape(s.Heading)
	if strings.Contains(heading, " ") {
		heading = `"` + heading + `"`
	}
	fmt.Fprintf(&b, ".SH %s\n%s", heading, s.Roff)
	b.WriteString(Blocks(s.Blocks, s.Roff == ""))
	return b.String()
}

// Blocks returns blocks as roff. No paragraph macro may come first behind a
// heading.
func Blocks(blocks []Block, first bool) string {
	var b strings.Builder
	for _, block := range blocks {
		if !first && block.Items == nil {
			b.WriteString(".PP\n")
		}
		first = false
		switch {
		case block.Items != nil:
			for _, item := range block.Items {
				fmt.Fprintf(&b, ".TP\n%s\n%s", Tag(item.Tag), Fill(item.Text))
			}
		case block.Literal != nil:
			b.WriteString(literal(block.Literal))
		default:
			b.WriteString(Fill(block.Paragraph))
		}
	}
	return b.String()
}

func literal(lines []string) string {
	var b strings.Builder
	b.WriteString(".RS 4\n.EX\n")
	for _, line := range lines {
		b.WriteString(guard(escape(line)) + "\n")
	}
	b.WriteString(".EE\n.RE\n")
	return b.String()
}

var escapes = strings.NewReplacer(
	`\`, `\e`, `-`, `\-`, `'`, `\(aq`, `^`, `\(ha`, "`", `\(ga`, `~`, `\(ti`, `"`, `\(dq`, "\t", "    ", "…", `\&...`,
)

// escape has text appear as it is, for copying, too.
func escape(text string) string { return escapes.Replace(text) }

// guard keeps a line that begins with a dot from being a request.
func guard(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}

var placeholder = regexp.MustCompile(`[A-Z][A-Z0-9_]*[A-Z]|\b[A-Z]\b`)

// Tag returns what is explained in bold, with what stands for something else
// (FILE, NAME) in italics.
func Tag(text string) string {
	var b strings.Builder
	b.WriteString(`\fB`)
	at := 0
	for _, found := range placeholder.FindAllStringIndex(text, -1) {
		b.WriteString(escape(text[at:found[0]]) + `\fI` + escape(text[found[0]:found[1]]) + `\fB`)
		at = found[1]
	}
	b.WriteString(escape(text[at:]) + `\fR`)
	return b.String()
}

// bold are pages and options in a text.
var bold = regexp.MustCompile(`\b[a-z][a-z0-9_.-]*\([1-8]\)|--[a-z][a-z-]*[a-z]`)

var sentenceEnd = regexp.MustCompile(`([a-z)"])([.:;]) ([A-Z"(])`)

// Fill returns a paragraph, each sentence on a line of its own.
func Fill(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(sentenceEnd.ReplaceAllString(text, "$1$2\n$3"), "\n") {
		at := 0
		var out strings.Builder
		for _, found := range bold.FindAllStringIndex(line, -1) {
			name, volume, isPage := strings.Cut(line[found[0]:found[1]], "(")
			out.WriteString(escape(line[at:found[0]]) + `\fB` + escape(name) + `\fR`)
			if isPage {
				out.WriteString("(" + volume)
			}
			at = found[1]
		}
		out.WriteString(escape(line[at:]))
		b.WriteString(wrap(out.String()))
	}
	return b.String()
}

// width is the longest line of filled text, unless a word is longer.
const width = 79

// wrap breaks a sentence into lines.
func wrap(sentence string) string {
	var b strings.Builder
	line := ""
	for word := range strings.FieldsSeq(sentence) {
		if line != "" && len(line)+1+len(word) > width {
			b.WriteString(guard(line) + "\n")
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return b.String() + guard(line) + "\n"
}

// Sections splits a text whose headings are lines that begin with "# ".
func Sections(text string) []Section {
	var sections []Section
	for part := range strings.SplitSeq("\n"+text, "\n# ") {
		heading, body, _ := strings.Cut(part, "\n")
		if heading != "" {
			sections = append(sections, Text(heading, body))
		}
	}
	return sections
}
