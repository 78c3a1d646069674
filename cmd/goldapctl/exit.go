package main

import "errors"

// Exit statuses. Scripts rely on them.
const (
	// exitSuccess: found, or everything as announced.
	exitSuccess = 0
	// exitNegative: a clear answer, and it is no: there is no such user, or
	// a step did not go as announced.
	exitNegative = 1
	// exitUsage: the command line makes no sense.
	exitUsage = 2
	// exitUnavailable: there was no answer.
	exitUnavailable = 3
)

// statusError is an error with the exit status that it means.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func withStatus(status int, err error) error {
	return &statusError{status: status, err: err}
}

// statusOf is the exit status for what a command returned. The verbs give
// every error a status; those without one come from cobra, which has not
// understood the command line.
func statusOf(err error) int {
	if err == nil {
		return exitSuccess
	}
	var s *statusError
	if errors.As(err, &s) {
		return s.status
	}
	return exitUsage
}
