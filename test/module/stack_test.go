package module

import (
	"path/filepath"
	"testing"

	"github.com/msteinert/pam/v2"
)

// TestCoronerd plays a login and a change of the password through the service
// files that goldap was written for: system-auth as on CentOS 7, and coronerd's.
func TestCoronerd(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		service := s.coronerd(d.module, mode)
		got := d.play(t, script{site: s, service: service, user: plain, calls: login, answers: []string{right}})
		expect(t, got, record{said: []string{asked}, codes: []pam.Error{0, 0, 0, 0, 0}, user: plain})
		got = d.play(t, script{site: s, service: service, user: plain, calls: login[:1], answers: []string{wrong}})
		expect(t, got, record{said: []string{asked}, codes: []pam.Error{authErr}, user: plain})
		got = d.play(t, script{site: s, service: service, user: plain, calls: []string{"chauthtok"}, answers: []string{right, next, next}})
		expect(t, got, record{said: []string{askedOld, askedNew, askedAgain}, codes: []pam.Error{0}, user: plain})
		got = d.play(t, script{site: s, service: service, user: plain, calls: login[:2], answers: []string{next}})
		expect(t, got, record{said: []string{asked}, codes: []pam.Error{0, 0}, user: plain})
		got = d.play(t, script{site: s, service: service, user: "root", calls: []string{"acct_mgmt", "open_session", "close_session"}})
		expect(t, got, record{codes: []pam.Error{0, 0, 0}, user: "root"})
	})
}

// coronerd writes the two service files and returns the name of the one that
// includes the other, by its path: libpam 1.5 looks for plain names in /etc/pam.d
// even where it is told another folder.
func (s *site) coronerd(module, mode string) string {
	line := func(options string) string { return s.line(module, mode+" "+options) + "\n" }
	systemAuth := filepath.Join(s.confdir, "system-auth")
	s.write(systemAuth, "auth sufficient pam_unix.so nodelay\n"+
		"auth sufficient "+line("minimum_uid=1000 use_first_pass")+
		"auth required pam_deny.so\n"+
		"account required pam_unix.so\n"+
		"account required "+line("minimum_uid=1000")+
		"password sufficient pam_unix.so\n"+
		"password sufficient "+line("minimum_uid=1000 try_first_pass")+
		"password required pam_deny.so\n"+
		"session required pam_unix.so\n"+
		"session required "+line("minimum_uid=1000"), 0o644)
	return s.stack("auth include " + systemAuth + "\n" +
		"account sufficient " + line("") + "account include " + systemAuth + "\n" +
		"password sufficient " + line("") + "password include " + systemAuth + "\n" +
		"session sufficient " + line("") + "session include " + systemAuth + "\n")
}
