package module

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msteinert/pam/v2"
)

const (
	askedOld    = hidden + "(current) LDAP Password: "
	askedNew    = hidden + "New password: "
	askedAgain  = hidden + "Retype new password: "
	askedAdmin  = hidden + "LDAP administrator password: "
	mismatch    = problem + "Sorry, passwords do not match."
	mustChange1 = problem + "You must change your password now."
)

// Flags of the calls.
const (
	silent = "=32768" // PAM_SILENT
	forced = "=32"    // PAM_CHANGE_EXPIRED_AUTHTOK
)

// passwordOf returns which of the candidates is now the password of user.
func passwordOf(t *testing.T, d driver, s *site, user string, candidates ...string) string {
	t.Helper()
	for _, candidate := range candidates {
		got := d.play(t, script{site: s, service: s.service(d.module, "mode=direct"), user: user, calls: login[:1], answers: []string{candidate}})
		if got.codes[0] == success {
			return candidate
		}
	}
	t.Fatalf("none of %q is the password of %s", candidates, user)
	return ""
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		user    string
		calls   []string
		answers []string
		want    record
		after   string // the password in the end
	}{
		"changed": {plain, []string{"chauthtok"}, []string{right, next, next},
			record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{success}}, next},
		"mismatch": {plain, []string{"chauthtok"}, []string{right, next, next + "!"},
			record{said: []string{askedOld, askedNew, askedAgain, mismatch}, codes: []pam.Error{pam.ErrTryAgain}}, right},
		"wrong old password": {plain, []string{"chauthtok"}, []string{wrong, next, next},
			record{said: []string{askedOld}, codes: []pam.Error{authErr}}, right},
		"empty old password": {plain, []string{"chauthtok"}, []string{"", next, next},
			record{said: []string{askedOld}, codes: []pam.Error{authErr}}, right},
		"empty new password": {plain, []string{"chauthtok"}, []string{right, "", ""},
			record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{pam.ErrAuthtok}}, right},
		"new password of 10 kB": {plain, []string{"chauthtok"}, []string{right, tenKilobytes, tenKilobytes},
			record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{pam.ErrAuthtok}}, right},
		"too short": {plain, []string{"chauthtok"}, []string{right, "short", "short"},
			record{said: []string{askedOld, askedNew, askedAgain, problem + "The new password is too short."}, codes: []pam.Error{pam.ErrAuthtok}}, right},
		"too short, in silence": {plain, []string{"chauthtok" + silent}, []string{right, "short", "short"},
			record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{pam.ErrAuthtok}}, right},
		"long": {longUser, []string{"chauthtok"}, []string{longPassword, longPassword + "2", longPassword + "2"},
			record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{success}}, longPassword + "2"},
		"not allowed": {frozen, []string{"chauthtok"}, []string{right, next, next},
			record{said: []string{askedOld, askedNew, askedAgain, problem + "You are not allowed to change your password."},
				codes: []pam.Error{pam.ErrAuthtok}}, right},
		"unknown user": {unknown, []string{"chauthtok"}, nil, record{codes: []pam.Error{noUser}}, ""},
		"forced: the old password is known": {mustChange, []string{"authenticate", "acct_mgmt", "chauthtok" + forced}, []string{right, next, next},
			record{said: []string{asked, mustChange1, askedNew, askedAgain}, codes: []pam.Error{success, pam.ErrNewAuthtokReqd, success}}, next},
		"forced without a login before": {mustChange, []string{"chauthtok" + forced}, []string{right, next, next},
			record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{success}}, next},
		"forced and refused": {mustChange, []string{"authenticate", "acct_mgmt", "chauthtok" + forced}, []string{right, "short", "short"},
			record{said: []string{asked, mustChange1, askedNew, askedAgain, problem + "The new password is too short."},
				codes: []pam.Error{success, pam.ErrNewAuthtokReqd, pam.ErrAuthtok}}, right},
		"login after the change": {plain, []string{"chauthtok", "authenticate"}, []string{right, next, next, next},
			record{said: []string{askedOld, askedNew, askedAgain, asked}, codes: []pam.Error{success, success}}, next},
	}
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		service := s.service(d.module, mode)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				before := right
				if c.user == longUser {
					before = longPassword
				}
				s.reset(t, c.user, before)
				got := d.play(t, script{site: s, service: service, user: c.user, calls: c.calls, answers: c.answers})
				c.want.user = c.user
				expect(t, got, c.want)
				if c.after != "" && passwordOf(t, d, s, c.user, right, next, longPassword, longPassword+"2") != c.after {
					t.Errorf("the password is not %q", c.after)
				}
			})
		}
	})
}

var tenKilobytes = strings.Repeat("n", 10000)

func TestChangeProhibited(t *testing.T) {
	t.Parallel()
	const text = "Change it at https://password.mydomain.com/"
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		s.configureTOML("[login]\npassword_prohibit_message = \"" + text + "\"\n")
		s.startDaemon()
		for _, mode := range []string{"mode=daemon", "mode=direct"} {
			got := d.play(t, script{site: s, service: s.service(d.module, mode), user: plain, calls: []string{"chauthtok"}, answers: []string{right, next, next}})
			expect(t, got, record{said: []string{problem + text}, codes: []pam.Error{pam.ErrPermDenied}, user: plain})
		}
	})
}

// TestChangeByAdministrator: with rootbinddn, root need not know the old
// password; others have to.
func TestChangeByAdministrator(t *testing.T) {
	t.Parallel()
	asRoot := map[string]struct {
		secret  string
		answers []string
		said    []string
		code    pam.Error
	}{
		"with a secret file": {adminPassword + "\n", []string{next, next}, []string{askedNew, askedAgain}, success},
		"asked":              {"", []string{adminPassword, next, next}, []string{askedAdmin, askedNew, askedAgain}, success},
		"asked, and wrong":   {"", []string{wrong}, []string{askedAdmin}, authErr},
		"asked, and empty":   {"", []string{""}, []string{askedAdmin}, authErr},
	}
	asOther := map[string]struct {
		secret  string
		answers []string
		said    []string
		code    pam.Error
	}{
		"wrong old password": {adminPassword + "\n", []string{wrong}, []string{askedOld}, authErr},
		"old password":       {adminPassword + "\n", []string{right, next, next}, []string{askedOld, askedNew, askedAgain}, success},
	}
	cases := asOther
	if os.Getuid() == 0 {
		cases = asRoot
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				more := ""
				if c.secret != "" {
					path := filepath.Join(s.dir, "secret")
					s.write(path, c.secret, 0o600)
					more = "root_bind_password_file = \"" + path + "\"\n"
				}
				s.configureTOML("")
				s.append("root_bind_dn = \"" + administrator + "\"\n" + more)
				s.startDaemon()
				for _, mode := range []string{"mode=daemon", "mode=direct"} {
					s.reset(t, plain, right)
					got := d.play(t, script{site: s, service: s.service(d.module, mode), user: plain, calls: []string{"chauthtok"}, answers: c.answers})
					expect(t, got, record{said: c.said, codes: []pam.Error{c.code}, user: plain})
				}
			})
		})
	}
}

// TestChangeUnavailable: without a directory nothing is asked for.
func TestChangeUnavailable(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		if err := s.directory.Close(); err != nil {
			t.Fatal(err)
		}
		got := d.play(t, script{site: s, service: s.service(d.module, mode), user: plain, calls: []string{"chauthtok"}, answers: []string{right, next, next}})
		expect(t, got, record{codes: []pam.Error{noService}, user: plain})
	})
}
