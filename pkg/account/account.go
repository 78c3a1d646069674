// Package account holds the values that goldap deals in: accounts, groups,
// shadow data, and the outcome of a login; and the rules that names and
// numeric ids from a directory must meet before anything on this machine may
// believe them. It does no I/O.
package account

import "slices"

// NoID is (uid_t)-1, which is nobody's id and which every rule refuses.
const NoID = 1<<32 - 1

// Account is a posixAccount (RFC 2307, section 5.2) whose values have been
// checked. It is complete: there is no Account with a missing id, but for a login
// whose user becomes another (Template), whose ids may be NoID.
type Account struct {
	// DN is the entry's distinguished name as the server spells it.
	DN string
	// Name is the user name in the directory's own spelling.
	Name string
	// Names are all user names of the entry, its own choice first; nil where
	// Name is the only one.
	Names []string
	// UID and GID are the numeric ids.
	UID, GID uint32
	// Home is an absolute path. Gecos and Shell may be empty; an empty shell
	// is /bin/sh to login(1), see passwd(5).
	Gecos, Home, Shell string
	// Password is the password hash of crypt(5) that the directory's mapping
	// gives, empty if there is none. It is for root's eyes only.
	Password string
	// Shadowed: the entry is a shadowAccount, too.
	Shadowed bool
	// Shadow is filled in for logins only. Its Name is empty where the entry
	// has no shadow attributes; the zero value says nothing about ageing.
	Shadow Shadow
	// State is filled in for logins only.
	State State
	// Template is the user of this machine whom the user becomes once they are
	// logged in; empty is themselves. It is filled in for logins only.
	Template string
}

// HasID reports whether the account has ids of its own.
func (a Account) HasID() bool { return a.UID != NoID && a.GID != NoID }

// AllNames returns the user names of the entry, or those that are known of it.
func (a Account) AllNames() []string {
	if slices.Contains(a.Names, a.Name) {
		return a.Names
	}
	return append([]string{a.Name}, a.Names...)
}

// Group is a posixGroup (RFC 2307, section 5.3).
type Group struct {
	DN string
	// Name is the group name in the directory's own spelling.
	Name string
	// Names are as in Account.
	Names []string
	GID   uint32
	// Password is as in Account.
	Password string
	// Members are user names, each once, in the directory's order.
	Members []string
}

// Keys are the ssh keys of an account, a line of authorized_keys each (sshd(8)),
// as the directory has them.
type Keys struct {
	Account Account
	Lines   []string
}

// Membership is a group of a user, and how the user comes to be in it.
type Membership struct {
	// Group has no members.
	Group Group
	// Path are the names of groups, each in the next one: from the group that has
	// the user as a member itself to this one. It is empty where no group has the
	// user: the group is made of a role.
	Path []string
}

// NotSet is the value of a shadow number that the directory does not have.
const NotSet = -1

// Shadow is a shadowAccount (RFC 2307, section 5.2; shadow(5)). The numbers
// are days, LastChange and Expire counted from 1970-01-01; NotSet where the
// directory has none.
type Shadow struct {
	Name string
	// Password is as in Account.
	Password   string
	LastChange int32
	Min, Max   int32
	Warn       int32
	Inactive   int32
	Expire     int32
	Flag       int32
}
