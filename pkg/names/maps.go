package names

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// The maps that have nothing to do with logins. nsswitch.conf(5) says whether
// local files come before them; entries of several directories do not mix: the
// first that has an answer to a key gives it, and account.All asks each. The
// sequences are like that of Passwds.

// otherMap says how one of these maps is asked, checked and remembered.
type otherMap[V any] struct {
	kind byte // of its keys
	// folds: accounts.ignore_case is about the names in it.
	folds bool
	ask   func(Directory, context.Context, account.Key) iter.Seq2[V, error]
	// check leaves out what is hostile, or refuses the entry.
	check  func(*Names, V) (V, error)
	pack   func(*packer, V)
	unpack func(*unpacker) V
}

var (
	aliases = otherMap[account.Alias]{
		kind: 1, ask: Directory.Aliases, check: (*Names).checkAlias,
		pack: func(p *packer, a account.Alias) { p.string(a.Name); p.list(a.Recipients) },
		unpack: func(u *unpacker) account.Alias {
			return account.Alias{Name: u.string(), Recipients: u.list()}
		},
	}
	ethers = otherMap[account.Ether]{
		kind: 2, ask: Directory.Ethers, check: (*Names).checkEther,
		pack: func(p *packer, e account.Ether) { p.string(e.Host); p.string(string(e.Address[:])) },
		unpack: func(u *unpacker) account.Ether {
			return account.Ether{Host: u.string(), Address: account.EtherAddr([]byte(u.string()))}
		},
	}
	hosts = otherMap[account.Host]{
		kind: 3, ask: Directory.Hosts, check: (*Names).checkHost, pack: packHost, unpack: unpackHost,
	}
	netgroups = otherMap[account.Netgroup]{
		kind: 4, folds: true, ask: Directory.Netgroups, check: (*Names).checkNetgroup, pack: packNetgroup, unpack: unpackNetgroup,
	}
	networks = otherMap[account.Network]{
		kind: 5, ask: Directory.Networks,
		check: func(n *Names, v account.Network) (account.Network, error) {
			host, err := n.checkHost(account.Host(v))
			return account.Network(host), err
		},
		pack:   func(p *packer, v account.Network) { packHost(p, account.Host(v)) },
		unpack: func(u *unpacker) account.Network { return account.Network(unpackHost(u)) },
	}
	protocols = otherMap[account.Protocol]{
		kind: 6, folds: true, ask: Directory.Protocols, check: (*Names).checkProtocol, pack: packProtocol, unpack: unpackProtocol,
	}
	rpcs = otherMap[account.RPC]{
		kind: 7, folds: true, ask: Directory.RPCs,
		check: func(n *Names, v account.RPC) (account.RPC, error) {
			protocol, err := n.checkProtocol(account.Protocol(v))
			return account.RPC(protocol), err
		},
		pack:   func(p *packer, v account.RPC) { packProtocol(p, account.Protocol(v)) },
		unpack: func(u *unpacker) account.RPC { return account.RPC(unpackProtocol(u)) },
	}
	services = otherMap[account.Service]{
		kind: 8, folds: true, ask: Directory.Services, check: (*Names).checkService,
		pack: func(p *packer, s account.Service) {
			p.string(s.Name)
			p.list(s.Aliases)
			p.number(uint32(s.Port))
			p.string(s.Protocol)
		},
		unpack: func(u *unpacker) account.Service {
			return account.Service{Name: u.string(), Aliases: u.list(), Port: int32(u.number()), Protocol: u.string()}
		},
	}
)

// Aliases returns mail aliases.
func (n *Names) Aliases(ctx context.Context, key account.Key) iter.Seq2[account.Alias, error] {
	return answered(ctx, n, &aliases, key)
}

// Ethers returns names of Ethernet addresses.
func (n *Names) Ethers(ctx context.Context, key account.Key) iter.Seq2[account.Ether, error] {
	return answered(ctx, n, &ethers, key)
}

// Hosts returns hosts.
func (n *Names) Hosts(ctx context.Context, key account.Key) iter.Seq2[account.Host, error] {
	return answered(ctx, n, &hosts, key)
}

// Netgroups returns netgroups.
func (n *Names) Netgroups(ctx context.Context, key account.Key) iter.Seq2[account.Netgroup, error] {
	return answered(ctx, n, &netgroups, key)
}

// Networks returns networks.
func (n *Names) Networks(ctx context.Context, key account.Key) iter.Seq2[account.Network, error] {
	return answered(ctx, n, &networks, key)
}

// Protocols returns IP protocols.
func (n *Names) Protocols(ctx context.Context, key account.Key) iter.Seq2[account.Protocol, error] {
	return answered(ctx, n, &protocols, key)
}

// RPCs returns RPC programs.
func (n *Names) RPCs(ctx context.Context, key account.Key) iter.Seq2[account.RPC, error] {
	return answered(ctx, n, &rpcs, key)
}

// Services returns services.
func (n *Names) Services(ctx context.Context, key account.Key) iter.Seq2[account.Service, error] {
	return answered(ctx, n, &services, key)
}

// answered returns the entries with a key, from memory or from the first
// directory that has any, and for account.All what all have.
func answered[V any](ctx context.Context, n *Names, m *otherMap[V], key account.Key) iter.Seq2[V, error] {
	if key.By == account.All {
		return believed(n, func(d Directory) iter.Seq2[V, error] { return m.ask(d, ctx, key) },
			func(value V, _ keep) (V, error) {
				value, err := m.check(n, value)
				n.report(err)
				return value, err
			})
	}
	return func(yield func(V, error) bool) {
		var space keySpace
		k := mapKey(&space, m.kind, key, n.ignoreCase && m.folds)
		s, err := n.recall(ctx, k, func() error { return nil }, func(text string) load { return loadMap(n, m, key, text) })
		if isAbsent(err) {
			return
		}
		if err != nil {
			var none V
			yield(none, err)
			return
		}
		u := s.contents()
		for range u.count() {
			if !yield(m.unpack(&u), nil) {
				return
			}
		}
	}
}

// loadMap searches for the entries with a key.
func loadMap[V any](n *Names, m *otherMap[V], key account.Key, text string) load {
	return func(ctx context.Context) (finding, error) {
		all, from, err := first(ctx, n, func(ctx context.Context, d Directory) ([]V, error) {
			return collect(n, m, m.ask(d, ctx, key))
		})
		if err != nil {
			return finding{}, from.uncertain(err)
		}
		return finding{source: from, record: newRecord([]string{text}, func(p *packer) {
			p.count(len(all))
			for _, value := range all {
				m.pack(p, value)
			}
		})}, nil
	}
}

// errNothing is an ErrNotFound that may have come without asking: a map without
// a base is empty.
var errNothing = fmt.Errorf("%w in this map", directory.ErrNotFound)

// collect returns the believed values of a sequence; none is errNothing.
func collect[V any](n *Names, m *otherMap[V], values iter.Seq2[V, error]) ([]V, error) {
	var all []V
	for value, err := range values {
		if err == nil {
			value, err = m.check(n, value)
		}
		n.report(err)
		switch {
		case err == nil:
			all = append(all, value)
		case !errors.Is(err, directory.ErrBadEntry):
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errNothing
	}
	return all, nil
}

func packHost(p *packer, h account.Host) {
	p.string(h.Name)
	p.list(h.Aliases)
	p.count(len(h.Addresses))
	for _, address := range h.Addresses {
		p.string(string(address.AsSlice()))
	}
}

func unpackHost(u *unpacker) account.Host {
	h := account.Host{Name: u.string(), Aliases: u.list()}
	for range u.count() {
		address, _ := netip.AddrFromSlice([]byte(u.string())) // none stays none
		h.Addresses = append(h.Addresses, address)
	}
	return h
}

func packNetgroup(p *packer, g account.Netgroup) {
	p.string(g.Name)
	p.list(g.Groups)
	p.count(len(g.Triples))
	for _, t := range g.Triples {
		p.string(t.Host)
		p.string(t.User)
		p.string(t.Domain)
	}
}

func unpackNetgroup(u *unpacker) account.Netgroup {
	g := account.Netgroup{Name: u.string(), Groups: u.list()}
	for range u.count() {
		g.Triples = append(g.Triples, account.Triple{Host: u.string(), User: u.string(), Domain: u.string()})
	}
	return g
}

func packProtocol(p *packer, v account.Protocol) {
	p.string(v.Name)
	p.list(v.Aliases)
	p.number(uint32(v.Number))
}

func unpackProtocol(u *unpacker) account.Protocol {
	return account.Protocol{Name: u.string(), Aliases: u.list(), Number: int32(u.number())}
}
