package names

import (
	"context"
	"iter"

	"github.com/goldap/goldap/pkg/account"
)

// The maps that have nothing to do with logins. nsswitch.conf(5) says whether
// local files come before them; entries of several directories do not mix: the
// first that has an answer to a key gives it, and account.All asks each. The
// sequences are like that of Passwds.

// Aliases returns mail aliases.
func (n *Names) Aliases(ctx context.Context, key account.Key) iter.Seq2[account.Alias, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Alias, error] { return d.Aliases(ctx, key) })
}

// Ethers returns names of Ethernet addresses.
func (n *Names) Ethers(ctx context.Context, key account.Key) iter.Seq2[account.Ether, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Ether, error] { return d.Ethers(ctx, key) })
}

// Hosts returns hosts.
func (n *Names) Hosts(ctx context.Context, key account.Key) iter.Seq2[account.Host, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Host, error] { return d.Hosts(ctx, key) })
}

// Netgroups returns netgroups.
func (n *Names) Netgroups(ctx context.Context, key account.Key) iter.Seq2[account.Netgroup, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Netgroup, error] { return d.Netgroups(ctx, key) })
}

// Networks returns networks.
func (n *Names) Networks(ctx context.Context, key account.Key) iter.Seq2[account.Network, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Network, error] { return d.Networks(ctx, key) })
}

// Protocols returns IP protocols.
func (n *Names) Protocols(ctx context.Context, key account.Key) iter.Seq2[account.Protocol, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Protocol, error] { return d.Protocols(ctx, key) })
}

// RPCs returns RPC programs.
func (n *Names) RPCs(ctx context.Context, key account.Key) iter.Seq2[account.RPC, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.RPC, error] { return d.RPCs(ctx, key) })
}

// Services returns services.
func (n *Names) Services(ctx context.Context, key account.Key) iter.Seq2[account.Service, error] {
	return answered(n, key, func(d Directory) iter.Seq2[account.Service, error] { return d.Services(ctx, key) })
}

// answered returns what the first directory has that has anything, or for
// account.All what all have.
func answered[V any](n *Names, key account.Key, ask func(Directory) iter.Seq2[V, error]) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		done := false
		unlessDone := func(d Directory) iter.Seq2[V, error] {
			if done {
				return func(func(V, error) bool) {}
			}
			return ask(d)
		}
		believed(n, unlessDone, func(value V) (V, error) {
			done = key.By != account.All
			return value, nil
		})(yield)
	}
}
