package slapd

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// ServerName is the name that clients know the server by.
const ServerName = "ldap.mydomain.com"

// ClientName is the name in the client's certificate.
const ClientName = "goldap-client"

// Certificate names a certificate that the server can be started with.
type Certificate string

// The certificates of a PKI. Only Good is one that a client may accept; Client
// is a client's own.
const (
	Good      Certificate = "good"
	WrongName Certificate = "wrong-name"
	Expired   Certificate = "expired"
	UnknownCA Certificate = "unknown-ca"
	Client    Certificate = "client"
)

// KeyType is the algorithm of a PKI's keys.
type KeyType string

// The key types. RSA is 2048 bits, ECDSA is P-256.
const (
	RSA   KeyType = "rsa"
	ECDSA KeyType = "ecdsa"
)

// PKI is a certificate authority and the server certificates below it, as PEM
// files in one directory.
type PKI struct {
	// CAFile is what clients are to trust.
	CAFile string

	dir     string
	keyType KeyType
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// NewPKI makes an authority and all server certificates in dir.
func NewPKI(dir string, keyType KeyType) (*PKI, error) { return NewPKIFor(dir, keyType, ServerName) }

// NewPKIFor is NewPKI for a server with another name.
func NewPKIFor(dir string, keyType KeyType, serverName string) (*PKI, error) {
	p := &PKI{CAFile: filepath.Join(dir, "ca.pem"), dir: dir, keyType: keyType}
	trusted, err := p.newAuthority(p.CAFile)
	if err != nil {
		return nil, err
	}
	stranger, err := p.newAuthority(filepath.Join(dir, "stranger.pem"))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, c := range []struct {
		name   Certificate
		host   string
		until  time.Time
		signer authority
	}{
		{Good, serverName, now.AddDate(1, 0, 0), trusted},
		{WrongName, "other.example.com", now.AddDate(1, 0, 0), trusted},
		{Expired, serverName, now.AddDate(0, 0, -1), trusted},
		{UnknownCA, serverName, now.AddDate(1, 0, 0), stranger},
		{Client, ClientName, now.AddDate(1, 0, 0), trusted},
	} {
		if err := p.issue(c.name, c.host, c.until, c.signer); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Files returns the paths of a certificate and its key.
func (p *PKI) Files(c Certificate) (certificate, key string) {
	return filepath.Join(p.dir, string(c)+".pem"), filepath.Join(p.dir, string(c)+".key")
}

func (p *PKI) newAuthority(path string) (authority, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: filepath.Base(path)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
		NotAfter:              time.Now().AddDate(2, 0, 0),
	}
	key, err := p.newKey()
	if err != nil {
		return authority{}, err
	}
	return authority{template, key}, sign(path, template, key.Public(), authority{template, key})
}

func (p *PKI) issue(name Certificate, host string, until time.Time, signer authority) error {
	certificateFile, keyFile := p.Files(name)
	key, err := p.newKey()
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the key of %s: %w", name, err)
	}
	if err := writePEM(keyFile, "PRIVATE KEY", der, 0o600); err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: host},
		DNSNames:    []string{host},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		NotAfter:    until,
	}
	return sign(certificateFile, template, key.Public(), signer)
}

func (p *PKI) newKey() (crypto.Signer, error) {
	if p.keyType == ECDSA {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// sign completes template, signs it and writes it to path.
func sign(path string, template *x509.Certificate, key crypto.PublicKey, signer authority) error {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return fmt.Errorf("serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().AddDate(-1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, key, signer.key)
	if err != nil {
		return fmt.Errorf("sign %s: %w", path, err)
	}
	return writePEM(path, "CERTIFICATE", der, 0o644)
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
