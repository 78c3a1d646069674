package directory

import (
	"context"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// Hosts returns hosts by account.ByName, in any case, by account.ByAddress, or
// all of them. An IPv6 address is found with its zeros cut as RFC 5952 has it,
// with the leading zeros of its parts cut, and with all zeros. The sequence is like that of Accounts.
func (d *Directory) Hosts(ctx context.Context, key account.Key) iter.Seq2[account.Host, error] {
	return d.addressed(ctx, &d.maps.hosts, "ipHostNumber", key)
}

// addressed is what hosts and networks have in common: names and addresses.
func (d *Directory) addressed(ctx context.Context, m *mapping, attribute string, key account.Key) iter.Seq2[account.Host, error] {
	match := m.byName(key)
	if key.By == account.ByAddress {
		var spellings []filter
		for _, text := range addressTexts(key.Address) {
			spellings = append(spellings, m.equal(attribute, text))
		}
		match = or(spellings...)
	}
	return asked(ctx, d, m, question[account.Host]{
		key: key, attributes: []string{"cn", attribute}, match: match,
		parse: func(e entry) ([]account.Host, error) {
			if len(e.namesLike(m.attribute("cn"), key)) == 0 {
				return nil, nil
			}
			name, aliases, err := e.names(m.attribute("cn"))
			addresses := e.addresses(m.attribute(attribute))
			if err == nil && len(addresses) == 0 {
				err = e.bad(attribute, "there is no address")
			}
			return one(account.Host{Name: name, Aliases: aliases, Addresses: addresses}, err)
		},
	})
}

// addressTexts are the ways in which directories spell an address.
func addressTexts(address netip.Addr) []string {
	if !address.IsValid() {
		return nil
	}
	usual, expanded := address.String(), address.StringExpanded()
	if address.Is4() || address.Is4In6() {
		return []string{usual}
	}
	parts := strings.Split(expanded, ":")
	for i, part := range parts {
		if parts[i] = strings.TrimLeft(part, "0"); parts[i] == "" {
			parts[i] = "0"
		}
	}
	texts := []string{usual, strings.Join(parts, ":"), expanded}
	slices.Sort(texts)
	return slices.Compact(texts)
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
