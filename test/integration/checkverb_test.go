//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// TestCheckSeesServers is what goldapctl check finds at a real server.
func TestCheckSeesServers(t *testing.T) {
	config := filepath.Join(t.TempDir(), "goldap.toml")
	write := func(password string) {
		text := "[[directory]]\nuris = [\"ldap://ldap.mydomain.com\"]\nbase = \"" + slapd.Base + "\"\nbind_dn = \"" + slapd.PseudouserDN +
			"\"\nbind_password = \"" + password + "\"\n[directory.tls]\nca_file = \"" + server.PKI.CAFile + "\"\n"
		must(t, os.WriteFile(config, []byte(text), 0o600))
	}
	found := func(id string) {
		t.Helper()
		a := run(t, goldapctl, "check", "--config", config)
		for _, one := range []string{"server-unreachable", "server-tls", "server-name", "server-bind", "certificate-expired", "base-missing"} {
			if strings.Contains(a.text, "["+one+"]") != (one == id) {
				t.Errorf("want %q: %s", id, a.text)
			}
		}
	}
	write(slapd.PseudouserPassword)
	found("")
	write(wrongPassword)
	found("server-bind")
	write(slapd.PseudouserPassword)
	defer func() { must(t, server.UseCertificate(within(t, 20*time.Second), slapd.Good)) }()
	for certificate, id := range map[slapd.Certificate]string{slapd.Expired: "certificate-expired", slapd.WrongName: "server-name", slapd.UnknownCA: "server-tls"} {
		must(t, server.UseCertificate(within(t, 20*time.Second), certificate))
		found(id)
	}
	must(t, server.Stop())
	found("server-unreachable")
}

// TestSetupSeesMissingIndices is that a server which looks at every entry is
// told from one that does not, with thousands of users.
func TestSetupSeesMissingIndices(t *testing.T) {
	for _, unindexed := range []bool{false, true} {
		dir := t.TempDir()
		s, err := slapd.Start(within(t, 2*time.Minute), slapd.Options{Dir: dir, Address: "127.0.0.1:3894", Users: 10_000, Unindexed: unindexed})
		must(t, err)
		secret := filepath.Join(dir, "secret")
		must(t, os.WriteFile(secret, []byte(slapd.PseudouserPassword), 0o600))
		a := run(t, goldapctl, "setup", "--print", "--uri", "ldap://ldap.mydomain.com:3894", "--ca-file", s.PKI.CAFile,
			"--bind-dn", slapd.PseudouserDN, "--bind-password-file", secret)
		must(t, s.Stop())
		a.accept(t, "users: more than 4999")
		for _, attribute := range []string{"uid", "memberUid"} {
			looks := strings.Contains(a.text, attribute+" looks unindexed")
			// There are few groups: no walk through them is long.
			if want := unindexed && attribute == "uid"; looks != want {
				t.Errorf("unindexed %v: %s: %s", unindexed, attribute, a.text)
			}
		}
	}
}
