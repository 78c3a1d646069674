package login_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/roles"
)

// roleWorld is what a directory says about groups. A DN that begins with away
// cannot be asked for.
type roleWorld struct {
	in        []string // groups that the user is in
	roleAsked atomic.Int32
}

func (r *roleWorld) Name() string { return "test" }

func (r *roleWorld) GroupsAbove(context.Context, account.Account) ([]string, error) { return nil, nil }

func (r *roleWorld) GroupDN(_ context.Context, base, name string) (string, error) {
	return "cn=" + name + "," + base, nil
}

func (r *roleWorld) Matches(context.Context, string, string) (bool, error) { return false, nil }

func (r *roleWorld) InGroup(_ context.Context, _ account.Account, dn string, _ []string) (bool, error) {
	r.roleAsked.Add(1)
	if strings.HasPrefix(dn, "cn=away") {
		return true, fmt.Errorf("%w: nobody answers", directory.ErrUnavailable)
	}
	for _, in := range r.in {
		if in == dn {
			return true, nil
		}
	}
	return false, nil
}

// withRoles is a login with roles staff and admin by groups, away by one that
// cannot be asked, alices by name, and people, which includes two of them.
func (w *world) withRoles(t *testing.T, services login.Services) *login.Login {
	t.Helper()
	set, err := roles.New([]roles.Role{
		{Name: "staff", GroupDNs: []string{"cn=staff"}},
		{Name: "admin", GroupDNs: []string{"cn=admin"}},
		{Name: "away", GroupDNs: []string{"cn=away"}},
		{Name: "alices", Users: []string{"alice"}},
		{Name: "people", Roles: []string{"staff", "admin"}},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	l := w.login()
	l.Roles, l.Services = set, services
	return l
}

func forSSHD(admit, refuse []string) login.Services {
	return login.Services{Rules: map[string]login.Service{"sshd": {Admit: admit, Refuse: refuse}}}
}

// TestServices is which of the roles decides, and that what is not known does
// not let in.
func TestServices(t *testing.T) {
	list := func(names ...string) []string { return names }
	tests := map[string]struct {
		services login.Services
		in       []string
		want     account.Outcome
		rule     string
	}{
		"admitted":                   {forSSHD(list("staff"), nil), list("cn=staff"), account.Success, "service sshd: admits role staff"},
		"second admitted":            {forSSHD(list("admin", "people"), nil), list("cn=staff"), account.Success, "service sshd: admits role people"},
		"none of the admitted":       {forSSHD(list("staff", "admin"), nil), nil, account.PermissionDenied, "service sshd: admits staff, admin only"},
		"refuse wins":                {forSSHD(list("staff"), list("admin")), list("cn=staff", "cn=admin"), account.PermissionDenied, "service sshd: refuses role admin"},
		"not refused":                {forSSHD(nil, list("admin")), list("cn=staff"), account.Success, "service sshd: admits all who are not refused"},
		"not refused, not admitted":  {forSSHD(list("staff"), list("admin")), nil, account.PermissionDenied, "service sshd: admits staff only"},
		"refused is not known":       {forSSHD(list("alices"), list("away")), nil, account.Unavailable, "service sshd: role away: group cn=away: directory unavailable: nobody answers"},
		"refused, and one not known": {forSSHD(nil, list("away", "alices")), nil, account.PermissionDenied, "service sshd: refuses role alices"},
		"admitted is not known":      {forSSHD(list("away", "staff"), nil), nil, account.Unavailable, "service sshd: role away: group cn=away: directory unavailable: nobody answers"},
		"admitted, and one unknown":  {forSSHD(list("away", "alices"), nil), nil, account.Success, "service sshd: admits role alices"},
		"no such role":               {forSSHD(list("gone"), nil), list("cn=staff"), account.Unavailable, "service sshd: role gone: nobody asked for it"},
		"another service":            {login.Services{Rules: map[string]login.Service{"su": {}}}, nil, account.Success, "access rules"},
		"another one, refused":       {login.Services{Rules: map[string]login.Service{"su": {}}, RefuseOthers: true}, list("cn=staff"), account.PermissionDenied, "other_services: sshd is no service of the configuration"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.in = tt.in
			l := w.withRoles(t, tt.services)
			d := l.Authorize(context.Background(), request("alice", ""))
			if d.Outcome != tt.want || d.Rule != tt.rule {
				t.Errorf("got %s by %q, want %s by %q", d.Outcome, d.Rule, tt.want, tt.rule)
			}
			if (d.Roles == nil) != (tt.want != account.Success) {
				t.Errorf("roles %q", d.Roles)
			}
			if strings.Contains(d.Message, "role") || (d.Message == "") != (tt.want == account.Success) {
				t.Errorf("message %q", d.Message)
			}
			a := l.Authenticate(context.Background(), request("alice", rightPassword))
			if a.Outcome != account.Success || a.Authorization != tt.want || !reflect.DeepEqual(a.Roles, d.Roles) {
				t.Errorf("a login gets %s/%s with %q", a.Outcome, a.Authorization, a.Roles)
			}
		})
	}
}

// TestNameOfTheService: libpam has it in lower case, others may not.
func TestNameOfTheService(t *testing.T) {
	w := newWorld()
	l := w.withRoles(t, forSSHD(nil, []string{"alices"}))
	for _, service := range []string{"sshd", "SSHD", "Sshd"} {
		req := request("alice", "")
		req.Service = service
		if d := l.Authorize(context.Background(), req); d.Outcome != account.PermissionDenied {
			t.Errorf("%s: %s", service, d.Outcome)
		}
	}
}

// TestRolesOfALogin: who may in has them, also who must change the password
// first; others do not, and before the password is proven nothing is asked.
func TestRolesOfALogin(t *testing.T) {
	want := []string{"alices", "people", "staff"}
	tests := map[string]struct {
		change   func(*world)
		password string
		want     []string
		asked    int
	}{
		"let in":      {func(*world) {}, rightPassword, want, 3},
		"must change": {func(w *world) { w.bindReply = policyReply(0, 2) }, rightPassword, want, 3},
		"must change soon": {func(w *world) {
			w.acct.Shadow = account.Shadow{Name: "alice", LastChange: 1, Max: 1, Inactive: account.NotSet, Expire: account.NotSet}
		}, rightPassword, want, 3},
		"wrong password": {func(*world) {}, "wrong", nil, 0},
		"rule before":    {func(w *world) { w.minUID = 9999 }, rightPassword, nil, 0},
		"policy refuses": {func(w *world) { w.bindReply = policyReply(0, 7) }, rightPassword, nil, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.in = []string{"cn=staff"}
			tt.change(w)
			d := w.withRoles(t, login.Services{}).Authenticate(context.Background(), request("alice", tt.password))
			if !reflect.DeepEqual(d.Roles, tt.want) || int(w.roleAsked.Load()) != tt.asked {
				t.Errorf("%s/%s: roles %q, asked %d times", d.Outcome, d.Authorization, d.Roles, w.roleAsked.Load())
			}
		})
	}
}

// TestNoRolesCostNothing: without a role no directory is asked for one.
func TestNoRolesCostNothing(t *testing.T) {
	w := newWorld()
	l := w.login()
	d := l.Authorize(context.Background(), request("alice", ""))
	if d.Outcome != account.Success || d.Roles != nil || w.roleAsked.Load() != 0 {
		t.Errorf("%s, %q, asked %d times", d.Outcome, d.Roles, w.roleAsked.Load())
	}
	l.Services.RefuseOthers = true
	if d := l.Authorize(context.Background(), request("alice", "")); d.Outcome != account.PermissionDenied {
		t.Errorf("%s by %q", d.Outcome, d.Rule)
	}
}
