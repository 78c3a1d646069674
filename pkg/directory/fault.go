package directory

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// The ways in which no usable answer comes from a server. None leaves the
// package: attempt.go turns them into ErrUnavailable or ErrRefused when no
// server is left.
var (
	// errTransport: connecting failed, the connection broke, or nothing came
	// in time. It marks the server.
	errTransport = errors.New("no answer")
	// errProtocol: the server sent something that it must not send. The
	// connection is closed; the server is not marked, since it is there.
	errProtocol = errors.New("protocol violation")
	// errBusy: the server answered that it cannot serve now (busy,
	// unavailable). The next one may.
	errBusy = errors.New("server busy")
	// errPseudouser: the server answered that the pseudouser may not bind. It
	// is there, but the next one may know the right password.
	errPseudouser = errors.New("the pseudouser may not bind")
)

// violation returns an error that matches errProtocol.
func violation(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errProtocol, fmt.Errorf(format, args...))
}

// broken returns an error that matches errTransport.
func broken(doing string, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w (%w)", context.DeadlineExceeded, err)
	}
	return fmt.Errorf("%w: %s: %w", errTransport, doing, err)
}

// noAnswer reports whether err means that the server gave no usable answer, so
// that another connection or server may be asked.
func noAnswer(err error) bool {
	return lost(err) || errors.Is(err, errBusy) || errors.Is(err, errPseudouser)
}

// lost reports whether err means that the connection ended without an answer.
func lost(err error) bool { return errors.Is(err, errTransport) || errors.Is(err, errProtocol) }

// timedOut reports whether err is about time that ran out.
func timedOut(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
