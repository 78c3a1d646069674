package directory

import (
	"context"
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/goldap/goldap/pkg/account"
)

// question is a lookup in one of the maps that have nothing to do with logins.
type question[V any] struct {
	key        account.Key
	attributes []string // of the schema
	// match is what the entries of the key have; it is not used for account.All.
	match filter
	// parse makes values of an entry, of which some may not be what was asked
	// for: servers compare names without case.
	parse func(entry) ([]V, error)
}

// asked returns the answer to q. A key that cannot exist, or a map without a
// base, has none. The sequence is like that of Accounts; the answer to one key
// is read in a whole, inside ctx.
func asked[V any](ctx context.Context, d *Directory, m *mapping, q question[V]) iter.Seq2[V, error] {
	attributes := m.attributes(q.attributes...)
	if q.key.By == account.All {
		return enumerated(ctx, d, m, attributes, q.parse)
	}
	return func(yield func(V, error) bool) {
		var none V
		if q.match.text == "" || len(m.places) == 0 {
			return
		}
		found, err := d.findSome(ctx, m, keyText(q.key), q.match, attributes)
		if err != nil {
			yield(none, err)
			return
		}
		for _, e := range found {
			values, err := q.parse(e)
			if err != nil && !yield(none, err) {
				return
			}
			for _, value := range values {
				if !yield(value, nil) {
					return
				}
			}
		}
	}
}

// keyText is a key for messages.
func keyText(key account.Key) string {
	switch key.By {
	case account.ByNumber:
		return strconv.Itoa(int(key.Number))
	case account.ByAddress:
		return key.Address.String()
	case account.ByEther:
		return etherText(key.Ether, "%02x")
	}
	return key.Name
}

// byName is the assertion that an entry has the key's name.
func (m *mapping) byName(key account.Key) filter {
	if !canExist(key.Name) {
		return filter{}
	}
	return m.equal("cn", key.Name)
}

// byNumber is the assertion that an attribute is the key's number, or for a key
// by name that the entry has that.
func (m *mapping) byNumber(attribute string, key account.Key) filter {
	if key.By == account.ByNumber {
		return m.equal(attribute, strconv.Itoa(int(key.Number)))
	}
	return m.byName(key)
}

// names returns the names of an entry: its own choice, and the rest. Names that
// a line of a file could not hold are left out.
func (e entry) names(attribute string) (name string, aliases []string, err error) {
	name, err = e.name(attribute)
	if err == nil && !printable(name) {
		err = e.bad(attribute, "%q is not a name", name)
	}
	if err != nil {
		return "", nil, err
	}
	for _, alias := range e.values(attribute) {
		if alias != name && printable(alias) {
			aliases = append(aliases, alias)
		}
	}
	return name, aliases, nil
}

// printable reports whether a value is text in one line.
func printable(value string) bool {
	return canExist(value) && strings.IndexFunc(value, unicode.IsControl) < 0
}

// hasName reports whether an entry answers a key by name.
func (m *mapping) hasName(key account.Key, e entry) bool {
	if key.By != account.ByName {
		return true
	}
	_, ok := m.spelled(e, m.attribute("cn"), key.Name)
	return ok
}

// number returns the number in an attribute: the key's if that was asked for,
// otherwise the first value.
func (e entry) number(attribute string, key account.Key, lowest, highest int64) (int32, error) {
	if key.By == account.ByNumber {
		if n := int64(key.Number); n < lowest || n > highest {
			return 0, e.bad(attribute, "%d is not between %d and %d", n, lowest, highest)
		}
		return key.Number, nil
	}
	value := e.first(attribute)
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < lowest || n > min(highest, math.MaxInt32) {
		return 0, e.bad(attribute, "%q is not a number between %d and %d", value, lowest, highest)
	}
	return int32(n), nil
}

// one is the answer of an entry that has one value.
func one[V any](value V, err error) ([]V, error) {
	if err != nil {
		return nil, err
	}
	return []V{value}, nil
}
