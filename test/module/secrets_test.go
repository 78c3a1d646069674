package module

import (
	"strings"
	"testing"

	"github.com/msteinert/pam/v2"
)

// TestNoPasswordInTheLog: not even when goldapd says all it can.
func TestNoPasswordInTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.configureTOML("[daemon]\nlog_level = \"debug\"\n")
	daemon := s.startDaemon()
	service := s.service(modulePath, "mode=daemon debug")
	for _, calls := range [][]string{{"authenticate", "acct_mgmt"}, {"chauthtok"}} {
		for _, first := range []string{wrong, right} {
			playInProcess(t, script{site: s, service: service, user: plain, calls: calls, answers: []string{first, next, next}})
		}
	}
	got := playInProcess(t, script{site: s, service: service, user: plain, calls: login[:1], answers: []string{next}})
	expect(t, got, record{said: []string{asked}, codes: []pam.Error{success}, user: plain})
	daemon.stop()
	log := daemon.text()
	if !strings.Contains(log, plain) {
		t.Errorf("the log does not mention the user:\n%s", log)
	}
	for _, secret := range []string{right, wrong, next, pseudoPassword} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has the password %q:\n%s", secret, log)
		}
	}
}
