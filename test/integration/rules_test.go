//go:build integration

package integration

import (
	"slices"
	"testing"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// TestGroupRule is that pam_groupdn lets in the members of the group and
// nobody else, by whatever way they come, and nobody if there is no such group.
// A password that is wrong is wrong before any rule.
func TestGroupRule(t *testing.T) {
	const groups = ",ou=groups," + slapd.Base
	for _, c := range []struct {
		name         string
		lines        []string
		alice, carol bool // may they log in?
	}{
		{"ops", []string{"pam_groupdn cn=ops" + groups, "pam_member_attribute member"}, true, false},
		{"audit", []string{"pam_groupdn CN=Audit, OU=Groups, " + slapd.Base, "pam_member_attribute MEMBER"}, false, true},
		{"default attribute", []string{"pam_groupdn cn=ops" + groups}, false, false},
		{"no such group", []string{"pam_groupdn cn=nothing" + groups, "pam_member_attribute member"}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			showLogsOnFailure(t)
			must(t, daemon.WriteGoldapConfig(server.PKI.CAFile, slices.Concat(configLines, c.lines)...))
			t.Run("direct", func(t *testing.T) { groupRule(t, withoutDaemon, c.alice, c.carol) })
			runGoldapd(t)
			t.Run("daemon", func(t *testing.T) { groupRule(t, withDaemon, c.alice, c.carol) })
			t.Run("stock module", func(t *testing.T) { groupRule(t, stockModule, c.alice, c.carol) })
		})
	}
}

func groupRule(t *testing.T, s setup, alice, carol bool) {
	writeServices(t, s)
	for name, allowed := range map[string]bool{"alice": alice, "carol": carol} {
		answered := logIn(t, "alone", name, person(name).Password)
		if allowed {
			answered.accept(t, authenticated, accountDone)
		} else {
			answered.refuse(t, authenticated, notPermitted)
		}
		logIn(t, "alone", name, wrongPassword).refuse(t, authFailure)
	}
}
