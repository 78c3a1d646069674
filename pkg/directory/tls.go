package directory

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goldap/goldap/pkg/config"
)

// sessionCacheSize is the number of TLS sessions kept for resumption; a
// directory has a handful of servers.
const sessionCacheSize = 32

// tlsConfig reads the files that cfg names. The result has no ServerName yet:
// each server's copy gets its own.
func tlsConfig(cfg config.TLS) (*tls.Config, error) {
	roots, err := trustedRoots(cfg.CAFile, cfg.CADir)
	if err != nil {
		return nil, err
	}
	suites, err := cipherSuites(cfg.Ciphers)
	if err != nil {
		return nil, err
	}
	lists, err := newRevocations(cfg.CRLFile, cfg.CRLCheck)
	if err != nil {
		return nil, err
	}
	result := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		RootCAs:            roots,
		CipherSuites:       suites,
		ClientSessionCache: tls.NewLRUClientSessionCache(sessionCacheSize),
		InsecureSkipVerify: cfg.Verify == "never",
	}
	if lists != nil {
		if result.InsecureSkipVerify {
			return nil, errors.New("crl_check needs verify = demand: an unverified certificate has no issuer")
		}
		result.VerifyConnection = lists.verify
	}
	if cfg.CertFile != "" || cfg.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		result.Certificates = []tls.Certificate{pair}
	}
	return result, nil
}

// trustedRoots returns nil, which means the system's store, if neither a file
// nor a directory is given.
func trustedRoots(file, dir string) (*x509.CertPool, error) {
	if file == "" && dir == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA file %s: no certificate in it", file)
		}
	}
	if dir == "" {
		return pool, nil
	}
	return pool, addCADir(pool, dir)
}

// addCADir adds every certificate from the files in dir. Files without one
// are passed over, as OpenSSL does.
func addCADir(pool *x509.CertPool, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("CA directory: %w", err)
	}
	found := false
	for _, entry := range entries {
		pem, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err == nil && pool.AppendCertsFromPEM(pem) {
			found = true
		}
	}
	if !found {
		return fmt.Errorf("CA directory %s: no certificate in it", dir)
	}
	return nil
}

// cipherSuites finds TLS 1.2 cipher suites by their IANA names.
func cipherSuites(names []string) ([]uint16, error) {
	var ids []uint16
	var unknown []string
	for _, name := range names {
		if id, ok := cipherSuite(name); ok {
			ids = append(ids, id)
		} else {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, errors.New("unknown or insecure cipher suites: " + strings.Join(unknown, ", "))
	}
	return ids, nil
}

func cipherSuite(name string) (uint16, bool) {
	for _, suite := range tls.CipherSuites() {
		if strings.EqualFold(suite.Name, name) {
			return suite.ID, true
		}
	}
	return 0, false
}
