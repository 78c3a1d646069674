package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"
)

// serverTrial tries one server of a directory.
type serverTrial struct {
	server *server // nil if DNS did not name one
	uri    string
	steps
}

func newServerTrial(s *server, uri string) *serverTrial {
	return &serverTrial{server: s, uri: uri, steps: steps{began: time.Now()}}
}

// answers reports whether requests can be made at the server.
func (t *serverTrial) answers() bool {
	failed := failedOf(t.taken)
	return t.server != nil && (failed == nil || failed.Name == StepBase || failed.Name == StepUsers)
}

// run takes the steps up to the first that fails.
func (t *serverTrial) run(ctx context.Context, d *Directory) {
	if t.server == nil {
		return
	}
	t.began = time.Now()
	c, err := t.connect(ctx)
	if err != nil {
		return
	}
	defer c.close()
	if t.bind(ctx, c) != nil || t.server.writesOnly {
		return
	}
	t.searchBase(ctx, d, c)
	if failedOf(t.taken) == nil {
		t.searchUsers(ctx, d, c)
	}
}

// connect opens a connection and secures it, and binds if SASL does that below
// go-ldap.
func (t *serverTrial) connect(ctx context.Context) (*conn, error) {
	s := *t.server.settingsOnly()
	connected, secured := false, false
	s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := t.server.dial(ctx, network, address)
		if err == nil {
			connected = true
			t.step(StepConnect, nil, Detail{"address", raw.RemoteAddr().String()})
		}
		return raw, err
	}
	first := func(ctx context.Context, upper net.Conn) error {
		secured = true
		t.noteTLS(upper)
		if t.server.identity.sasl == nil {
			return nil
		}
		reply, err := t.server.identity.sasl.bind(ctx, upper, t.server.at.host)
		if err == nil {
			err = refusalOf(t.server.identity, reply)
		}
		t.step(StepBind, err, Detail{"identity", t.server.identity.String()})
		return err
	}
	c, err := s.open(ctx, serviceMessageLimit, t.server.services.idle, first)
	switch {
	case err == nil || secured: // then a step has it
	case connected:
		t.step(StepTLS, behind(err), certificateDetails(certificatesOf(err))...)
	default:
		t.step(StepConnect, behind(err), Detail{"address", t.server.at.address})
	}
	if err != nil {
		return nil, err
	}
	c.server = t.server
	return c, nil
}

// behind is the reason why a connection could not be opened, without what the
// name of the step says.
func behind(err error) error {
	for outer := err; outer != nil && errors.Is(err, errTransport); outer = errors.Unwrap(outer) {
		if several, ok := outer.(interface{ Unwrap() []error }); ok {
			reasons := several.Unwrap()
			return reasons[len(reasons)-1]
		}
	}
	return err
}

// settingsOnly is a copy to open a connection with, without a state.
func (s *server) settingsOnly() *server {
	return &server{settings: s.settings, at: s.at, exchangeTimeout: s.exchangeTimeout}
}

// refusalOf is the error for the answer to the bind of goldap itself, nil for
// success.
func refusalOf(who identity, reply Reply) error {
	if reply.Code == ResultSuccess {
		return nil
	}
	return refusedBind(who.String(), reply)
}

// noteTLS is the step of securing the connection.
func (t *serverTrial) noteTLS(upper net.Conn) {
	secured, ok := upper.(*tls.Conn)
	switch {
	case ok:
		state := secured.ConnectionState()
		details := append([]Detail{
			{"version", tls.VersionName(state.Version)}, {"cipher", tls.CipherSuiteName(state.CipherSuite)},
		}, certificateDetails(state.PeerCertificates)...)
		t.step(StepTLS, nil, append(details, Detail{"verified", strconv.FormatBool(!t.server.tls.InsecureSkipVerify)})...)
	case t.server.at.local:
		t.step(StepTLS, nil, Detail{"version", "none: a local socket"})
	default:
		t.step(StepTLS, nil, Detail{"version", "none: what is sent can be read on the way"})
	}
}

// certificatesOf returns what a server sent that did not prove who it is.
func certificatesOf(err error) []*x509.Certificate {
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		return refused.UnverifiedCertificates
	}
	return nil
}

// certificateDetails are those of the first certificate, which is the server's.
func certificateDetails(chain []*x509.Certificate) []Detail {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	days := int(math.Floor(time.Until(leaf.NotAfter).Hours() / 24))
	return []Detail{
		{"subject", leaf.Subject.String()}, {"names", strings.Join(names, " ")}, {"issuer", leaf.Issuer.String()},
		{"expires", leaf.NotAfter.UTC().Format(time.RFC3339)}, {"days left", strconv.Itoa(days)},
	}
}

// bind binds as the pseudouser, unless SASL did or there is none.
func (t *serverTrial) bind(ctx context.Context, c *conn) error {
	who := t.server.identity
	if who.sasl != nil {
		return nil
	}
	if who.anonymous() {
		t.step(StepBind, nil, Detail{"identity", "anonymous: no bind"})
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.server.connectTimeout)
	defer cancel()
	reply, err := c.bind(ctx, who.dn, who.password)
	if err == nil {
		err = refusalOf(who, reply)
	}
	t.step(StepBind, err, Detail{"identity", who.String()})
	return err
}

// searchBase reads the entry of each base for users and groups. One that is
// missing is what a lookup passes over, and what nobody can have meant.
func (t *serverTrial) searchBase(ctx context.Context, d *Directory, c *conn) {
	var bases []string
	for _, m := range []*mapping{&d.maps.passwd, &d.maps.group} {
		for _, at := range m.places {
			bases = append(bases, at.dn)
		}
	}
	for _, base := range unseen(map[string]bool{}, bases) {
		q := t.server.probe
		q.place.dn = base
		found, err := c.search(ctx, t.server.searchTimeout, &q)
		there, entry := t.server.base.there(base), "there"
		switch {
		case errors.Is(err, errNoBase):
			err = fmt.Errorf("base %q does not exist, or %s may not read it", there, t.server.identity.whom())
			entry = "none"
		case err != nil:
			entry = "not known"
		case len(found) == 0: // what is below may be readable nevertheless
			entry = "not readable"
		}
		t.step(StepBase, err, Detail{"base", there}, Detail{"entry", entry})
	}
}

// whom is the identity for messages.
func (who identity) whom() string {
	if who.anonymous() {
		return "an anonymous search"
	}
	return who.String()
}

// someUsers is how many users a trial looks for: it is to show that there are
// some, and not to read them all.
const someUsers = 3

// searchUsers searches for a few users. None is not a failure: a directory may
// be empty.
func (t *serverTrial) searchUsers(ctx context.Context, d *Directory, c *conn) {
	m := &d.maps.passwd
	for _, at := range m.places {
		q := search{place: at, filter: at.filter, attributes: m.attributes("uid"), limit: someUsers}
		found, err := c.search(ctx, t.server.searchTimeout, &q)
		count := strconv.Itoa(len(found))
		if errors.Is(err, errSizeLimit) && len(found) > 0 {
			err, count = nil, "more than "+count
		}
		match, invalid := t.server.base.filter(at.filter.text)
		if invalid != nil {
			match = at.filter.text
		}
		t.step(StepUsers, err, Detail{"base", t.server.base.there(at.dn)}, Detail{"scope", scopeNames[at.scope]},
			Detail{"filter", match}, Detail{"found", count})
	}
}
