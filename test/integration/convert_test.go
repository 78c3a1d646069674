//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// sssdSite is a sssd.conf for our slapd, without its rules.
const sssdSite = `[sssd]
services = nss, pam
domains = mydomain.com

[domain/mydomain.com]
id_provider = ldap
ldap_uri = ldap://SERVER
ldap_search_base = BASE
ldap_id_use_start_tls = true
ldap_tls_cacert = CA
ldap_default_bind_dn = BINDDN
ldap_default_authtok = BINDPW
cache_credentials = true
min_id = 1000
`

// conversions are old files that work with our slapd, and what they mean: who may
// use the service sshd, who knows the password and may not, and the supplementary
// groups of alice.
var conversions = map[string]struct {
	file, text     string
	in, out, alice []string
}{
	"nslcd.conf": {daemon.NslcdConfig, "pam_authz_search (&(cn=dev)(memberUid=$username))\n",
		[]string{"alice", "bob"}, []string{"carol"}, []string{"dev"}},
	"pam_ldap.conf": {daemon.GoldapConfig, "pam_groupdn cn=audit,ou=groups," + slapd.Base + "\npam_member_attribute member\n",
		[]string{"bob", "carol"}, []string{"alice"}, []string{"dev", "ops"}},
	"sssd.conf, rfc2307": {"/etc/sssd.conf", sssdSite + "access_provider = simple\nsimple_deny_users = carol\n",
		[]string{"alice", "bob"}, []string{"carol", "expired"}, []string{"dev"}},
	"sssd.conf, groups": {"/etc/sssd.conf", sssdSite + "ldap_schema = rfc2307bis\naccess_provider = simple\nsimple_allow_groups = audit\nsimple_allow_users = alice\nsimple_deny_users = bob\n",
		[]string{"alice", "carol"}, []string{"bob", "erin"}, []string{"ops"}},
	"sssd.conf, filter": {"/etc/sssd.conf", sssdSite + "access_provider = ldap\nldap_access_order = filter, expire\nldap_account_expire_policy = shadow\n" +
		"ldap_access_filter = (|(uid=alice)(uid=expired))\nldap_user_search_base = ou=people," + slapd.Base + "?one?\nfallback_homedir = /srv/%l/%u\n",
		[]string{"alice"}, []string{"bob", "expired"}, []string{"dev"}},
	"sssd.conf, nobody": {"/etc/sssd.conf", sssdSite + "access_provider = deny\n", nil, []string{"alice"}, []string{"dev"}},
}

// TestConvertedFiles converts files of the other programs with goldapctl and logs in
// with the result, through the daemon and without.
func TestConvertedFiles(t *testing.T) {
	for name, c := range conversions {
		t.Run(name, func(t *testing.T) {
			showLogsOnFailure(t)
			convertFile(t, c.file, c.text)
			for _, start := range []string{"daemon", "direct"} {
				roleSetups[start](t)
				for _, user := range c.in {
					logIn(t, "sshd", user, person(user).Password).accept(t, authenticated, accountDone)
					logIn(t, "sshd", user, wrongPassword).refuse(t, authFailure)
				}
				for _, user := range c.out {
					logIn(t, "sshd", user, person(user).Password).refuse(t, authenticated)
					pamtester(t, "sshd", user, "", "acct_mgmt").refuse(t)
				}
				if start == "daemon" {
					knows(t, c.alice)
				}
			}
		})
	}
}

// convertFile writes an old file and converts it to goldap.toml.
func convertFile(t *testing.T, path, text string) {
	t.Helper()
	switch path {
	case daemon.NslcdConfig:
		must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, "map group member \"\"\n"+text))
	case daemon.GoldapConfig:
		must(t, daemon.WriteGoldapConfig(server.PKI.CAFile, text))
	default:
		writeFile(t, path, 0o600, strings.NewReplacer("SERVER", slapd.ServerName, "BASE", slapd.Base, "CA", server.PKI.CAFile,
			"BINDDN", slapd.PseudouserDN, "BINDPW", slapd.PseudouserPassword).Replace(text))
	}
	must(t, os.MkdirAll(filepath.Dir(goldapTOML), 0o755))
	for _, made := range []string{goldapTOML, filepath.Join(filepath.Dir(goldapTOML), "bind.secret")} {
		must(t, os.RemoveAll(made))
		t.Cleanup(func() { must(t, os.Remove(made)) })
	}
	run(t, goldapctl, "convert", path, "--output", goldapTOML).accept(t, "wrote "+goldapTOML)
	if strings.Contains(readFile(t, goldapTOML), slapd.PseudouserPassword) {
		t.Error("the password is in the new file")
	}
}

// knows holds what the daemon says of alice against the groups that she has.
func knows(t *testing.T, groups []string) {
	t.Helper()
	a := run(t, goldapctl, "lookup", "groups", "alice")
	var got []string
	for line := range strings.Lines(a.text) {
		got = append(got, strings.Fields(line)[0])
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(groups))
	if !slices.Equal(got, want) {
		t.Errorf("alice is in %q, want %q (%s)", got, want, a.text)
	}
}
