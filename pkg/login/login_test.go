package login_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/secret"
)

const (
	rightPassword = "right"
	aliceDN       = "uid=alice,dc=test"
)

var today = int32(time.Now().Unix() / 86400)

// world is a directory with one user, and what happened to it.
type world struct {
	acct       account.Account
	remembered string // the DN that is remembered of the account, if it moved
	findErr    error
	bindErr    error
	bindReply  *directory.Reply
	filterErr  error
	noMatch    bool
	groupErr   error
	noMember   bool
	checks     [2]bool // service, host
	allowed    directory.LoginAttributes
	allowedErr error
	minUID     uint32
	maxUID     uint32
	admin      bool
	adminKnown bool
	changed    directory.Reply

	binds   []string
	asked   []string // the access rules that were looked at
	finds   int
	changes []directory.PasswordChange

	searches, bindSearch, namesMachine, bindFindsNot bool
	searchFails                                      string // the filter
	searchErr                                        error
	variables                                        []directory.LoginVariables

	roleWorld

	computed  bool // home and shell are expressions
	modified  []directory.Modification
	forgotten []string
}

func (w *world) LoginAccount(_ context.Context, user string, fresh bool) (account.Account, login.Directory, error) {
	w.finds++
	if w.findErr != nil {
		return account.Account{}, nil, w.findErr
	}
	if user != w.acct.Name {
		return account.Account{}, nil, fmt.Errorf("%w: %s", directory.ErrNotFound, user)
	}
	acct := w.acct
	if !fresh && w.remembered != "" {
		acct.DN = w.remembered
	}
	return acct, w, nil
}

func (w *world) reply(dn string, password secret.Secret) (directory.Reply, error) {
	w.binds = append(w.binds, dn)
	if w.bindErr != nil {
		return directory.Reply{}, w.bindErr
	}
	reply := directory.Reply{Code: directory.ResultInvalidCredentials, Policy: directory.NoPolicy}
	if dn == w.acct.DN && string(password.Bytes()) == rightPassword {
		reply.Code = directory.ResultSuccess
	}
	if w.bindReply != nil {
		reply = *w.bindReply
	}
	return reply, nil
}

func (w *world) BindAsUser(_ context.Context, dn string, password secret.Secret) (directory.Reply, error) {
	return w.reply(dn, password)
}

func (w *world) BindAsRoot(_ context.Context, password secret.Secret) (directory.Reply, error) {
	if password.IsEmpty() {
		password = secret.FromString(rightPassword)
	}
	return w.reply(w.acct.DN, password)
}

func (w *world) ChangePassword(_ context.Context, c directory.PasswordChange) (bind, changed directory.Reply, err error) {
	w.changes = append(w.changes, c)
	bind, err = w.reply(c.DN, c.Old)
	return bind, w.changed, err
}

func (w *world) Modify(_ context.Context, m directory.Modification) (bind, changed directory.Reply, err error) {
	w.modified = append(w.modified, m)
	password := m.Password
	if m.AsRoot {
		password = secret.FromString(rightPassword)
	}
	bind, err = w.reply(m.DN, password)
	return bind, w.changed, err
}

func (w *world) Writable() (bool, bool) { return !w.computed, !w.computed }
func (w *world) Forget(user string)     { w.forgotten = append(w.forgotten, user) }

func (w *world) MatchesLoginFilter(_ context.Context, dn string) (bool, error) {
	w.asked = append(w.asked, "filter "+dn)
	return !w.noMatch, w.filterErr
}

func (w *world) IsGroupMember(_ context.Context, dn string) (bool, error) {
	w.asked = append(w.asked, "group "+dn)
	return !w.noMember, w.groupErr
}

func (w *world) LoginAttributes(_ context.Context, dn string) (directory.LoginAttributes, error) {
	w.asked = append(w.asked, "attributes "+dn)
	return w.allowed, w.allowedErr
}

func (w *world) HasLoginSearches() (bool, bool) { return w.searches, w.bindSearch }
func (w *world) SearchesNameMachine() bool      { return w.namesMachine }

func (w *world) MatchesLoginSearches(_ context.Context, v directory.LoginVariables) (string, error) {
	w.asked, w.variables = append(w.asked, "searches "+v.DN), append(w.variables, v)
	return w.searchFails, w.searchErr
}

func (w *world) BindAndSearch(ctx context.Context, dn string, password secret.Secret, v directory.LoginVariables) (directory.Reply, bool, error) {
	w.variables = append(w.variables, v)
	reply, err := w.reply(dn, password)
	return reply, !w.bindFindsNot, err
}

func (w *world) LoginRules() (string, string) { return "cn=ops,dc=test", "(a=b)" }
func (w *world) LoginChecks() (bool, bool)    { return w.checks[0], w.checks[1] }
func (w *world) LoginUIDs() (uint32, uint32)  { return w.minUID, w.maxUID }
func (w *world) Administrator() (bool, bool)  { return w.admin, w.adminKnown }

func newWorld() *world {
	return &world{
		acct:    account.Account{DN: aliceDN, Name: "alice", UID: 2000, GID: 2000, State: account.State{Seen: true}},
		changed: directory.Reply{Policy: directory.NoPolicy},
	}
}

func (w *world) login() *login.Login {
	return &login.Login{
		Accounts: w, Directories: []login.Directory{w}, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func request(user, password string) login.Request {
	return login.Request{User: user, Service: "sshd", Password: secret.FromString(password)}
}

func policyReply(code, policyError int) *directory.Reply {
	r := directory.Reply{Code: code, Policy: directory.NoPolicy}
	r.Policy.Present, r.Policy.Error = true, policyError
	return &r
}

func TestAuthenticate(t *testing.T) {
	down := fmt.Errorf("%w: connection refused", directory.ErrUnavailable)
	tests := map[string]struct {
		user, password string
		change         func(*world)
		outcome        account.Outcome
		authorization  account.Outcome
		rule           string
		binds          int
	}{
		"right password":           {"alice", rightPassword, nil, account.Success, account.Success, "bind", 1},
		"wrong password":           {"alice", "wrong", nil, account.BadCredentials, account.BadCredentials, "bind", 1},
		"empty password":           {"alice", "", nil, account.BadCredentials, account.BadCredentials, "empty password", 0},
		"password is NUL":          {"alice", "\x00", nil, account.BadCredentials, account.BadCredentials, "password with NUL", 0},
		"password starts with NUL": {"alice", "\x00abc", nil, account.BadCredentials, account.BadCredentials, "password with NUL", 0},
		"password ends in NUL":     {"alice", rightPassword + "\x00", nil, account.BadCredentials, account.BadCredentials, "password with NUL", 0},
		"one byte":                 {"alice", "r", nil, account.BadCredentials, account.BadCredentials, "bind", 1},
		"unknown user":             {"bob", rightPassword, nil, account.UnknownUser, account.UnknownUser, "no such entry", 0},
		"two entries":              {"alice", rightPassword, func(w *world) { w.findErr = directory.ErrNotUnique }, account.UnknownUser, account.UnknownUser, "more than one entry", 0},
		"unusable entry":           {"alice", rightPassword, func(w *world) { w.findErr = directory.ErrBadEntry }, account.UnknownUser, account.UnknownUser, "unusable entry", 0},
		"directory away":           {"alice", rightPassword, func(w *world) { w.findErr = down }, account.Unavailable, account.Unavailable, "unavailable", 0},
		"directory away at bind":   {"alice", rightPassword, func(w *world) { w.bindErr = down }, account.Unavailable, account.Unavailable, "unavailable", 1},
		"search refused":           {"alice", rightPassword, func(w *world) { w.findErr = directory.ErrRefused }, account.Unavailable, account.Unavailable, "refused", 0},
		"unheard-of error":         {"alice", rightPassword, func(w *world) { w.bindErr = errors.New("?") }, account.Unavailable, account.Unavailable, "?", 1},
		"locked":                   {"alice", rightPassword, func(w *world) { w.bindReply = policyReply(49, 1) }, account.AccountLocked, account.AccountLocked, "accountLocked", 1},
		"locked, code success":     {"alice", rightPassword, func(w *world) { w.bindReply = policyReply(0, 1) }, account.AccountLocked, account.AccountLocked, "accountLocked", 1},
		"must change":              {"alice", rightPassword, func(w *world) { w.bindReply = policyReply(0, 2) }, account.Success, account.MustChange, "must change", 1},
		"must change, not allowed": {"alice", rightPassword, func(w *world) { w.bindReply = policyReply(0, 2); w.noMatch = true }, account.Success, account.PermissionDenied, "login_filter", 1},
		"policy error 8":           {"alice", rightPassword, func(w *world) { w.bindReply = policyReply(0, 8) }, account.Success, account.PermissionDenied, "unexpected", 1},
		"filter does not match":    {"alice", rightPassword, func(w *world) { w.noMatch = true }, account.Success, account.PermissionDenied, "login_filter", 1},
		"filter cannot be asked":   {"alice", rightPassword, func(w *world) { w.filterErr = down }, account.Success, account.Unavailable, "unavailable", 1},
		"wrong password, no match": {"alice", "wrong", func(w *world) { w.noMatch = true }, account.BadCredentials, account.BadCredentials, "bind", 1},
		"uid too small":            {"alice", rightPassword, func(w *world) { w.minUID = 2001 }, account.Success, account.PermissionDenied, "login_min_uid", 1},
		"uid too large":            {"alice", rightPassword, func(w *world) { w.maxUID = 1999 }, account.Success, account.PermissionDenied, "login_max_uid", 1},
		"uid in the window":        {"alice", rightPassword, func(w *world) { w.minUID, w.maxUID = 2000, 2000 }, account.Success, account.Success, "bind", 1},
		"account expired":          {"alice", rightPassword, func(w *world) { w.acct.Shadow = account.Shadow{Name: "alice", Expire: today} }, account.Success, account.AccountExpired, "shadowExpire", 1},
		"expired, wrong password":  {"alice", "wrong", func(w *world) { w.acct.Shadow = account.Shadow{Name: "alice", Expire: today} }, account.BadCredentials, account.BadCredentials, "bind", 1},
		"password reset":           {"alice", rightPassword, func(w *world) { w.acct.Shadow = account.Shadow{Name: "alice", LastChange: 0, Expire: account.NotSet} }, account.Success, account.MustChange, "shadowLastChange", 1},
		"entry moved":              {"alice", rightPassword, func(w *world) { w.remembered = "uid=alice,ou=old,dc=test" }, account.Success, account.Success, "bind", 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if tt.change != nil {
				tt.change(w)
			}
			d := w.login().Authenticate(context.Background(), request(tt.user, tt.password))
			if d.Outcome != tt.outcome || d.Authorization != tt.authorization || !strings.Contains(d.Rule, tt.rule) {
				t.Errorf("got %s/%s by %q, want %s/%s by %q", d.Outcome, d.Authorization, d.Rule, tt.outcome, tt.authorization, tt.rule)
			}
			if len(w.binds) != tt.binds {
				t.Errorf("the server saw %d binds %q, want %d", len(w.binds), w.binds, tt.binds)
			}
		})
	}
}

func TestWarningSurvivesTheAccessRules(t *testing.T) {
	w := newWorld()
	w.bindReply = &directory.Reply{Policy: directory.NoPolicy}
	w.bindReply.Policy.GraceLogins = 2
	d := w.login().Authenticate(context.Background(), request("alice", rightPassword))
	if d.Authorization != account.Success || !strings.Contains(d.Message, "2 logins are left") {
		t.Errorf("got %+v", d)
	}
}

func TestAuthorize(t *testing.T) {
	w := newWorld()
	if d := w.login().Authorize(context.Background(), request("alice", "")); d.Outcome != account.Success || d.User != "alice" {
		t.Errorf("got %+v", d)
	}
	if len(w.binds) != 0 {
		t.Error("authorization binds")
	}
	w.noMatch = true
	if d := w.login().Authorize(context.Background(), request("alice", "")); d.Outcome != account.PermissionDenied || d.Message == "" {
		t.Errorf("got %+v", d)
	}
	if d := w.login().Authorize(context.Background(), request("bob", "")); d.Outcome != account.UnknownUser {
		t.Errorf("got %+v", d)
	}
}

func TestAuthenticateRoot(t *testing.T) {
	tests := map[string]struct {
		change   func(*world)
		password string
		root     bool
		want     account.Outcome
	}{
		"no administrator":       {func(w *world) {}, rightPassword, true, account.UnknownUser},
		"right password":         {func(w *world) { w.admin = true }, rightPassword, true, account.Success},
		"wrong password":         {func(w *world) { w.admin = true }, "wrong", true, account.BadCredentials},
		"none known":             {func(w *world) { w.admin = true }, "", true, account.BadCredentials},
		"known":                  {func(w *world) { w.admin, w.adminKnown = true, true }, "", true, account.Success},
		"known, but not to you":  {func(w *world) { w.admin, w.adminKnown = true, true }, "", false, account.PermissionDenied},
		"directory away":         {func(w *world) { w.admin = true; w.bindErr = directory.ErrUnavailable }, rightPassword, true, account.Unavailable},
		"ordinary user tries it": {func(w *world) { w.admin = true }, rightPassword, false, account.PermissionDenied},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			tt.change(w)
			for _, user := range []string{"", "alice"} {
				d := w.login().AuthenticateRoot(context.Background(), user, secret.FromString(tt.password), tt.root)
				if d.Outcome != tt.want {
					t.Errorf("user %q: got %s by %q, want %s", user, d.Outcome, d.Rule, tt.want)
				}
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	tests := map[string]struct {
		change   func(*world)
		old, new string
		asRoot   bool
		root     bool
		want     account.Outcome
		asked    int
	}{
		"as the user":              {nil, rightPassword, "new", false, false, account.Success, 1},
		"wrong old password":       {nil, "wrong", "new", false, false, account.BadCredentials, 1},
		"no old password":          {nil, "", "new", false, false, account.BadCredentials, 0},
		"no old password, as root": {nil, "", "new", false, true, account.BadCredentials, 0},
		"no new password":          {nil, rightPassword, "", false, false, account.ChangeRefused, 0},
		"NUL in the new password":  {nil, rightPassword, "a\x00b", false, false, account.ChangeRefused, 0},
		"must change":              {func(w *world) { w.bindReply = policyReply(0, 2) }, rightPassword, "new", false, false, account.Success, 1},
		"too short":                {func(w *world) { w.changed = *policyReply(19, 6) }, rightPassword, "n", false, false, account.ChangeRefused, 1},
		"replica":                  {func(w *world) { w.changed.Code = 10 }, rightPassword, "new", false, false, account.ChangeRefused, 1},
		"busy":                     {func(w *world) { w.changed.Code = 51 }, rightPassword, "new", false, false, account.Unavailable, 1},
		"old value not there":      {func(w *world) { w.changed.Code = 16 }, rightPassword, "new", false, false, account.ChangeRefused, 1},
		"refused unasked":          {func(w *world) { w.bindErr = directory.ErrRefused }, rightPassword, "new", false, false, account.ChangeRefused, 1},
		"directory away":           {func(w *world) { w.bindErr = directory.ErrUnavailable }, rightPassword, "new", false, false, account.Unavailable, 1},
		"administrator":            {func(w *world) { w.admin = true }, rightPassword, "new", true, true, account.Success, 1},
		"no administrator":         {nil, rightPassword, "new", true, true, account.PermissionDenied, 0},
		"administrator, not root":  {func(w *world) { w.admin = true }, rightPassword, "new", true, false, account.PermissionDenied, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if tt.change != nil {
				tt.change(w)
			}
			d := w.login().ChangePassword(context.Background(), login.ChangeRequest{
				Request: request("alice", tt.old), New: secret.FromString(tt.new), AsRoot: tt.asRoot, CallerIsRoot: tt.root,
			})
			if d.Outcome != tt.want {
				t.Errorf("got %s by %q, want %s", d.Outcome, d.Rule, tt.want)
			}
			if len(w.changes) != tt.asked {
				t.Errorf("the directory was asked %d times, want %d", len(w.changes), tt.asked)
			}
			if forgotten := len(w.forgotten) > 0; forgotten != (tt.want == account.Success) {
				t.Errorf("what is remembered of the user was forgotten: %v", forgotten)
			}
		})
	}
}

// TestTooEarlyToChange is told to whoever proves the old password, and does not
// hold for the administrator.
func TestTooEarlyToChange(t *testing.T) {
	for name, tt := range map[string]struct {
		old    string
		asRoot bool
		want   account.Outcome
		binds  int
	}{
		"user":           {rightPassword, false, account.ChangeRefused, 1},
		"wrong password": {"wrong", false, account.BadCredentials, 1},
		"administrator":  {rightPassword, true, account.Success, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.admin = true
			w.acct.Shadow = account.Shadow{Name: "alice", LastChange: today, Min: 5, Expire: account.NotSet}
			d := w.login().ChangePassword(context.Background(), login.ChangeRequest{
				Request: request("alice", tt.old), New: secret.FromString("new"), AsRoot: tt.asRoot, CallerIsRoot: tt.asRoot,
			})
			if d.Outcome != tt.want || strings.Contains(d.Message, "5 days") != (tt.want == account.ChangeRefused) {
				t.Errorf("got %+v", d)
			}
			if (len(w.changes) > 0) != (tt.want == account.Success) || len(w.binds) != tt.binds {
				t.Errorf("%d changes, binds %q", len(w.changes), w.binds)
			}
		})
	}
}

// TestDayOfAChange goes with the change if the entry has a day to replace.
func TestDayOfAChange(t *testing.T) {
	for name, tt := range map[string]struct {
		shadow account.Shadow
		want   int32
	}{
		"must change":          {account.Shadow{Name: "alice", LastChange: 0, Expire: account.NotSet}, 20000},
		"changed before":       {account.Shadow{Name: "alice", LastChange: 19000, Expire: account.NotSet}, 20000},
		"no day in the entry":  {account.Shadow{Name: "alice", LastChange: account.NotSet, Max: 90, Expire: account.NotSet}, 0},
		"no shadow attributes": {account.Shadow{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.acct.Shadow = tt.shadow
			l := w.login()
			l.Now = func() time.Time { return time.Unix(20000*86400+86399, 0) }
			l.ChangePassword(context.Background(), login.ChangeRequest{Request: request("alice", rightPassword), New: secret.FromString("new")})
			if len(w.changes) != 1 || w.changes[0].LastChange != tt.want {
				t.Errorf("asked for %+v", w.changes)
			}
			// What is remembered of the account has the day before.
			if again := tt.want != 0; (w.finds == 2) != again {
				t.Errorf("the account was read %d times", w.finds)
			}
		})
	}
}

func TestProhibitedChange(t *testing.T) {
	w := newWorld()
	l := w.login()
	l.ProhibitMessage = "Go to the web page."
	d := l.ChangePassword(context.Background(), login.ChangeRequest{Request: request("alice", rightPassword), New: secret.FromString("new")})
	if d.Outcome != account.PermissionDenied || d.Message != "Go to the web page." || len(w.changes) != 0 {
		t.Errorf("got %+v after %d changes", d, len(w.changes))
	}
}
