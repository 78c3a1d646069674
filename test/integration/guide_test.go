//go:build integration

package integration

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// guideBlock returns the first commands of a page behind a text, which are
// indented, as they are to be typed here.
func guideBlock(t *testing.T, page, behind string) string {
	t.Helper()
	_, rest, found := strings.Cut(readFile(t, "/goldap/docs/"+page), behind)
	if !found {
		t.Fatalf("%s does not say %q", page, behind)
	}
	var lines []string
	for line := range strings.Lines(rest) {
		switch {
		case strings.HasPrefix(line, "    "):
			lines = append(lines, strings.TrimPrefix(line, "    "))
		case len(lines) > 0:
			return here(strings.Join(lines, ""))
		}
	}
	t.Fatalf("%s: no commands behind %q", page, behind)
	return ""
}

// here puts this server in the place of the guide's.
func here(commands string) string {
	return strings.NewReplacer(
		"ldap.example.com", slapd.ServerName,
		"/etc/goldap/ca.pem", server.PKI.CAFile,
		"cn=goldap,ou=services,dc=example,dc=com", slapd.PseudouserDN,
		"dc=example,dc=com", slapd.Base,
	).Replace(commands)
}

// typed runs commands and returns everything that they print.
func typed(t *testing.T, commands string) (output string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(within(t, 20*time.Second), "bash", "-c", commands)
	data, err := cmd.CombinedOutput()
	return string(data), err == nil
}

// TestGuideToCertificates is that the commands of docs/tls.md say what its table
// says they do, and that goldap's log does.
func TestGuideToCertificates(t *testing.T) {
	look := guideBlock(t, "tls.md", "StartTLS:\n")
	for certificate, said := range map[slapd.Certificate]struct{ openssl, goldap string }{
		slapd.Good:      {"Verification: OK", ""},
		slapd.WrongName: {"hostname mismatch", "x509: certificate is valid for"},
		slapd.Expired:   {"certificate has expired", "x509: certificate has expired or is not yet valid"},
		slapd.UnknownCA: {"unable to get local issuer certificate", "x509: certificate signed by unknown authority"},
	} {
		t.Run(string(certificate), func(t *testing.T) {
			must(t, server.UseCertificate(within(t, 30*time.Second), certificate))
			t.Cleanup(func() { must(t, server.UseCertificate(within(t, 30*time.Second), slapd.Good)) })
			if output, _ := typed(t, look); !strings.Contains(strings.ToLower(output), strings.ToLower(said.openssl)) {
				t.Errorf("%s\ndoes not say %q:\n%s", look, said.openssl, output)
			}
			if said.goldap == "" {
				return
			}
			writeGoldapConfig(t)
			writeServices(t, withDaemon)
			runGoldapd(t)
			refusedInTime(t)
			if log := readFile(t, logFile(t, "goldapd")); !strings.Contains(log, said.goldap) {
				t.Errorf("goldapd does not say %q:\n%s", said.goldap, log)
			}
		})
	}
}

// TestGuideToTheEndOfACertificate: the command of docs/tls.md tells a
// certificate that has ended from one that has not.
func TestGuideToTheEndOfACertificate(t *testing.T) {
	_, page, _ := strings.Cut(readFile(t, "/goldap/docs/tls.md"), "Watch the end")
	var watch string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "      ") {
			watch += here(line)
		}
	}
	if output, ok := typed(t, watch); !ok || strings.Contains(output, "ends within 14 days") {
		t.Errorf("%s\nsays of a good certificate: %s", watch, output)
	}
	must(t, server.UseCertificate(within(t, 30*time.Second), slapd.Expired))
	t.Cleanup(func() { must(t, server.UseCertificate(within(t, 30*time.Second), slapd.Good)) })
	if output, _ := typed(t, watch); !strings.Contains(output, "ends within 14 days") {
		t.Errorf("%s\nsays of one that has expired: %s", watch, output)
	}
}

// TestGuideToTheFirstSearch runs the command of docs/first-login.md with which
// everything begins.
func TestGuideToTheFirstSearch(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	writeFile(t, secret, 0o600, slapd.PseudouserPassword)
	search := guideBlock(t, "first-login.md", "Does the server answer?")
	search = "LDAPTLS_CACERT=" + server.PKI.CAFile + " " + strings.Replace(search, "-W", "-y "+secret, 1)
	output, ok := typed(t, search)
	for _, attribute := range []string{"uid: alice", "uidNumber: ", "gidNumber: ", "homeDirectory: "} {
		if !ok || !strings.Contains(output, attribute) {
			t.Errorf("%s\ndoes not print %q:\n%s", search, attribute, output)
		}
	}
}
