package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/scripted"
)

var updateExplain = flag.Bool("update-explain", false, "write testdata/explain.golden")

// carolsDirectory has carol, who is not in the group of the administrators.
func carolsDirectory(t *testing.T) *scripted.Server {
	ldap := scripted.New(t)
	ldap.Add(
		scripted.Entry{DN: "uid=carol,ou=people,dc=example,dc=com", Attributes: map[string][]string{
			"objectClass": {"posixAccount"}, "uid": {"carol"}, "cn": {"carol"}, "uidNumber": {"20003"}, "gidNumber": {"20000"},
			"homeDirectory": {"/home/carol"}, "userPassword": {"right secret"}}},
		scripted.Entry{DN: "cn=admins,ou=groups,dc=example,dc=com", Attributes: map[string][]string{
			"objectClass": {"groupOfNames"}, "cn": {"admins"}, "member": {"uid=alice,ou=people,dc=example,dc=com"}}},
	)
	return ldap
}

// serveCarol runs the real server, for which every caller is root.
func serveCarol(t *testing.T) (socket string) {
	cfg, d := config.Default(), config.DefaultDirectory()
	d.URIs, d.Base = []string{"ldap://" + carolsDirectory(t).Listen(t)}, "dc=example,dc=com"
	d.TLS = config.TLS{Mode: "off", AllowClearText: true, Verify: "demand"}
	cfg.Directories = []config.Directory{d}
	cfg.Roles = []config.Role{{Name: "admins", GroupDNs: []string{"cn=admins,ou=groups,dc=example,dc=com"}}}
	cfg.Services = []config.Service{{Names: []string{"sudo"}, Admit: []string{"admins"}}}
	backend, err := server.NewBackend(cfg, server.BackendOptions{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(backend, server.Options{Credential: func(*net.UnixConn) (server.Credential, error) { return server.Credential{}, nil }})
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := server.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return socket
}

var (
	atTime   = regexp.MustCompile(`(?m)^ *\d+\.\d{3} ms`)
	tookTime = regexp.MustCompile(`took: \S+`)
	address  = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// exemplary is output with times and addresses of an example.
func exemplary(out string) string {
	n := 0
	out = atTime.ReplaceAllStringFunc(out, func(string) string {
		n++
		return fmt.Sprintf("%8.3f ms", float64(n)*0.45)
	})
	return address.ReplaceAllString(tookTime.ReplaceAllString(out, "took: 402µs"), "ldap.example.com")
}

// The explanation in docs/access.md is what goldapctl prints.
func TestDocumentedExplanation(t *testing.T) {
	var out, errOut bytes.Buffer
	args := []string{"explain", "carol", "--service", "sudo", "--password", "--socket", serveCarol(t)}
	if status := execute(t.Context(), args, strings.NewReader("right secret\n"), &out, &errOut); status != exitNegative {
		t.Fatalf("status %d, %s", status, errOut.String())
	}
	got := exemplary(out.String())
	if *updateExplain {
		if err := os.WriteFile("testdata/explain.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile("testdata/explain.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(golden) {
		t.Errorf("got\n%s\nwant\n%s", got, golden)
	}
	page, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```\n# goldapctl explain carol --service sudo --password\nPassword:\n"+got+"```\n") {
		t.Error("docs/access.md shows another explanation than testdata/explain.golden")
	}
}
