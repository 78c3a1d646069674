package server_test

import (
	"context"
	"fmt"
	"iter"
	"net/netip"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// The maps of the fake are those of the golden frames. The name "down" is in a
// directory that breaks after what it has.
var (
	labEther     = account.EtherAddr{0, 0x18, 0x8a, 0x54, 0x1a, 0x0e}
	labAddress   = netip.MustParseAddr("10.1.2.3")
	labAddresses = []netip.Addr{labAddress, netip.MustParseAddr("2001:db8::5"), {}}
	labNetgroup  = account.Netgroup{Name: "ng", Triples: []account.Triple{{Host: "h", User: "u", Domain: "d"}}, Groups: []string{"sub"}}
)

// mapOf returns the values if one of keys is asked for, or all.
func mapOf[T any](asked account.Key, keys []account.Key, values ...T) iter.Seq2[T, error] {
	if asked.By == account.ByName && asked.Name == "down" {
		return sequence(fmt.Errorf("search: %w", directory.ErrUnavailable), values...)
	}
	for _, key := range append(keys, account.Key{By: account.All}) {
		if key == asked {
			return sequence(nil, values...)
		}
	}
	return sequence[T](nil)
}

func (f *fake) Aliases(_ context.Context, key account.Key) iter.Seq2[account.Alias, error] {
	return mapOf(key, []account.Key{{Name: "mal"}}, account.Alias{Name: "mal", Recipients: []string{"a@b", "c@d"}})
}

func (f *fake) Ethers(_ context.Context, key account.Key) iter.Seq2[account.Ether, error] {
	second := account.Ether{Host: "h1a", Address: labEther}
	if key.By == account.ByName {
		return mapOf(key, []account.Key{{Name: "h1a"}}, second)
	}
	return mapOf(key, []account.Key{{By: account.ByEther, Ether: labEther}}, account.Ether{Host: "h1", Address: labEther}, second)
}

func (f *fake) Hosts(_ context.Context, key account.Key) iter.Seq2[account.Host, error] {
	return mapOf(key, []account.Key{{Name: "h1"}, {By: account.ByAddress, Address: labAddress}},
		account.Host{Name: "h1", Aliases: []string{"h1a"}, Addresses: labAddresses})
}

func (f *fake) Netgroups(_ context.Context, key account.Key) iter.Seq2[account.Netgroup, error] {
	return mapOf(key, []account.Key{{Name: "ng"}}, labNetgroup)
}

func (f *fake) Networks(_ context.Context, key account.Key) iter.Seq2[account.Network, error] {
	return mapOf(key, []account.Key{{Name: "lan"}, {By: account.ByAddress, Address: labAddress}},
		account.Network{Name: "lan", Addresses: labAddresses[:1]})
}

func (f *fake) Protocols(_ context.Context, key account.Key) iter.Seq2[account.Protocol, error] {
	return mapOf(key, []account.Key{{Name: "palias"}, {By: account.ByNumber, Number: 254}},
		account.Protocol{Name: "prot", Aliases: []string{"palias"}, Number: 254})
}

func (f *fake) RPCs(_ context.Context, key account.Key) iter.Seq2[account.RPC, error] {
	return mapOf(key, []account.Key{{Name: "rpcx"}, {By: account.ByNumber, Number: 150001}}, account.RPC{Name: "rpcx", Number: 150001})
}

func (f *fake) Services(_ context.Context, key account.Key) iter.Seq2[account.Service, error] {
	return mapOf(key, []account.Key{{Name: "ssvcalias", Protocol: "udp"}, {By: account.ByNumber, Number: 4242}},
		account.Service{Name: "ssvc", Aliases: []string{"ssvcalias"}, Port: 4242, Protocol: "udp"})
}
