package module

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/msteinert/pam/v2"
)

// unixFirst asks for the password with pam_unix, which knows none of the users.
const unixFirst = "auth [default=ignore] pam_unix.so nodelay\n"

// TestFirstPass: with another module before it, the user is asked once.
func TestFirstPass(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		before, options string
		answers         []string
		said            []string
		code            pam.Error
	}{
		"use, right":              {unixFirst, "use_first_pass", []string{right, right}, []string{asked}, success},
		"use, wrong":              {unixFirst, "use_first_pass", []string{wrong, right}, []string{asked}, authErr},
		"use, none to use":        {"", "use_first_pass", []string{right}, nil, authErr},
		"try, right":              {unixFirst, "try_first_pass", []string{right, right}, []string{asked}, success},
		"try, wrong":              {unixFirst, "try_first_pass", []string{wrong, right}, []string{asked}, authErr},
		"try, none to try":        {"", "try_first_pass", []string{right}, []string{asked}, success},
		"authtok, right":          {unixFirst, "use_authtok", []string{right, right}, []string{asked}, success},
		"no option, asked once":   {unixFirst, "", []string{right, right}, []string{asked}, success},
		"as on CentOS":            {unixFirst, "minimum_uid=1000 use_first_pass", []string{right}, []string{asked}, success},
		"empty first, and nullok": {unixFirst, "use_first_pass nullok", []string{""}, []string{asked}, authErr},
	}
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				service := s.stack(c.before + "auth required " + s.line(d.module, mode+" "+c.options) + "\n")
				got := d.play(t, script{site: s, service: service, user: plain, calls: login[:1], answers: c.answers})
				expect(t, got, record{said: c.said, codes: []pam.Error{c.code}, user: plain})
			})
		}
	})
}

// TestUseAuthtok: in the password group it means that the new password must
// have been asked for by a module before.
func TestUseAuthtok(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		service := s.service(d.module, mode+" use_authtok")
		got := d.play(t, script{site: s, service: service, user: plain, calls: []string{"chauthtok"}, answers: []string{right, next, next}})
		expect(t, got, record{said: []string{askedOld}, codes: []pam.Error{pam.ErrAuthtok}, user: plain})
	})
}

// TestIgnore: an ignored answer leaves the decision to the other modules.
func TestIgnore(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		options, user string
		broken        bool
		code          pam.Error
	}{
		"unknown":                  {"", unknown, false, noUser},
		"unknown, ignored":         {"ignore_unknown_user", unknown, false, success},
		"unavailable":              {"", plain, true, noService},
		"unavailable, ignored":     {"ignore_authinfo_unavail", plain, true, success},
		"unavailable, not unknown": {"ignore_unknown_user", plain, true, noService},
		"unknown, not unavailable": {"ignore_authinfo_unavail", unknown, false, noUser},
		"wrong is never ignored":   {"ignore_unknown_user ignore_authinfo_unavail", plain, false, authErr},
	}
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				options := "mode=direct " + c.options
				if c.broken {
					options += " config=/nonexistent"
				}
				line := s.line(d.module, options)
				service := s.stack("auth required " + line + "\nauth required pam_permit.so\n")
				got := d.play(t, script{site: s, service: service, user: c.user, calls: login[:1], answers: []string{wrong}})
				expect(t, got, record{said: []string{asked}, codes: []pam.Error{c.code}, user: c.user})
			})
		}
	})
}

// TestSilence: PAM_SILENT and no_warn keep messages back, never prompts.
func TestSilence(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		user, options, flags string
		codes                []pam.Error
	}{
		"warning":        {warned, "", silent, []pam.Error{0, 0}},
		"warning, no":    {warned, "no_warn", "", []pam.Error{0, 0}},
		"expired":        {gone, "", silent, []pam.Error{0, pam.ErrAcctExpired}},
		"must change":    {mustChange, "no_warn", "", []pam.Error{0, pam.ErrNewAuthtokReqd}},
		"locked":         {locked, "no_warn", silent, []pam.Error{authErr, pam.ErrPermDenied}},
		"locked, silent": {locked, "", silent, []pam.Error{authErr, pam.ErrPermDenied}},
	}
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				service := s.service(d.module, mode+" "+c.options)
				got := d.play(t, script{site: s, service: service, user: c.user,
					calls: []string{"authenticate" + c.flags, "acct_mgmt" + c.flags}, answers: []string{right}})
				if c.user == locked { // the account group looks at the directory's rules, not at the password's
					got.codes, c.codes = got.codes[:1], c.codes[:1]
				}
				expect(t, got, record{said: []string{asked}, codes: c.codes, user: c.user})
			})
		}
	})
}

// TestBadOptions are ignored, one by one.
func TestBadOptions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		for _, options := range []string{
			"frobnicate", "mode=sideways", "mode=", "minimum_uid=", "minimum_uid=-1", "minimum_uid=1x",
			"minimum_uid=99999999999999999999999", "config=relative", "socket=", "debug=yes", "=", "%s%n", "minimum_uid=99999",
		} {
			service := s.service(d.module, "mode=direct debug "+options)
			for password, code := range map[string]pam.Error{right: success, wrong: authErr} {
				got := d.play(t, script{site: s, service: service, user: plain, calls: login[:1], answers: []string{password}})
				if !cmp.Equal(got.codes, []pam.Error{code}) {
					t.Errorf("%q: code %v, want %v", options, got.codes, code)
				}
			}
		}
	})
}

// TestLocalUsers are left to the other modules, whatever the directory says:
// root always, others unless both the service file and the configuration say
// otherwise.
func TestLocalUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		for _, c := range []struct{ user, options string }{{"root", "mode=direct"}, {"root", "mode=direct local_users"}, {"daemon", "mode=direct"}} {
			leftAlone(t, d, s, c.user, c.options, nil)
		}
		leftAlone(t, d, s, "daemon", "mode=direct local_users", []string{asked}) // the configuration does not
		if n := s.directory.Counts().Connections; n != 0 {
			t.Errorf("the directory was asked %d times about local users", n)
		}
	})
}

// leftAlone is that the module has no say about a user. said is what it asks for.
func leftAlone(t *testing.T, d driver, s *site, user, options string, said []string) {
	t.Helper()
	alone := s.service(d.module, options)
	got := d.play(t, script{site: s, service: alone, user: user, calls: []string{"authenticate"}, answers: []string{right}})
	expect(t, got, record{said: said, codes: []pam.Error{noUser}, user: user})
	if said == nil {
		got = d.play(t, script{site: s, service: alone, user: user, calls: []string{"chauthtok"}, answers: []string{right}})
		expect(t, got, record{codes: []pam.Error{noUser}, user: user})
	}
	for module, code := range map[string]pam.Error{"pam_permit.so": success, "pam_deny.so": authErr} {
		service := s.stack("account required " + s.line(d.module, options) + "\naccount required " + module +
			"\nsession required " + s.line(d.module, options) + "\nsession required pam_permit.so\n")
		got := d.play(t, script{site: s, service: service, user: user, calls: []string{"acct_mgmt", "open_session", "close_session"}})
		expect(t, got, record{codes: []pam.Error{code, success, success}, user: user})
	}
}

// TestSessionNeedsNothing: neither a daemon nor a configuration.
func TestSessionNeedsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		if err := os.Remove(s.config); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []string{"mode=auto", "mode=daemon", "mode=direct"} {
			got := d.play(t, script{site: s, service: s.service(d.module, mode), user: plain,
				calls: []string{"setcred=2", "open_session", "close_session", "setcred=4"}})
			expect(t, got, record{codes: []pam.Error{success, success, success, success}, user: plain})
		}
	})
}
