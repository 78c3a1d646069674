package module

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/msteinert/pam/v2"
)

const asked = hidden + "Password: "

// login is what most programs do.
var login = []string{"authenticate", "acct_mgmt", "setcred", "open_session", "close_session"}

const (
	success   = pam.Error(0)
	authErr   = pam.ErrAuth
	noUser    = pam.ErrUserUnknown
	noService = pam.ErrAuthinfoUnavail
)

// TestLogin also holds that the module says nothing on plain success and that
// PAM_USER stays what it was.
func TestLogin(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		user, password string
		calls          []string
		codes          []pam.Error
		said           []string
	}{
		"right":        {plain, right, login, []pam.Error{0, 0, 0, 0, 0}, []string{asked}},
		"wrong":        {plain, wrong, login[:1], []pam.Error{authErr}, []string{asked}},
		"no user":      {unknown, right, login[:2], []pam.Error{noUser, noUser}, []string{asked}},
		"empty":        {plain, "", login[:1], []pam.Error{authErr}, []string{asked}},
		"one byte":     {plain, "A", login[:1], []pam.Error{authErr}, []string{asked}},
		"10 kB":        {plain, strings.Repeat("x", 10000), login[:1], []pam.Error{authErr}, []string{asked}},
		"8 kB":         {plain, strings.Repeat("x", 8192), login[:1], []pam.Error{authErr}, []string{asked}},
		"4 KiB UTF-8":  {longUser, longPassword, login[:2], []pam.Error{0, 0}, []string{asked}},
		"one too many": {longUser, longPassword + "x", login[:1], []pam.Error{authErr}, []string{asked}},
		"locked": {locked, right, login[:1], []pam.Error{authErr},
			[]string{asked, problem + "Your account is locked."}},
		"password expired": {lapsed, right, login[:1], []pam.Error{authErr},
			[]string{asked, problem + "Your password has expired and must be set anew by an administrator."}},
		"password expired and wrong": {lapsed, wrong, login[:1], []pam.Error{authErr}, []string{asked}},
		"must change": {mustChange, right, login[:2], []pam.Error{0, pam.ErrNewAuthtokReqd},
			[]string{asked, problem + "You must change your password now."}},
		"warned": {warned, right, login[:2], []pam.Error{0, 0},
			[]string{asked, info + "Your password will expire in 3 days."}},
		"account expired": {gone, right, login[:2], []pam.Error{0, pam.ErrAcctExpired},
			[]string{asked, problem + "Your account has expired."}},
		"account expired and wrong": {gone, wrong, login[:1], []pam.Error{authErr}, []string{asked}},
	}
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		service := s.service(d.module, mode)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				got := d.play(t, script{site: s, service: service, user: c.user, calls: c.calls, answers: []string{c.password}})
				want := record{said: c.said, codes: c.codes, user: c.user}
				expect(t, got, want)
			})
		}
	})
}

func expect(t *testing.T, got, want record) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHostileUserNames: whatever is typed at a login prompt, it names nobody.
func TestHostileUserNames(t *testing.T) {
	t.Parallel()
	names := map[string]string{
		"star":            "*",
		"star at the end": "gp-plai*",
		"filter":          "gp-plain)(uid=*",
		"parentheses":     "()",
		"backslash":       `gp-plain\`,
		"escape":          `\67p-plain`,
		"newline":         "gp-plain\n",
		"newline within":  "gp\nplain",
		"control":         "gp-plain\x01",
		"300 bytes":       strings.Repeat("a", 300),
		"256 bytes":       strings.Repeat("a", 256),
		"255 bytes":       strings.Repeat("a", 255),
		"invalid UTF-8":   "gp-\xff\xfeplain",
		"not ASCII":       "gp-plaın",
		"leading dash":    "-gp-plain",
		"all digits":      "54001",
		"uid":             "+54001",
		"blank":           " ",
		"blank behind":    "gp-plain ",
		"other case":      "GP-PLAIN",
		"dn":              "uid=gp-plain,ou=people," + base,
		"path":            "../gp-plain",
		"format":          "%s%n%s%n",
	}
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		service := s.service(d.module, mode)
		for name, user := range names {
			t.Run(name, func(t *testing.T) {
				got := d.play(t, script{site: s, service: service, user: user, calls: []string{"authenticate", "acct_mgmt"}, answers: []string{right}})
				if want := []pam.Error{noUser, noUser}; !cmp.Equal(got.codes, want) {
					t.Errorf("codes %v, want %v", got.codes, want)
				}
				if got.user != user {
					t.Errorf("PAM_USER is now %q", got.user)
				}
			})
		}
	})
}

// TestEmptyPasswordNeverBinds counts what reaches the directory.
func TestEmptyPasswordNeverBinds(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		for _, options := range []string{"", "nullok", "try_first_pass", "nullok debug"} {
			service := s.service(d.module, mode+" "+options)
			play := func(password string) pam.Error {
				return d.play(t, script{site: s, service: service, user: plain, calls: login[:1], answers: []string{password}}).codes[0]
			}
			if code := play(right); code != success {
				t.Fatalf("%q: the right password: %v", options, code)
			}
			before := s.directory.Counts()
			if code := play(""); code != authErr {
				t.Errorf("%q: the empty password: code %v", options, code)
			}
			if after := s.directory.Counts(); after.Binds != before.Binds {
				t.Errorf("%q: the empty password was sent in a bind", options)
			}
		}
	})
}

// TestUserName: the module asks for the name where the application has none.
func TestUserName(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		got := d.play(t, script{site: s, service: s.service(d.module, mode), calls: login[:2], answers: []string{plain, right}})
		expect(t, got, record{said: []string{visible + "login:", asked}, codes: []pam.Error{0, 0}, user: plain})
	})
}

// TestNoConversation: a person who goes away is not let in.
func TestNoConversation(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		got := d.play(t, script{site: s, service: s.service(d.module, mode), user: plain, calls: login[:1]})
		if len(got.codes) != 1 || got.codes[0] == success {
			t.Errorf("codes %v", got.codes)
		}
	})
}

// TestAccountWithoutAuthentication is a login with an ssh key: only the account
// and session groups are asked.
func TestAccountWithoutAuthentication(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		user string
		code pam.Error
		said []string
	}{
		"plain":   {plain, success, nil},
		"unknown": {unknown, noUser, nil},
		"expired": {gone, pam.ErrAcctExpired, []string{problem + "Your account has expired."}},
	}
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		service := s.service(d.module, mode)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				got := d.play(t, script{site: s, service: service, user: c.user, calls: []string{"acct_mgmt"}})
				expect(t, got, record{said: c.said, codes: []pam.Error{c.code}, user: c.user})
			})
		}
	})
}

// TestLoginIsNotRemembered: what one authentication has proven does not count
// for the next one on the same handle.
func TestLoginIsNotRemembered(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		got := d.play(t, script{
			site: s, service: s.service(d.module, mode), user: plain,
			calls: []string{"authenticate", "authenticate"}, answers: []string{right, wrong},
		})
		expect(t, got, record{said: []string{asked, asked}, codes: []pam.Error{success, authErr}, user: plain})
	})
}
