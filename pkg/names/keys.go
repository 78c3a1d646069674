package names

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/goldap/goldap/pkg/account"
)

// The first byte of a key says which map it is of and what it is asked by. The
// maps that have nothing to do with logins have numbers, see maps.go.
const (
	passwdByName   = 'p'
	passwdByUID    = 'P'
	passwdEntry    = 'q' // a hash of the DN
	groupByName    = 'g'
	groupByGID     = 'G'
	groupEntry     = 'h'
	groupsOfMember = 'm'
	groupPaths     = 'M'
	shadowByName   = 's'
)

// keySpace is room for nearly every key, on the stack.
type keySpace [64]byte

// nameKey is the key of a name.
func (n *Names) nameKey(space *keySpace, kind byte, name string) []byte {
	key := append(space[:0], kind)
	key = append(key, name...)
	if n.ignoreCase {
		foldBytes(key[1:])
	}
	return key
}

// idKey is the key of a uid or gid.
func idKey(space *keySpace, kind byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(space[:0], kind), id)
}

// entryKey is the key by which nobody asks: the record of an entry takes the
// place of an older one of the same entry even if all names and numbers differ.
func (n *Names) entryKey(kind byte, dn string) string {
	var space keySpace
	return string(binary.BigEndian.AppendUint64(append(space[:0], kind), maphash.String(n.seed, dn)))
}

// mapKey is the key of a question to another map.
func mapKey(space *keySpace, kind byte, key account.Key, ignoreCase bool) []byte {
	k := append(space[:0], kind, byte(key.By))
	switch key.By {
	case account.ByNumber:
		k = binary.BigEndian.AppendUint32(k, uint32(key.Number))
	case account.ByAddress:
		k = append(k, key.Address.AsSlice()...)
	case account.ByEther:
		k = append(k, key.Ether[:]...)
	default:
		k = append(k, key.Name...)
		if ignoreCase {
			foldBytes(k[2:])
		}
		k = append(k, 0)
	}
	return append(k, key.Protocol...)
}

// fold returns what names are compared by.
func (n *Names) fold(name string) string {
	if !n.ignoreCase {
		return name
	}
	folded := []byte(name)
	foldBytes(folded)
	return string(folded)
}

// foldBytes makes names equal that differ in the case of ASCII letters only.
func foldBytes(name []byte) {
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + ('a' - 'A')
		}
	}
}
