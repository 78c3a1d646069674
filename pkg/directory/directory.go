package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/throttle"
)

// Options are what New needs besides the configuration.
type Options struct {
	// Logger receives the changes of the servers' state. nil means silence.
	Logger *slog.Logger
	// SingleUse makes one connection do for a whole login, in a process that
	// serves one request: the service connection becomes the user's bind
	// connection and is closed afterwards. A server that failed is not probed.
	SingleUse bool
	// IgnoreCase makes names equal that differ in the case of ASCII letters
	// only; the answer has the directory's spelling.
	IgnoreCase bool
	// SkipMembers leaves the members out of groups. The groups of a user are
	// known nevertheless.
	SkipMembers bool
	// MemberTTL is how long the user name behind a member's DN may be
	// remembered, MemberNegativeTTL how long that it is no user; 0 means not at
	// all.
	MemberTTL, MemberNegativeTTL time.Duration
	// OnBack is called, in a goroutine of its own, when a server answers again
	// after none did. nil means nothing.
	OnBack func()
	// Dial replaces net.Dialer, for tests. network is tcp or unix.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolver looks up SRV records; nil is Go's, which asks DNS itself. The C
	// library's must not be used: it may ask goldap.
	Resolver Resolver
	// Hostname is os.Hostname if it is nil.
	Hostname func() (string, error)
}

// Directory is one configured directory. Its methods may be called by many
// goroutines at a time.
type Directory struct {
	cfg       config.Directory
	log       *slog.Logger
	retry     retryTimes
	singleUse bool
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	resolver  Resolver
	hostname  func() (string, error)
	onBack    func()
	sources   []*source
	// writers are the sources of write_uris, empty if all servers take changes,
	// and writeOnly those of them that are not in sources.
	writers, writeOnly []*source
	referrer           *referrer
	way                way
	held               *heldBinds
	// lockouts is nil without lockout_failures.
	lockouts *throttle.Lockouts
	maps     maps
	// skipMembers is Options.SkipMembers.
	skipMembers bool
	memberNames memberCache
	// end ends what runs in the background when the directory is closed.
	ctx context.Context
	end context.CancelFunc
	// away: the last request found no server that answers.
	away absence
	// warned are the warnings that were logged, for those that would come with
	// every lookup.
	warned sync.Map
}

// New prepares a directory. It reads the TLS files and checks filters, names
// and URIs, and reports everything that is wrong with them; it connects to
// nothing and looks nothing up.
func New(cfg config.Directory, opts Options) (*Directory, error) {
	d := &Directory{
		cfg: withDefaults(cfg), log: opts.Logger, singleUse: opts.SingleUse,
		dial: opts.Dial, resolver: opts.Resolver, hostname: opts.Hostname, onBack: opts.OnBack, skipMembers: opts.SkipMembers,
		memberNames: memberCache{ttl: opts.MemberTTL, negativeTTL: opts.MemberNegativeTTL},
	}
	d.setDefaults()
	d.log = d.log.With("directory", d.cfg.Name)
	d.lockouts = newLockouts(&d.cfg)
	d.retry = retryTimes{first: d.cfg.RetryMin, last: d.cfg.RetryMax}
	d.ctx, d.end = context.WithCancel(context.Background())
	var err error
	d.maps, err = newMaps(&d.cfg, opts.IgnoreCase)
	var err2, err3 error
	d.way, err2 = wayOf(d.cfg.PasswordChange)
	d.held, err3 = newHeldBinds()
	if err = errors.Join(err, err2, err3, d.addServers()); err != nil {
		d.end()
		return nil, fmt.Errorf("directory %q: %w", d.cfg.Name, err)
	}
	return d, nil
}

// setDefaults sets what the options left out.
func (d *Directory) setDefaults() {
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.dial == nil {
		d.dial = newDialer().DialContext
	}
	if d.resolver == nil {
		d.resolver = &net.Resolver{PreferGo: true}
	}
	if d.hostname == nil {
		d.hostname = os.Hostname
	}
}

// newDialer uses the resolver in Go: the C library's would ask the name
// service, which may ask goldap.
func newDialer() *net.Dialer {
	return &net.Dialer{Resolver: &net.Resolver{PreferGo: true}}
}

// Name returns what messages call the directory.
func (d *Directory) Name() string { return d.cfg.Name }

// Close closes all connections. Requests that are under way fail.
func (d *Directory) Close() error {
	d.end()
	for _, s := range d.everyServer() {
		s.close()
	}
	d.held.close()
	return nil
}

// servers returns all servers of lookups that are known now, in order.
func (d *Directory) servers() []*server { return serversOf(d.sources) }

// everyServer returns those, and the ones for changes and for referrals.
func (d *Directory) everyServer() []*server {
	return append(append(d.servers(), serversOf(d.writeOnly)...), d.referred()...)
}

func serversOf(sources []*source) []*server {
	var all []*server
	for _, src := range sources {
		all = append(all, src.known()...)
	}
	return all
}

// referred returns the servers of referral_uris.
func (d *Directory) referred() []*server {
	if d.referrer == nil {
		return nil
	}
	return d.referrer.others
}

// RetryNow makes servers that are down, the pseudouser where it was refused,
// and DNS be tried at once, whatever their retry times are.
func (d *Directory) RetryNow() {
	for _, src := range append(d.sources[:len(d.sources):len(d.sources)], d.writeOnly...) {
		src.lookAgain(0)
	}
	for _, s := range d.everyServer() {
		s.probeNow()
	}
}

// noteAway notes that no server answered a request. busy are those that said
// themselves that they cannot. It is not so as long as one is not down.
func (d *Directory) noteAway(busy []*server) {
	for _, s := range d.servers() {
		if !s.isDown() && !slices.Contains(busy, s) {
			return
		}
	}
	if d.away.begin() {
		d.log.Warn("no server of the directory answers")
	}
}

// noteBack notes that a server answers.
func (d *Directory) noteBack() {
	if !d.away.end() {
		return
	}
	d.log.Info("the directory answers again")
	if d.onBack != nil {
		background(d.onBack)
	}
}
