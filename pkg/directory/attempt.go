package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fairAttempt is the time that a server must have had before its silence
// counts against it: a caller in a hurry says nothing about the server.
const fairAttempt = 100 * time.Millisecond

// request is one request's way over the servers.
type request struct {
	directory *Directory
	sources   []*source
	doing     string
	operation func(ctx context.Context, s *server) error
	failures  attempts
	skipped   []*server
	asked     []*server
	busy      []*server // of those, who said that they cannot now
}

// attempts are the reasons why no server answered, on one line.
type attempts []error

func (a attempts) Error() string {
	texts := make([]string, 0, len(a))
	for _, err := range a {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

func (a attempts) Unwrap() []error { return a }

// try runs operation on the servers in order until one answers, all inside
// ctx. Servers that are down are passed over; if no other answers, they are
// tried, too, and then those that DNS names by now. doing says what is done,
// with the key, for the error.
//
// An error of operation that is about the connection or its pseudouser
// (noAnswer) leads to the next server; any other is an answer.
func (d *Directory) try(ctx context.Context, doing string, operation func(context.Context, *server) error) error {
	return d.tryAmong(ctx, d.sources, doing, operation)
}

// tryAmong is try for the servers of some sources.
func (d *Directory) tryAmong(ctx context.Context, sources []*source, doing string, operation func(context.Context, *server) error) error {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	r := request{directory: d, sources: sources, doing: doing, operation: operation}
	for _, round := range []func(context.Context) (bool, error){r.inOrder, r.lastResort, r.newlyNamed} {
		if answered, err := round(ctx); answered {
			return err
		}
	}
	return r.failed()
}

// inOrder asks the servers that are not down.
func (r *request) inOrder(ctx context.Context) (answered bool, err error) {
	for i, src := range r.sources {
		servers, err := src.get(ctx)
		if err != nil {
			r.failures = append(r.failures, err)
		}
		for j, s := range servers {
			if s.isDown() {
				r.skipped = append(r.skipped, s)
				notePassedOver(ctx, s)
				continue
			}
			if answered, err := r.attempt(ctx, s, anyUp(servers[j+1:]) || anyLeft(r.sources[i+1:])); answered {
				return true, err
			}
		}
	}
	return false, nil
}

// lastResort asks those that were passed over.
func (r *request) lastResort(ctx context.Context) (answered bool, err error) {
	for i, s := range r.skipped {
		if answered, err := r.attempt(ctx, s, i+1 < len(r.skipped)); answered {
			return true, err
		}
	}
	return false, nil
}

// newlyNamed asks the servers that DNS names by now and did not name before.
func (r *request) newlyNamed(ctx context.Context) (answered bool, err error) {
	for _, src := range r.sources {
		if src.dns == nil || ctx.Err() != nil {
			continue
		}
		src.dns.await(ctx, src.lookAgain(urgentLookup))
		for _, s := range src.known() {
			if slices.Contains(r.asked, s) {
				continue
			}
			if answered, err := r.attempt(ctx, s, false); answered {
				return true, err
			}
		}
	}
	return false, nil
}

// failed is the error when no server is left. A refused pseudouser is the
// answer then, and not what the other servers failed for.
func (r *request) failed() error {
	kind := ErrUnavailable
	if errors.Is(r.failures, errPseudouser) {
		kind = ErrRefused
	} else {
		r.directory.noteAway(r.busy)
	}
	return fmt.Errorf("%w: %s: %w", kind, r.doing, r.failures)
}

// bounded makes sure that ctx has a deadline.
func (d *Directory) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.cfg.ConnectTimeout+d.cfg.SearchTimeout)
}

// anyUp reports whether a server remains that is not down.
func anyUp(servers []*server) bool {
	return slices.ContainsFunc(servers, func(s *server) bool { return !s.isDown() })
}

// anyLeft is anyUp for sources, of which some may not have been looked up yet.
func anyLeft(sources []*source) bool {
	return slices.ContainsFunc(sources, func(src *source) bool { return src.unasked() || anyUp(src.known()) })
}

// attempt runs the operation on s, in half of the remaining time if another
// server remains. It reports whether the request is over.
func (r *request) attempt(ctx context.Context, s *server, another bool) (answered bool, err error) {
	if ctx.Err() != nil {
		r.failures = append(r.failures, fmt.Errorf("server %s: not tried: %w", s.at.uri, context.Cause(ctx)))
		return false, nil
	}
	r.asked = append(r.asked, s)
	share, cancel := ctx, context.CancelFunc(func() {})
	if another {
		share, cancel = half(ctx)
	}
	defer cancel()
	start := time.Now()
	err = r.operation(share, s)
	r.noteAttempt(ctx, s, time.Since(start), err)
	if err == nil || !noAnswer(err) {
		s.markUp(true, time.Since(start))
		return true, r.name(s, err)
	}
	if blames(ctx, err, time.Since(start)) {
		s.markDown(start, err)
	}
	s.noteUnanswered(ctx, start, err)
	if errors.Is(err, errBusy) {
		r.busy = append(r.busy, s)
	}
	r.failures = append(r.failures, fmt.Errorf("server %s: %w", s.at.uri, err))
	return false, nil
}

// name adds the server and the operation to the error of an answer.
func (r *request) name(s *server, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("server %s: %s: %w", s.at.uri, r.doing, err)
}

// blames reports whether err counts against the server: a broken connection
// does, and silence if the server had a fair time; not a caller that left, nor
// anything that shows that the server is there.
func blames(ctx context.Context, err error, took time.Duration) bool {
	switch {
	case !errors.Is(err, errTransport), errors.Is(err, errClosed), errors.Is(ctx.Err(), context.Canceled):
		return false
	case timedOut(err):
		return took >= fairAttempt
	}
	return true
}

// half returns a context with half of the time that ctx has left.
func half(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	now := time.Now()
	return context.WithDeadline(ctx, now.Add(deadline.Sub(now)/2))
}
