package server

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/goldap/goldap/pkg/account"
)

// chunk is how many bytes of an enumeration are collected before they are
// sent.
const chunk = 32 << 10

// serveEnumeration serves an enumeration when it is its turn. One for which
// there is no place is closed without a byte.
func (x *exchange) serveEnumeration(ctx context.Context, route route) error {
	doors, uid := x.server.listings, x.caller.UID
	now, later := doors.enter(uid)
	if !now && (later == nil || !doors.wait(ctx, later, x.server.options.QueueTimeout)) {
		x.server.crowds.Do(func() { x.logger().Warn("too many enumerations", "op", x.request.Action.String()) })
		return nil
	}
	defer doors.leave(uid)
	x.enumerating = true
	return route.serve(ctx, x)
}

// errStalled is why an enumeration that does not go on is ended.
var errStalled = errors.New("no further entry in time")

// enumerate returns the serve function of an enumeration, which sends entries
// while the sequence is read. What is in memory is a chunk, however many
// entries there are. The end marker is sent only if the sequence was complete.
func enumerate[T any](
	all func(context.Context, *exchange) iter.Seq2[T, error], write func(*exchange, T) error,
) func(context.Context, *exchange) error {
	return func(ctx context.Context, x *exchange) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		patience := x.server.options.StallTimeout
		stalled := time.AfterFunc(patience, func() { cancel(errStalled) })
		defer stalled.Stop()
		for value, err := range all(ctx, x) {
			if err == nil {
				err = x.add(write(x, value))
			}
			if err != nil {
				x.logLookup(err)
				return errors.Join(err, x.flush())
			}
			stalled.Reset(patience)
		}
		x.logLookup(nil)
		return x.end()
	}
}

// ifEnumerated refuses an enumeration where the configuration does, as nslcd
// does: the connection is closed without a byte.
func ifEnumerated(serve func(context.Context, *exchange) error) func(context.Context, *exchange) error {
	return func(ctx context.Context, x *exchange) error {
		if x.backend.NoEnumeration {
			return nil
		}
		return serve(ctx, x)
	}
}

// add sends the response so far if it became long. written is whether the last
// entry is in it: one that cannot be sent is left out.
func (x *exchange) add(written error) error {
	if written != nil {
		x.logLookup(written)
		return nil
	}
	if x.response.Buffered() < chunk {
		return nil
	}
	return x.flush()
}

func passwdAll(ctx context.Context, x *exchange) iter.Seq2[account.Account, error] {
	return x.backend.Names.Passwds(ctx)
}

func groupAll(ctx context.Context, x *exchange) iter.Seq2[account.Group, error] {
	return x.backend.Names.Groups(ctx)
}

func shadowAll(ctx context.Context, x *exchange) iter.Seq2[account.Shadow, error] {
	return x.backend.Names.Shadows(ctx)
}
