//go:build integration

package integration

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// nestedConfig writes a configuration with groups in groups.
func nestedConfig(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "goldap.toml")
	writeFile(t, path, 0o600, fmt.Sprintf("[[directory]]\nuris = [\"ldap://%s\"]\nbase = %q\nbind_dn = %q\nbind_password = %q\nnested_groups = true\n"+
		"[directory.tls]\nca_file = %q\n", slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile))
	return path
}

// opsInAudit makes a group a member of another for one test.
func opsInAudit(t *testing.T) {
	t.Helper()
	change := func(what string) {
		must(t, server.Modify(within(t, 10*time.Second), "cn=audit,ou=groups,"+slapd.Base, what+": member\nmember: cn=ops,ou=groups,"+slapd.Base+"\n"))
	}
	change("add")
	t.Cleanup(func() { change("delete") })
}

// TestGroupPaths is goldapctl groups at a real slapd: with the way through nested
// groups, and of an nslcd without.
func TestGroupPaths(t *testing.T) {
	showLogsOnFailure(t)
	opsInAudit(t)
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), nestedConfig(t), daemon.GoldapSocket)
	must(t, err)
	defer func() { must(t, d.Stop()) }()
	a := asUID(t, 65534, "", goldapctl, "groups", "alice")
	want := "users-of-ldap 10000: primary group\ndev 10101: member\nops 10102: member\naudit 10103: member of ops, which is in audit\n"
	if a.accept(t); a.text != want {
		t.Errorf("%s, want %s", a.text, want)
	}
	asUID(t, 65534, "", goldapctl, "groups", "nobody-here").refuse(t, "not found")

	startNslcd(t)
	a = asUID(t, 65534, "", goldapctl, "groups", "alice", "--socket", daemon.NslcdSocket)
	if want = "users-of-ldap 10000: primary group\ndev 10101\nops 10102\n"; a.text != want || !a.ok {
		t.Errorf("of nslcd: %s, want %s", a.text, want)
	}
}

// TestDirectoryTrial is goldapctl test directory at a real slapd.
func TestDirectoryTrial(t *testing.T) {
	showLogsOnFailure(t)
	opsInAudit(t)
	config := nestedConfig(t)
	try := func(input, user string, more ...string) answer {
		return asUID(t, 0, input, goldapctl, append([]string{"test", "directory", user, "--config", config}, more...)...)
	}
	alice := person("alice")
	try(alice.Password+"\n", "alice", "--password").accept(t, "version: TLS 1.3", "names: "+slapd.ServerName, "days left: ",
		"identity: "+slapd.PseudouserDN, "found: more than 3", "matched: 1", "dn: "+alice.DN(), "code: 0", "uidNumber: 10001", "entryUUID: ",
		"memberOf: cn=ops,", "dev: gid 10101", "audit: gid 10103: ops, which is in audit", "outcome: success")
	try(wrongPassword+"\n", "alice", "--password").refuse(t, "result code 49", "the password was not accepted")
	try("", "expired").refuse(t, "rule: ", "account-expired by")
	try("", "locked").refuse(t, "locked by: pwdAccountLockedTime")
	try("", "nobody-here").refuse(t, "no entry matches")
	try("", "twin").refuse(t, "matched: 2", "more than one entry matches")
	try("", "nouid").refuse(t, "attribute uidNumber")
	must(t, server.UseCertificate(within(t, 20*time.Second), slapd.Expired))
	defer func() { must(t, server.UseCertificate(within(t, 20*time.Second), slapd.Good)) }()
	try("", "alice").refuse(t, "tls: FAILED: ", "certificate has expired", "days left: -", "no server of the directory answers")
}

// TestLoginTrial is goldapctl test login through the real stack.
func TestLoginTrial(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		try := func(input, user string, more ...string) answer {
			return asUID(t, 0, input, goldapctl, append([]string{"test", "login", user, "--service", "coronerd"}, more...)...)
		}
		try(person("alice").Password+"\n", "alice").accept(t, "pam_authenticate: PAM_SUCCESS", "pam_acct_mgmt: PAM_SUCCESS", "admitted")
		try(person("alice").Password+"\n", "alice", "--session").accept(t, "pam_open_session: PAM_SUCCESS", "admitted")
		try("", "alice", "--account-only").accept(t, "pam_acct_mgmt: PAM_SUCCESS")
		try(wrongPassword+"\n", "alice").refuse(t, "pam_authenticate: PAM_AUTH_ERR", "goldapctl explain alice --service coronerd")
		try("", "expired", "--account-only").refuse(t, "the person reads: Your account has expired.", "not admitted: pam_acct_mgmt returned PAM_")
		try(person("mustchange").Password+"\n", "mustchange").refuse(t, "PAM_NEW_AUTHTOK_REQD")
		try("", "alice").refuse(t, "reading the answer: EOF")
		try(localPassword+"\n", localUser).accept(t, "admitted")
		asUID(t, 0, localPassword+"\n", goldapctl, "test", "login", localUser, "--service", "coronrd").said(t, `uses "other" instead`)
	})
}
