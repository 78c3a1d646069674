package directory

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// revocations are the lists of revoked certificates (RFC 5280, section 5) in a
// file. Whoever fetches new ones replaces the file: it is read again when it
// has changed.
type revocations struct {
	file  string
	chain bool // all certificates must not be revoked, not only the server's

	mu    sync.Mutex
	stamp fileStamp
	lists []*x509.RevocationList
}

// fileStamp is what changes when a file does.
type fileStamp struct {
	modified time.Time
	size     int64
}

// newRevocations reads the file; check is the configuration's crl_check. nil
// means that nothing is checked.
func newRevocations(file, check string) (*revocations, error) {
	switch check {
	case "", "none":
		return nil, nil
	case "peer", "all":
	default:
		return nil, fmt.Errorf("crl_check %q: must be none, peer or all", check)
	}
	if file == "" {
		return nil, fmt.Errorf("crl_check %s needs a crl_file", check)
	}
	r := &revocations{file: file, chain: check == "all"}
	_, err := r.current()
	return r, err
}

// current returns the lists in the file.
func (r *revocations) current() ([]*x509.RevocationList, error) {
	info, err := os.Stat(r.file)
	if err != nil {
		return nil, fmt.Errorf("CRL file: %w", err)
	}
	stamp := fileStamp{info.ModTime(), info.Size()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lists != nil && stamp == r.stamp {
		return r.lists, nil
	}
	data, err := os.ReadFile(r.file)
	if err != nil {
		return nil, fmt.Errorf("CRL file: %w", err)
	}
	lists, err := parseRevocationLists(data)
	if err != nil {
		return nil, fmt.Errorf("CRL file %s: %w", r.file, err)
	}
	r.lists, r.stamp = lists, stamp
	return lists, nil
}

// parseRevocationLists reads PEM blocks or one list in DER.
func parseRevocationLists(data []byte) ([]*x509.RevocationList, error) {
	var lists []*x509.RevocationList
	add := func(der []byte) error {
		list, err := x509.ParseRevocationList(der)
		if err == nil {
			err = understood(list)
		}
		lists = append(lists, list)
		return err
	}
	block, rest := pem.Decode(data)
	if block == nil {
		return lists, add(data)
	}
	for ; block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "X509 CRL" {
			continue
		}
		if err := add(block.Bytes); err != nil {
			return nil, err
		}
	}
	if len(lists) == 0 {
		return nil, errors.New("no list in it")
	}
	return lists, nil
}

// understood refuses a list with a critical extension: it is about a part of
// what its issuer has revoked only (RFC 5280, section 5.2).
func understood(list *x509.RevocationList) error {
	for _, extension := range list.Extensions {
		if extension.Critical {
			return fmt.Errorf("list of %s has a critical extension %s, which is not understood", list.Issuer, extension.Id)
		}
	}
	return nil
}

// verify refuses a connection unless one of the chains that prove the server
// has nothing revoked in it.
func (r *revocations) verify(state tls.ConnectionState) error {
	lists, err := r.current()
	if err != nil {
		return err
	}
	now := time.Now()
	err = errors.New("no verified chain")
	for _, chain := range state.VerifiedChains {
		if err = r.verifyChain(lists, chain, now); err == nil {
			return nil
		}
	}
	return err
}

// verifyChain looks each certificate up at its issuer; the root has none.
func (r *revocations) verifyChain(lists []*x509.RevocationList, chain []*x509.Certificate, now time.Time) error {
	if len(chain) < 2 {
		return errors.New("a server that is its own authority cannot be checked for revocation")
	}
	checked := chain[:len(chain)-1]
	if !r.chain {
		checked = checked[:1]
	}
	for i, certificate := range checked {
		if err := revoked(lists, certificate, chain[i+1], now); err != nil {
			return err
		}
	}
	return nil
}

// revoked returns an error unless a list of the issuer, signed by it and valid
// now, is there, and none of those has the certificate.
func revoked(lists []*x509.RevocationList, certificate, issuer *x509.Certificate, now time.Time) error {
	why, usable := errors.New("there is none"), false
	for _, list := range lists {
		if string(list.RawIssuer) != string(issuer.RawSubject) {
			continue
		}
		if err := valid(list, issuer, now); err != nil {
			why = err
			continue
		}
		usable = true
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
				return fmt.Errorf("the certificate of %s with serial number %v was revoked at %v",
					certificate.Subject, certificate.SerialNumber, entry.RevocationTime)
			}
		}
	}
	if !usable {
		return fmt.Errorf("no usable list of revoked certificates of %s: %w", issuer.Subject, why)
	}
	return nil
}

// valid reports why a list is not one of the issuer's that counts now.
func valid(list *x509.RevocationList, issuer *x509.Certificate, now time.Time) error {
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return fmt.Errorf("its signature is not the issuer's: %w", err)
	}
	if now.Before(list.ThisUpdate) {
		return fmt.Errorf("it is valid from %v", list.ThisUpdate)
	}
	if list.NextUpdate.IsZero() || now.After(list.NextUpdate) {
		return fmt.Errorf("it expired at %v", list.NextUpdate)
	}
	return nil
}
