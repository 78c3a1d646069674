package server

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/throttle"
	"github.com/goldap/goldap/pkg/trace"
)

// throttling returns the limits of a configuration. A process that serves one
// request knows of no other.
func throttling(c config.Throttle, opts BackendOptions) throttle.Limits {
	if opts.SingleUse {
		return throttle.Limits{}
	}
	return throttle.Limits{
		Failures: c.Failures, UserFailures: c.UserFailures, HostFailures: c.HostFailures, CallerFailures: c.CallerFailures,
		Delay: c.Delay, MaxDelay: c.MaxDelay, ForgetAfter: c.ForgetAfter,
	}
}

// guess reports whether the request tries a password, and who does.
func (x *exchange) guess() (throttle.Attempt, bool) {
	pam, password := x.request.PAM, x.request.Password
	if password.IsEmpty() || bytes.IndexByte(password.Bytes(), 0) >= 0 {
		return throttle.Attempt{}, false // no directory is asked about it
	}
	attempt := throttle.Attempt{User: pam.User, Host: pam.RHost, Remote: pam.RUser, UID: x.caller.UID}
	switch x.request.Action {
	case nslcd.ActionAuthenticate, nslcd.ActionLogin, nslcd.ActionChangePassword, nslcd.ActionUserMod:
	case nslcd.ActionExplain:
		if !x.request.Prove {
			return throttle.Attempt{}, false
		}
	default:
		return throttle.Attempt{}, false
	}
	if x.request.AsRoot || pam.User == "" {
		attempt.User = "(administrator)" // no user has such a name
	}
	return attempt, true
}

// slowed has judge decide when it is the login's turn, and refuses a login
// whose turn would come too late.
func (x *exchange) slowed(ctx context.Context, judge func() login.Decision) login.Decision {
	attempt, isGuess := x.guess()
	if !isGuess {
		return judge()
	}
	turn := x.server.attempts.Take(x.backend.Throttle, attempt, half(ctx))
	if turn.Wait > 0 {
		if t := trace.From(ctx); t != nil {
			t.Note("throttled", "key", turn.Key, "wait", turn.Wait.Round(time.Millisecond).String())
		}
	}
	if turn.Refused {
		return login.Throttled(fmt.Sprintf("login.throttle: %s: %v to wait", turn.Key, turn.Wait.Round(time.Millisecond)))
	}
	if !x.wait(ctx, turn) {
		return login.Decision{Rule: fmt.Sprintf("login.throttle: %s: the wait was cut short", turn.Key)}
	}
	began := time.Now()
	decision := judge()
	switch decision.Outcome {
	case account.BadCredentials:
		turn.Failed()
		x.server.guesses.add(time.Since(began))
	case account.UnknownUser:
		turn.Failed()
		if x.backend.HideUnknown {
			sleepUntil(ctx, began.Add(x.server.guesses.sample()))
		}
	case account.Success:
		turn.Succeeded()
	}
	return decision
}

// wait waits for the turn and reports whether it came.
func (x *exchange) wait(ctx context.Context, turn throttle.Turn) bool {
	if turn.Wait <= 0 {
		return true
	}
	defer turn.Waited()
	x.waited = turn.Wait
	return sleep(ctx, turn.Wait)
}

// half is half of the time that is left.
func half(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return time.Until(deadline) / 2
}

// sleep reports whether the time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sleepUntil is exact: timers of Go are late by up to a millisecond, which many
// measurements would show. The thread sleeps for the last of it.
func sleepUntil(ctx context.Context, at time.Time) {
	const inexact = 2 * time.Millisecond
	if !sleep(ctx, time.Until(at)-inexact) {
		return
	}
	if rest := time.Until(at); rest > 0 {
		exact := unix.NsecToTimespec(rest.Nanoseconds())
		_ = unix.Nanosleep(&exact, nil)
	}
}

// usualDuration is how long the answer to a wrong password takes until there
// was one.
const usualDuration = 5 * time.Millisecond

// durations are how long the latest answers to wrong passwords took.
type durations struct {
	mu     sync.Mutex
	latest [64]time.Duration
	count  int
}

func (d *durations) add(took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latest[d.count%len(d.latest)] = took
	d.count++
}

// sample returns one of them at random.
func (d *durations) sample() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count == 0 {
		return usualDuration
	}
	return d.latest[rand.IntN(min(d.count, len(d.latest)))]
}
