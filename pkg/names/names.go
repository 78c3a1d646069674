package names

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Directory is what this package needs of a directory; *directory.Directory
// has it.
type Directory interface {
	AccountByName(ctx context.Context, name string) (account.Account, error)
	LoginAccount(ctx context.Context, name string) (account.Account, error)
	AccountByUID(ctx context.Context, uid uint32) (account.Account, error)
	GroupByName(ctx context.Context, name string) (account.Group, error)
	GroupByGID(ctx context.Context, gid uint32) (account.Group, error)
	GroupsOfMember(ctx context.Context, name, dn string) ([]account.Group, error)
	ShadowByName(ctx context.Context, name string) (account.Shadow, error)
	Accounts(ctx context.Context) iter.Seq2[account.Account, error]
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

// Options are the settings of New.
type Options struct {
	// Rules say which names and ids are believed.
	Rules account.Rules
	// TTL is how long an account found for a login may be remembered; 0 means
	// not at all. Entries bounds how many are.
	TTL     time.Duration
	Entries int
	// LoadTimeout bounds one question to the directories that several callers
	// wait for; 0 means 10 s.
	LoadTimeout time.Duration
	// PasswdFile and GroupFile are passwd(5) and group(5) of this machine;
	// empty means those in /etc.
	PasswdFile, GroupFile string
	// Logger hears of entries that are refused, once an hour each.
	Logger *slog.Logger
}

// Names answers lookups. It is safe for concurrent use.
type Names struct {
	directories []Directory
	rules       account.Rules
	users       *localFile
	groups      *localFile
	logins      *cache[found]
	refused     *onceIn
	logger      *slog.Logger
}

// found is an account and the directory that has it.
type found struct {
	account   account.Account
	directory int
}

// New makes a Names that asks the directories in order.
func New(directories []Directory, o Options) *Names {
	if o.PasswdFile == "" {
		o.PasswdFile = "/etc/passwd"
	}
	if o.GroupFile == "" {
		o.GroupFile = "/etc/group"
	}
	if o.LoadTimeout == 0 {
		o.LoadTimeout = 10 * time.Second
	}
	return &Names{
		directories: directories,
		rules:       o.Rules,
		users:       newLocalFile(o.PasswdFile),
		groups:      newLocalFile(o.GroupFile),
		logins:      newCache[found](o),
		refused:     newOnceIn(time.Hour, 1024),
		logger:      o.Logger,
	}
}

// PasswdByName returns the account with this user name.
func (n *Names) PasswdByName(ctx context.Context, name string) (account.Account, error) {
	if err := n.mayAskFor("user", name, n.users); err != nil {
		return account.Account{}, err
	}
	acct, _, err := first(n.directories, func(d Directory) (account.Account, error) { return d.AccountByName(ctx, name) })
	return n.checkedAccount(acct, err)
}

// PasswdByUID returns the account with this uid.
func (n *Names) PasswdByUID(ctx context.Context, uid uint32) (account.Account, error) {
	if n.rules.CheckUID(uid) != nil || n.users.hasID(uid) {
		return account.Account{}, fmt.Errorf("%w: uid %d is not the directory's to give", directory.ErrNotFound, uid)
	}
	acct, _, err := first(n.directories, func(d Directory) (account.Account, error) { return d.AccountByUID(ctx, uid) })
	return n.checkedAccount(acct, err)
}

// LoginAccount returns the account that logs in under this name, and the index
// of the directory that has it. With fresh it is not answered from memory.
func (n *Names) LoginAccount(ctx context.Context, name string, fresh bool) (account.Account, int, error) {
	if err := n.mayAskFor("user", name, n.users); err != nil {
		return account.Account{}, 0, err
	}
	f, err := n.logins.get(ctx, name, fresh, func(ctx context.Context) (found, error) {
		acct, index, err := first(n.directories, func(d Directory) (account.Account, error) { return d.LoginAccount(ctx, name) })
		if acct, err = n.checkedAccount(acct, err); err == nil {
			err = n.checkLoginName(ctx, name, acct)
		}
		return found{acct, index}, err
	})
	return f.account, f.directory, err
}

// Forget makes further questions about the user go to the directory.
func (n *Names) Forget(name string) {
	n.logins.forget(name)
}

// checkLoginName refuses a login name that is the user name of another
// account. Where people log in with an attribute of their own choosing, such as
// mail, whoever may set it could otherwise log in as somebody else: the program
// goes by the name that it asked with.
func (n *Names) checkLoginName(ctx context.Context, name string, acct account.Account) error {
	if acct.Name == name {
		return nil
	}
	other, err := n.PasswdByName(ctx, name)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return nil
	case err != nil:
		return err
	case other.UID == acct.UID && other.DN == acct.DN:
		return nil
	}
	return fmt.Errorf("%w: %s logs in with the name of %s", directory.ErrNotUnique, acct.DN, other.DN)
}

// GroupByName returns the group with this name.
func (n *Names) GroupByName(ctx context.Context, name string) (account.Group, error) {
	if err := n.mayAskFor("group", name, n.groups); err != nil {
		return account.Group{}, err
	}
	group, _, err := first(n.directories, func(d Directory) (account.Group, error) { return d.GroupByName(ctx, name) })
	return n.checkedGroup(group, err)
}

// GroupByGID returns the group with this gid.
func (n *Names) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	if n.rules.CheckGID(gid) != nil || n.groups.hasID(gid) {
		return account.Group{}, fmt.Errorf("%w: gid %d is not the directory's to give", directory.ErrNotFound, gid)
	}
	group, _, err := first(n.directories, func(d Directory) (account.Group, error) { return d.GroupByGID(ctx, gid) })
	return n.checkedGroup(group, err)
}

// GroupsOfMember returns the groups of the user, without their members, from
// the directory that has the user. A local user has none there.
func (n *Names) GroupsOfMember(ctx context.Context, name string) ([]account.Group, error) {
	if err := n.mayAskFor("user", name, n.users); err != nil {
		return nil, err
	}
	acct, index, err := first(n.directories, func(d Directory) (account.Account, error) { return d.AccountByName(ctx, name) })
	if acct, err = n.checkedAccount(acct, err); err != nil {
		return nil, err
	}
	groups, err := n.directories[index].GroupsOfMember(ctx, acct.Name, acct.DN)
	if err != nil {
		return nil, err
	}
	allowed := groups[:0]
	for _, group := range groups {
		if _, err := n.checkedGroup(group, nil); err == nil {
			allowed = append(allowed, group)
		}
	}
	return allowed, nil
}

// ShadowByName returns the shadow data of the user.
func (n *Names) ShadowByName(ctx context.Context, name string) (account.Shadow, error) {
	if err := n.mayAskFor("user", name, n.users); err != nil {
		return account.Shadow{}, err
	}
	shadow, _, err := first(n.directories, func(d Directory) (account.Shadow, error) { return d.ShadowByName(ctx, name) })
	return shadow, err
}

// first asks one directory after the other until one has an answer. Only "not
// found" lets it go on: a directory that is away may be the one that decides.
func first[V any](directories []Directory, ask func(Directory) (V, error)) (V, int, error) {
	var none V
	err := fmt.Errorf("%w: no directory is configured", directory.ErrNotFound)
	for i, d := range directories {
		var v V
		v, err = ask(d)
		if err == nil {
			return v, i, nil
		}
		if !errors.Is(err, directory.ErrNotFound) {
			break
		}
	}
	return none, 0, err
}

// mayAskFor keeps names that cannot exist and local names from the directory.
func (n *Names) mayAskFor(kind, name string, local *localFile) error {
	if !n.rules.ValidName(name) {
		return fmt.Errorf("%w: %s name %s is refused (accounts.valid_names)", directory.ErrNotFound, kind, strconv.Quote(name))
	}
	if local.hasName(name) {
		return fmt.Errorf("%w: %s %s is local", directory.ErrNotFound, kind, strconv.Quote(name))
	}
	return nil
}

// checkedAccount passes on an account that the rules allow.
func (n *Names) checkedAccount(acct account.Account, err error) (account.Account, error) {
	if err == nil {
		err = n.checkAccount(acct)
	}
	if errors.Is(err, directory.ErrBadEntry) {
		n.report(err)
	}
	if err != nil {
		return account.Account{}, err
	}
	return acct, nil
}

func (n *Names) checkAccount(acct account.Account) error {
	if !n.rules.ValidName(acct.Name) {
		return fmt.Errorf("%w: %s: the user name is refused (accounts.valid_names)", directory.ErrBadEntry, acct.DN)
	}
	for _, err := range []error{n.rules.CheckUID(acct.UID), n.rules.CheckGID(acct.GID)} {
		if err != nil {
			return fmt.Errorf("%w: %s: %w", directory.ErrBadEntry, acct.DN, err)
		}
	}
	if n.users.hasName(acct.Name) || n.users.hasID(acct.UID) {
		return fmt.Errorf("%w: %s: user %s or uid %d is local", directory.ErrBadEntry, acct.DN, strconv.Quote(acct.Name), acct.UID)
	}
	return nil
}

// checkedGroup passes on a group that the rules allow, without the members
// that cannot be users.
func (n *Names) checkedGroup(group account.Group, err error) (account.Group, error) {
	if err == nil {
		err = n.checkGroup(group)
	}
	if errors.Is(err, directory.ErrBadEntry) {
		n.report(err)
	}
	if err != nil {
		return account.Group{}, err
	}
	members := make([]string, 0, len(group.Members))
	for _, member := range group.Members {
		if n.rules.ValidName(member) {
			members = append(members, member)
		}
	}
	group.Members = members
	return group, nil
}

func (n *Names) checkGroup(group account.Group) error {
	if !n.rules.ValidName(group.Name) {
		return fmt.Errorf("%w: %s: the group name is refused (accounts.valid_names)", directory.ErrBadEntry, group.DN)
	}
	if err := n.rules.CheckGID(group.GID); err != nil {
		return fmt.Errorf("%w: %s: %w", directory.ErrBadEntry, group.DN, err)
	}
	if n.groups.hasName(group.Name) || n.groups.hasID(group.GID) {
		return fmt.Errorf("%w: %s: group %s or gid %d is local", directory.ErrBadEntry, group.DN, strconv.Quote(group.Name), group.GID)
	}
	return nil
}

// report logs a refused entry, at most once an hour.
func (n *Names) report(err error) {
	if n.refused.allows(err.Error(), time.Now()) {
		n.logger.Warn("an entry of the directory is refused", "reason", err.Error())
	}
}
