package directory

import (
	"context"
	"iter"

	"github.com/goldap/goldap/pkg/account"
)

// maxProtocol is the largest number of an IP protocol (RFC 791): one byte.
const maxProtocol = 255

// Protocols returns IP protocols by account.ByName, by account.ByNumber, or all
// of them. The sequence is like that of Accounts.
func (d *Directory) Protocols(ctx context.Context, key account.Key) iter.Seq2[account.Protocol, error] {
	return d.numbered(ctx, &d.maps.protocols, "ipProtocolNumber", maxProtocol, key)
}

// numbered is what protocols and RPC programs have in common: names and a
// number from 0 on.
func (d *Directory) numbered(ctx context.Context, m *mapping, attribute string, highest int64, key account.Key) iter.Seq2[account.Protocol, error] {
	return asked(ctx, d, m, question[account.Protocol]{
		key: key, attributes: []string{"cn", attribute}, match: m.byNumber(attribute, key),
		parse: func(e entry) ([]account.Protocol, error) {
			name, aliases, err := e.names(m.attribute("cn"))
			if err != nil {
				return nil, err
			}
			if !m.hasName(key, e) {
				return nil, nil
			}
			number, err := e.number(m.attribute(attribute), key, 0, highest)
			return one(account.Protocol{Name: name, Aliases: aliases, Number: number}, err)
		},
	})
}
