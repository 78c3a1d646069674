package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// three returns a directory with three servers and those servers.
func three(t *testing.T) (*directory.Directory, []*scripted.Server, *bytes.Buffer) {
	t.Helper()
	var servers []*scripted.Server
	addresses := map[string]*scripted.Server{}
	var uris []string
	for i := range 3 {
		server := newServer(t)
		servers = append(servers, server)
		uris = append(uris, fmt.Sprintf("ldap://s%d.example", i))
		addresses[fmt.Sprintf("s%d.example:389", i)] = server
	}
	log := &bytes.Buffer{}
	d := newDirectory(t, plainConfig(uris...), directory.Options{
		Dial: scripted.Dialer(addresses), Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	return d, servers, log
}

// lookUp expects alice to be found within the budget, and returns how long it
// took.
func lookUp(t *testing.T, d *directory.Directory, budget time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	if _, err := d.AccountByName(within(t, budget), "alice"); err != nil {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	return time.Since(start)
}

func hangAll(servers ...*scripted.Server) {
	for _, server := range servers {
		server.Script(scripted.Script{
			Accept: func(c *scripted.Conn) { c.Hang() },
			Bind:   func(c *scripted.Conn, _ *scripted.Request) { c.Hang() },
			Search: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() },
		})
	}
}

func TestFirstServerIsPreferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		for range 5 {
			lookUp(t, d, time.Second)
		}
		if servers[0].Connections() != 1 || servers[1].Connections() != 0 {
			t.Error("another server than the first was asked")
		}
	})
}

// TestHalfOfTheBudget: a hanging server gets half of what is left while
// another remains, and at most the connect timeout.
func TestHalfOfTheBudget(t *testing.T) {
	for _, test := range []struct {
		hanging        int
		budget, expect time.Duration
	}{
		{1, 2 * time.Second, time.Second},
		{2, 2 * time.Second, 1500 * time.Millisecond},
		{1, 10 * time.Second, 5 * time.Second},
		{1, 60 * time.Second, 5 * time.Second},
		{2, 60 * time.Second, 10 * time.Second},
	} {
		t.Run(fmt.Sprint(test.hanging, " of 3 in ", test.budget), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, servers, _ := three(t)
				hangAll(servers[:test.hanging]...)
				if took := lookUp(t, d, test.budget); took != test.expect {
					t.Errorf("took %v instead of %v", took, test.expect)
				}
			})
		})
	}
}

// TestFailedServerIsSkipped until its retry time, and preferred after it.
func TestFailedServerIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		hangAll(servers[0])
		lookUp(t, d, 2*time.Second)
		if took := lookUp(t, d, 2*time.Second); took != 0 {
			t.Errorf("the second lookup waited %v", took)
		}
		seen := servers[0].Connections()
		servers[0].Script(scripted.Script{})
		if took := lookUp(t, d, 2*time.Second); took != 0 || servers[0].Connections() != seen {
			t.Error("the first server was asked before its retry time")
		}
		time.Sleep(time.Second)
		if took := lookUp(t, d, 2*time.Second); took != 0 || servers[0].Connections() == seen {
			t.Error("the first server was not asked after its retry time")
		}
		before := len(servers[1].Searches())
		lookUp(t, d, 2*time.Second)
		if len(servers[1].Searches()) != before {
			t.Error("the first server is not preferred again")
		}
	})
}

// TestRetryTimeDoubles from 1 s to 30 s, less up to a quarter.
func TestRetryTimeDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, log := three(t)
		servers[0].Refuse(true)
		for _, full := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
			lookUp(t, d, time.Second)
			status := d.Status()[0]
			delay := time.Until(status.RetryAt)
			if delay > full*time.Second || delay < full*time.Second*3/4 || status.Up {
				t.Errorf("retry in %v, want %v s: %+v", delay, full, status)
			}
			time.Sleep(delay)
			synctest.Wait()
		}
		servers[0].Refuse(false)
		time.Sleep(30 * time.Second)
		lookUp(t, d, time.Second)
		if status := d.Status()[0]; !status.Up || status.LastError != "" {
			t.Errorf("status %+v", status)
		}
		if down, up := strings.Count(log.String(), "server is down"), strings.Count(log.String(), "server is back"); down != 1 || up != 1 {
			t.Errorf("%d times down, %d times back in the log:\n%s", down, up, log)
		}
	})
}

// TestNoRequestPaysForAProbe: whether a server is back is found out beside the
// requests.
func TestNoRequestPaysForAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		hangAll(servers[0])
		lookUp(t, d, 2*time.Second)
		before := servers[0].Connections()
		for range 100 {
			time.Sleep(time.Second)
			if took := lookUp(t, d, 2*time.Second); took > 0 {
				t.Fatalf("a request waited %v for the server that hangs", took)
			}
		}
		if probes := servers[0].Connections() - before; probes < 4 || probes > 12 {
			t.Errorf("%d probes in 100 s", probes)
		}
	})
}

// TestAllFailed: then all are tried again, also before their retry time.
func TestAllFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		for _, server := range servers {
			server.Refuse(true)
		}
		_, err := d.AccountByName(within(t, time.Second), "alice")
		wantError(t, err, directory.ErrUnavailable)
		for i := range servers {
			if uri := fmt.Sprintf("ldap://s%d.example", i); !strings.Contains(err.Error(), uri) {
				t.Errorf("the error does not name %s: %v", uri, err)
			}
		}
		servers[2].Refuse(false)
		if took := lookUp(t, d, time.Second); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestUsedServerFailsWhileAnotherIsSkipped: the one that is skipped is the last
// resort.
func TestUsedServerFailsWhileAnotherIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		servers[0].Refuse(true)
		lookUp(t, d, time.Second)
		servers[0].Refuse(false)
		for _, server := range servers[1:] {
			server.Refuse(true)
			server.Drop()
		}
		synctest.Wait()
		lookUp(t, d, time.Second)
		if servers[0].Connections() != 1 {
			t.Error("the skipped server was not asked")
		}
	})
}

// TestWhatMarksAServer: only a broken or silent connection does.
func TestWhatMarksAServer(t *testing.T) {
	code := func(op int, code int64) func(*scripted.Conn, *scripted.Request) {
		return answers(func(id int64) []byte { return scripted.Result(id, op, code, "") })
	}
	closes := func(c *scripted.Conn, _ *scripted.Request) { c.Close() }
	for name, test := range map[string]struct {
		script scripted.Script
		up     bool
		want   error
		second bool // the second server was asked
	}{
		"pseudouser's password":  {scripted.Script{Bind: code(scripted.BindResponse, 49)}, true, nil, true},
		"pseudouser's bind busy": {scripted.Script{Bind: code(scripted.BindResponse, 51)}, true, nil, true},
		"no access":              {scripted.Script{Search: code(scripted.SearchDone, 50)}, true, directory.ErrRefused, false},
		"unwilling":              {scripted.Script{Search: code(scripted.SearchDone, 53)}, true, directory.ErrRefused, false},
		"unavailable":            {scripted.Script{Search: code(scripted.SearchDone, 52)}, true, nil, true},
		"time limit":             {scripted.Script{Search: code(scripted.SearchDone, 3)}, true, nil, true},
		"no such base":           {scripted.Script{Search: code(scripted.SearchDone, 32)}, true, directory.ErrNotFound, false},
		"wrong answer":           {scripted.Script{Search: code(scripted.BindResponse, 0)}, true, nil, true},
		"closes at the search":   {scripted.Script{Search: closes}, false, nil, true},
		"closes at the bind":     {scripted.Script{Bind: closes}, false, nil, true},
		"closes at once":         {scripted.Script{Accept: func(c *scripted.Conn) { c.Close() }}, false, nil, true},
		"hangs":                  {scripted.Script{Accept: func(c *scripted.Conn) { c.Hang() }}, false, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, servers, _ := three(t)
				servers[0].Script(test.script)
				_, err := d.AccountByName(within(t, 2*time.Second), "alice")
				if test.want == nil && err != nil {
					t.Error(err)
				} else if test.want != nil {
					wantError(t, err, test.want)
				}
				if up := d.Status()[0].Up; up != test.up {
					t.Errorf("first server up: %v", up)
				}
				if asked := servers[1].Connections() > 0; asked != test.second {
					t.Errorf("second server asked: %v", asked)
				}
			})
		})
	}
}

// TestWrongPasswordIsAnAnswer: no second server is asked, and none is marked.
func TestWrongPasswordIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		reply, err := bindAlice(t, d, "wrong")
		if err != nil || reply.Code != directory.ResultInvalidCredentials {
			t.Errorf("%+v, %v", reply, err)
		}
		if servers[1].Connections() > 0 || !d.Status()[0].Up {
			t.Error("a wrong password led to another server")
		}
	})
}

// TestBusyServer: a bind goes to the next server when one says that it cannot.
func TestBusyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		servers[0].Script(userBinds(answers(func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, 51, "busy") })))
		if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
			t.Errorf("%+v, %v", reply, err)
		}
		for _, server := range servers {
			server.Script(userBinds(answers(func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, 52, "") })))
		}
		_, err := bindAlice(t, d, alicePass)
		wantError(t, err, directory.ErrUnavailable)
	})
}

// TestCallerInAHurry: a caller that leaves, or has no time, says nothing about
// the server.
func TestCallerInAHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		hangAll(servers...)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := d.BindAsUser(ctx, aliceDN, secretOf(alicePass))
		wantError(t, err, directory.ErrUnavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("not the caller's end: %v", err)
		}
		_, err = d.AccountByName(within(t, 50*time.Millisecond), "alice")
		wantError(t, err, directory.ErrUnavailable)
		_, err = d.AccountByName(ctx, "alice")
		wantError(t, err, directory.ErrUnavailable)
		for _, status := range d.Status() {
			if !status.Up {
				t.Errorf("%+v", status)
			}
		}
	})
}

// TestNoDeadline: a context without one is bounded by the timeouts.
func TestNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		lookUp(t, d, time.Second)
		hangAll(server)
		start := time.Now()
		_, err := d.AccountByName(t.Context(), "alice")
		wantError(t, err, directory.ErrUnavailable)
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
