package names

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Passwds returns the accounts of all directories that this machine believes,
// read while the sequence is consumed, and remembers them. An error is the last
// element; a sequence without one is complete. A name that several directories
// have comes once for each, in their order.
func (n *Names) Passwds(ctx context.Context) iter.Seq2[account.Account, error] {
	local := locals{names: n}
	allow := func(acct account.Account) (account.Account, error) {
		users, groups := local.current()
		return n.notAmong(acct, users, groups)
	}
	return relisted(n, passwdByName, n.account, allow, func(l *listing) iter.Seq2[account.Account, error] {
		return believed(n, func(d Directory) iter.Seq2[account.Account, error] { return d.Accounts(ctx) },
			func(acct account.Account, keep keep) (account.Account, error) {
				if err := n.checkAccount(acct); err != nil {
					n.report(err)
					return account.Account{}, err
				}
				keep(func(index int) finding {
					return l.add(n.accountFinding(acct, source{directory: index}, n.keyOf(passwdByName, acct.Name)), acct.Name, n.memory.longest())
				})
				return allow(acct)
			})
	})
}

// Groups returns the groups, with the members that can be users, as Passwds
// returns accounts.
func (n *Names) Groups(ctx context.Context) iter.Seq2[account.Group, error] {
	local := locals{names: n}
	allow := func(group account.Group) (account.Group, error) {
		users, groups := local.current()
		if n.isLocalGroup(group, groups) {
			return account.Group{}, directory.ErrBadEntry
		}
		group.Members, _ = withoutLocals(group.Members, users)
		return group, nil
	}
	return n.withRoleGroups(relisted(n, groupByName, n.group, allow, func(l *listing) iter.Seq2[account.Group, error] {
		return believed(n, func(d Directory) iter.Seq2[account.Group, error] { return d.Groups(ctx) },
			func(group account.Group, keep keep) (account.Group, error) {
				group, err := n.checkedGroup(group)
				if err != nil {
					n.report(err)
					return account.Group{}, err
				}
				keep(func(index int) finding {
					return l.add(n.groupFinding(group, source{directory: index}, n.keyOf(groupByName, group.Name)), group.Name, n.memory.longest())
				})
				return allow(group)
			})
	}))
}

// Shadows returns the ageing data of all users that are not local, as Passwds
// returns accounts; it does not remember them.
func (n *Names) Shadows(ctx context.Context) iter.Seq2[account.Shadow, error] {
	local := locals{names: n}
	return believed(n, func(d Directory) iter.Seq2[account.Shadow, error] { return d.Shadows(ctx) },
		func(shadow account.Shadow, _ keep) (account.Shadow, error) {
			if err := n.checkShadow(shadow); err != nil {
				n.report(err)
				return account.Shadow{}, err
			}
			users, _ := local.current()
			return n.notLocalShadow(shadow, users)
		})
}

// locals are the local users and groups for an enumeration, which would spend a
// third of its time on looking whether the files have changed since the last
// entry. They are localsAge old at most.
type locals struct {
	names         *Names
	users, groups *localNames
	read          time.Time
}

func (l *locals) current() (users, groups *localNames) {
	if l.users == nil || time.Since(l.read) >= localsAge {
		l.users, l.groups, l.read = l.names.users.current(), l.names.groups.current(), time.Now()
	}
	return l.users, l.groups
}

func (n *Names) keyOf(kind byte, name string) string {
	return string(n.nameKey(new(keySpace), kind, name))
}

// maxKept bounds the entries that one enumeration adds to the memory, which
// would otherwise grow with the directory.
const maxKept = 20_000

// keep remembers an entry of an enumeration.
type keep func(pack func(index int) finding)

// believed returns what all directories have, without what check refuses. An
// entry is as old as the enumeration, whenever the caller takes it; what
// another directory has is not remembered, since the earlier ones were not
// asked for the name.
func believed[V any](n *Names, all func(Directory) iter.Seq2[V, error], check func(V, keep) (V, error)) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for index, d := range n.directories {
			began, generation := n.memory.mark()
			kept := 0
			keep := func(pack func(index int) finding) {
				if index == 0 && n.memory.ttl > 0 && n.memory.keep(pack(index), began, generation, kept < maxKept) {
					kept++
				}
			}
			for value, err := range all(d) {
				if err == nil {
					value, err = check(value, keep)
				} else {
					n.report(err)
				}
				if errors.Is(err, directory.ErrBadEntry) {
					continue
				}
				if !yield(value, err) || err != nil {
					return
				}
			}
		}
	}
}
