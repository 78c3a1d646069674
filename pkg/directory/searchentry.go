package directory

import (
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// collector decodes the entries of an enumeration beside the library, which
// takes three times as long for them and makes ten times as much garbage. It
// belongs to a connection that carries one search at a time.
type collector struct {
	names   map[string]string // of attributes: the same again and again
	entries []*ldap.Entry
}

// add decodes one message. The caller holds the wire's lock.
func (c *collector) add(message []byte) error {
	e, err := c.searchEntry(message)
	if err != nil {
		return violation("entry: %w", err)
	}
	c.entries = append(c.entries, e)
	return nil
}

// searchEntry decodes a SearchResultEntry (RFC 4511, section 4.5.2).
func (c *collector) searchEntry(message []byte) (*ldap.Entry, error) {
	body, _, err := expect(message, tagSequence)
	if err != nil {
		return nil, err
	}
	if _, body, err = expect(body, tagInteger); err != nil {
		return nil, fmt.Errorf("message id: %w", err)
	}
	if body, _, err = expect(body, opSearchResultEntry); err != nil {
		return nil, fmt.Errorf("operation: %w", err)
	}
	dn, body, err := expect(body, tagOctetString)
	if err != nil {
		return nil, fmt.Errorf("DN: %w", err)
	}
	if body, _, err = expect(body, tagSequence); err != nil {
		return nil, fmt.Errorf("attributes: %w", err)
	}
	attributes, err := c.attributes(body)
	return &ldap.Entry{DN: string(dn), Attributes: attributes}, err
}

func (c *collector) attributes(list []byte) ([]*ldap.EntryAttribute, error) {
	n, err := count(list)
	if err != nil {
		return nil, err
	}
	all, space := make([]*ldap.EntryAttribute, n), make([]ldap.EntryAttribute, n)
	for i := range all {
		var one []byte
		if one, list, err = expect(list, tagSequence); err != nil {
			return nil, fmt.Errorf("attribute: %w", err)
		}
		name, values, err := expect(one, tagOctetString)
		if err != nil {
			return nil, fmt.Errorf("name of an attribute: %w", err)
		}
		space[i].Name = c.name(name)
		if space[i].Values, err = attributeValues(values); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		all[i] = &space[i]
	}
	return all, nil
}

// name returns the name of an attribute, one string for all entries.
func (c *collector) name(name []byte) string {
	known, ok := c.names[string(name)]
	if !ok {
		known = string(name)
		if len(c.names) < maxKnownNames {
			c.names[known] = known
		}
	}
	return known
}

// maxKnownNames bounds what a server can have remembered.
const maxKnownNames = 100

func attributeValues(b []byte) ([]string, error) {
	set, _, err := expect(b, tagSet)
	if err != nil {
		return nil, err
	}
	n, err := count(set)
	if err != nil {
		return nil, err
	}
	all := make([]string, n)
	for i := range all {
		var value []byte
		if value, set, err = expect(set, tagOctetString); err != nil {
			return nil, err
		}
		all[i] = string(value)
	}
	return all, nil
}

// count returns how many elements stand in b.
func count(b []byte) (n int, err error) {
	for ; len(b) > 0; n++ {
		if _, _, b, err = element(b); err != nil {
			return 0, err
		}
	}
	return n, nil
}
