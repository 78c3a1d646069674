package directory_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// stepNames are the steps of a report, with a mark on the one that failed.
func stepNames(report directory.ServerReport) string {
	var names []string
	for _, step := range report.Steps {
		name := step.Name
		if step.Error != "" {
			name += "!"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// whole adds the entries that the configurations of these tests name.
func whole(server *scripted.Server) {
	server.Add(scripted.Entry{DN: baseDN, Attributes: map[string][]string{"objectClass": {"domain"}}})
}

func TestVerify(t *testing.T) {
	ca := scripted.NewCA(t)
	good := ca.Server(t, "127.0.0.1")
	for name, test := range map[string]struct {
		scheme string
		tls    *tls.Config
		change func(*scripted.Server, *config.Directory)
		steps  string
		detail string // of the last step
		err    string // of the last step, or a part
	}{
		"all is well": {"ldap", good, nil, "connect tls bind base users", "found: 1", ""},
		"ldaps":       {"ldaps", good, nil, "connect tls bind base users", "found: 1", ""},
		"anonymous": {"ldap", good, func(_ *scripted.Server, cfg *config.Directory) { cfg.BindDN = "" },
			"connect tls bind base users", "found: 1", ""},
		"no users": {"ldap", good, func(_ *scripted.Server, cfg *config.Directory) { cfg.Passwd.ObjectClass = "nothing" },
			"connect tls bind base users", "found: 0", ""},
		"many users": {"ldap", good, func(server *scripted.Server, _ *config.Directory) {
			for i := range 10 {
				server.Add(person(fmt.Sprint("user", i), nil))
			}
		}, "connect tls bind base users", "found: more than 3", ""},
		"expired": {"ldap", ca.Expired(t, "127.0.0.1"), nil, "connect tls!", "days left: -1", "TLS: tls: failed to verify certificate: x509: certificate has expired"},
		"wrong name": {"ldaps", ca.Server(t, "other.example"), nil, "connect tls!", "names: other.example",
			"x509: cannot validate certificate for 127.0.0.1"},
		"no StartTLS": {"ldap", nil, nil, "connect tls!", "", "StartTLS: refused by the server: result code 2"},
		"wrong password": {"ldap", good, func(_ *scripted.Server, cfg *config.Directory) { cfg.BindPassword = secretOf("wrong") },
			"connect tls bind!", "identity: " + serviceDN, "the pseudouser may not bind: bind as \"" + serviceDN + "\": result code 49"},
		"no base": {"ldap", good, func(_ *scripted.Server, cfg *config.Directory) { cfg.Base = "dc=nowhere" },
			"connect tls bind base!", "entry: none", "base \"dc=nowhere\" does not exist, or " + serviceDN + " may not read it"},
		"silent": {"ldap", good, func(server *scripted.Server, cfg *config.Directory) {
			server.Script(scripted.Script{Bind: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }})
			cfg.ConnectTimeout = 100 * time.Millisecond
		}, "connect tls bind!", "identity: " + serviceDN, "deadline exceeded"},
		"breaks off": {"ldap", good, func(server *scripted.Server, _ *config.Directory) {
			server.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) { c.Close() }})
		}, "connect tls bind base!", "entry: not known", "search: no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			server, cfg := secured(t, ca, test.scheme, test.tls)
			whole(server)
			if test.change != nil {
				test.change(server, &cfg)
			}
			report := directory.Verify(within(t, 10*time.Second), cfg)
			if len(report.Servers) != 1 || report.Error != "" {
				t.Fatalf("report %+v", report)
			}
			one := report.Servers[0]
			if got := stepNames(one); got != test.steps {
				t.Errorf("steps %q, want %q", got, test.steps)
			}
			last := one.Steps[len(one.Steps)-1]
			if !strings.Contains(last.Error, test.err) || (last.Error == "") != (test.err == "") {
				t.Errorf("error %q, want %q", last.Error, test.err)
			}
			if details := detailLines(last); !strings.Contains(details, test.detail) {
				t.Errorf("details %q, want %q", details, test.detail)
			}
			if one.OK != (test.err == "") || report.Usable() != one.OK || report.Complete() != one.OK {
				t.Errorf("ok %v, usable %v, complete %v", one.OK, report.Usable(), report.Complete())
			}
		})
	}
}

func detailLines(step directory.TrialStep) string {
	var lines []string
	for _, d := range step.Details {
		lines = append(lines, d.Name+": "+d.Value)
	}
	return strings.Join(lines, "\n")
}

// TestVerifyTLS: what a certificate says is told.
func TestVerifyTLS(t *testing.T) {
	ca := scripted.NewCA(t)
	server, cfg := secured(t, ca, "ldap", ca.Server(t, "127.0.0.1", "ldap.example"))
	whole(server)
	report := directory.Verify(within(t, 10*time.Second), cfg)
	step := report.Servers[0].Steps[1]
	for name, want := range map[string]string{"version": "TLS 1.3", "names": "ldap.example 127.0.0.1", "verified": "true"} {
		if got := step.Detail(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if expires, err := time.Parse(time.RFC3339, step.Detail("expires")); err != nil || expires.Before(time.Now()) {
		t.Errorf("expires %q: %v", step.Detail("expires"), err)
	}
	if step.Took <= 0 {
		t.Errorf("took %v", step.Took)
	}
}

// TestVerifyEveryServer: one that does not answer hides none of the others, and
// the order is that of the configuration.
func TestVerifyEveryServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "ldap://" + closed.Addr().String()
	closed.Close()
	server := newServer(t)
	whole(server)
	there := "ldap://" + server.Listen(t)
	path := filepath.Join(t.TempDir(), "ldapi")
	server.ListenOn(t, "unix", path)
	local := "ldapi://" + strings.ReplaceAll(path, "/", "%2F")
	cfg := plainConfig(nobody, there)
	cfg.Servers = []config.Server{{URI: local}}
	cfg.WriteURIs = []string{there, nobody + "0"}
	report := directory.Verify(within(t, 10*time.Second), cfg)
	var got []string
	for _, one := range report.Servers {
		got = append(got, one.URI+" "+stepNames(one))
	}
	want := []string{nobody + " connect!", there + " connect tls bind base users", local + " connect tls bind base users", nobody + "0 connect!"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !report.Usable() || report.Complete() {
		t.Errorf("usable %v, complete %v", report.Usable(), report.Complete())
	}
	if text := report.Servers[1].Steps[1].Detail("version"); !strings.Contains(text, "can be read on the way") {
		t.Errorf("clear text is called %q", text)
	}
}

// TestVerifyWithoutServers: what cannot be tried is said, too.
func TestVerifyWithoutServers(t *testing.T) {
	cfg := plainConfig("ldap://one.example")
	cfg.Deref = "sometimes"
	if report := directory.Verify(within(t, time.Second), cfg); !strings.Contains(report.Error, "deref") || report.Usable() || report.Complete() {
		t.Errorf("report %+v", report)
	}
	cfg = plainConfig("DNS:")
	if report := directory.Verify(within(t, time.Second), cfg); report.Error == "" {
		t.Errorf("report %+v", report)
	}
}
