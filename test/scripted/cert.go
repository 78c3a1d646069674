package scripted

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is a certificate authority made on the spot.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// File is the CA's certificate in PEM, in the test's own directory.
	File string
	// chain are the certificates between this authority and the root.
	chain [][]byte
}

// NewCA makes a CA.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := newAuthority(t, "test CA", nil)
	ca.File = filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(ca.File, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}), 0o644))
	return ca
}

// Below makes an authority whose certificate ca has signed. Its servers show
// that, too.
func (ca *CA) Below(t testing.TB) *CA {
	t.Helper()
	below := newAuthority(t, "test CA below", ca)
	below.chain = append([][]byte{below.cert.Raw}, ca.chain...)
	return below
}

func newAuthority(t testing.TB, name string, signer *CA) *CA {
	t.Helper()
	ca := &CA{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	parent, key := template, ca.key
	if signer != nil {
		parent, key = signer.cert, signer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &ca.key.PublicKey, key)
	check(t, err)
	ca.cert, err = x509.ParseCertificate(der)
	check(t, err)
	return ca
}

// RevocationList is a list of what the authority has revoked, in PEM: the
// certificates of servers and authorities, valid from and until these times
// from now.
func (ca *CA) RevocationList(t testing.TB, from, until time.Duration, revoked ...*big.Int) []byte {
	t.Helper()
	template := &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(from), NextUpdate: time.Now().Add(until),
	}
	for _, serial := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: serial, RevocationTime: time.Now().Add(-time.Hour)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, ca.cert, ca.key)
	check(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// Serial is the serial number of the authority's certificate.
func (ca *CA) Serial() *big.Int { return ca.cert.SerialNumber }

// SerialOf is the serial number of a server's certificate.
func SerialOf(t testing.TB, server *tls.Config) *big.Int {
	t.Helper()
	cert, err := x509.ParseCertificate(server.Certificates[0].Certificate[0])
	check(t, err)
	return cert.SerialNumber
}

// Server returns a TLS configuration with a valid certificate for the names,
// which may be IP addresses.
func (ca *CA) Server(t testing.TB, names ...string) *tls.Config {
	t.Helper()
	return ca.issue(t, time.Now().Add(time.Hour), names)
}

// Until is Server with a certificate that ends then.
func (ca *CA) Until(t testing.TB, end time.Time, names ...string) *tls.Config {
	t.Helper()
	return ca.issue(t, end, names)
}

// Expires is when the authority's certificate ends.
func (ca *CA) Expires() time.Time { return ca.cert.NotAfter }

// Expired is Server with a certificate that is no longer valid.
func (ca *CA) Expired(t testing.TB, names ...string) *tls.Config {
	t.Helper()
	return ca.issue(t, time.Now().Add(-time.Hour), names)
}

func (ca *CA) issue(t testing.TB, until time.Time, names []string) *tls.Config {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test server"},
		NotBefore: time.Now().Add(-12 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	check(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: append([][]byte{der}, ca.chain...), PrivateKey: key}}}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
