package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestUsage(t *testing.T) {
	verb := &cobra.Command{Use: "look WHERE", Example: "  goldapctl look up", Run: func(*cobra.Command, []string) {}}
	flags := verb.Flags()
	flags.String("socket", "/s", "where to look")
	flags.String("with-lamp", "", "the kind of light, without which nothing at all would be seen of what is down there in the dark")
	flags.StringArrayP("put", "p", nil, "put `NAME=VALUE` there")
	flags.Bool("not", false, "do not")
	flags.Bool("secretly", false, "do not tell")
	_ = flags.MarkHidden("secretly")
	inner := &cobra.Command{Use: "down", Short: "look down", Run: func(*cobra.Command, []string) {}}
	verb.AddCommand(inner)
	verb.SetUsageFunc(writeUsage)
	const want = `Usage:
  look WHERE [VERB] [OPTION]...

Examples:
  goldapctl look up

Verbs:
  down   look down

Options:
  -h, --help             print the help and exit
      --not              do not
  -p, --put NAME=VALUE   put NAME=VALUE there
      --socket PATH      where to look (default /s)
      --with-lamp LAMP   the kind of light, without which nothing at all would be seen of
                         what is down there in the dark
`
	if diff := cmp.Diff(want, verb.UsageString()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLongNamesInColumns(t *testing.T) {
	got := inColumns([][2]string{{"--a-name-that-takes-more-than-there-is NAME", "for it"}, {"-x", "the other"}})
	want := "  --a-name-that-takes-more-than-there-is NAME\n       for it\n  -x   the other\n"
	if got != want {
		t.Errorf("%s", got)
	}
}
