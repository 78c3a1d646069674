package trace_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/trace"
)

func TestSteps(t *testing.T) {
	now := time.Unix(1000, 0)
	tr := trace.NewAt(func() time.Time { return now })
	ctx := trace.With(context.Background(), tr)
	now = now.Add(3 * time.Millisecond)
	trace.From(ctx).Note("bind as user", "dn", "uid=alice", "code", 49)
	trace.From(ctx).Note("password", "is", secret.FromString("hush"))
	got, cut := tr.Steps()
	want := []trace.Step{
		{At: 3 * time.Millisecond, Text: "bind as user", Facts: []trace.Fact{{Name: "dn", Value: "uid=alice"}, {Name: "code", Value: "49"}}},
		{At: 3 * time.Millisecond, Text: "password", Facts: []trace.Fact{{Name: "is", Value: "[secret]"}}},
	}
	if !reflect.DeepEqual(got, want) || cut != 0 {
		t.Errorf("got %+v and %d more, want %+v", got, cut, want)
	}
}

func TestNobodyAsked(t *testing.T) {
	if tr := trace.From(context.Background()); tr != nil {
		t.Errorf("got %v", tr)
	}
}

func TestTraceIsBounded(t *testing.T) {
	tr := trace.New()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				tr.Note("step")
			}
		})
	}
	all.Wait()
	if steps, cut := tr.Steps(); len(steps) != 1000 || cut != 200 {
		t.Errorf("%d steps, %d cut", len(steps), cut)
	}
}
