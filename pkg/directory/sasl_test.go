package directory_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// externalConfig is a server on this machine that knows who goldap is.
func externalConfig() config.Directory {
	cfg := plainConfig("ldapi://%2Frun%2Fldapi")
	cfg.BindDN, cfg.SASL = "", config.SASL{Mechanism: "EXTERNAL", AuthzID: "dn:" + serviceDN}
	return cfg
}

// TestExternal binds service connections, and nothing else: users prove
// themselves by simple binds.
func TestExternal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := newDirectory(t, externalConfig(), directory.Options{Dial: server.Dial})
		lookUp(t, d, time.Second)
		if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
			t.Errorf("%+v, %v", reply, err)
		}
		binds := server.Binds()
		if len(binds) != 2 || binds[0].Mechanism != "EXTERNAL" || binds[0].Credentials != "dn:"+serviceDN ||
			binds[1].Mechanism != "" || binds[1].DN != aliceDN {
			t.Errorf("binds %+v", binds)
		}
		if searches := server.Searches(); searches[0].BoundAs != "external:dn:"+serviceDN {
			t.Errorf("searches %+v", searches)
		}
	})
}

// TestRefusedExternal is a refused pseudouser: no server is marked, and it is
// not tried all the time.
func TestRefusedExternal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(scripted.Script{Bind: code(scripted.BindResponse, 49)})
		d := newDirectory(t, externalConfig(), directory.Options{Dial: server.Dial})
		for range 5 {
			_, err := d.AccountByName(within(t, time.Second), "alice")
			wantError(t, err, directory.ErrRefused)
		}
		if n := len(server.Binds()); n != 1 || !d.Status()[0].Up {
			t.Errorf("%d binds, %+v", n, d.Status()[0])
		}
	})
}

// TestExternalIsNotProvenByAnotherAnswer: what is no success of this bind is
// none.
func TestExternalIsNotProvenByAnotherAnswer(t *testing.T) {
	for name, message := range badBindAnswers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Script(scripted.Script{Bind: answers(message)})
				d := newDirectory(t, externalConfig(), directory.Options{Dial: server.Dial})
				_, err := d.AccountByName(within(t, time.Second), "alice")
				if err == nil || len(server.Searches()) > 0 {
					t.Errorf("%v, %+v", err, server.Searches())
				}
			})
		})
	}
}

// TestSASLThatCannotWork is refused before any connection.
func TestSASLThatCannotWork(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for name, test := range map[string]struct {
		change func(*config.Directory)
		want   string
	}{
		"mechanism":           {func(c *config.Directory) { c.SASL.Mechanism = "DIGEST-MD5" }, "must be EXTERNAL or GSSAPI"},
		"clear text":          {func(c *config.Directory) { c.URIs = []string{"ldap://one.example"} }, "needs TLS or ldapi"},
		"no certificate":      {func(c *config.Directory) { c.URIs = []string{"ldaps://one.example"} }, "cert_file"},
		"DNS, clear text":     {func(c *config.Directory) { c.URIs = []string{"DNS:example.com"} }, "needs TLS or ldapi"},
		"DNS, no certificate": {func(c *config.Directory) { c.URIs = []string{"DNSLDAPS:example.com"} }, "cert_file"},
		"no keytab":           {func(c *config.Directory) { c.SASL.Mechanism = "GSSAPI" }, "either a keytab or a credential_cache"},
		"Kerberos's file": {func(c *config.Directory) {
			c.SASL = config.SASL{Mechanism: "GSSAPI", Keytab: missing, KerberosConfig: missing}
		}, missing},
		"keytab that is absent": {func(c *config.Directory) {
			c.SASL = config.SASL{Mechanism: "GSSAPI", Keytab: missing, KerberosConfig: "/dev/null"}
		}, "keytab " + missing},
		"GSSAPI in clear text": {func(c *config.Directory) {
			c.URIs, c.TLS.AllowClearText = []string{"ldap://one.example"}, false
			c.SASL = config.SASL{Mechanism: "GSSAPI", CredentialCache: missing, KerberosConfig: "/dev/null"}
		}, "needs TLS or ldapi"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := externalConfig()
			test.change(&cfg)
			_, err := directory.New(cfg, directory.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}
