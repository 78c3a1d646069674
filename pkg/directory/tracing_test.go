package directory

import (
	"context"
	"reflect"
	"testing"

	"github.com/goldap/goldap/pkg/trace"
)

// What a server says about a password is in the trace, and costs nothing where
// nobody asked.
func TestNoteBind(t *testing.T) {
	fine := Reply{Policy: NoPolicy}
	fine.Policy.Present = true
	told := Reply{Code: 49, Diagnostic: "80090308: data 773", Policy: Policy{
		Present: true, Error: 2, ExpiresIn: 60, GraceLogins: 1, NetscapeExpired: true, NetscapeExpiresIn: 0,
	}}
	for name, test := range map[string]struct {
		reply Reply
		want  []trace.Fact
	}{
		"nothing": {fine, []trace.Fact{{Name: "dn", Value: "uid=a"}, {Name: "code", Value: "0"}}},
		"everything": {told, []trace.Fact{
			{Name: "dn", Value: "uid=a"}, {Name: "code", Value: "49"}, {Name: "diagnostic", Value: "80090308: data 773"},
			{Name: "policy error", Value: "2"}, {Name: "grace logins left", Value: "1"}, {Name: "expires in seconds", Value: "60"},
			{Name: "password expired (2.16.840.1.113730.3.4.4)", Value: "true"},
			{Name: "expires in seconds (2.16.840.1.113730.3.4.5)", Value: "0"},
		}},
	} {
		record := trace.New()
		noteBind(trace.With(t.Context(), record), "uid=a", test.reply)
		steps, _ := record.Steps()
		if len(steps) != 1 || !reflect.DeepEqual(steps[0].Facts, test.want) {
			t.Errorf("%s: %v", name, steps)
		}
		if n := testing.AllocsPerRun(100, func() { noteBind(context.Background(), "uid=a", test.reply) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestNotesOfServersCostNothing(t *testing.T) {
	s, ctx := &server{}, context.Background()
	r, c, q := &request{doing: "search"}, &conn{server: s}, &search{}
	found := []entry{{}}
	n := testing.AllocsPerRun(100, func() {
		notePassedOver(ctx, s)
		r.noteAttempt(ctx, s, 1, ErrNotFound)
		c.noteSearch(ctx, q, found, ErrRefused)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
