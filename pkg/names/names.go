package names

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
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
	GroupPaths(ctx context.Context, name, dn string) ([]account.Membership, error)
	ShadowByName(ctx context.Context, name string) (account.Shadow, error)
	SSHKeys(ctx context.Context, name string) (account.Keys, error)
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

// RoleGroups are groups that the configuration makes of roles.
type RoleGroups interface {
	// All returns the groups, without members.
	All() []account.Group
	// Of returns those of a user of the directory with the index. Its errors
	// are those of pkg/directory.
	Of(ctx context.Context, user account.Account, directory int) ([]account.Group, error)
}

// Options are the settings of New.
type Options struct {
	// Rules say which names and ids are believed.
	Rules account.Rules
	// IgnoreCase makes names equal that differ in the case of ASCII letters.
	IgnoreCase bool
	// TTL is how long what was found may be given out again, NegativeTTL how
	// long it may be said that there is nothing, StaleTTL how long something
	// may be given out while its directory is away. 0 means not at all.
	TTL, NegativeTTL, StaleTTL time.Duration
	// Entries bounds what is remembered: the number of entries, where one of
	// several KB counts as several.
	Entries int
	// Timeout bounds one question to the directories, which several callers may
	// wait for, each for as long as it likes; 0 means 10 s.
	Timeout time.Duration
	// Patience is how long callers wait for an answer, which has Timeout; 0 is
	// the same.
	Patience time.Duration
	// Limits are those of the directories, in their order.
	Limits []Limit
	// LoginTTL is how long an account found for a login may be remembered; 0
	// means not at all. LoginTimeout is Timeout for logins.
	LoginTTL, LoginTimeout time.Duration
	// NoMembers leaves the lists of members in groups empty.
	NoMembers bool
	// NoGroupsFor are users whose groups are not looked for.
	NoGroupsFor []string
	// LocalUsers lets local users log in with the password of the directory, if
	// it has them with the same uid.
	LocalUsers bool
	// CheckSSHKey says why a value is not one ssh key (sshkey.Check). nil has
	// SSHKeys answer nobody.
	CheckSSHKey func(line string) error
	// RoleGroups are groups of this machine that directories do not have. nil is
	// none.
	RoleGroups RoleGroups
	// PasswdFile and GroupFile are passwd(5) and group(5) of this machine;
	// empty means those in /etc.
	PasswdFile, GroupFile string
	// Logger hears of entries that are refused, once an hour each.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.PasswdFile == "" {
		o.PasswdFile = "/etc/passwd"
	}
	if o.GroupFile == "" {
		o.GroupFile = "/etc/group"
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = o.Timeout
	}
	if o.LoginTimeout == 0 {
		o.LoginTimeout = 10 * time.Second
	}
	return o
}

// Names answers lookups. It is safe for concurrent use.
type Names struct {
	directories []Directory
	rules       account.Rules
	ignoreCase  bool
	noMembers   bool
	noGroupsFor []string
	localUsers  bool
	roleGroups  roleGroups
	users       *localFile
	groups      *localFile
	memory      *memory
	pathLoads   chan struct{} // full if no more may be under way
	checkSSHKey func(line string) error
	limits      []Limit
	lingering   []atomic.Int32 // questions, by directory
	// patience and loginPatience are how long callers wait.
	patience, loginPatience time.Duration
	seed                    maphash.Seed // of entryKey
	logins                  *cache[found]
	refusals                tally
	logged                  *onceIn
	logger                  *slog.Logger
}

// found is an account and the directory that has it.
type found struct {
	account account.Account
	source
}

// isSettled reports whether no directory was passed over for it.
func (f found) isSettled() bool { return f.without == nil }

// New makes a Names that asks the directories in order.
func New(directories []Directory, o Options) *Names {
	o = o.withDefaults()
	n := &Names{
		directories: directories,
		rules:       o.Rules,
		ignoreCase:  o.IgnoreCase,
		noMembers:   o.NoMembers,
		noGroupsFor: o.NoGroupsFor,
		localUsers:  o.LocalUsers,
		roleGroups:  newRoleGroups(o.RoleGroups),
		memory: newMemory(memoryOptions{
			ttl: o.TTL, negative: o.NegativeTTL, stale: o.StaleTTL, limit: o.Entries, timeout: o.Timeout, logger: o.Logger,
		}, len(directories)),
		pathLoads: make(chan struct{}, maxPathLoads), checkSSHKey: o.CheckSSHKey,
		limits: o.Limits, lingering: make([]atomic.Int32, len(directories)),
		patience: o.Patience, loginPatience: o.LoginTimeout,
		seed:   maphash.MakeSeed(),
		logins: newCache(o, found.isSettled),
		logged: newOnceIn(time.Hour, 1024),
		logger: o.Logger,
	}
	n.users, n.groups = newLocalFile(o.PasswdFile, n.fold), newLocalFile(o.GroupFile, n.fold)
	return n
}

// ReadLocal reads the local users and groups, without which nothing must be
// answered.
func (n *Names) ReadLocal() error { return errors.Join(n.users.read(), n.groups.read()) }

// Flush forgets everything that directories said, for lookups and for logins.
func (n *Names) Flush() {
	n.memory.flush()
	n.logins.flush()
}

// Back says that the directory with this index answers again, which its lookups
// would find out a little later.
func (n *Names) Back(index int) { n.memory.back(index) }

// fromMemory is the key of FromMemory in a context.
type fromMemory struct{}

// ErrNotInMemory is the answer to a question that may only be answered from
// memory, and cannot.
var ErrNotInMemory = fmt.Errorf("%w: not in memory", directory.ErrUnavailable)

// FromMemory returns a context in which no lookup of users and groups waits for
// a directory: one that would ends with ErrNotInMemory, and is to be made again
// without it.
func FromMemory(ctx context.Context) context.Context {
	return context.WithValue(ctx, fromMemory{}, true)
}

// recall returns what is remembered under key, or else what search finds, if
// the directories may be asked.
func (n *Names) recall(ctx context.Context, key []byte, mayAsk func() error, search func(key string) load) (*slot, error) {
	if s, ok := n.memory.fresh(key); ok {
		return s.answer()
	}
	if err := mayAsk(); err != nil {
		return nil, err
	}
	if ctx.Value(fromMemory{}) != nil {
		return nil, ErrNotInMemory
	}
	text := string(key)
	return n.memory.ask(ctx, text, search(text))
}

// PasswdByName returns the account with this user name.
func (n *Names) PasswdByName(ctx context.Context, name string) (account.Account, error) {
	s, err := n.passwd(ctx, name)
	if err != nil {
		return account.Account{}, err
	}
	acct, err := n.notLocal(n.account(s, name))
	return acct, s.uncertain(err)
}

// passwd returns what is known of the user, who may be local all the same.
func (n *Names) passwd(ctx context.Context, name string) (*slot, error) {
	var space keySpace
	return n.recall(ctx, n.nameKey(&space, passwdByName, name), func() error { return n.mayAskForUser(name) },
		func(key string) load {
			return n.loadAccount(key, func(ctx context.Context, d Directory) (account.Account, error) { return d.AccountByName(ctx, name) })
		})
}

// PasswdByUID returns the account with this uid.
func (n *Names) PasswdByUID(ctx context.Context, uid uint32) (account.Account, error) {
	mayAsk := func() error { return mayGive("uid", uid, n.rules.CheckUID(uid), n.users) }
	var space keySpace
	s, err := n.recall(ctx, idKey(&space, passwdByUID, uid), mayAsk, func(key string) load {
		return n.loadAccount(key, func(ctx context.Context, d Directory) (account.Account, error) { return d.AccountByUID(ctx, uid) })
	})
	if err != nil {
		return account.Account{}, err
	}
	acct, err := n.notLocal(n.account(s, ""))
	return acct, s.uncertain(err)
}

// loadAccount searches for an account with ask.
func (n *Names) loadAccount(key string, ask func(context.Context, Directory) (account.Account, error)) load {
	return func(ctx context.Context) (finding, error) {
		acct, from, err := first(ctx, n, ask)
		if err == nil {
			err = n.checkAccount(acct)
		}
		if err != nil {
			n.report(err)
			return finding{}, from.uncertain(err)
		}
		return n.accountFinding(acct, from, key), nil
	}
}

// GroupByName returns the group with this name.
func (n *Names) GroupByName(ctx context.Context, name string) (account.Group, error) {
	if group, ok := n.roleGroups.named(name, n.same); ok {
		return n.notLocalRole(group)
	}
	mayAsk := func() error { return n.mayAskFor("group", name, n.groups) }
	var space keySpace
	s, err := n.recall(ctx, n.nameKey(&space, groupByName, name), mayAsk, func(key string) load {
		return n.loadGroup(key, func(ctx context.Context, d Directory) (account.Group, error) { return d.GroupByName(ctx, name) })
	})
	if err != nil {
		return account.Group{}, err
	}
	return n.notLocalGroup(s, name)
}

// GroupByGID returns the group with this gid.
func (n *Names) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	if group, ok := n.roleGroups.numbered(gid); ok {
		return n.notLocalRole(group)
	}
	mayAsk := func() error { return mayGive("gid", gid, n.rules.CheckGID(gid), n.groups) }
	var space keySpace
	s, err := n.recall(ctx, idKey(&space, groupByGID, gid), mayAsk, func(key string) load {
		return n.loadGroup(key, func(ctx context.Context, d Directory) (account.Group, error) { return d.GroupByGID(ctx, gid) })
	})
	if err != nil {
		return account.Group{}, err
	}
	return n.notLocalGroup(s, "")
}

func (n *Names) loadGroup(key string, ask func(context.Context, Directory) (account.Group, error)) load {
	return func(ctx context.Context) (finding, error) {
		group, from, err := first(ctx, n, ask)
		if err == nil {
			group, err = n.checkedGroup(group)
		}
		if err != nil {
			n.report(err)
			return finding{}, from.uncertain(err)
		}
		return n.groupFinding(group, from, key), nil
	}
}

// GroupsOfMember returns the groups of the user, without their members, from
// the directory that has the user. A local user has none there.
func (n *Names) GroupsOfMember(ctx context.Context, name string) ([]account.Group, error) {
	if slices.ContainsFunc(n.noGroupsFor, func(user string) bool { return n.same(user, name) }) {
		return nil, nil
	}
	var space keySpace
	s, err := n.recall(ctx, n.nameKey(&space, groupsOfMember, name), func() error { return n.mayAskForUser(name) },
		func(key string) load { return n.loadMemberships(key, name) })
	if err != nil {
		return nil, err
	}
	user, groups := readMemberships(s)
	user.Name = name
	if _, err := n.notLocal(user); err != nil {
		return nil, s.uncertain(err)
	}
	local := n.groups.current()
	if s.harmless.Load() == local.generation {
		return groups, nil
	}
	kept := slices.DeleteFunc(groups, func(group account.Group) bool { return n.isLocalGroup(group, local) })
	if len(kept) == len(groups) {
		s.harmless.Store(local.generation)
	}
	return kept, nil
}

// loadMemberships finds the user, and then the groups that the user is in.
func (n *Names) loadMemberships(key, name string) load {
	return func(ctx context.Context) (finding, error) {
		s, err := n.passwd(ctx, name)
		if err != nil {
			return finding{}, err
		}
		user, began := n.account(s, name), n.memory.now()
		groups, err := n.directories[s.directory].GroupsOfMember(ctx, user.Name, user.DN)
		n.memory.heard(s.directory, began, err)
		var ofRoles []account.Group
		if err == nil {
			groups = n.allowed(groups)
			ofRoles, err = n.roleGroups.of(ctx, n.withNames(user, s), s.directory)
		}
		if err != nil { // what another directory once said counts no more
			return finding{}, &passedOver{[]int{s.directory}, s.uncertain(err)}
		}
		return membershipFinding(user, append(groups, ofRoles...), s.source, key), nil
	}
}

// allowed leaves out the groups that the rules refuse.
func (n *Names) allowed(groups []account.Group) []account.Group {
	kept := groups[:0]
	for _, group := range groups {
		group, err := n.checkedGroup(group)
		if err != nil {
			n.report(err)
			continue
		}
		kept = append(kept, group)
	}
	return kept
}

// ShadowByName returns the shadow data of the user.
func (n *Names) ShadowByName(ctx context.Context, name string) (account.Shadow, error) {
	var space keySpace
	s, err := n.recall(ctx, n.nameKey(&space, shadowByName, name), func() error { return n.mayAskForUser(name) },
		func(key string) load { return n.loadShadow(key, name) })
	if err != nil {
		return account.Shadow{}, err
	}
	shadow, err := n.notLocalShadow(readShadow(s), n.users.current())
	return shadow, s.uncertain(err)
}

func (n *Names) loadShadow(key, name string) load {
	return func(ctx context.Context) (finding, error) {
		shadow, from, err := first(ctx, n, func(ctx context.Context, d Directory) (account.Shadow, error) {
			return d.ShadowByName(ctx, name)
		})
		if err == nil {
			err = n.checkShadow(shadow)
		}
		if err != nil {
			n.report(err)
			return finding{}, from.uncertain(err)
		}
		return shadowFinding(shadow, from, key), nil
	}
}

func (n *Names) mayAskForUser(name string) error { return n.mayAskFor("user", name, n.users) }

// mayAskFor keeps names that cannot exist and local names from the directory.
func (n *Names) mayAskFor(kind, name string, local *localFile) error {
	if !n.rules.ValidName(name) {
		return fmt.Errorf("%w: %s name %s is refused (accounts.valid_names)", directory.ErrNotFound, kind, strconv.Quote(name))
	}
	if local.current().hasName(name) {
		return fmt.Errorf("%w: %s %s is local", directory.ErrNotFound, kind, strconv.Quote(name))
	}
	return nil
}

// mayGive is the same for ids. refused is what the rules say.
func mayGive(kind string, id uint32, refused error, local *localFile) error {
	if refused != nil || local.current().hasID(id) {
		return fmt.Errorf("%w: %s %d is not the directory's to give", directory.ErrNotFound, kind, id)
	}
	return nil
}
