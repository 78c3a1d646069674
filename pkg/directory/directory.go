package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/config"
)

// Timeouts where the configuration has none.
const (
	defaultConnectTimeout = 5 * time.Second
	defaultSearchTimeout  = 10 * time.Second
)

// Options are what New needs besides the configuration.
type Options struct {
	// Logger receives the changes of the servers' state. nil means silence.
	Logger *slog.Logger
	// SingleUse makes one connection do for a whole login, in a process that
	// serves one request: the service connection becomes the user's bind
	// connection and is closed afterwards.
	SingleUse bool
	// IgnoreCase makes names equal that differ in the case of ASCII letters
	// only; the answer has the directory's spelling.
	IgnoreCase bool
	// Dial replaces net.Dialer, for tests. network is tcp or unix.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Directory is one configured directory. Its methods may be called by many
// goroutines at a time.
type Directory struct {
	cfg     config.Directory
	log     *slog.Logger
	servers []*server
	maps    maps
	// end ends the connections being opened when the directory is closed.
	ctx context.Context
	end context.CancelFunc
	// missingBases are the base DNs that were logged as missing.
	missingBases sync.Map
}

// New prepares a directory. It reads the TLS files and checks filters, names
// and URIs, and reports everything that is wrong with them; it connects to
// nothing.
func New(cfg config.Directory, opts Options) (*Directory, error) {
	d := &Directory{cfg: withDefaults(cfg), log: opts.Logger}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.log = d.log.With("directory", d.cfg.Name)
	var err error
	d.maps, err = newMaps(&d.cfg, opts.IgnoreCase)
	if err = errors.Join(err, d.addServers(opts)); err != nil {
		return nil, fmt.Errorf("directory %q: %w", d.cfg.Name, err)
	}
	d.ctx, d.end = context.WithCancel(context.Background())
	for _, s := range d.servers {
		s.services.ctx = d.ctx
	}
	return d, nil
}

func withDefaults(cfg config.Directory) config.Directory {
	if cfg.Name == "" {
		cfg.Name = cfg.Base
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = defaultConnectTimeout
	}
	if cfg.SearchTimeout <= 0 {
		cfg.SearchTimeout = defaultSearchTimeout
	}
	cfg.SearchConnections = max(cfg.SearchConnections, 1)
	cfg.BindConnections = max(cfg.BindConnections, 0)
	return cfg
}

// addServers makes a server of every URI.
func (d *Directory) addServers(opts Options) error {
	if len(d.cfg.URIs) == 0 {
		return errors.New("no server is configured")
	}
	secured, err := tlsConfig(d.cfg.TLS)
	mode, err2 := checkMode(d.cfg.TLS.Mode)
	problems := []error{err, err2}
	dial := opts.Dial
	if dial == nil {
		dial = newDialer().DialContext
	}
	for _, uri := range d.cfg.URIs {
		at, err := parseURI(uri, mode)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s := newServer(&d.cfg, at, d.log)
		s.dial = dial
		if secured != nil {
			s.tls = secured.Clone()
			s.tls.ServerName = at.host
		}
		s.setSingleUse(opts.SingleUse)
		d.servers = append(d.servers, s)
	}
	return errors.Join(problems...)
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
	for _, s := range d.servers {
		s.services.close()
		s.binds.close()
	}
	return nil
}

// ServerStatus is what the directory knows about one server.
type ServerStatus struct {
	URI string
	// Up: the last attempt was answered, or none was made yet.
	Up bool
	// LastError is why the last attempt failed; empty while Up.
	LastError string
	// RetryAt is when a server that is not Up is tried again.
	RetryAt time.Time
	// Latency is how long the last answered request took, with connecting if
	// it had to; 0 before the first.
	Latency time.Duration
}

// Status returns the state of every server in the configured order.
func (d *Directory) Status() []ServerStatus {
	result := make([]ServerStatus, 0, len(d.servers))
	for _, s := range d.servers {
		result = append(result, s.status())
	}
	return result
}
