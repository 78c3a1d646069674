//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// runWithDirectory starts goldapd with one [[directory]] table, whose trusted
// certificates are those of all servers here, and has the name service ask it.
func runWithDirectory(t *testing.T, certificates []string, lines string) {
	t.Helper()
	var trusted string
	for _, file := range certificates {
		trusted += readFile(t, file)
	}
	dir := t.TempDir()
	file, ca := filepath.Join(dir, "goldap.toml"), filepath.Join(dir, "ca.pem")
	writeFile(t, ca, 0o644, trusted)
	writeFile(t, file, 0o600, fmt.Sprintf("[[directory]]\nbind_dn = %q\nbind_password = %q\ntls.ca_file = %q\n%s",
		slapd.PseudouserDN, slapd.PseudouserPassword, ca, lines))
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), file, daemon.GoldapSocket)
	must(t, err)
	stopAtEnd(t, d)
	namesFromGoldap(t)
}

// TestMemberOf believes the memberOf values that slapd's overlay keeps: they
// know of members by DN only.
func TestMemberOf(t *testing.T) {
	showLogsOnFailure(t)
	runWithDirectory(t, []string{server.PKI.CAFile},
		fmt.Sprintf("uris = [\"ldap://%s\"]\nbase = %q\ngroups_of_user = \"member_of\"\n", slapd.ServerName, slapd.Base))
	exactly(t, "10000 10102\n", "id", "-G", "alice")
	exactly(t, "10000 10103\n", "id", "-G", "carol")
	exactly(t, "10000\n", "id", "-G", "dave")
	exactly(t, "ops:*:10102:alice\n", "getent", "group", "ops")
}

// referringAddress is where a server answers that has some of its entries
// elsewhere.
const referringAddress = "127.0.0.1:2389"

// TestReferrals follows a slapd that says that the users are at another, both as
// a referral and as a continuation reference; or not, as by default.
func TestReferrals(t *testing.T) {
	dir, err := os.MkdirTemp("", "referring")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	const (
		near = "ou=near," + slapd.Base
		far  = "ou=far," + near
	)
	referring, err := slapd.Start(within(t, time.Minute), slapd.Options{Dir: dir, Address: referringAddress,
		More: []byte("dn: " + near + "\nobjectClass: organizationalUnit\n\n" +
			"dn: " + far + "\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\n" +
			"ref: ldap://" + slapd.ServerName + "/ou=people," + slapd.Base + "\n\n")})
	must(t, err)
	t.Cleanup(func() { must(t, referring.Stop()) })
	for _, test := range []struct {
		name, base string
		follow     bool
		status     int
	}{
		{"referral", far, true, 0},
		{"continuation reference", near, true, 0},
		{"referral, not followed", far, false, 3},
		{"continuation reference, not followed", near, false, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			showLogsOnFailure(t)
			lines := fmt.Sprintf("uris = [\"ldap://%s:2389\"]\nbase = %q\nfollow_referrals = %v\n", slapd.ServerName, test.base, test.follow)
			if test.follow { // a server of the directory, which may have the pseudouser's password
				lines += fmt.Sprintf("[[directory.server]]\nuri = \"ldap://%s\"\n", slapd.ServerName)
			}
			runWithDirectory(t, []string{server.PKI.CAFile, referring.PKI.CAFile}, lines)
			if status := lookupStatus(t, "passwd", "alice"); status != test.status {
				t.Errorf("alice: status %d, want %d", status, test.status)
			}
			if status := lookupStatus(t, "passwd", "nobody-here"); test.status != 3 && status != 1 {
				t.Errorf("nobody: status %d", status)
			}
			if test.status == 0 {
				run(t, "getent", "passwd", "alice").accept(t, "alice:x:10001:10000:")
				run(t, "getent", "passwd").accept(t, "alice:x:10001:10000:")
			}
		})
	}
}
