package login_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
)

// onWeb1 is a login on the machine web1.example.com.
func (w *world) onWeb1() *login.Login {
	l := w.login()
	l.Machine.Hostname = func() (string, error) { return "web1.example.com", nil }
	return l
}

// allow switches both checks on and lets alice in.
func allow(w *world) {
	w.checks = [2]bool{true, true}
	w.allowed = directory.LoginAttributes{Services: []string{"sshd"}, Hosts: []string{"web1.example.com"}}
}

// TestAccessRules is each rule, and which of two decides.
func TestAccessRules(t *testing.T) {
	down := fmt.Errorf("%w: connection refused", directory.ErrUnavailable)
	tests := map[string]struct {
		change func(*world)
		want   account.Outcome
		rule   string
	}{
		"every rule lets in":       {func(*world) {}, account.Success, "access rules"},
		"expired and no member":    {func(w *world) { w.noMember = true; w.acct.Shadow = account.Shadow{Name: "alice", Expire: 1} }, account.AccountExpired, "shadowExpire"},
		"no member":                {func(w *world) { w.noMember = true }, account.PermissionDenied, "login_group_dn: not a member of cn=ops,dc=test"},
		"no member, no service":    {func(w *world) { w.noMember = true; w.allowed.Services = nil }, account.PermissionDenied, "login_group_dn: not a member of cn=ops,dc=test"},
		"group away":               {func(w *world) { w.groupErr = down }, account.Unavailable, "login_group_dn: directory unavailable"},
		"group away, yet a member": {func(w *world) { w.noMember = false; w.groupErr = errors.New("?") }, account.Unavailable, "login_group_dn: ?"},
		"no services":              {func(w *world) { w.allowed.Services = nil }, account.PermissionDenied, "login_check_service: no value is sshd"},
		"another service":          {func(w *world) { w.allowed.Services = []string{"su"} }, account.PermissionDenied, "login_check_service"},
		"service denied":           {func(w *world) { w.allowed.Services = []string{"*", "!SSHD"} }, account.PermissionDenied, "login_check_service: !SSHD"},
		"neither service nor host": {func(w *world) { w.allowed = directory.LoginAttributes{} }, account.PermissionDenied, "login_check_service"},
		"no services, no check":    {func(w *world) { w.checks[0] = false; w.allowed.Services = nil }, account.Success, "access rules"},
		"no hosts":                 {func(w *world) { w.allowed.Hosts = nil }, account.PermissionDenied, "login_check_host: no value is web1.example.com"},
		"another host":             {func(w *world) { w.allowed.Hosts = []string{"web2.example.com"} }, account.PermissionDenied, "login_check_host"},
		"service for a host":       {func(w *world) { w.allowed.Hosts = []string{"sshd"} }, account.PermissionDenied, "login_check_host"},
		"host for a service":       {func(w *world) { w.allowed.Services = []string{"web1.example.com"} }, account.PermissionDenied, "login_check_service"},
		"host denied, small uid":   {func(w *world) { w.allowed.Hosts = []string{"!web1.example.com", "*"}; w.minUID = 9999 }, account.PermissionDenied, "login_check_host: !web1.example.com"},
		"no hosts, no check":       {func(w *world) { w.checks[1] = false; w.allowed.Hosts = nil }, account.Success, "access rules"},
		"entry cannot be read":     {func(w *world) { w.allowedErr = down }, account.Unavailable, "login_check_service: directory unavailable"},
		"host cannot be read":      {func(w *world) { w.checks[0] = false; w.allowedErr = directory.ErrBadEntry }, account.Unavailable, "login_check_host: unusable entry"},
		"small uid, no match":      {func(w *world) { w.minUID = 9999; w.noMatch = true }, account.PermissionDenied, "login_min_uid: 2000 is below 9999"},
		"large uid":                {func(w *world) { w.maxUID = 1999 }, account.PermissionDenied, "login_max_uid: 2000 is above 1999"},
		"no match":                 {func(w *world) { w.noMatch = true }, account.PermissionDenied, "login_filter: the entry does not match (a=b)"},
		"filter away":              {func(w *world) { w.filterErr = down }, account.Unavailable, "login_filter: directory unavailable"},
		"filter finds nothing":     {func(w *world) { w.filterErr = directory.ErrNotFound }, account.Unavailable, "login_filter: no such entry"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			allow(w)
			tt.change(w)
			d := w.onWeb1().Authorize(context.Background(), request("alice", ""))
			if d.Outcome != tt.want || d.Authorization != tt.want || !strings.HasPrefix(d.Rule, tt.rule) {
				t.Errorf("got %s by %q, want %s by %q", d.Outcome, d.Rule, tt.want, tt.rule)
			}
			if tt.want == account.PermissionDenied && d.Rule != tt.rule && strings.Contains(tt.rule, ": ") {
				t.Errorf("rule %q, want %q", d.Rule, tt.rule)
			}
			for _, told := range []string{"login", "group", "host", "service", "web1"} {
				if strings.Contains(strings.ToLower(d.Message), told) {
					t.Errorf("%q tells which rule it was", d.Message)
				}
			}
			if (d.Message == "") != (tt.want == account.Success) {
				t.Errorf("message %q", d.Message)
			}
			d = w.onWeb1().Authenticate(context.Background(), request("alice", rightPassword))
			if d.Outcome != account.Success || d.Authorization != tt.want {
				t.Errorf("a login gets %s/%s, want %s", d.Outcome, d.Authorization, tt.want)
			}
		})
	}
}

// TestWhatRulesAskFor is that no rule is looked at before the password is
// proven, that each asks once and for the user's entry, and that attributes
// are read only if they count.
func TestWhatRulesAskFor(t *testing.T) {
	tests := map[string]struct {
		checks   [2]bool
		password string
		want     []string
	}{
		"all rules":      {[2]bool{true, true}, rightPassword, []string{"group " + aliceDN, "attributes " + aliceDN, "filter " + aliceDN}},
		"host":           {[2]bool{false, true}, rightPassword, []string{"group " + aliceDN, "attributes " + aliceDN, "filter " + aliceDN}},
		"no check":       {[2]bool{false, false}, rightPassword, []string{"group " + aliceDN, "filter " + aliceDN}},
		"wrong password": {[2]bool{true, true}, "wrong", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			allow(w)
			w.checks = tt.checks
			w.onWeb1().Authenticate(context.Background(), request("alice", tt.password))
			if !reflect.DeepEqual(w.asked, tt.want) {
				t.Errorf("asked %q, want %q", w.asked, tt.want)
			}
		})
	}
}

// TestNamelessMachine: without a name there is no rule about hosts that could
// be looked at, not even *.
func TestNamelessMachine(t *testing.T) {
	w := newWorld()
	allow(w)
	w.allowed.Hosts = []string{"*"}
	l := w.login()
	l.Machine.Hostname = func() (string, error) { return "", errors.New("no name") }
	d := l.Authorize(context.Background(), request("alice", ""))
	if d.Outcome != account.Unavailable || !strings.HasPrefix(d.Rule, "login_check_host: ") {
		t.Errorf("got %s by %q", d.Outcome, d.Rule)
	}
	w.checks[1] = false
	if d := l.Authorize(context.Background(), request("alice", "")); d.Outcome != account.Success {
		t.Errorf("without the check %s by %q", d.Outcome, d.Rule)
	}
}
