package nslcd

import (
	"fmt"
	"net/netip"

	"github.com/goldap/goldap/pkg/account"
)

// read reads an entry of a map into value, whose fields are to.
func read[T any](r *AnswerReader, name string, value *T, to ...any) (T, error) {
	if err := r.entry(to...); err != nil {
		var none T
		return none, fmt.Errorf("%s entry: %w", name, err)
	}
	return *value, nil
}

// Alias reads an entry of the aliases map.
func (r *AnswerReader) Alias() (account.Alias, error) {
	a := &account.Alias{}
	return read(r, "alias", a, &a.Name, &a.Recipients)
}

// Ether reads an entry of the ethers map.
func (r *AnswerReader) Ether() (account.Ether, error) {
	e := &account.Ether{}
	return read(r, "ether", e, &e.Host, &e.Address)
}

// Host reads an entry of the hosts map.
func (r *AnswerReader) Host() (account.Host, error) {
	h := &account.Host{}
	return read(r, "host", h, &h.Name, &h.Aliases, &h.Addresses)
}

// Network reads an entry of the networks map.
func (r *AnswerReader) Network() (account.Network, error) {
	host, err := r.Host()
	return account.Network(host), err
}

// Protocol reads an entry of the protocols map.
func (r *AnswerReader) Protocol() (account.Protocol, error) {
	p := &account.Protocol{}
	return read(r, "protocol", p, &p.Name, &p.Aliases, &p.Number)
}

// RPC reads an entry of the rpc map.
func (r *AnswerReader) RPC() (account.RPC, error) {
	p, err := r.Protocol()
	return account.RPC(p), err
}

// Service reads an entry of the services map.
func (r *AnswerReader) Service() (account.Service, error) {
	s := &account.Service{}
	return read(r, "service", s, &s.Name, &s.Aliases, &s.Port, &s.Protocol)
}

// Netgroup reads an entry of the netgroup map.
func (r *AnswerReader) Netgroup() (account.Netgroup, error) {
	g := &account.Netgroup{}
	if _, err := read(r, "netgroup", g, &g.Name); err != nil {
		return account.Netgroup{}, err
	}
	for {
		more, err := r.member(g)
		if err != nil {
			return account.Netgroup{}, fmt.Errorf("netgroup entry: %w", noEnd(err))
		}
		if !more {
			return *g, nil
		}
	}
}

// member reads one member of a netgroup, and reports whether there was one.
func (r *AnswerReader) member(g *account.Netgroup) (bool, error) {
	kind, err := r.in.int32()
	if err != nil {
		return false, err
	}
	switch kind {
	case memberTriple:
		var t account.Triple
		err = r.entry(&t.Host, &t.User, &t.Domain)
		g.Triples = append(g.Triples, t)
	case memberGroup:
		var name string
		err = r.entry(&name)
		g.Groups = append(g.Groups, name)
	case memberEnd:
		return false, nil
	default:
		err = fmt.Errorf("netgroup member of type %d: %w", kind, ErrMarker)
	}
	return true, err
}

// addresses reads an ADDRESSLIST, as list reads a STRINGLIST.
func (r *AnswerReader) addresses() ([]netip.Addr, error) {
	const words = 8 // family and length
	count, err := r.in.length(r.in.left / words)
	if err != nil || count == 0 {
		return nil, err
	}
	list := make([]netip.Addr, 0, min(count, 64))
	for range count {
		address, err := r.in.address()
		if err != nil {
			return nil, err
		}
		list = append(list, address)
	}
	return list, nil
}
