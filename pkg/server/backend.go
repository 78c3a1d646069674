package server

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/throttle"
)

// Names answers lookups; *names.Names does. Its errors are those of
// pkg/directory.
type Names interface {
	PasswdByName(ctx context.Context, name string) (account.Account, error)
	PasswdByUID(ctx context.Context, uid uint32) (account.Account, error)
	GroupByName(ctx context.Context, name string) (account.Group, error)
	GroupByGID(ctx context.Context, gid uint32) (account.Group, error)
	GroupsOfMember(ctx context.Context, name string) ([]account.Group, error)
	GroupPaths(ctx context.Context, name string) ([]account.Membership, error)
	ShadowByName(ctx context.Context, name string) (account.Shadow, error)
	SSHKeys(ctx context.Context, name string) ([]string, error)
	// The sequences are complete if they end without an error.
	Passwds(ctx context.Context) iter.Seq2[account.Account, error]
	Groups(ctx context.Context) iter.Seq2[account.Group, error]
	Shadows(ctx context.Context) iter.Seq2[account.Shadow, error]
	Aliases(ctx context.Context, key account.Key) iter.Seq2[account.Alias, error]
	Ethers(ctx context.Context, key account.Key) iter.Seq2[account.Ether, error]
	Hosts(ctx context.Context, key account.Key) iter.Seq2[account.Host, error]
	Netgroups(ctx context.Context, key account.Key) iter.Seq2[account.Netgroup, error]
	Networks(ctx context.Context, key account.Key) iter.Seq2[account.Network, error]
	Protocols(ctx context.Context, key account.Key) iter.Seq2[account.Protocol, error]
	RPCs(ctx context.Context, key account.Key) iter.Seq2[account.RPC, error]
	Services(ctx context.Context, key account.Key) iter.Seq2[account.Service, error]
}

// Login decides about people; *login.Login does. The passwords belong to the
// server, which wipes them when the method has returned.
type Login interface {
	Authenticate(ctx context.Context, request login.Request) login.Decision
	AuthenticateRoot(ctx context.Context, user string, password secret.Secret, callerIsRoot bool) login.Decision
	Authorize(ctx context.Context, request login.Request) login.Decision
	ChangePassword(ctx context.Context, request login.ChangeRequest) login.Decision
	ModifyUser(ctx context.Context, request login.ModifyRequest) login.Modification
}

// Backend is everything that depends on the configuration.
type Backend struct {
	Names Names
	Login Login
	// AtOnce is a context in which lookups do not wait: one that would ends with
	// names.ErrNotInMemory. nil means that all lookups may wait.
	AtOnce context.Context
	// LookupTimeout and LoginTimeout bound one request.
	LookupTimeout, LoginTimeout time.Duration
	// Throttle slows down failed logins; the zero value does not.
	Throttle throttle.Limits
	// HideUnknown makes the answer about a user who does not exist take as long as
	// that to a wrong password.
	HideUnknown bool
	// ProhibitMessage is the text with which password changes are refused,
	// empty if they are not.
	ProhibitMessage string
	// NoEnumeration refuses requests for all users, groups and shadow entries.
	NoEnumeration bool
	// Flush forgets what directories said.
	Flush func()
	// Status fills in how the directories and the memory are. It may be nil.
	Status func(*Status)
	// Source is where the configuration is from.
	Source Source
	// Forget makes the next login of the user see what the directories have then.
	// It may be nil.
	Forget func(user string)
	// RetryNow makes the directories try at once what waits for its retry time.
	// It may be nil.
	RetryNow func()
	Limits   Limits
	// Close is called once, after the last request on this Backend. It may be
	// nil.
	Close func() error
}

// generation counts the requests on a Backend, so that it is closed after the
// last one.
type generation struct {
	*Backend
	number  uint64
	users   int
	retired bool
}

// generations holds the present generation.
type generations struct {
	logger *slog.Logger

	mu      sync.Mutex
	current *generation
	count   uint64
}

// acquire returns the present generation, nil after the server was closed. The
// caller releases it.
func (g *generations) acquire() *generation {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current != nil {
		g.current.users++
	}
	return g.current
}

func (g *generations) release(used *generation) {
	g.mu.Lock()
	used.users--
	last := used.retired && used.users == 0
	g.mu.Unlock()
	if last {
		g.close(used)
	}
}

// swap puts next, which may be nil, in the place of the present generation.
func (g *generations) swap(next *Backend) {
	g.mu.Lock()
	old := g.current
	g.current = nil
	if next != nil {
		g.count++
		g.current = &generation{Backend: next, number: g.count}
	}
	idle := false
	if old != nil {
		old.retired = true
		idle = old.users == 0
	}
	g.mu.Unlock()
	if idle {
		g.close(old)
	}
}

func (g *generations) close(old *generation) {
	if old.Close == nil {
		return
	}
	if err := old.Close(); err != nil {
		g.logger.Warn("closing the old configuration", "error", err)
	}
}
