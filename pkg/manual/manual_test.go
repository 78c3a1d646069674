package manual

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const text = `Ask for one thing, and print it. Two lines
are one paragraph; see passwd(5) and --json.

Maps:
  passwd NAME|UID   a user
  group  NAME       a group, which may
                    go on

Like this:

  .profile 'x'
    \y

The end.`

func TestParse(t *testing.T) {
	want := []Block{
		{Paragraph: "Ask for one thing, and print it. Two lines are one paragraph; see passwd(5) and --json."},
		{Paragraph: "Maps:"},
		{Items: []Item{{"passwd NAME|UID", "a user"}, {"group NAME", "a group, which may go on"}}},
		{Paragraph: "Like this:"},
		{Literal: []string{".profile 'x'", `  \y`}},
		{Paragraph: "The end."},
	}
	if diff := cmp.Diff(want, Parse(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const page = `.\" Generated from a test; do not edit.
.TH X\-Y 1 2026-11-27 goldap "goldap manual"
.SH NAME
x\-y \- does it
.SH DESCRIPTION
Ask for one thing, and print it.
Two lines are one paragraph; see \fBpasswd\fR(5) and \fB\-\-json\fR.
.PP
Maps:
.TP
\fBpasswd \fINAME\fB|\fIUID\fB\fR
a user
.TP
\fBgroup \fINAME\fB\fR
a group, which may go on
.PP
Like this:
.PP
.RS 4
.EX
\&.profile \(aqx\(aq
  \ey
.EE
.RE
.PP
The end.
.SH "SEE ALSO"
\fBy\fR(1)
`

func TestRoff(t *testing.T) {
	p := Page{Name: "x-y", Volume: 1, Summary: "does it", Sections: append([]Section{Text("DESCRIPTION", text)}, Sections("# SEE ALSO\ny(1)")...)}
	if diff := cmp.Diff(page, p.Roff("a test")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFillBreaksLines(t *testing.T) {
	const want = "A word and then some more words, so that there are too many of them for a line;\n" +
		"\\&.profile is one.\nAnother.\n"
	if got := Fill("A word and then some more words, so that there are too many of them for a line; .profile is one. Another."); got != want {
		t.Errorf("got %s", got)
	}
}

func TestMarkdown(t *testing.T) {
	const want = "Ask for one thing, and print it. Two lines are one paragraph; see `passwd(5)` and `--json`.\n\n" +
		"Maps:\n\n* `passwd NAME|UID`: a user\n* `group NAME`: a group, which may go on\n\n" +
		"Like this:\n\n```text\n.profile 'x'\n  \\y\n```\n\nThe end.\n"
	if diff := cmp.Diff(want, Markdown(Parse(text))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Markdown(Parse("a_b <c>")); got != "a\\_b \\<c>\n" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsAList(t *testing.T) {
	for text, isList := range map[string]bool{
		"  a   one\n  b   two":                 true,
		"  a  one":                             true,
		"  long name\n      its text\n  b   x": true,
		"  {\n    x\n  }":                      false,
		"  one\n  two":                         false,
		"  a   one\n  two":                     false,
	} {
		blocks := Parse(text)
		if len(blocks) != 1 || (blocks[0].Items != nil) != isList {
			t.Errorf("%q: %+v", text, blocks)
		}
	}
}
