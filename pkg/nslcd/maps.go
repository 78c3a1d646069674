package nslcd

import (
	"fmt"
	"net/netip"

	"github.com/goldap/goldap/pkg/account"
)

// Address families as Linux numbers them; familyNone stands in an answer for
// an address of the directory that is none.
const (
	familyIPv4 = 2
	familyIPv6 = 10
	familyNone = -1
)

// What introduces a member of a netgroup.
const (
	memberGroup  = 1
	memberTriple = 2
	memberEnd    = 3
)

// addressLength returns how many bytes an address of the family has.
func addressLength(family int32) (int, error) {
	switch family {
	case familyIPv4:
		return 4, nil
	case familyIPv6:
		return 16, nil
	case familyNone:
		return 0, nil
	}
	return 0, fmt.Errorf("%d: %w", family, ErrFamily)
}

// address writes an ADDRESS; the zero netip.Addr has no family.
func (w *writer) address(address netip.Addr) {
	switch {
	case address.Is4():
		w.int32(familyIPv4)
	case address.Is6():
		w.int32(familyIPv6)
	default:
		w.int32(familyNone)
	}
	raw := address.AsSlice()
	w.int32(int32(len(raw)))
	w.raw(raw)
}

// raw writes bytes as they are.
func (w *writer) raw(bytes []byte) {
	if w.err == nil {
		w.buf = append(w.buf, bytes...)
	}
}

// list writes a STRINGLIST.
func (w *writer) list(texts []string) {
	w.int32(int32(len(texts)))
	for _, text := range texts {
		w.string(text, MaxEntry)
	}
}

// address reads an ADDRESS.
func (r *reader) address() (netip.Addr, error) {
	family, err := r.int32()
	if err != nil {
		return netip.Addr{}, err
	}
	want, err := addressLength(family)
	if err != nil {
		return netip.Addr{}, err
	}
	length, err := r.length(want)
	if err != nil {
		return netip.Addr{}, noEnd(err)
	}
	if length != want {
		return netip.Addr{}, fmt.Errorf("address of %d bytes instead of %d: %w", length, want, ErrLength)
	}
	raw := make([]byte, length)
	if err := r.read(raw); err != nil {
		return netip.Addr{}, noEnd(err)
	}
	address, _ := netip.AddrFromSlice(raw) // the zero address of none
	return address, nil
}

var numberField = field{
	name:   "number",
	decode: func(in *reader, r *Request) (err error) { r.Number, err = in.int32(); return err },
	encode: func(out *writer, r Request) { out.int32(r.Number) },
}

var protocolField = stringField("protocol", func(r *Request) *string { return &r.Protocol })

// etherField is six bytes without a length.
var etherField = field{
	name:   "ether",
	decode: func(in *reader, r *Request) error { return in.read(r.Ether[:]) },
	encode: func(out *writer, r Request) { out.raw(r.Ether[:]) },
}

var addressField = field{
	name: "address",
	decode: func(in *reader, r *Request) (err error) {
		if r.Address, err = in.address(); err == nil && !r.Address.IsValid() {
			err = ErrFamily
		}
		return err
	},
	encode: func(out *writer, r Request) { out.address(r.Address) },
}

// Alias appends an entry of the aliases map.
func (r *Response) Alias(a account.Alias) error {
	return r.entry(func(out *writer) {
		out.string(a.Name, MaxEntry)
		out.list(a.Recipients)
	})
}

// Ether appends an entry of the ethers map.
func (r *Response) Ether(e account.Ether) error {
	return r.entry(func(out *writer) {
		out.string(e.Host, MaxEntry)
		out.raw(e.Address[:])
	})
}

// Host appends an entry of the hosts map.
func (r *Response) Host(h account.Host) error {
	return r.entry(func(out *writer) {
		out.string(h.Name, MaxEntry)
		out.list(h.Aliases)
		out.int32(int32(len(h.Addresses)))
		for _, address := range h.Addresses {
			out.address(address)
		}
	})
}

// Network appends an entry of the networks map.
func (r *Response) Network(n account.Network) error { return r.Host(account.Host(n)) }

// Netgroup appends an entry of the netgroup map: the triples, then the groups.
func (r *Response) Netgroup(g account.Netgroup) error {
	return r.entry(func(out *writer) {
		out.string(g.Name, MaxEntry)
		for _, triple := range g.Triples {
			out.int32(memberTriple)
			out.string(triple.Host, MaxEntry)
			out.string(triple.User, MaxEntry)
			out.string(triple.Domain, MaxEntry)
		}
		for _, group := range g.Groups {
			out.int32(memberGroup)
			out.string(group, MaxEntry)
		}
		out.int32(memberEnd)
	})
}

// Protocol appends an entry of the protocols map.
func (r *Response) Protocol(p account.Protocol) error {
	return r.entry(func(out *writer) {
		out.string(p.Name, MaxEntry)
		out.list(p.Aliases)
		out.int32(p.Number)
	})
}

// RPC appends an entry of the rpc map.
func (r *Response) RPC(p account.RPC) error { return r.Protocol(account.Protocol(p)) }

// Service appends an entry of the services map.
func (r *Response) Service(s account.Service) error {
	return r.entry(func(out *writer) {
		out.string(s.Name, MaxEntry)
		out.list(s.Aliases)
		out.int32(s.Port)
		out.string(s.Protocol, MaxEntry)
	})
}
