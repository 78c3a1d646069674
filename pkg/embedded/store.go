package embedded

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// store holds the entries. It does not change after newStore, so it needs no
// lock; see credentials for what does.
type store struct {
	base    string
	all     []*entry
	byDN    map[string]*entry
	byValue map[string][]*entry
}

func newStore(o Options) (*store, error) {
	base, err := normalizeDN(o.Base)
	if err != nil {
		return nil, err
	}
	if base == "" {
		return nil, errors.New("no base DN")
	}
	s := &store{base: base, byDN: map[string]*entry{}, byValue: map[string][]*entry{}}
	entries, err := allEntries(o)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := s.add(e); err != nil {
			return nil, err
		}
	}
	return s, s.fillGaps(o.Base)
}

// allEntries builds an entry for everything in the options.
func allEntries(o Options) ([]*entry, error) {
	var entries []*entry
	var failures []error
	add := func(e *entry, err error) {
		entries, failures = append(entries, e), append(failures, err)
	}
	for _, e := range o.Entries {
		add(newEntry(e.DN, e.Attributes))
	}
	if o.Pseudouser.DN != "" {
		add(o.Pseudouser.entryOf(roleReader))
	}
	if o.Admin.DN != "" {
		add(o.Admin.entryOf(roleAdmin))
	}
	for _, u := range o.Users {
		add(u.entryOf(o.Base))
	}
	for _, g := range o.Groups {
		add(g.entryOf(o.Base))
	}
	return entries, errors.Join(failures...)
}

func (s *store) add(e *entry) error {
	if !under(e.normalized, s.base) {
		return fmt.Errorf("entry %q is not below the base DN", e.dn)
	}
	if s.byDN[e.normalized] != nil {
		return fmt.Errorf("entry %q is there twice", e.dn)
	}
	s.byDN[e.normalized] = e
	s.all = append(s.all, e)
	for _, a := range e.attributes {
		if rules[a.lower] == unreadable {
			continue
		}
		for _, v := range a.normalized {
			key := indexKey(a.lower, v)
			if !slices.Contains(s.byValue[key], e) {
				s.byValue[key] = append(s.byValue[key], e)
			}
		}
	}
	return nil
}

// fillGaps makes the entries between those given and the base DN.
func (s *store) fillGaps(base string) error {
	for _, e := range slices.Clone(s.all) {
		dn := e.dn
		for parent := e.normalized; parent != s.base; {
			parent = parentDN(parent)
			dn = strings.TrimSpace(strings.Join(splitUnescaped(dn, ',')[1:], ","))
			if err := s.addGap(parent, dn); err != nil {
				return err
			}
		}
	}
	return s.addGap(s.base, base)
}

// addGap makes the entry dn unless it is there.
func (s *store) addGap(normalized, dn string) error {
	if s.byDN[normalized] != nil {
		return nil
	}
	class := "organizationalUnit"
	name, value, _ := strings.Cut(splitUnescaped(dn, ',')[0], "=")
	if strings.EqualFold(strings.TrimSpace(name), "dc") {
		class = "domain"
	}
	e, err := newEntry(dn, map[string][]string{
		"objectClass":           {"top", class},
		strings.TrimSpace(name): {strings.TrimSpace(value)},
	})
	if err != nil {
		return err
	}
	return s.add(e)
}

// lookup returns the entry with this name, or nil.
func (s *store) lookup(dn string) (*entry, error) {
	normalized, err := normalizeDN(dn)
	if err != nil {
		return nil, err
	}
	return s.byDN[normalized], nil
}

// scope values (RFC 4511, section 4.5.1.2; 3 is the children scope of
// draft-sermersheim-ldap-subordinate-scope).
const (
	scopeBase     = 0
	scopeOne      = 1
	scopeSub      = 2
	scopeChildren = 3
)

// inScope reports whether e is in the scope of a search below base, a
// normalised name.
func inScope(e *entry, base string, scope int64) bool {
	switch scope {
	case scopeBase:
		return e.normalized == base
	case scopeOne:
		return e.normalized != base && parentDN(e.normalized) == base
	case scopeChildren:
		return e.normalized != base && under(e.normalized, base)
	}
	return under(e.normalized, base)
}

// search returns the entries in scope that match, in the order in which they
// were added.
func (s *store) search(base string, scope int64, f filter) []*entry {
	var found []*entry
	for _, e := range s.candidates(base, scope, f.keys) {
		if inScope(e, base, scope) && f.match(e) == yes {
			found = append(found, e)
		}
	}
	return found
}

// candidates returns a superset of what a search can find.
func (s *store) candidates(base string, scope int64, keys []string) []*entry {
	switch {
	case scope == scopeBase && s.byDN[base] != nil:
		return []*entry{s.byDN[base]}
	case keys == nil:
		return s.all
	case len(keys) == 1:
		return s.byValue[keys[0]]
	}
	var union []*entry
	seen := map[*entry]bool{}
	for _, key := range keys {
		for _, e := range s.byValue[key] {
			if !seen[e] {
				seen[e] = true
				union = append(union, e)
			}
		}
	}
	return union
}
