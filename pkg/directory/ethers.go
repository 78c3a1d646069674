package directory

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// Ethers returns the names of Ethernet addresses by account.ByName, in any
// case, by account.ByEther, or all of them: one for each name and address of an
// entry. The sequence is like that of Accounts.
func (d *Directory) Ethers(ctx context.Context, key account.Key) iter.Seq2[account.Ether, error] {
	m := &d.maps.ethers
	match := m.byName(key)
	if key.By == account.ByEther { // directories have them with leading zeros and without
		match = or(m.equal("macAddress", etherText(key.Ether, "%x")), m.equal("macAddress", etherText(key.Ether, "%02x")))
	}
	return asked(ctx, d, m, question[account.Ether]{
		key: key, attributes: []string{"cn", "macAddress"}, match: match,
		parse: func(e entry) ([]account.Ether, error) {
			addresses, err := m.ethersOf(e, key)
			var all []account.Ether
			for _, name := range e.namesLike(m.attribute("cn"), key) {
				for _, address := range addresses {
					all = append(all, account.Ether{Host: name, Address: address})
				}
			}
			return all, err
		},
	})
}

// ethersOf returns the addresses of an entry: the key's if that was asked for,
// otherwise all.
func (m *mapping) ethersOf(e entry, key account.Key) ([]account.EtherAddr, error) {
	if key.By == account.ByEther {
		return []account.EtherAddr{key.Ether}, nil
	}
	attribute := m.attribute("macAddress")
	var addresses []account.EtherAddr
	for _, value := range e.values(attribute) {
		if address, ok := parseEther(value); ok {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return nil, e.bad(attribute, "no usable address")
	}
	return addresses, nil
}

// etherText writes an address with colons (ether_ntoa(3)).
func etherText(address account.EtherAddr, format string) string {
	parts := make([]string, len(address))
	for i, b := range address {
		parts[i] = fmt.Sprintf(format, b)
	}
	return strings.Join(parts, ":")
}

// parseEther reads an address with colons (ether_aton(3)).
func parseEther(text string) (address account.EtherAddr, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != len(address) {
		return address, false
	}
	for i, part := range parts {
		b, err := strconv.ParseUint(part, 16, 8)
		if err != nil || len(part) > 2 {
			return account.EtherAddr{}, false
		}
		address[i] = byte(b)
	}
	return address, true
}
