package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// lookupInterval is the age from which on DNS is asked again, beside the
	// request that finds it. Go's resolver does not say how long an answer is
	// good for.
	lookupInterval = 5 * time.Minute
	// urgentLookup is the same while no server answers.
	urgentLookup = 2 * time.Second
	// lookupTimeout bounds one lookup.
	lookupTimeout = 5 * time.Second
	// maxNamed bounds the servers that DNS may name for a domain.
	maxNamed = 32
)

// Resolver is the part of net.Resolver that finds servers.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
}

// dnsSource stands for the servers that DNS has for a domain: the SRV records
// of _ldap._tcp (RFC 2782). They are looked up when the first request needs
// them, and again from time to time; if DNS does not answer then, those that
// are known stay.
//
// Answers of DNS are not to be trusted: a server must have a name in the
// domain that was asked for, and its certificate must have that name, or a
// forged answer would choose who gets the passwords.
type dnsSource struct {
	directory *Directory
	settings  settings
	uri       string
	domain    string // empty is this machine's
	ldaps     bool
	log       *slog.Logger
	// outside are the refused servers that were logged. Only one lookup runs at
	// a time, and nothing else uses them.
	outside map[string]bool

	mu       sync.Mutex
	records  []net.SRV // the last answer
	servers  []*server // made of it; nil before the first
	looking  chan struct{}
	lookedAt time.Time
	failures int // in a row
	retryAt  time.Time
	err      error
}

// isDNS reports whether an entry of the configuration is a name for DNS, as in
// nslcd.conf(5): DNS, DNS:domain, DNSLDAPS or DNSLDAPS:domain.
func isDNS(uri string) bool {
	kind, _, _ := strings.Cut(uri, ":")
	return strings.EqualFold(kind, "DNS") || strings.EqualFold(kind, "DNSLDAPS")
}

func (d *Directory) newDNSSource(uri string, set settings) (*dnsSource, error) {
	kind, domain, named := strings.Cut(uri, ":")
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if named && (domain == "" || strings.ContainsAny(domain, " /:@")) {
		return nil, fmt.Errorf("server %q: no usable domain behind the colon", uri)
	}
	at := endpoint{uri: uri, mode: set.mode}
	if strings.EqualFold(kind, "DNSLDAPS") {
		at.mode = modeLDAPS
	}
	if err := set.identity.sasl.fits(&set, at); err != nil {
		return nil, err
	}
	return &dnsSource{
		directory: d, settings: set, uri: uri, domain: domain,
		ldaps: strings.EqualFold(kind, "DNSLDAPS"), log: d.log.With("server", uri),
		outside: map[string]bool{},
	}, nil
}

func (p *dnsSource) known() []*server {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.servers
}

func (p *dnsSource) unasked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.servers == nil && p.failures == 0
}

// get returns the servers. Only the first lookup is waited for, for half of the
// time that ctx has left.
func (p *dnsSource) get(ctx context.Context) ([]*server, error) {
	ctx, cancel := half(ctx)
	defer cancel()
	p.mu.Lock()
	switch now := time.Now(); {
	case p.servers != nil:
		if now.Sub(p.lookedAt) >= lookupInterval {
			p.start()
		}
	case p.failures == 0:
		looking := p.start()
		p.mu.Unlock()
		p.await(ctx, looking)
		p.mu.Lock()
	case !now.Before(p.retryAt):
		p.start()
	}
	defer p.mu.Unlock()
	if p.servers == nil && p.err == nil {
		return nil, fmt.Errorf("server %s: no answer from DNS in time", p.uri)
	}
	if p.servers == nil {
		return nil, p.err
	}
	return p.servers, nil
}

// lookAgain begins a lookup unless there was one within the interval. It returns
// a channel that is closed at the end of the lookup, or nil.
func (p *dnsSource) lookAgain(interval time.Duration) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looking == nil && time.Since(p.lookedAt) < interval {
		return nil
	}
	return p.start()
}

// await waits for the end of a lookup.
func (p *dnsSource) await(ctx context.Context, looking <-chan struct{}) {
	if looking == nil {
		return
	}
	select {
	case <-looking:
	case <-ctx.Done():
	}
}

// start begins a lookup in the background, unless one is under way. The caller
// holds p.mu.
func (p *dnsSource) start() <-chan struct{} {
	if p.looking != nil {
		return p.looking
	}
	done := make(chan struct{})
	p.looking, p.lookedAt = done, time.Now()
	background(func() {
		defer close(done)
		var records []*net.SRV
		var err error
		if panicked := guarded(func() { records, err = p.look() }); panicked != nil {
			err = panicked
		}
		p.looked(records, err)
	})
	return done
}

// look asks DNS. What resolver returns beside an error is the part of the
// answer that is well formed.
func (p *dnsSource) look() ([]*net.SRV, error) {
	ctx, cancel := context.WithTimeout(p.directory.ctx, lookupTimeout)
	defer cancel()
	domain, err := p.askedDomain(ctx)
	if err != nil {
		return nil, err
	}
	// The dot at the end keeps the search list of resolv.conf(5) out of it.
	_, records, err := p.directory.resolver.LookupSRV(ctx, "ldap", "tcp", domain+".")
	if len(records) == 0 && err != nil {
		return nil, err
	}
	good := p.inDomain(records, domain)
	if len(good) == 0 {
		return nil, fmt.Errorf("_ldap._tcp.%s has no usable server among %d", domain, len(records))
	}
	return good, nil
}

// inDomain returns the records whose target is in the domain that was asked
// for.
func (p *dnsSource) inDomain(records []*net.SRV, domain string) []*net.SRV {
	var good []*net.SRV
	for _, record := range records {
		target := strings.ToLower(strings.TrimSuffix(record.Target, "."))
		if target == "" { // RFC 2782: the service is decidedly not there
			continue
		}
		if target != domain && !strings.HasSuffix(target, "."+domain) {
			p.noteOutside(target, domain)
			continue
		}
		if len(good) == maxNamed {
			p.log.Warn("DNS names too many servers", "used", maxNamed)
			break
		}
		good = append(good, &net.SRV{Target: target, Port: record.Port, Priority: record.Priority, Weight: record.Weight})
	}
	return good
}

// noteOutside logs a server that is refused, once for each of the first few.
func (p *dnsSource) noteOutside(target, domain string) {
	if p.outside[target] || len(p.outside) == maxNamed {
		return
	}
	p.outside[target] = true
	p.log.Warn("DNS names a server outside of the domain, which is not used", "target", target, "domain", domain)
}

// askedDomain returns the domain of the configuration or this machine's. The
// latter comes from the machine alone, its host name or /etc/hosts: DNS must not
// choose the domain that its answers are held against.
func (p *dnsSource) askedDomain(ctx context.Context) (string, error) {
	if p.domain != "" {
		return p.domain, nil
	}
	host, err := p.directory.hostname()
	if err != nil {
		return "", fmt.Errorf("host name of this machine: %w", err)
	}
	if !strings.Contains(host, ".") {
		full, err := hostsFile.LookupCNAME(ctx, host)
		if err == nil {
			host = full
		}
	}
	_, domain, found := strings.Cut(strings.TrimSuffix(host, "."), ".")
	if !found || domain == "" {
		return "", fmt.Errorf("this machine, %q, has no domain in its host name or in /etc/hosts: write %s:example.com", host, p.uri)
	}
	return strings.ToLower(domain), nil
}

// hostsFile knows /etc/hosts and nothing else.
var hostsFile = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("DNS is not asked for this machine's domain")
}}

// looked takes over what a lookup has found.
func (p *dnsSource) looked(records []*net.SRV, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking = nil
	if err != nil {
		p.failed(err)
		return
	}
	if p.failures > 0 {
		p.log.Info("DNS names servers again")
	}
	p.failures, p.err = 0, nil
	if p.servers == nil || !sameRecords(p.records, records) {
		p.replace(records)
	}
}

// failed notes a lookup without a usable answer. The caller holds p.mu.
func (p *dnsSource) failed(err error) {
	if p.directory.ctx.Err() != nil {
		return
	}
	p.failures++
	p.err = fmt.Errorf("server %s: %w", p.uri, err)
	delay := p.directory.retry.after(p.failures)
	p.retryAt = time.Now().Add(delay)
	if p.failures == 1 {
		p.log.Warn("DNS names no servers", "error", err, "known", len(p.servers))
	}
}

// sameRecords compares two answers without their order: servers of the same
// priority come in another one each time (RFC 2782), and requests should stay
// with the one that they use.
func sameRecords(old []net.SRV, records []*net.SRV) bool {
	count := map[net.SRV]int{}
	for _, record := range old {
		count[record]++
	}
	for _, record := range records {
		count[*record]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// replace makes servers of records. Those that stay keep their connections and
// what is known about them; those that are gone end with their last request.
// The caller holds p.mu.
func (p *dnsSource) replace(records []*net.SRV) {
	old := map[endpoint]*server{}
	for _, s := range p.servers {
		old[s.at] = s
	}
	p.records = nil
	servers := make([]*server, 0, len(records))
	for _, record := range records {
		p.records = append(p.records, *record)
		at, err := parseURI(p.uriOf(record), p.settings.mode)
		if err != nil {
			p.log.Warn("DNS names a server that cannot be used", "error", err)
			continue
		}
		if slices.ContainsFunc(servers, func(s *server) bool { return s.at == at }) {
			continue // named twice
		}
		s := old[at]
		delete(old, at)
		if s == nil {
			s = p.directory.newServer(p.settings, at)
		}
		servers = append(servers, s)
	}
	for _, s := range old {
		s.drain()
	}
	p.servers = servers
	p.log.Info("DNS names the servers", "servers", uris(servers))
}

// uriOf returns the URI for a record. Port 636 means TLS from the first byte.
func (p *dnsSource) uriOf(record *net.SRV) string {
	scheme, usual := "ldap", uint16(389)
	if p.ldaps || record.Port == 636 {
		scheme, usual = "ldaps", 636
	}
	if record.Port == usual && (usual == 636 || p.settings.mode != modeLDAPS) {
		return scheme + "://" + record.Target
	}
	return scheme + "://" + net.JoinHostPort(record.Target, strconv.Itoa(int(record.Port)))
}

func uris(servers []*server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.at.uri)
	}
	return all
}
