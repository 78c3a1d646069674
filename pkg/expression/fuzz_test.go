package expression_test

import (
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/expression"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"${gecos:-$cn}", "a${t}b${t2:+${t3:-d$t4}e}c", `${t#f\?o}`, "${t:3:6}", "${a##*/}", "${a%%@*}", "$", "${a", `\`,
	} {
		f.Add(text, "foobar")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 200 || len(value) > 200 {
			return
		}
		e, err := expression.Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "at byte ") {
				t.Errorf("the error does not say where: %v", err)
			}
			return
		}
		named := map[string]bool{}
		for _, name := range e.Attributes() {
			if named[name] {
				t.Errorf("%q is named twice", name)
			}
			named[name] = true
		}
		ask := func(name string) string {
			if !named[name] {
				t.Errorf("Value asks for %q, which Attributes does not have", name)
			}
			return value
		}
		whole := e.Value(ask)
		var pieces strings.Builder
		e.Each(ask, func(piece string, fromAttribute bool) {
			if fromAttribute && !strings.Contains(value, piece) {
				t.Errorf("%q is not a part of the value %q", piece, value)
			}
			pieces.WriteString(piece)
		})
		if pieces.String() != whole {
			t.Errorf("Value is %q, the pieces are %q", whole, pieces.String())
		}
		if again, err := expression.Parse(e.String()); err != nil || again.Value(ask) != whole {
			t.Errorf("%q read again: %v", e.String(), err)
		}
	})
}
