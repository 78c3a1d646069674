package directory

import (
	"context"
	"iter"

	"github.com/goldap/goldap/pkg/account"
)

// Networks returns networks as Hosts returns hosts. The addresses have all four
// parts, such as 10.0.0.0.
func (d *Directory) Networks(ctx context.Context, key account.Key) iter.Seq2[account.Network, error] {
	return func(yield func(account.Network, error) bool) {
		for host, err := range d.addressed(ctx, &d.maps.networks, "ipNetworkNumber", key) {
			if !yield(account.Network(host), err) {
				return
			}
		}
	}
}
