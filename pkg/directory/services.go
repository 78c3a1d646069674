package directory

import (
	"context"
	"iter"

	"github.com/goldap/goldap/pkg/account"
)

// maxPort is the largest port (RFC 9293).
const maxPort = 65535

// Services returns services by account.ByName or by account.ByNumber, perhaps
// of one protocol, or all of them: one for each protocol of an entry. The
// sequence is like that of Accounts.
func (d *Directory) Services(ctx context.Context, key account.Key) iter.Seq2[account.Service, error] {
	m := &d.maps.services
	match := m.byNumber("ipServicePort", key)
	if match.text != "" && key.Protocol != "" {
		if !canExist(key.Protocol) {
			match = filter{}
		} else {
			match = and(match, m.equal("ipServiceProtocol", key.Protocol))
		}
	}
	return asked(ctx, d, m, question[account.Service]{
		key: key, attributes: []string{"cn", "ipServicePort", "ipServiceProtocol"}, match: match,
		parse: func(e entry) ([]account.Service, error) { return m.services(e, key) },
	})
}

// services returns a service for each protocol of an entry.
func (m *mapping) services(e entry, key account.Key) ([]account.Service, error) {
	name, aliases, err := e.names(m.attribute("cn"))
	if err != nil {
		return nil, err
	}
	if !m.hasName(key, e) {
		return nil, nil
	}
	port, err := e.number(m.attribute("ipServicePort"), key, 1, maxPort)
	if err != nil {
		return nil, err
	}
	var all []account.Service
	for _, protocol := range e.values(m.attribute("ipServiceProtocol")) {
		asked := key.Protocol == "" || protocol == key.Protocol || m.ignoreCase && account.SameLetters(protocol, key.Protocol)
		if asked && printable(protocol) {
			all = append(all, account.Service{Name: name, Aliases: aliases, Port: port, Protocol: protocol})
		}
	}
	return all, nil
}
