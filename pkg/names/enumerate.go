package names

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Passwds returns the accounts of all directories that this machine believes,
// read while the sequence is consumed. An error is the last element; a sequence
// without one is complete. A name that several directories have comes once for
// each, in their order.
func (n *Names) Passwds(ctx context.Context) iter.Seq2[account.Account, error] {
	return believed(n, func(d Directory) iter.Seq2[account.Account, error] { return d.Accounts(ctx) },
		func(acct account.Account) (account.Account, error) { return acct, n.checkAccount(acct) })
}

// Groups returns the groups, with the members that can be users, as Passwds
// returns accounts.
func (n *Names) Groups(ctx context.Context) iter.Seq2[account.Group, error] {
	return believed(n, func(d Directory) iter.Seq2[account.Group, error] { return d.Groups(ctx) },
		func(group account.Group) (account.Group, error) { return n.checkedGroup(group, nil) })
}

// Shadows returns the ageing data of all users that are not local, as Passwds
// returns accounts.
func (n *Names) Shadows(ctx context.Context) iter.Seq2[account.Shadow, error] {
	return believed(n, func(d Directory) iter.Seq2[account.Shadow, error] { return d.Shadows(ctx) },
		func(shadow account.Shadow) (account.Shadow, error) { return shadow, n.checkShadow(shadow) })
}

func (n *Names) checkShadow(shadow account.Shadow) error {
	if !n.rules.ValidName(shadow.Name) || n.users.hasName(shadow.Name) {
		return fmt.Errorf("%w: shadow data of %s: the user name is refused or local", directory.ErrBadEntry, strconv.Quote(shadow.Name))
	}
	return nil
}

// believed returns what all directories have, without what check refuses.
func believed[V any](n *Names, all func(Directory) iter.Seq2[V, error], check func(V) (V, error)) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for _, d := range n.directories {
			for value, err := range all(d) {
				if err == nil {
					value, err = check(value)
				}
				if errors.Is(err, directory.ErrBadEntry) {
					n.report(err)
					continue
				}
				if !yield(value, err) || err != nil {
					return
				}
			}
		}
	}
}
