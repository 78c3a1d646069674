package throttle

import (
	"net/netip"
	"strconv"
	"strings"
)

// Attempt is a login that tries a password.
type Attempt struct {
	// User is the name that was given.
	User string
	// Host is the remote host (PAM_RHOST), empty if there is none.
	Host string
	// Remote is the user who asks (PAM_RUSER), as su and sudo say it.
	Remote string
	// UID is that of the program that asks, on this machine.
	UID uint32
}

// kind is which logins a key takes together.
type kind int

const (
	// userAtPlace: those of one user from one place.
	userAtPlace kind = iota
	// user: those of one user from all places where one has failed already.
	user
	// newcomer: those of one user from all other places.
	newcomer
	// host: those from one remote host.
	host
	// caller: those through programs of one user of this machine.
	caller
)

type key struct {
	kind        kind
	user, place string
}

// String names the key in the log.
func (k key) String() string {
	switch k.kind {
	case userAtPlace:
		return "user " + k.user + " from " + k.place
	case user, newcomer:
		return "user " + k.user
	case host:
		return "host " + k.place
	}
	return "caller " + k.place
}

// longestName bounds the memory of a key. Longer names share one.
const longestName = 255

func short(name string) string {
	return strings.Clone(name[:min(len(name), longestName)])
}

// name is the user in lower case: directories do not tell the spellings apart.
func (a Attempt) name() string { return short(strings.ToLower(a.User)) }

// network is the remote host; of an IPv6 address, its network, as whoever has
// one address there has all.
func (a Attempt) network() string {
	if address, err := netip.ParseAddr(a.Host); err == nil && address.Unmap().Is6() {
		if network, err := address.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return short(strings.ToLower(a.Host))
}

// place is where the attempt comes from, as far as its caller can be believed:
// root's programs say the truth about hosts and users, others say what they
// like, so that theirs are places of their own.
func (a Attempt) place() string {
	place := a.network()
	if a.UID != 0 {
		return strings.TrimSpace("uid " + strconv.FormatUint(uint64(a.UID), 10) + " " + place)
	}
	if place == "" {
		return strings.TrimSpace("uid 0 " + short(a.Remote))
	}
	return place
}
