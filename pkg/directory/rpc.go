package directory

import (
	"context"
	"iter"
	"math"

	"github.com/goldap/goldap/pkg/account"
)

// RPCs returns RPC programs as Protocols returns protocols.
func (d *Directory) RPCs(ctx context.Context, key account.Key) iter.Seq2[account.RPC, error] {
	return func(yield func(account.RPC, error) bool) {
		for protocol, err := range d.numbered(ctx, &d.maps.rpc, "oncRpcNumber", math.MaxInt32, key) {
			if !yield(account.RPC(protocol), err) {
				return
			}
		}
	}
}
