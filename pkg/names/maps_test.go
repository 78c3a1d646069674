package names_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

func (f *fake) Services(context.Context, account.Key) iter.Seq2[account.Service, error] {
	f.asked.Add(1)
	return sequence(f.err, f.services)
}

// The first directory that knows a key answers; one that is away is passed over,
// but may be the only one that has it; all directories together have all entries.
func TestMapsOfSeveralDirectories(t *testing.T) {
	empty, away := &fake{}, &fake{err: directory.ErrUnavailable}
	first, second := &fake{services: []account.Service{{Name: "a", Port: 1, Protocol: "tcp"}}}, &fake{services: []account.Service{{Name: "b", Port: 2, Protocol: "tcp"}}}
	for name, test := range map[string]struct {
		directories []*fake
		by          account.By
		want        []string
		err         error
	}{
		"by name":         {[]*fake{empty, first, second}, account.ByName, []string{"a"}, nil},
		"all":             {[]*fake{empty, first, second}, account.All, []string{"a", "b"}, nil},
		"the first away":  {[]*fake{away, first}, account.ByNumber, []string{"a"}, nil},
		"the rest empty":  {[]*fake{away, empty}, account.ByNumber, nil, directory.ErrUnavailable},
		"the second away": {[]*fake{first, away}, account.ByNumber, []string{"a"}, nil},
		"all, one away":   {[]*fake{first, away}, account.All, []string{"a"}, directory.ErrUnavailable},
		"nothing":         {[]*fake{empty}, account.ByName, nil, nil},
	} {
		var got []string
		var last error
		for service, err := range newSite(t, 0, test.directories...).Services(t.Context(), account.Key{By: test.by, Name: "a"}) {
			if last = err; err == nil {
				got = append(got, service.Name)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" || !errors.Is(last, test.err) {
			t.Errorf("%s: %s%v", name, diff, last)
		}
	}
}
