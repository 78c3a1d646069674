package login_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
)

// TestLoginSearches is the last access rule: what finds nothing, and what
// cannot be searched for, keeps out.
func TestLoginSearches(t *testing.T) {
	down := fmt.Errorf("%w: connection refused", directory.ErrUnavailable)
	for name, tt := range map[string]struct {
		change func(*world)
		want   account.Outcome
		rule   string
		asked  int
	}{
		"all find something":  {func(*world) {}, account.Success, "access rules", 1},
		"none configured":     {func(w *world) { w.searches, w.searchFails = false, "(x=y)" }, account.Success, "access rules", 0},
		"one finds nothing":   {func(w *world) { w.searchFails = "(secret=$dn)" }, account.PermissionDenied, "login_searches: nothing matches (secret=$dn)", 1},
		"away":                {func(w *world) { w.searchErr = down }, account.Unavailable, "login_searches: directory unavailable", 1},
		"refused":             {func(w *world) { w.searchErr = directory.ErrRefused }, account.Unavailable, "login_searches: directory refused", 1},
		"not found is no yes": {func(w *world) { w.searchErr = directory.ErrNotFound }, account.Unavailable, "login_searches: no such entry", 1},
		"login_filter first":  {func(w *world) { w.noMatch, w.searchFails = true, "(x=y)" }, account.PermissionDenied, "login_filter", 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, ask := range []func(*world) login.Decision{authorizeAlice, authenticateAlice} {
				w := newWorld()
				w.searches = true
				tt.change(w)
				d := ask(w)
				if d.Authorization != tt.want || tt.want != account.Success && !strings.HasPrefix(d.Rule, tt.rule) {
					t.Errorf("got %s by %q, want %s by %q", d.Authorization, d.Rule, tt.want, tt.rule)
				}
				if strings.Contains(d.Message, "secret") || (d.Message == "") != (tt.want == account.Success) {
					t.Errorf("rule %q, message %q", d.Rule, d.Message)
				}
				if searched := strings.Count(strings.Join(w.asked, "\n"), "searches "); searched != tt.asked {
					t.Errorf("searched %d times", searched)
				}
			}
		})
	}
}

func authorizeAlice(w *world) login.Decision {
	return w.login().Authorize(context.Background(), request("alice", ""))
}

func authenticateAlice(w *world) login.Decision {
	return w.login().Authenticate(context.Background(), request("alice", rightPassword))
}

// TestLoginVariables are the items of the login in the directory's spelling,
// and the names of the machine only if a filter speaks of them.
func TestLoginVariables(t *testing.T) {
	req := request("alice", "")
	req.RUser, req.RHost, req.TTY = "root", "client.test", "pts/0"
	want := directory.LoginVariables{Username: "alice", Service: "sshd", RUser: "root", RHost: "client.test", TTY: "pts/0", DN: aliceDN}
	w := newWorld()
	w.searches = true
	l := w.login()
	l.Machine.Hostname = func() (string, error) { return "", errors.New("no name") }
	if d := l.Authorize(context.Background(), req); d.Outcome != account.Success || len(w.variables) != 1 || w.variables[0] != want {
		t.Errorf("%+v, asked with %+v", d, w.variables)
	}
	w.namesMachine = true
	if d := l.Authorize(context.Background(), req); d.Outcome != account.Unavailable || len(w.variables) != 1 {
		t.Errorf("a machine without a name: %+v, asked with %+v", d, w.variables)
	}
	want.Hostname, want.FQDN, want.Domain = "web1", "web1.example.com", "example.com"
	if d := w.onWeb1().Authorize(context.Background(), req); d.Outcome != account.Success || w.variables[1] != want {
		t.Errorf("%+v, asked with %+v", d, w.variables)
	}
}

// TestBindSearch: who does not find what must be found has not proven the
// password; nothing else changes.
func TestBindSearch(t *testing.T) {
	for name, tt := range map[string]struct {
		change                 func(*world)
		outcome, authorization account.Outcome
		rule                   string
	}{
		"found":          {func(*world) {}, account.Success, account.Success, "bind"},
		"not found":      {func(w *world) { w.bindFindsNot = true }, account.BadCredentials, account.BadCredentials, "login_bind_search"},
		"wrong password": {func(w *world) { w.bindReply = policyReply(49, -1); w.bindFindsNot = true }, account.BadCredentials, account.BadCredentials, "bind"},
		"locked":         {func(w *world) { w.bindReply = policyReply(49, 1); w.bindFindsNot = true }, account.AccountLocked, account.AccountLocked, "accountLocked"},
		"must change":    {func(w *world) { w.bindReply = policyReply(0, 2) }, account.Success, account.MustChange, "must change"},
		"away":           {func(w *world) { w.bindErr = directory.ErrUnavailable }, account.Unavailable, account.Unavailable, "unavailable"},
		"no host name":   {func(w *world) { w.namesMachine = true }, account.Unavailable, account.Unavailable, "login_bind_search"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.bindSearch = true
			tt.change(w)
			l := w.login()
			l.Machine.Hostname = func() (string, error) { return "", errors.New("no name") }
			d := l.Authenticate(context.Background(), request("alice", rightPassword))
			if d.Outcome != tt.outcome || d.Authorization != tt.authorization || !strings.Contains(d.Rule, tt.rule) {
				t.Errorf("got %+v", d)
			}
		})
	}
}
