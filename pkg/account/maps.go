package account

import "net/netip"

// By says what the entries of a map are looked for by.
type By int

// The ways to ask a map.
const (
	ByName    By = iota // Key.Name
	ByNumber            // Key.Number
	ByAddress           // Key.Address
	ByEther             // Key.Ether
	All                 // every entry
)

// Key says which entries of a map are asked for.
type Key struct {
	By   By
	Name string
	// Protocol narrows a question for services; empty means any.
	Protocol string
	// Number is a protocol's, an RPC program's, or a port.
	Number  int32
	Address netip.Addr
	Ether   EtherAddr
}

// EtherAddr is an Ethernet address.
type EtherAddr [6]byte

// Alias is a mail alias (nisMailAlias).
type Alias struct {
	Name       string
	Recipients []string
}

// Ether is the name of an Ethernet address (ieee802Device, RFC 2307).
type Ether struct {
	Host    string
	Address EtherAddr
}

// Host is an ipHost (RFC 2307): a name, other names for it, and addresses. An
// address that the directory has and that is none is the zero netip.Addr.
type Host struct {
	Name      string
	Aliases   []string
	Addresses []netip.Addr
}

// Network is an ipNetwork (RFC 2307), made like a Host.
type Network Host

// Netgroup is a nisNetgroup (RFC 2307).
type Netgroup struct {
	Name    string
	Triples []Triple
	// Groups are the names of the netgroups in this one.
	Groups []string
}

// Triple is a member of a netgroup; an empty part stands for all.
type Triple struct{ Host, User, Domain string }

// Protocol is an ipProtocol (RFC 2307).
type Protocol struct {
	Name    string
	Aliases []string
	Number  int32
}

// RPC is an oncRpc (RFC 2307), made like a Protocol.
type RPC Protocol

// Service is an ipService (RFC 2307) with one of its protocols.
type Service struct {
	Name     string
	Aliases  []string
	Port     int32
	Protocol string
}
