package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/roles"
)

// BackendOptions are what NewBackend needs besides the configuration.
type BackendOptions struct {
	Logger *slog.Logger
	// SingleUse makes a backend that serves one request, over one connection
	// (directory.Options.SingleUse).
	SingleUse bool
	// OnBack is called when one of the directories is back after none of its
	// servers answered. nil means nothing.
	OnBack func()
	// CheckSSHKey is names.Options.CheckSSHKey.
	CheckSSHKey func(line string) error
}

// NewBackend wires up what a configuration asks for: the directories, the
// lookups and the logins. It connects to nothing yet. The daemon and the
// module's own program are both made of this, so that they decide alike.
func NewBackend(cfg *config.Config, opts BackendOptions) (*Backend, error) {
	logger := opts.Logger
	set, err := newRoles(cfg)
	if err != nil {
		return nil, err
	}
	var lookups *names.Names // nothing is back before something was asked
	directories, err := newDirectories(cfg, opts, func(index int) {
		lookups.Back(index)
		if opts.OnBack != nil {
			opts.OnBack()
		}
	})
	if err != nil {
		return nil, err
	}
	lookups = newNames(cfg, directories, set, opts)
	if err := lookups.ReadLocal(); err != nil {
		return nil, errors.Join(err, closeAll(directories))
	}
	return &Backend{
		Names:           lookups,
		AtOnce:          names.FromMemory(context.Background()),
		Login:           newLogin(cfg, directories, lookups, set, logger),
		LookupTimeout:   cfg.Lookups.Timeout,
		LoginTimeout:    cfg.Login.Timeout,
		Throttle:        throttling(cfg.Login.Throttle, opts),
		HideUnknown:     !opts.SingleUse,
		ProhibitMessage: cfg.Login.PasswordProhibitMessage,
		NoEnumeration:   !cfg.Lookups.Enumerate,
		Flush: func() {
			for _, d := range directories {
				d.Forget()
			}
			lookups.Flush()
		},
		Forget: lookups.Forget,
		Status: reporter(directories, lookups),
		Source: newSource(cfg),
		RetryNow: func() {
			for _, d := range directories {
				d.RetryNow()
			}
		},
		Limits: Limits{Connections: cfg.Daemon.MaxConnections, PerUID: cfg.Daemon.MaxConnectionsPerUID},
		Close:  func() error { return closeAll(directories) },
	}, nil
}

// newDirectories makes all of them or none. back is called with the index of one
// that answers again.
func newDirectories(cfg *config.Config, opts BackendOptions, back func(index int)) ([]*directory.Directory, error) {
	directories := make([]*directory.Directory, 0, len(cfg.Directories))
	for index, c := range cfg.Directories {
		d, err := directory.New(c, directory.Options{
			Logger: opts.Logger, SingleUse: opts.SingleUse, IgnoreCase: cfg.Accounts.IgnoreCase,
			OnBack:      func() { back(index) },
			SkipMembers: !cfg.Lookups.GroupMembers,
			MemberTTL:   cfg.Lookups.MemberTTL, MemberNegativeTTL: cfg.Lookups.MemberNegativeTTL,
		})
		if err != nil {
			return nil, errors.Join(err, closeAll(directories))
		}
		directories = append(directories, d)
	}
	return directories, nil
}

func closeAll(directories []*directory.Directory) error {
	var errs []error
	for _, d := range directories {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// searchFactor is by how much a search may outlast a lookup that waits for it: a
// group that takes too long to read is there for whoever asks again.
const searchFactor = 5

func newNames(cfg *config.Config, directories []*directory.Directory, set *roles.Set, opts BackendOptions) *names.Names {
	asked := make([]names.Directory, len(directories))
	for i, d := range directories {
		asked[i] = d
	}
	rules := account.Rules{
		UIDs: account.Range{Min: cfg.Accounts.MinUID, Max: cfg.Accounts.MaxUID},
		GIDs: account.Range{Min: cfg.Accounts.MinGID, Max: cfg.Accounts.MaxGID},
	}
	if cfg.Accounts.ValidNames != nil {
		rules.Name = cfg.Accounts.ValidNames.MatchString
	}
	return names.New(asked, names.Options{
		Rules: rules, IgnoreCase: cfg.Accounts.IgnoreCase, Logger: opts.Logger, CheckSSHKey: opts.CheckSSHKey,
		TTL: cfg.Lookups.CacheTTL, NegativeTTL: cfg.Lookups.NegativeTTL, StaleTTL: cfg.Lookups.StaleTTL,
		Entries: cfg.Lookups.CacheEntries, Timeout: searchFactor * cfg.Lookups.Timeout,
		Patience: cfg.Lookups.Timeout, Limits: limits(cfg.Directories),
		LoginTTL: cfg.Login.CacheTTL, LoginTimeout: cfg.Login.Timeout,
		NoMembers: !cfg.Lookups.GroupMembers, NoGroupsFor: cfg.Lookups.NoGroupsFor,
		RoleGroups: roleGroups{set, directories}, LocalUsers: cfg.Login.LocalUsers,
	})
}

// limits are what each directory is allowed before the next one is asked.
func limits(directories []config.Directory) []names.Limit {
	all := make([]names.Limit, 0, len(directories))
	for i := range directories {
		all = append(all, names.Limit{Timeout: directories[i].Timeout, LoginPassOver: directories[i].LoginPassOver})
	}
	return all
}

func newLogin(cfg *config.Config, directories []*directory.Directory, lookups *names.Names, set *roles.Set, logger *slog.Logger) *login.Login {
	l := &login.Login{
		ProhibitMessage: cfg.Login.PasswordProhibitMessage, Now: time.Now, Logger: logger,
		Roles: set, Services: newServices(cfg), TemplateUser: lookups.CheckTemplate,
	}
	for _, d := range directories {
		l.Directories = append(l.Directories, d)
	}
	l.Accounts = loginAccounts{lookups, l.Directories}
	return l
}

// loginAccounts gives login the directory that names found the account in.
type loginAccounts struct {
	names       *names.Names
	directories []login.Directory
}

func (a loginAccounts) LoginAccount(ctx context.Context, user string, fresh bool) (account.Account, login.Directory, error) {
	acct, index, err := a.names.LoginAccount(ctx, user, fresh)
	if err != nil {
		return account.Account{}, nil, err
	}
	return acct, a.directories[index], nil
}

func (a loginAccounts) Forget(user string) { a.names.Forget(user) }
