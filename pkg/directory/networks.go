package directory

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"github.com/goldap/goldap/pkg/account"
)

// Networks returns networks as Hosts returns hosts. The addresses have all four
// parts, such as 10.0.0.0. IPv6 is left out: the C library has no such networks
// (getnetent(3)), and the stock libnss_ldap.so.2 loses what comes after one.
func (d *Directory) Networks(ctx context.Context, key account.Key) iter.Seq2[account.Network, error] {
	return func(yield func(account.Network, error) bool) {
		for host, err := range d.addressed(ctx, &d.maps.networks, "ipNetworkNumber", key) {
			host.Addresses = slices.DeleteFunc(host.Addresses, netip.Addr.Is6)
			if err == nil && len(host.Addresses) == 0 {
				continue
			}
			if !yield(account.Network(host), err) {
				return
			}
		}
	}
}
