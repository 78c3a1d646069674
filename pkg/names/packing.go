package names

import (
	"slices"

	"github.com/goldap/goldap/pkg/account"
)

// How accounts, groups and shadow data lie in a record, and which keys find
// them.

// accountFinding is what is remembered of an account that was asked for with
// key.
func (n *Names) accountFinding(acct account.Account, from source, key string) finding {
	names := n.usable(acct.Name, acct.Names)
	keys := append(make([]string, 0, 4), key)
	if from.directory == 0 {
		keys = n.allKeys(keys, entryKinds{passwdByName, passwdByUID, passwdEntry}, names, own(acct.Name, acct.Names), acct.UID, acct.DN)
	}
	return finding{source: from, record: newRecord(keys, func(p *packer) {
		p.list(names)
		p.string(acct.DN)
		p.number(acct.UID)
		p.number(acct.GID)
		p.string(acct.Gecos)
		p.string(acct.Home)
		p.string(acct.Shell)
		p.string(acct.Password)
		p.flag(acct.Shadowed)
	})}
}

// account reads an account, under the name that was asked for, or the entry's
// own choice if that is empty.
func (n *Names) account(s *slot, asked string) account.Account {
	u := s.contents()
	return account.Account{
		Name: n.spelled(&u, asked), DN: u.string(), UID: u.number(), GID: u.number(),
		Gecos: u.string(), Home: u.string(), Shell: u.string(), Password: u.string(), Shadowed: u.flag(),
	}
}

func (n *Names) groupFinding(group account.Group, from source, key string) finding {
	names := n.usable(group.Name, group.Names)
	keys := append(make([]string, 0, 4), key)
	if from.directory == 0 {
		keys = n.allKeys(keys, entryKinds{groupByName, groupByGID, groupEntry}, names, own(group.Name, group.Names), group.GID, group.DN)
	}
	return finding{source: from, record: newRecord(keys, func(p *packer) {
		p.list(names)
		p.string(group.DN)
		p.number(group.GID)
		p.string(group.Password)
		p.list(group.Members)
	})}
}

func (n *Names) group(s *slot, asked string) account.Group {
	u := s.contents()
	return account.Group{
		Name: n.spelled(&u, asked), DN: u.string(), GID: u.number(), Password: u.string(), Members: u.list(),
	}
}

// membershipFinding has the ids of the user, and the groups without members and
// DNs: what is asked for is their gids, and there are many of them.
func membershipFinding(user account.Account, groups []account.Group, from source, key string) finding {
	return finding{source: from, record: newRecord([]string{key}, func(p *packer) {
		p.number(user.UID)
		p.number(user.GID)
		p.count(len(groups))
		for _, group := range groups {
			p.string(group.Name)
			p.number(group.GID)
			p.string(group.Password)
		}
	})}
}

func readMemberships(s *slot) (user account.Account, groups []account.Group) {
	u := s.contents()
	user.UID, user.GID = u.number(), u.number()
	groups = make([]account.Group, u.count())
	for i := range groups {
		groups[i] = account.Group{Name: u.string(), GID: u.number(), Password: u.string()}
	}
	return user, groups
}

func shadowFinding(shadow account.Shadow, from source, key string) finding {
	return finding{source: from, record: newRecord([]string{key}, func(p *packer) {
		p.string(shadow.Name)
		p.string(shadow.Password)
		for _, n := range []int32{shadow.LastChange, shadow.Min, shadow.Max, shadow.Warn, shadow.Inactive, shadow.Expire, shadow.Flag} {
			p.number(uint32(n))
		}
	})}
}

func readShadow(s *slot) account.Shadow {
	u := s.contents()
	days := func() int32 { return int32(u.number()) }
	return account.Shadow{
		Name: u.string(), Password: u.string(),
		LastChange: days(), Min: days(), Max: days(), Warn: days(), Inactive: days(), Expire: days(), Flag: days(),
	}
}

// own is the entry's own choice among its names.
func own(name string, all []string) string {
	if len(all) > 0 {
		return all[0]
	}
	return name
}

// usable returns the names of an entry that the rules allow, its own choice
// first. name, which the entry was found by, is allowed.
func (n *Names) usable(name string, all []string) []string {
	if len(all) == 0 {
		return []string{name}
	}
	names := make([]string, 0, len(all))
	for _, other := range all {
		if n.rules.ValidName(other) {
			names = append(names, other)
		}
	}
	if !slices.Contains(names, name) {
		names = append(names, name)
	}
	return names
}

// entryKinds are the kinds of the keys of an entry.
type entryKinds struct{ byName, byID, byDN byte }

// allKeys adds to keys what else finds an entry of the first directory: all its
// names, its number unless that leads to a name that is refused, and its DN.
// Whether an entry of a later directory has a name or a number depends on what
// the earlier ones have; it is found by what it was asked for with, alone.
func (n *Names) allKeys(keys []string, kinds entryKinds, names []string, own string, id uint32, dn string) []string {
	var space keySpace
	for _, name := range names {
		keys = addKey(keys, n.nameKey(&space, kinds.byName, name))
	}
	if names[0] == own {
		keys = addKey(keys, idKey(&space, kinds.byID, id))
	}
	return append(keys, n.entryKey(kinds.byDN, dn))
}

func addKey(keys []string, key []byte) []string {
	for _, known := range keys {
		if known == string(key) {
			return keys
		}
	}
	return append(keys, string(key))
}

// spelled reads the names of an entry and returns the one that is meant by
// asked, or the first.
func (n *Names) spelled(u *unpacker, asked string) string {
	meant := ""
	for i := range u.count() {
		name := u.string()
		if i == 0 || asked != "" && n.same(name, asked) && !n.same(meant, asked) {
			meant = name
		}
	}
	return meant
}

// same reports whether two names are the same name.
func (n *Names) same(a, b string) bool {
	return a == b || n.ignoreCase && n.fold(a) == n.fold(b)
}
