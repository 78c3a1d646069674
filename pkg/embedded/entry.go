package embedded

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/secret"
)

// Identity is something that binds and is not a user: the pseudouser and the
// administrator.
type Identity struct {
	DN       string
	Password secret.Secret
}

// User becomes a posixAccount and shadowAccount (RFC 2307) that can bind.
type User struct {
	// Name is the uid attribute.
	Name string
	// UID and GID are the numeric ids.
	UID, GID uint32
	// FullName is cn, sn and gecos; empty means Name.
	FullName string
	// Home defaults to /home/NAME, Shell to /bin/bash.
	Home, Shell string
	// DN defaults to uid=NAME,ou=people,BASE.
	DN string
	// Password is copied. Without one the user cannot bind.
	Password secret.Secret
	// Policy is what binds and password changes are answered with.
	Policy Policy
	// Attributes add to the entry or replace what it would have; an empty
	// list takes the attribute away.
	Attributes map[string][]string
}

// Group becomes a posixGroup.
type Group struct {
	// Name is the cn attribute.
	Name string
	GID  uint32
	// DN defaults to cn=NAME,ou=groups,BASE.
	DN string
	// MemberUIDs are user names: memberUid (RFC 2307).
	MemberUIDs []string
	// Members are distinguished names: member (RFC 2307bis).
	Members []string
	// Attributes are as in User.
	Attributes map[string][]string
}

// Entry is any other entry. The entries above one that is given are made as
// needed, down to the base DN.
type Entry struct {
	DN         string
	Attributes map[string][]string
}

// attribute is one attribute of an entry, with its values in the spelling
// that comparisons use.
type attribute struct {
	name       string
	lower      string
	values     []string
	normalized []string
}

// entry never changes after the start, but for its credentials.
type entry struct {
	dn         string
	normalized string
	attributes []attribute
	// credentials is nil for an entry that cannot bind.
	credentials *credentials
}

// find returns the attribute, or nil. The name is in lower case.
func (e *entry) find(lower string) *attribute {
	for i := range e.attributes {
		if e.attributes[i].lower == lower {
			return &e.attributes[i]
		}
	}
	return nil
}

// newEntry checks and normalises. Attributes come in the order of their names
// but for objectClass, which is first.
func newEntry(dn string, attributes map[string][]string) (*entry, error) {
	normalized, err := normalizeDN(dn)
	if err != nil {
		return nil, err
	}
	e := &entry{dn: dn, normalized: normalized}
	for name, values := range attributes {
		lower := strings.ToLower(name)
		if lower == "userpassword" {
			return nil, fmt.Errorf("entry %q: a password is not an attribute of this directory", dn)
		}
		if len(values) == 0 {
			continue
		}
		a := attribute{name: name, lower: lower, values: values}
		for _, v := range values {
			a.normalized = append(a.normalized, normalizeStored(lower, v))
		}
		e.attributes = append(e.attributes, a)
	}
	sort.Slice(e.attributes, func(i, j int) bool {
		return sortKey(e.attributes[i]) < sortKey(e.attributes[j])
	})
	return e, nil
}

func sortKey(a attribute) string {
	if a.lower == "objectclass" {
		return ""
	}
	return a.lower
}

// entryOf builds the entry of a user.
func (u User) entryOf(base string) (*entry, error) {
	if u.Name == "" {
		return nil, fmt.Errorf("user with uid %d has no name", u.UID)
	}
	dn := defaultTo(u.DN, UserDN(u.Name, base))
	full := defaultTo(u.FullName, u.Name)
	e, err := newEntry(dn, overlay(map[string][]string{
		"objectClass":   {"top", "inetOrgPerson", "posixAccount", "shadowAccount"},
		"uid":           {u.Name},
		"cn":            {full},
		"sn":            {full},
		"gecos":         {full},
		"uidNumber":     {strconv.FormatUint(uint64(u.UID), 10)},
		"gidNumber":     {strconv.FormatUint(uint64(u.GID), 10)},
		"homeDirectory": {defaultTo(u.Home, "/home/"+u.Name)},
		"loginShell":    {defaultTo(u.Shell, "/bin/bash")},
	}, u.Attributes))
	if err != nil {
		return nil, err
	}
	if !u.Password.IsEmpty() {
		e.credentials = newCredentials(roleUser, u.Password, u.Policy)
	}
	return e, nil
}

// entryOf builds the entry of a group.
func (g Group) entryOf(base string) (*entry, error) {
	if g.Name == "" {
		return nil, fmt.Errorf("group with gid %d has no name", g.GID)
	}
	dn := defaultTo(g.DN, "cn="+escapeRDNValue(g.Name)+",ou=groups,"+base)
	return newEntry(dn, overlay(map[string][]string{
		"objectClass": {"top", "posixGroup"},
		"cn":          {g.Name},
		"gidNumber":   {strconv.FormatUint(uint64(g.GID), 10)},
		"memberUid":   g.MemberUIDs,
		"member":      g.Members,
	}, g.Attributes))
}

// entryOf builds the entry of an identity that is not a user.
func (i Identity) entryOf(r role) (*entry, error) {
	e, err := newEntry(i.DN, map[string][]string{"objectClass": {"top", "account", "simpleSecurityObject"}})
	if err != nil {
		return nil, err
	}
	if i.Password.IsEmpty() {
		return nil, fmt.Errorf("%q has no password", i.DN)
	}
	e.credentials = newCredentials(r, i.Password, Policy{})
	return e, nil
}

// UserDN is the name of a user whose User.DN is not set.
func UserDN(name, base string) string {
	return "uid=" + escapeRDNValue(name) + ",ou=people," + base
}

// overlay returns defaults with the attributes of more in their place, names
// compared without case.
func overlay(defaults, more map[string][]string) map[string][]string {
	for name, values := range more {
		for known := range defaults {
			if strings.EqualFold(known, name) {
				delete(defaults, known)
			}
		}
		defaults[name] = values
	}
	return defaults
}

func defaultTo(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
