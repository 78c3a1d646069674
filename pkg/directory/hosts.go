package directory

import (
	"context"
	"iter"
	"net/netip"

	"github.com/goldap/goldap/pkg/account"
)

// Hosts returns hosts by account.ByName, in any case, by account.ByAddress, or
// all of them. An address is found in the spelling of inet_ntop(3) only. The
// sequence is like that of Accounts.
func (d *Directory) Hosts(ctx context.Context, key account.Key) iter.Seq2[account.Host, error] {
	return d.addressed(ctx, &d.maps.hosts, "ipHostNumber", key)
}

// addressed is what hosts and networks have in common: names and addresses.
func (d *Directory) addressed(ctx context.Context, m *mapping, attribute string, key account.Key) iter.Seq2[account.Host, error] {
	match := m.byName(key)
	if key.By == account.ByAddress {
		match = m.equal(attribute, key.Address.String())
	}
	return asked(ctx, d, m, question[account.Host]{
		key: key, attributes: []string{"cn", attribute}, match: match,
		parse: func(e entry) ([]account.Host, error) {
			if len(e.namesLike(m.attribute("cn"), key)) == 0 {
				return nil, nil
			}
			name, aliases, err := e.names(m.attribute("cn"))
			return one(account.Host{Name: name, Aliases: aliases, Addresses: e.addresses(m.attribute(attribute))}, err)
		},
	})
}

// addresses returns the values of an attribute as addresses; what is none is
// the zero netip.Addr, as callers count them.
func (e entry) addresses(attribute string) []netip.Addr {
	var all []netip.Addr
	for _, value := range e.values(attribute) {
		address, err := netip.ParseAddr(value)
		if err != nil || address.Zone() != "" {
			address = netip.Addr{}
		}
		all = append(all, address)
	}
	return all
}
