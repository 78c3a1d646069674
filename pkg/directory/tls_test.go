package directory_test

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// secured returns a server on loopback and a configuration that trusts ca.
func secured(t *testing.T, ca *scripted.CA, scheme string, serverTLS *tls.Config) (*scripted.Server, config.Directory) {
	t.Helper()
	server := newServer(t)
	server.TLS = serverTLS
	server.Implicit = scheme == "ldaps"
	cfg := plainConfig(scheme + "://" + server.Listen(t))
	cfg.TLS = config.TLS{Mode: "start_tls", CAFile: ca.File}
	return server, cfg
}

// TestUntrustedServer: no password and no bind reaches a server that is not
// proven to be the configured one.
func TestUntrustedServer(t *testing.T) {
	ca, other := scripted.NewCA(t), scripted.NewCA(t)
	old := ca.Server(t, "127.0.0.1")
	old.MaxVersion = tls.VersionTLS11
	old.MinVersion = tls.VersionTLS10
	for name, serverTLS := range map[string]*tls.Config{
		"wrong name":          ca.Server(t, "other.example"),
		"expired":             ca.Expired(t, "127.0.0.1"),
		"unknown CA":          other.Server(t, "127.0.0.1"),
		"TLS 1.1":             old,
		"refuses StartTLS":    nil,
		"name without the IP": ca.Server(t, "localhost"),
	} {
		for _, scheme := range []string{"ldap", "ldaps"} {
			if serverTLS == nil && scheme == "ldaps" {
				continue
			}
			t.Run(name+" "+scheme, func(t *testing.T) {
				server, cfg := secured(t, ca, scheme, serverTLS)
				d := newDirectory(t, cfg, directory.Options{})
				_, err := bindAlice(t, d, alicePass)
				wantError(t, err, directory.ErrUnavailable)
				_, err = d.AccountByName(within(t, 5*time.Second), "alice")
				wantError(t, err, directory.ErrUnavailable)
				if binds := server.Binds(); len(binds) > 0 {
					t.Errorf("the server got binds: %+v", binds)
				}
				if status := d.Status()[0]; status.Up || status.LastError == "" {
					t.Errorf("status %+v", status)
				}
			})
		}
	}
}

// TestTrustedServer: every way to say whom to trust, and every transport.
func TestTrustedServer(t *testing.T) {
	ca := scripted.NewCA(t)
	dir := t.TempDir()
	pem, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"ca.pem": pem, "README": []byte("not a certificate")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, settings := range map[string]config.TLS{
		"CA file":      {Mode: "start_tls", CAFile: ca.File},
		"CA directory": {Mode: "start_tls", CADir: dir},
		"no check":     {Mode: "start_tls", Verify: "never"},
		"TLS 1.2":      {Mode: "start_tls", CAFile: ca.File, Ciphers: []string{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}},
		"mode not set": {CAFile: ca.File},
	} {
		for _, scheme := range []string{"ldap", "ldaps"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				serverTLS := ca.Server(t, "127.0.0.1")
				server, cfg := secured(t, ca, scheme, serverTLS)
				cfg.TLS = settings
				d := newDirectory(t, cfg, directory.Options{})
				if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
					t.Errorf("%+v, %v", reply, err)
				}
				if binds := server.Binds(); len(binds) != 1 || !binds[0].TLS {
					t.Errorf("binds %+v", binds)
				}
			})
		}
	}
}

// TestModeLDAPS: tls.mode = ldaps makes ldap:// URIs ldaps.
func TestModeLDAPS(t *testing.T) {
	ca := scripted.NewCA(t)
	server, cfg := secured(t, ca, "ldaps", ca.Server(t, "127.0.0.1"))
	cfg.URIs[0] = strings.Replace(cfg.URIs[0], "ldaps", "ldap", 1)
	cfg.TLS.Mode = "ldaps"
	d := newDirectory(t, cfg, directory.Options{})
	if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 || len(server.ExtendedRequests()) > 0 {
		t.Errorf("%+v, %v", reply, err)
	}
}

// TestInjectionBeforeTLS: a bind response sent in the clear behind the StartTLS
// response is not read as if it came through TLS.
func TestInjectionBeforeTLS(t *testing.T) {
	ca := scripted.NewCA(t)
	server, cfg := secured(t, ca, "ldap", ca.Server(t, "127.0.0.1"))
	server.Script(scripted.Script{StartTLS: func(c *scripted.Conn, r *scripted.Request) {
		forged := scripted.Result(1, scripted.BindResponse, 0, "")
		forged = append(forged, scripted.Result(2, scripted.BindResponse, 0, "")...)
		c.Send(append(scripted.Result(r.ID, scripted.ExtendedResponse, 0, ""), forged...))
		c.Handshake(server.TLS)
	}})
	d := newDirectory(t, cfg, directory.Options{})
	_, err := bindAlice(t, d, "wrong")
	wantError(t, err, directory.ErrUnavailable)
}

// TestGarbageHandshake: the server answers StartTLS and then talks nonsense.
func TestGarbageHandshake(t *testing.T) {
	ca := scripted.NewCA(t)
	server, cfg := secured(t, ca, "ldap", ca.Server(t, "127.0.0.1"))
	server.Script(scripted.Script{StartTLS: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Result(r.ID, scripted.ExtendedResponse, 0, ""), []byte(strings.Repeat("nonsense", 100)))
		c.Deaf()
	}})
	d := newDirectory(t, cfg, directory.Options{})
	_, err := bindAlice(t, d, alicePass)
	wantError(t, err, directory.ErrUnavailable)
}

// TestNoPasswordInClearText: without TLS and without the explicit permission,
// neither the user's nor the pseudouser's password leaves the machine.
func TestNoPasswordInClearText(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://" + server.Listen(t))
	cfg.TLS.AllowClearText = false
	d := newDirectory(t, cfg, directory.Options{})
	_, err := bindAlice(t, d, alicePass)
	wantError(t, err, directory.ErrRefused)
	_, err = d.AccountByName(within(t, 5*time.Second), "alice")
	wantError(t, err, directory.ErrRefused)
	if binds := server.Binds(); len(binds) > 0 {
		t.Errorf("binds in clear text: %+v", binds)
	}
}

func TestAnonymousSearchNeedsNoTLS(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://" + server.Listen(t))
	cfg.TLS.AllowClearText = false
	cfg.BindDN = ""
	d := newDirectory(t, cfg, directory.Options{})
	if _, err := d.AccountByName(within(t, 5*time.Second), "alice"); err != nil {
		t.Error(err)
	}
	if binds := server.Binds(); len(binds) > 0 {
		t.Errorf("binds %+v", binds)
	}
}

func TestLDAPI(t *testing.T) {
	server := newServer(t)
	path := filepath.Join(t.TempDir(), "ldapi")
	server.ListenOn(t, "unix", path)
	cfg := plainConfig("ldapi://" + strings.ReplaceAll(path, "/", "%2F"))
	cfg.TLS = config.TLS{Mode: "start_tls"}
	d := newDirectory(t, cfg, directory.Options{})
	if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	d := newDirectory(t, plainConfig("ldap://"+listener.Addr().String()), directory.Options{})
	_, err = bindAlice(t, d, alicePass)
	wantError(t, err, directory.ErrUnavailable)
}
