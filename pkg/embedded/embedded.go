package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// Options say what the directory holds and how it behaves.
type Options struct {
	// Base is the base DN of the directory. Required.
	Base string
	// Host is the name in the server's certificate and in the URI, a DNS name
	// or an IP address. Default: localhost.
	Host string
	// Address is where to listen. Default: 127.0.0.1:0, a free port.
	Address string
	// Pseudouser reads every entry. None if its DN is empty.
	Pseudouser Identity
	// Admin reads every entry and sets every password. None if its DN is empty.
	Admin   Identity
	Users   []User
	Groups  []Group
	Entries []Entry
	// MinPasswordLength, in bytes, for new passwords that users choose.
	MinPasswordLength int
	// RequireOldPassword refuses a change by the user that does not repeat
	// the old password.
	RequireOldPassword bool
	// SizeLimit is the most entries that one search returns; 0 means no limit.
	SizeLimit int
	// NetscapeControls adds the expiry controls of draft-vchu-ldap-pwd-policy
	// to bind responses, asked for or not.
	NetscapeControls bool
	// AllowClearText serves binds and searches before StartTLS, too.
	AllowClearText bool
	// Logger gets one Debug line for each connection that ends badly.
	// Default: nothing is logged.
	Logger *slog.Logger
}

// Counts are what a directory has served since its start.
type Counts struct {
	// Connections accepted, and how many of them went through StartTLS.
	Connections, StartTLS uint64
	// Binds answered, and how many of them were successful.
	Binds, SuccessfulBinds uint64
	// Searches answered.
	Searches uint64
	// PasswordChanges that were accepted.
	PasswordChanges uint64
}

// Directory is a running directory. Its methods may be called at any time,
// from any goroutine.
type Directory struct {
	options   Options
	store     *store
	authority *authority
	listener  net.Listener
	logger    *slog.Logger
	stopWatch func() bool

	connections, startTLS, binds, successfulBinds, searches, passwordChanges atomic.Uint64

	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	closed  bool
}

// Start builds the directory and listens. It serves until Close is called or
// ctx is done. An error is about the options or about the address.
func Start(ctx context.Context, options Options) (*Directory, error) {
	d := &Directory{options: options.withDefaults(), open: map[net.Conn]struct{}{}}
	d.logger = d.options.Logger
	var err error
	if d.store, err = newStore(d.options); err != nil {
		return nil, fmt.Errorf("building the embedded directory: %w", err)
	}
	if d.authority, err = newAuthority(d.options.Host); err != nil {
		return nil, fmt.Errorf("building the embedded directory: %w", err)
	}
	if d.listener, err = net.Listen("tcp", d.options.Address); err != nil {
		return nil, fmt.Errorf("embedded directory: %w", err)
	}
	d.running.Go(d.accept)
	d.stopWatch = context.AfterFunc(ctx, d.shut)
	return d, nil
}

func (o Options) withDefaults() Options {
	o.Host = defaultTo(o.Host, "localhost")
	o.Address = defaultTo(o.Address, "127.0.0.1:0")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Addr is the TCP address that the directory listens on.
func (d *Directory) Addr() string { return d.listener.Addr().String() }

// HostPort is the name in the certificate with the port, as the `host`
// keyword of pam_ldap.conf takes it.
func (d *Directory) HostPort() string {
	_, port, _ := net.SplitHostPort(d.Addr())
	return net.JoinHostPort(d.options.Host, port)
}

// URI is ldap:// and HostPort. If the name is not localhost or an address,
// the client must be told by other means that it is on loopback.
func (d *Directory) URI() string { return "ldap://" + d.HostPort() }

// CAPEM is the certificate of the authority that clients must trust.
func (d *Directory) CAPEM() []byte { return append([]byte(nil), d.authority.caPEM...) }

// WriteCAFile writes CAPEM to a file, readable by all.
func (d *Directory) WriteCAFile(path string) error {
	if err := os.WriteFile(path, d.authority.caPEM, 0o644); err != nil {
		return fmt.Errorf("writing the certificate of the authority: %w", err)
	}
	return nil
}

// Counts returns what has been served so far.
func (d *Directory) Counts() Counts {
	return Counts{
		Connections:     d.connections.Load(),
		StartTLS:        d.startTLS.Load(),
		Binds:           d.binds.Load(),
		SuccessfulBinds: d.successfulBinds.Load(),
		Searches:        d.searches.Load(),
		PasswordChanges: d.passwordChanges.Load(),
	}
}

// SetPolicy replaces what is said about the password of an entry from now on.
func (d *Directory) SetPolicy(dn string, policy Policy) error {
	c, err := d.credentialsOf(dn)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.policy = policy
	return nil
}

// SetPassword replaces the password of an entry and leaves its policy alone.
// The password is copied.
func (d *Directory) SetPassword(dn string, password secret.Secret) error {
	c, err := d.credentialsOf(dn)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.password.Wipe()
	c.password = secret.New(append([]byte(nil), password.Bytes()...))
	return nil
}

func (d *Directory) credentialsOf(dn string) (*credentials, error) {
	e, err := d.store.lookup(dn)
	if err != nil {
		return nil, err
	}
	if e == nil || e.credentials == nil {
		return nil, fmt.Errorf("no entry %q that can bind", dn)
	}
	return e.credentials, nil
}

// Close stops listening, cuts every connection, and returns when nothing is
// running any more.
func (d *Directory) Close() error {
	d.stopWatch()
	d.shut()
	d.running.Wait()
	return nil
}

// shut makes everything end without waiting for it.
func (d *Directory) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.listener.Close()
	for c := range d.open {
		c.Close()
	}
}

// acceptPause keeps a process that is out of descriptors from spinning.
const acceptPause = 10 * time.Millisecond

// accept serves until the listener is closed.
func (d *Directory) accept() {
	for {
		c, err := d.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			d.logger.Debug("embedded directory: accept", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if d.track(c) {
			d.connections.Add(1)
			d.running.Go(func() { d.serve(c) })
		}
	}
}

// track remembers a connection so that Close can cut it. It is false when the
// directory is closed already.
func (d *Directory) track(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		c.Close()
		return false
	}
	d.open[c] = struct{}{}
	return true
}

func (d *Directory) untrack(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	c.Close()
}
