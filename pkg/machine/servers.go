package machine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
)

const (
	// expiringSoon is how long before its end a certificate is warned of.
	expiringSoon = 30 * 24 * time.Hour
	// tolerableSkew is how far a server's clock may be off: Kerberos's limit.
	tolerableSkew = 5 * time.Minute
)

// checkServers asks every server of the configuration.
func (x *examination) checkServers(ctx context.Context) {
	if x.cfg == nil || x.Offline {
		return
	}
	for _, cfg := range x.cfg.Directories {
		surveys, err := x.survey(ctx, cfg)
		if err != nil {
			x.found("config-invalid", x.path, "change it; goldapd --check says whether it is good", "%v", err)
			continue
		}
		for _, s := range surveys {
			x.checkServer(cfg, s)
		}
	}
}

// CheckServer returns what is wrong with a server. path is the configuration,
// for the remedies.
func CheckServer(cfg config.Directory, s directory.ServerSurvey, path string) []Finding {
	x := &examination{path: path}
	x.setDefaults()
	x.checkServer(cfg, s)
	return sorted(x.findings)
}

func (x *examination) checkServer(cfg config.Directory, s directory.ServerSurvey) {
	x.checkExpiry(s)
	switch s.Failed {
	case "":
		x.checkBase(cfg, s)
	case directory.StageTLS:
		x.checkTLS(cfg, s)
	case directory.StageBind:
		x.found("server-bind", s.URI, "see bind_dn and its password in "+x.path, "does not let the pseudouser in: %v", s.Err)
	default:
		x.found("server-unreachable", s.URI, "see whether it runs, and whether a firewall is in between", "%s: %v", s.Failed, s.Err)
	}
	if off := s.Root.Time.Sub(s.Root.Asked); !s.Root.Time.IsZero() && off.Abs() > tolerableSkew {
		x.found("clock-skew", s.URI, "see chronyc tracking or timedatectl",
			"its clock and that of this machine are %v apart: passwords and certificates expire at another time there", off.Abs().Round(time.Second))
	}
}

func (x *examination) checkBase(cfg config.Directory, s directory.ServerSurvey) {
	if s.BaseExists || s.Base == "" {
		return
	}
	remedy := "see base in " + x.path + ", and what the pseudouser may read there"
	if cfg.BindDN == "" && cfg.SASL.Mechanism == "" {
		remedy = "set bind_dn in " + x.path + ": anonymous searches may see nothing"
	}
	if len(s.Root.NamingContexts) > 0 {
		remedy += " (the server has " + strings.Join(s.Root.NamingContexts, ", ") + ")"
	}
	x.found("base-missing", s.URI, remedy, "has no entry %q, or does not show it", s.Base)
}

// checkTLS says why a connection could not be secured.
func (x *examination) checkTLS(cfg config.Directory, s directory.ServerSurvey) {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case expired(s.Err): // checkExpiry has said it
	case errors.As(s.Err, &name):
		x.found("server-name", s.URI, "write the server in "+x.path+" as its certificate does, or give it one with this name",
			"its certificate is for %s, not for %s", strings.Join(namesOf(name.Certificate), ", "), name.Host)
	case errors.As(s.Err, &authority):
		x.found("server-tls", s.URI, trustRemedy(cfg), "its certificate is from an authority that is not trusted here%s", issuer(s.Chain))
	default:
		x.found("server-tls", s.URI, "see tls in "+x.path+", and whether the server has TLS at all", "%v", s.Err)
	}
}

func trustRemedy(cfg config.Directory) string {
	if cfg.TLS.CAFile != "" {
		return "put the authority's certificate into " + cfg.TLS.CAFile
	}
	return "name the authority's certificate with tls.ca_file, or add it to the system's"
}

func issuer(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s)", chain[len(chain)-1].Issuer)
}

// namesOf are the names that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, "no name (subjectAltName) at all")
	}
	return names
}

func expired(err error) bool {
	var invalid x509.CertificateInvalidError
	var refused *tls.CertificateVerificationError
	return errors.As(err, &refused) && errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// checkExpiry looks at every certificate of the chain.
func (x *examination) checkExpiry(s directory.ServerSurvey) {
	for _, c := range s.Chain {
		left := c.NotAfter.Sub(x.Now())
		whose := fmt.Sprintf("the certificate of %s", subject(c))
		switch {
		case left <= 0:
			x.found("certificate-expired", s.URI, "renew it", "%s expired on %s", whose, c.NotAfter.Format(time.DateOnly))
		case expired(s.Err) && c.NotBefore.After(x.Now()):
			x.found("certificate-expired", s.URI, "see the clocks of the server and of this machine", "%s is not valid before %s", whose, c.NotBefore.Format(time.DateOnly))
		case left < expiringSoon:
			x.found("certificate-expiring", s.URI, "renew it", "%s expires on %s, in %d days", whose, c.NotAfter.Format(time.DateOnly), int(left.Hours()/24))
		}
	}
}

func subject(c *x509.Certificate) string {
	if text := c.Subject.String(); text != "" {
		return fmt.Sprintf("%q", text)
	}
	return strings.Join(namesOf(c), ", ")
}
