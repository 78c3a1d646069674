package directory

import (
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/account"
)

// entry is an entry as a server sent it: nothing in it is to be believed.
type entry struct{ *ldap.Entry }

// entriesOf returns the entries of a result, or those that were collected while
// it came, with the directory's DNs.
func entriesOf(result *ldap.SearchResult, collected []*ldap.Entry, base rebase) []entry {
	if result != nil && collected == nil {
		collected = result.Entries
	}
	entries := make([]entry, 0, len(collected))
	for _, e := range collected {
		base.entry(e)
		entries = append(entries, entry{e})
	}
	return entries
}

// values returns the values of an attribute, whose name has no case; nil for
// the name "".
func (e entry) values(attribute string) []string {
	if attribute == "" {
		return nil
	}
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, attribute) {
			return a.Values
		}
	}
	return nil
}

// first returns the first value of an attribute, or "".
func (e entry) first(attribute string) string {
	if values := e.values(attribute); len(values) > 0 {
		return values[0]
	}
	return ""
}

// has reports whether one of the values is byte for byte the given one.
func (e entry) has(attribute, value string) bool {
	for _, v := range e.values(attribute) {
		if v == value {
			return true
		}
	}
	return false
}

// bad returns an ErrBadEntry that names the attribute.
func (e entry) bad(attribute, format string, args ...any) error {
	return fmt.Errorf("%w: %q: attribute %s: %s", ErrBadEntry, e.DN, attribute, fmt.Sprintf(format, args...))
}

// id returns the number in an attribute that must have exactly one value.
func (e entry) id(attribute string) (uint32, error) {
	values := e.values(attribute)
	if len(values) != 1 {
		return 0, e.bad(attribute, "%d values instead of one", len(values))
	}
	id, err := account.ParseID(values[0])
	if err != nil {
		return 0, e.bad(attribute, "%v", err)
	}
	return id, nil
}

// name returns the entry's own choice among several names: the value in the
// RDN, otherwise the first that can be a name.
func (e entry) name(attribute string) (string, error) {
	values := e.values(attribute)
	if len(values) > 1 {
		if chosen := chosenName(rdnValue(e.DN, attribute), values); chosen != "" {
			return chosen, nil
		}
	}
	for _, value := range values {
		if canLeave(value) {
			return value, nil
		}
	}
	return "", e.bad(attribute, "no usable value among %d", len(values))
}

// chosenName returns the value that is in the RDN, where the case of letters may
// be another, "" if none is or it cannot be a name.
func chosenName(inDN string, values []string) string {
	chosen := ""
	for _, value := range values {
		if value == inDN && canLeave(value) {
			return value
		}
		if chosen == "" && account.SameLetters(value, inDN) && canLeave(value) {
			chosen = value
		}
	}
	return chosen
}

// otherNames returns all names of an entry that has several, its own choice
// first, and nil for an entry that has one.
func (e entry) otherNames(attribute string) []string {
	values := e.values(attribute)
	if len(values) < 2 {
		return nil
	}
	own, err := e.name(attribute)
	if err != nil {
		return nil
	}
	names := append(make([]string, 0, len(values)), own)
	for _, value := range values {
		if canLeave(value) {
			names = append(names, value)
		}
	}
	return distinct(names)
}
