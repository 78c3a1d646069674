package directory

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// Certificate is when what a server showed in its last TLS handshake ends. The
// times are zero without TLS and before the first handshake.
type Certificate struct {
	// Expires is when the server's own certificate ends, ChainExpires when the
	// first one does of all that are relied on, up to the trusted root. Of
	// several chains the one counts that holds longest.
	Expires, ChainExpires time.Time
}

// noteCertificate remembers what the server showed in a handshake that ended
// with err. One that did not verify is looked at, too: most likely it is over.
func (s *server) noteCertificate(upper *tls.Conn, err error) {
	if err == nil {
		state := upper.ConnectionState()
		s.keepCertificate(state.PeerCertificates, state.VerifiedChains)
		return
	}
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		s.keepCertificate(refused.UnverifiedCertificates, nil)
	}
}

func (s *server) keepCertificate(shown []*x509.Certificate, chains [][]*x509.Certificate) {
	if len(shown) == 0 {
		return
	}
	found := Certificate{Expires: shown[0].NotAfter}
	if len(chains) == 0 {
		chains = [][]*x509.Certificate{shown}
	}
	for _, chain := range chains {
		if end := chainEnd(chain); end.After(found.ChainExpires) {
			found.ChainExpires = end
		}
	}
	s.certificate.Store(&found)
}

// chainEnd is when the first certificate of a chain ends.
func chainEnd(chain []*x509.Certificate) (end time.Time) {
	for _, certificate := range chain {
		if end.IsZero() || certificate.NotAfter.Before(end) {
			end = certificate.NotAfter
		}
	}
	return end
}
