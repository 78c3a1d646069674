package login_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
)

// Whoever becomes another user does so at the end of a login that nothing
// refuses, and only into a user whom others may become.
func TestTemplateUsers(t *testing.T) {
	kiosk := func(name string) error {
		if name == "kiosk" {
			return nil
		}
		return errors.New("not in /etc/passwd")
	}
	for name, test := range map[string]struct {
		template string
		noIDs    bool
		check    func(string) error
		change   func(*world)
		password string
		want     account.Outcome // the authorization
		account  string
		rule     string
	}{
		"themselves":       {check: kiosk, want: account.Success},
		"another":          {template: "kiosk", check: kiosk, want: account.Success, account: "kiosk"},
		"without ids":      {template: "kiosk", noIDs: true, check: kiosk, want: account.Success, account: "kiosk"},
		"themselves, none": {noIDs: true, check: kiosk, want: account.PermissionDenied, rule: "the entry has no uid"},
		"nobody":           {template: "ghost", check: kiosk, want: account.PermissionDenied, rule: "template_login: not in /etc/passwd"},
		"no check":         {template: "kiosk", want: account.PermissionDenied, rule: "template_login: nobody becomes"},
		"wrong password":   {template: "kiosk", check: kiosk, password: "wrong", want: account.BadCredentials},
		"refused by rule":  {template: "kiosk", check: kiosk, change: func(w *world) { w.noMatch = true }, want: account.PermissionDenied, rule: "login_filter"},
		"uid window":       {template: "kiosk", noIDs: true, check: kiosk, change: func(w *world) { w.minUID = 1000 }, want: account.PermissionDenied, rule: "the entry has no uid"},
		"uid window above": {template: "kiosk", noIDs: true, check: kiosk, change: func(w *world) { w.maxUID = account.NoID }, want: account.PermissionDenied, rule: "the entry has no uid"},
		"must change":      {template: "kiosk", check: kiosk, change: func(w *world) { w.bindReply = policyReply(0, 2) }, want: account.MustChange},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.acct.Template = test.template
			if test.noIDs {
				w.acct.UID, w.acct.GID = account.NoID, account.NoID
			}
			if test.change != nil {
				test.change(w)
			}
			l := w.login()
			l.TemplateUser = test.check
			password := test.password
			if password == "" {
				password = rightPassword
			}
			d := l.Authenticate(t.Context(), request("alice", password))
			if d.Authorization != test.want || d.Account != test.account || !strings.Contains(d.Rule, test.rule) {
				t.Errorf("authenticate: %+v", d)
			}
			if test.want == account.BadCredentials || test.want == account.MustChange {
				return
			}
			d = l.Authorize(t.Context(), request("alice", ""))
			if d.Outcome != test.want || d.Account != test.account || !strings.Contains(d.Rule, test.rule) {
				t.Errorf("authorize: %+v", d)
			}
		})
	}
}
