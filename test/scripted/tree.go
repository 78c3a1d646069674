package scripted

import (
	"sort"
	"strings"
)

// Entry is an entry of the directory, or of an answer.
type Entry struct {
	DN         string
	Attributes map[string][]string
}

// names returns the attribute names in order.
func (e Entry) names() []string {
	names := make([]string, 0, len(e.Attributes))
	for name := range e.Attributes {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// values returns an attribute's values; its name has no case.
func (e Entry) values(attribute string) []string {
	for name, values := range e.Attributes {
		if strings.EqualFold(name, attribute) {
			return values
		}
	}
	return nil
}

// only returns the entry with the requested attributes.
func (e Entry) only(attributes []string) Entry {
	if len(attributes) == 0 {
		return e
	}
	result := Entry{DN: e.DN, Attributes: map[string][]string{}}
	for _, attribute := range attributes {
		if values := e.values(attribute); values != nil {
			result.Attributes[attribute] = values
		}
	}
	return result
}

// tree is the directory; the lock is the server's.
type tree struct{ entries []Entry }

// below reports whether dn is base or under it.
func below(dn, base string) bool {
	dn, base = strings.ToLower(dn), strings.ToLower(base)
	return dn == base || base == "" || strings.HasSuffix(dn, ","+base)
}

// inScope reports whether a search of base with the scope reaches dn.
func inScope(dn, base string, scope int) bool {
	same := strings.EqualFold(dn, base)
	switch scope {
	case 0:
		return same
	case 1:
		_, parent, _ := strings.Cut(dn, ",")
		return !same && strings.EqualFold(parent, base)
	case 3:
		return !same && below(dn, base)
	}
	return below(dn, base)
}

// find returns the matching entries and the result code.
func (s *Server) find(r *Request) ([]Entry, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Entry
	code := int64(32)
	for _, entry := range s.tree.entries {
		if below(entry.DN, r.Base) {
			code = 0
			if inScope(entry.DN, r.Base, r.Scope) && r.Filter.Matches(entry) {
				found = append(found, entry)
			}
		}
	}
	return found, code
}

func (s *Server) passwordIs(dn, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dn == "" {
		return password == ""
	}
	for _, entry := range s.tree.entries {
		if strings.EqualFold(entry.DN, dn) {
			for _, value := range entry.values("userPassword") {
				if value == password {
					return true
				}
			}
		}
	}
	return false
}

// modify applies changes that replace attributes, and returns the result code.
func (s *Server) modify(r *Request) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.tree.entries {
		if strings.EqualFold(entry.DN, r.DN) {
			for _, change := range r.Changes {
				if change.Operation != 2 {
					return 53
				}
				entry.Attributes[change.Attribute] = change.Values
			}
			return 0
		}
	}
	return 32
}

func (s *Server) setPassword(dn, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.tree.entries {
		if strings.EqualFold(entry.DN, dn) {
			entry.Attributes["userPassword"] = []string{password}
			return true
		}
	}
	return false
}
