package login_test

import (
	"context"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/secret"
)

// TestAdministratorOfTheUsersDirectory: with several administrators the user
// says which one is meant, and no other directory hears the password.
func TestAdministratorOfTheUsersDirectory(t *testing.T) {
	for name, tt := range map[string]struct {
		user     string
		unmanned bool // the directory of the user has no administrator
		want     account.Outcome
		rule     string
		binds    int
	}{
		"theirs":           {"alice", false, account.Success, "bind", 1},
		"theirs has none":  {"alice", true, account.UnknownUser, "no root_bind_dn", 0},
		"unknown user":     {"bob", false, account.UnknownUser, "bob", 0},
		"nobody is named":  {"", false, account.PermissionDenied, "several directories have a root_bind_dn", 0},
		"only one is left": {"", true, account.BadCredentials, "bind", 0},
	} {
		t.Run(name, func(t *testing.T) {
			first, theirs := newWorld(), newWorld()
			first.admin, theirs.admin = true, !tt.unmanned
			first.acct.DN = "uid=somebody,dc=else" // its administrator has another password
			l := theirs.login()
			l.Directories = []login.Directory{first, theirs}
			if tt.unmanned {
				l.Directories = []login.Directory{theirs, first}
				first.bindReply = &directory.Reply{Code: directory.ResultInvalidCredentials, Policy: directory.NoPolicy}
			}
			d := l.AuthenticateRoot(context.Background(), tt.user, secret.FromString(rightPassword), true)
			if d.Outcome != tt.want || !strings.Contains(d.Rule, tt.rule) {
				t.Errorf("got %s by %q, want %s by %q", d.Outcome, d.Rule, tt.want, tt.rule)
			}
			if len(theirs.binds) != tt.binds {
				t.Errorf("binds %q", theirs.binds)
			}
			if tt.user != "" && len(first.binds) != 0 {
				t.Errorf("the password went to the other directory: %q", first.binds)
			}
		})
	}
}
