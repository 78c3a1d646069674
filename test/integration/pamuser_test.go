//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msteinert/pam/v2"

	"github.com/goldap/goldap/test/root/slapd"
)

// userAfter logs in with the password and returns PAM_USER.
func userAfter(t *testing.T, service, name, password string) (string, error) {
	t.Helper()
	handle, err := pam.StartConfDir(service, name, &attempt{password: password}, "/etc/pam.d")
	must(t, err)
	defer func() { must(t, handle.End()) }()
	err = handle.Authenticate(0)
	if err == nil {
		err = handle.AcctMgmt(0)
	}
	user, itemErr := handle.GetItem(pam.User)
	must(t, itemErr)
	return user, err
}

// TestUserOfASession: PAM_USER becomes the canonical spelling of the same user,
// or the template user where both files say so, and is otherwise what was typed.
func TestUserOfASession(t *testing.T) {
	for name, start := range map[string]func(t *testing.T){"daemon": runExampleDaemon, "direct": func(t *testing.T) { t.Helper(); startNslcd(t) }} {
		for _, c := range []struct {
			what, accounts, directory, argument, user, person string
			want                                              string
			refused                                           bool
		}{
			{"as typed", "", "", "", "alice", "alice", "alice", false},
			{"case counts", "", "", "", "ALICE", "alice", "ALICE", true},
			{"case is ignored", "ignore_case = true", "", "", "ALICE", "alice", map[string]string{"daemon": "alice", "direct": "ALICE"}[name], false},
			{"template", "", fmt.Sprintf("template_login = %q", localUser), "template_user", "alice", "alice", localUser, false},
			{"template, wrong password", "", fmt.Sprintf("template_login = %q", localUser), "template_user", "alice", "bob", "alice", true},
			{"template, no argument", "", fmt.Sprintf("template_login = %q", localUser), "", "alice", "alice", "alice", true},
			{"template of a system user", "", fmt.Sprintf("template_login = %q", systemUser), "template_user", "alice", "alice", "alice", true},
		} {
			t.Run(name+", "+c.what, func(t *testing.T) {
				showLogsOnFailure(t)
				must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
				writeFile(t, goldapTOML, 0o600, fmt.Sprintf(
					"[accounts]\n%s\n[[directory]]\nuris = [\"ldap://%s\"]\nbase = %q\nbind_dn = %q\nbind_password = %q\ntls.ca_file = %q\n%s\n",
					c.accounts, slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile, c.directory))
				writeFile(t, "/etc/pam.d/alone", 0o644, strings.ReplaceAll(alone, "pam_goldap.so", "pam_goldap.so nodelay "+c.argument))
				namesFromDirectory(t)
				start(t)
				user, err := userAfter(t, "alone", c.user, person(c.person).Password)
				if user != c.want || (err != nil) != c.refused {
					t.Errorf("PAM_USER is %q, error %v; want %q, refused %v", user, err, c.want, c.refused)
				}
			})
		}
	}
}
