package directory

import (
	"context"
	"errors"
	"time"
)

// step is what was being done when a request to a server failed.
type step int

const (
	connecting step = iota
	securing
	binding
	asking
)

// notOpened is the error of a connection that could not be opened. It was
// counted by then, once for all who waited for the connection.
type notOpened struct{ error }

func (e notOpened) Unwrap() error { return e.error }

// noteUnopened counts the failure to open a connection, begun at start, and returns
// the error for those who wait for it.
func (s *server) noteUnopened(ctx context.Context, at step, start time.Time, err error) error {
	s.noteFailure(ctx, at, start, err)
	return notOpened{err}
}

// noteUnanswered counts a request that had no usable answer although the connection for it
// was there.
func (s *server) noteUnanswered(ctx context.Context, start time.Time, err error) {
	if errors.As(err, new(notOpened)) || errors.Is(err, errPseudouser) {
		return
	}
	s.noteFailure(ctx, asking, start, err)
}

// noteFailure counts what failed, unless that was the caller's doing.
func (s *server) noteFailure(ctx context.Context, at step, start time.Time, err error) {
	hurried := timedOut(err) && time.Since(start) < fairAttempt
	if hurried || errors.Is(err, errClosed) || errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.failed.at(at)++
	s.lastFailure, s.lastFailureAt = err.Error(), time.Now()
}

// at returns the number of failures in a step.
func (f *Failures) at(s step) *uint64 {
	switch s {
	case connecting:
		return &f.Connect
	case securing:
		return &f.TLS
	case binding:
		return &f.Bind
	}
	return &f.Answer
}
