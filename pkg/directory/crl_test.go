package directory_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

func writeBytes(t *testing.T, path string, parts ...[]byte) {
	t.Helper()
	if err := os.WriteFile(path, bytes.Join(parts, nil), 0o644); err != nil {
		t.Fatal(err)
	}
}

// der is the first PEM block's contents.
func der(b []byte) []byte {
	block, _ := pem.Decode(b)
	return block.Bytes
}

// TestRevokedServer: which lists let a server with an authority below the root
// in. Whatever cannot be checked is refused.
func TestRevokedServer(t *testing.T) {
	root := scripted.NewCA(t)
	below, stranger := root.Below(t), root.Below(t)
	serverTLS := below.Server(t, "127.0.0.1")
	other := big.NewInt(4711)
	serial := scripted.SerialOf(t, serverTLS)
	const past, hour = -2 * time.Hour, time.Hour
	rootList := root.RevocationList(t, past, hour, other)
	for name, test := range map[string]struct {
		check string
		lists [][]byte
		want  string // in the error; empty means that the server is let in
	}{
		"not looked at":              {"none", [][]byte{below.RevocationList(t, past, hour, serial)}, ""},
		"nothing revoked":            {"peer", [][]byte{below.RevocationList(t, past, hour)}, ""},
		"another one revoked":        {"peer", [][]byte{below.RevocationList(t, past, hour, other)}, ""},
		"DER":                        {"peer", [][]byte{der(below.RevocationList(t, past, hour))}, ""},
		"revoked":                    {"peer", [][]byte{below.RevocationList(t, past, hour, other, serial)}, "was revoked"},
		"revoked, DER":               {"peer", [][]byte{der(below.RevocationList(t, past, hour, serial))}, "was revoked"},
		"revoked in the second list": {"peer", [][]byte{below.RevocationList(t, past, hour), below.RevocationList(t, past, hour, serial)}, "was revoked"},
		"expired":                    {"peer", [][]byte{below.RevocationList(t, past, -time.Hour)}, "expired"},
		"expired, and a new one":     {"peer", [][]byte{below.RevocationList(t, past, hour), below.RevocationList(t, past, -time.Hour)}, ""},
		"of tomorrow":                {"peer", [][]byte{below.RevocationList(t, 24*time.Hour, 48*time.Hour)}, "valid from"},
		"only the root's":            {"peer", [][]byte{rootList}, "there is none"},
		"wrong issuer, same name":    {"peer", [][]byte{stranger.RevocationList(t, past, hour)}, "signature"},
		"wrong issuer beside":        {"peer", [][]byte{stranger.RevocationList(t, past, hour, serial), below.RevocationList(t, past, hour)}, ""},
		"all, both lists":            {"all", [][]byte{rootList, below.RevocationList(t, past, hour)}, ""},
		"all, the root's is missing": {"all", [][]byte{below.RevocationList(t, past, hour)}, "there is none"},
		"all, authority revoked":     {"all", [][]byte{root.RevocationList(t, past, hour, below.Serial()), below.RevocationList(t, past, hour)}, "was revoked"},
		"peer, authority revoked":    {"peer", [][]byte{root.RevocationList(t, past, hour, below.Serial()), below.RevocationList(t, past, hour)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "lists")
			writeBytes(t, file, test.lists...)
			server, cfg := secured(t, root, "ldap", serverTLS)
			cfg.TLS.CRLFile, cfg.TLS.CRLCheck = file, test.check
			d := newDirectory(t, cfg, directory.Options{})
			for range 2 { // the second connection resumes the first's session
				_, err := d.AccountByName(within(t, 5*time.Second), "alice")
				if test.want == "" && err != nil {
					t.Error(err)
				}
				if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || len(server.Binds()) > 0) {
					t.Errorf("error %v, want %q in it; %d binds", err, test.want, len(server.Binds()))
				}
				server.Drop()
			}
		})
	}
}

// TestNewList: a file that was replaced counts from the next connection on,
// and a resumed session is no way around it.
func TestNewList(t *testing.T) {
	ca := scripted.NewCA(t)
	serverTLS := ca.Server(t, "127.0.0.1")
	file := filepath.Join(t.TempDir(), "lists")
	writeBytes(t, file, ca.RevocationList(t, -time.Hour, time.Hour))
	server, cfg := secured(t, ca, "ldap", serverTLS)
	cfg.TLS.CRLFile, cfg.TLS.CRLCheck = file, "peer"
	d := newDirectory(t, cfg, directory.Options{})
	if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	revoked := ca.RevocationList(t, -time.Hour, time.Hour, scripted.SerialOf(t, serverTLS))
	for name, content := range map[string][]byte{"revoked": revoked, "nonsense": []byte("nonsense"), "empty": nil} {
		writeBytes(t, file, content)
		server.Drop()
		before := len(server.Binds())
		_, err := d.AccountByName(within(t, 5*time.Second), "alice")
		wantError(t, err, directory.ErrUnavailable)
		if len(server.Binds()) != before {
			t.Errorf("%s: the server got a password", name)
		}
	}
}

// TestListsThatAreRefused before any connection.
func TestListsThatAreRefused(t *testing.T) {
	ca := scripted.NewCA(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		writeBytes(t, filepath.Join(dir, name), content)
		return filepath.Join(dir, name)
	}
	key, cert := partialAuthority(t)
	partial, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: []int{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}},
	}, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	good := file("good", ca.RevocationList(t, -time.Hour, time.Hour))
	for name, test := range map[string]struct {
		tls  config.TLS
		want string
	}{
		"no file":   {config.TLS{CRLCheck: "peer"}, "needs a crl_file"},
		"missing":   {config.TLS{CRLCheck: "peer", CRLFile: filepath.Join(dir, "missing")}, "missing"},
		"empty":     {config.TLS{CRLCheck: "all", CRLFile: file("empty", nil)}, "empty"},
		"no list":   {config.TLS{CRLCheck: "all", CRLFile: ca.File}, "no list"},
		"a part":    {config.TLS{CRLCheck: "all", CRLFile: file("partial", partial)}, "critical extension"},
		"check":     {config.TLS{CRLCheck: "some", CRLFile: good}, "must be none, peer or all"},
		"no verify": {config.TLS{CRLCheck: "peer", CRLFile: good, Verify: "never"}, "verify"},
	} {
		cfg := plainConfig("ldaps://one.example")
		cfg.TLS = test.tls
		if _, err := directory.New(cfg, directory.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, test.want)
		}
	}
}

// partialAuthority signs lists of a kind that the scripted one does not make.
func partialAuthority(t *testing.T) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, &x509.Certificate{
		Subject: pkix.Name{CommonName: "partial"}, SubjectKeyId: []byte{1}, KeyUsage: x509.KeyUsageCRLSign, PublicKey: key.Public(),
	}
}
