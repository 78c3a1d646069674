package names

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/trace"
)

// The directories are asked in order, and the first that knows the key decides.
// One that does not answer in time, or refuses to answer, is passed over: if a
// later one has the key, that is the answer for now; if none has, nobody can
// tell.

// Limit is what one directory is allowed.
type Limit struct {
	// Timeout is how long it may take before the next one is asked; 0 is as long
	// as there is time. It is never more than half of the time that is left.
	Timeout time.Duration
	// LoginPassOver: a login may go on with the next one, too.
	LoginPassOver bool
}

// source says where an answer is from.
type source struct {
	directory int
	without   *silent // nil for none
}

// silent are directories before that of an answer, which did not answer.
type silent struct {
	passed []int
	// returns is what memory.returns was when they were asked.
	returns int
}

func (s source) passed() []int {
	if s.without == nil {
		return nil
	}
	return s.without.passed
}

// passedOver is the error when no directory has what was asked for, and those
// that were passed over may have it. It matches directory.ErrUnavailable, or
// directory.ErrRefused, and nothing that means "not found".
type passedOver struct {
	directories []int
	err         error
}

func (p *passedOver) Error() string { return p.err.Error() }
func (p *passedOver) Unwrap() error { return p.err }

// uncertain makes of "there is none" that nobody can tell, if a directory that
// was passed over may have it.
func (s source) uncertain(err error) error {
	if s.without == nil || !isAbsent(err) {
		return err
	}
	return &passedOver{s.passed(), fmt.Errorf("%w: an earlier directory does not answer, and the later one says: %v", directory.ErrUnavailable, err)}
}

// question is one question to the directories.
type question[V any] struct {
	ask func(context.Context, Directory) (V, error)
	// patience is how long whoever asks waits; the directories have longer.
	patience time.Duration
	// mayPass reports whether it may be passed over that a directory does not
	// answer; nil is always.
	mayPass func(index int) bool
	// steady gives a directory that is known to be away as much time as others.
	steady bool
}

// first asks the directories for a lookup.
func first[V any](ctx context.Context, n *Names, ask func(context.Context, Directory) (V, error)) (V, source, error) {
	return inOrder(ctx, n, question[V]{ask: ask, patience: n.patience})
}

// firstForLogin asks the directories for a login.
func firstForLogin[V any](ctx context.Context, n *Names, mayPass func(int) bool, ask func(context.Context, Directory) (V, error)) (V, source, error) {
	return inOrder(ctx, n, question[V]{ask: ask, patience: n.loginPatience, mayPass: mayPass, steady: true})
}

func (n *Names) mayPassForLogin(index int) bool { return n.limit(index).LoginPassOver }

// never is for questions whose answer must not depend on who answers.
func never(int) bool { return false }

func (n *Names) limit(index int) Limit {
	if index < len(n.limits) {
		return n.limits[index]
	}
	return Limit{}
}

// inOrder returns the answer of the first directory that knows the key.
func inOrder[V any](ctx context.Context, n *Names, q question[V]) (V, source, error) {
	var none V
	switch len(n.directories) {
	case 0:
		return none, source{}, fmt.Errorf("%w: no directory is configured", directory.ErrNotFound)
	case 1:
		began := n.memory.now()
		v, err := q.ask(ctx, n.directories[0])
		n.memory.heard(0, began, err)
		return v, source{}, err
	}
	r := round[V]{question: q, names: n, answers: make(chan answer[V], len(n.directories)), end: n.memory.now() + q.patience, returns: n.memory.returnsNow()}
	defer r.leave()
	for {
		if v, from, err, decided := r.verdict(); decided {
			r.notePassed(ctx, from, err)
			return v, from, err
		}
		r.start(ctx)
		r.wait()
	}
}

// round is the state of one question to several directories.
type round[V any] struct {
	question[V]
	names   *Names
	answers chan answer[V]
	asked   []*asked[V]
	end     time.Duration // of the patience, on the memory's clock
	returns int           // see source
}

// asked is a directory that was asked.
type asked[V any] struct {
	answer[V]
	done bool
	late bool // it is passed over, but may still answer
	// began is when it was asked, due when it becomes late, on the memory's clock.
	began, due time.Duration
	ended      chan struct{} // closed when it has answered
	cancel     context.CancelFunc
}

type answer[V any] struct {
	index int
	value V
	err   error
}

// grace is how long the answer of a directory that is known to be away is
// waited for, once a later one has answered: it may have come back just now.
const grace = 50 * time.Millisecond

// start asks the next directory, if it is its turn: all before it have said that
// they have nothing, are late, or are known to be away.
func (r *round[V]) start(ctx context.Context) {
	for len(r.asked) < len(r.names.directories) {
		index := len(r.asked)
		if index > 0 && !r.isOver(index-1) {
			return
		}
		now := r.names.memory.now()
		due := now + r.share(index, now)
		own, cancel := r.limited(ctx, index)
		a := &asked[V]{began: now, due: due, ended: make(chan struct{}), cancel: cancel}
		r.asked = append(r.asked, a)
		go r.put(own, index, a)
	}
}

// isOver reports whether the next directory may be asked.
func (r *round[V]) isOver(index int) bool {
	a := r.asked[index]
	return a.done || a.late || !r.steady && r.names.memory.isAway(index)
}

// share is how long a directory may take before it is late.
func (r *round[V]) share(index int, now time.Duration) time.Duration {
	if !r.steady && r.names.memory.isAway(index) {
		return grace
	}
	share := max(r.end-now, 0) / 2
	if limit := r.names.limit(index).Timeout; limit > 0 {
		share = min(share, limit)
	}
	return share
}

// limited is the context of one directory's question, which may outlast ours. A
// directory that is late has until its time limit, and the last one as long as
// there is.
func (r *round[V]) limited(ctx context.Context, index int) (context.Context, context.CancelFunc) {
	own := context.WithoutCancel(ctx)
	deadline, ok := ctx.Deadline()
	limit := r.names.limit(index).Timeout
	if last := time.Now().Add(limit); limit > 0 && index < len(r.names.directories)-1 && (!ok || last.Before(deadline)) {
		deadline, ok = last, true
	}
	if !ok {
		return context.WithCancel(own)
	}
	return context.WithDeadline(own, deadline)
}

// put puts the question to one directory.
func (r *round[V]) put(ctx context.Context, index int, a *asked[V]) {
	n := r.names
	v, err := guarded(ctx, n.logger, func(ctx context.Context) (V, error) { return r.ask(ctx, n.directories[index]) })
	if !errors.Is(ctx.Err(), context.Canceled) {
		n.memory.heard(index, a.began, err)
	}
	if t := trace.From(ctx); t != nil {
		t.Note("directory asked", "directory", n.directoryName(index), "answer", said(err), "took", n.memory.now()-a.began)
	}
	close(a.ended)
	r.answers <- answer[V]{index, v, err}
}

// said is an answer of a directory, for a trace.
func said(err error) string {
	if err == nil {
		return "found"
	}
	return err.Error()
}

// directoryName is the directory's name, or its number from 1.
func (n *Names) directoryName(index int) string {
	if named, ok := n.directories[index].(interface{ Name() string }); ok {
		return named.Name()
	}
	return strconv.Itoa(index + 1)
}

// notePassed tells the trace what was passed over, and whether that ended the
// question.
func (r *round[V]) notePassed(ctx context.Context, from source, err error) {
	t := trace.From(ctx)
	if t == nil {
		return
	}
	for _, index := range from.passed() {
		t.Note("directory passed over", "directory", r.names.directoryName(index))
	}
	if r.mayPass != nil && !r.asked[from.directory].answers() && !r.mayPass(from.directory) {
		t.Note("directory not passed over", "directory", r.names.directoryName(from.directory), "reason", err, "login_pass_over", false)
	}
}

// answers reports whether the directory has said whether it has the key.
func (a *asked[V]) answers() bool { return a.done && (a.err == nil || isAbsent(a.err)) }

// wait waits for an answer, or until a directory is late.
func (r *round[V]) wait() {
	now, next := r.names.memory.now(), time.Duration(-1)
	for i := range r.asked {
		if a := r.asked[i]; !a.done && !a.late && (next < 0 || a.due < next) {
			next = a.due
		}
	}
	var late <-chan time.Time
	if next >= 0 {
		timer := time.NewTimer(max(next-now, 0))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case a := <-r.answers:
		r.asked[a.index].answer, r.asked[a.index].done = a, true
		r.asked[a.index].cancel()
	case <-late:
		r.noteLate()
	}
}

// noteLate passes over the directories that are late.
func (r *round[V]) noteLate() {
	now := r.names.memory.now()
	for i := range r.asked {
		if a := r.asked[i]; !a.done && !a.late && a.due <= now {
			a.late = true
			if a.due-a.began > grace { // less says nothing about it
				r.names.memory.heard(i, a.began, errSlow)
			}
		}
	}
}

// verdict reports whether it is decided by now, and what.
func (r *round[V]) verdict() (v V, from source, err error, decided bool) {
	var failed error
	open := len(r.asked) < len(r.names.directories)
	for i, a := range r.asked {
		from.directory = i
		said := a.err
		switch {
		case !a.done && !a.late:
			return v, from, nil, false
		case !a.done:
			said, open = errSlow, true
		case errors.Is(said, directory.ErrNotFound):
			continue
		case said == nil || isAbsent(said):
			return a.value, from, said, true
		}
		if r.mayPass != nil && !r.mayPass(i) {
			return v, from, said, true
		}
		if from.without == nil {
			from.without = &silent{returns: r.returns}
		}
		from.without.passed = append(from.without.passed, i)
		if failed == nil || errors.Is(failed, directory.ErrRefused) {
			failed = said
		}
	}
	switch {
	case open:
		return v, from, nil, false
	case failed == nil:
		return v, from, r.asked[len(r.asked)-1].err, true
	}
	return v, from, &passedOver{from.passed(), failed}, true
}

// maxLingering bounds the questions to one directory that go on although nobody
// waits for the answer.
const maxLingering = 2

// leave ends the questions that are still open. A few to a directory that is
// late go on: so its servers are found to be down, or it to be well.
func (r *round[V]) leave() {
	for i, a := range r.asked {
		lingering := &r.names.lingering[i]
		if a.done || !a.late || lingering.Add(1) > maxLingering {
			if !a.done && a.late {
				lingering.Add(-1)
			}
			a.cancel()
			continue
		}
		go func() {
			<-a.ended
			a.cancel()
			lingering.Add(-1)
		}()
	}
}
