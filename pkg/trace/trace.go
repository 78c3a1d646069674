// Package trace records how a decision was made, step by step, for whoever
// asked to know (goldapctl explain).
//
// A trace travels in a context. Code that decides something notes it where it
// is decided, and pays nothing if nobody asked:
//
//	if t := trace.From(ctx); t != nil {
//		t.Note("bind as user", "dn", dn, "code", reply.Code)
//	}
//
// A step never holds a password; passwords are of a type that does not print
// (pkg/secret).
package trace

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Trace is a record of steps. Its methods may be called at the same time.
type Trace struct {
	now   func() time.Time
	began time.Time

	mu    sync.Mutex
	steps []Step
	cut   int
}

// Step is one thing that was done or decided.
type Step struct {
	// At is the time since the trace began, Text what was done, in a few words.
	At   time.Duration
	Text string
	// Facts are what it was done with and what came of it, in order.
	Facts []Fact
}

// Fact is a name with a value, both for people.
type Fact struct{ Name, Value string }

// maxSteps bounds a trace; a hostile directory could make it grow.
const maxSteps = 1000

// New returns an empty trace that begins now.
func New() *Trace { return NewAt(time.Now) }

// NewAt is New with another clock.
func NewAt(now func() time.Time) *Trace { return &Trace{now: now, began: now()} }

type key struct{}

// With returns a context that carries t.
func With(ctx context.Context, t *Trace) context.Context { return context.WithValue(ctx, key{}, t) }

// From returns the trace that the context carries, or nil.
func From(ctx context.Context) *Trace {
	t, _ := ctx.Value(key{}).(*Trace)
	return t
}

// Note adds a step. facts are names and values in turn, as with log/slog.
func (t *Trace) Note(text string, facts ...any) {
	step := Step{At: t.now().Sub(t.began), Text: text}
	for i := 0; i+1 < len(facts); i += 2 {
		step.Facts = append(step.Facts, Fact{fmt.Sprint(facts[i]), fmt.Sprint(facts[i+1])})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.steps) == maxSteps {
		t.cut++
		return
	}
	t.steps = append(t.steps, step)
}

// Steps returns the steps so far, and how many more there were than a trace
// holds.
func (t *Trace) Steps() (steps []Step, cut int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Step(nil), t.steps...), t.cut
}
