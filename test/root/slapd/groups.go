package slapd

import (
	"fmt"
	"strconv"
	"time"
)

// usersGID is the primary group of everyone.
const usersGID = 10000

// Group is a posixGroup of the directory. Its members stand in memberUid or,
// if ByDN is set, as DNs in member (groupOfNames).
type Group struct {
	Name    string
	GID     int
	ByDN    bool
	Members []string
}

// Groups returns the groups that are always there.
func Groups() []Group {
	return []Group{
		{Name: "users-of-ldap", GID: usersGID},
		{Name: "dev", GID: 10101, Members: []string{"alice", "bob"}},
		{Name: "ops", GID: 10102, Members: []string{"alice"}, ByDN: true},
		{Name: "audit", GID: 10103, Members: []string{"carol", "bob"}, ByDN: true},
		{Name: "crowd", GID: 10104, Members: crowd()},
	}
}

// crowd names 5,000 members who need no entries of their own.
func crowd() []string {
	names := make([]string, 5000)
	for i := range names {
		names[i] = fmt.Sprintf("member%04d", i)
	}
	return names
}

func (g Group) dn() string { return "cn=" + g.Name + "," + groupsDN }

func (g Group) entry() entry {
	e := entry{dn: g.dn()}
	e.add("cn", g.Name)
	e.add("gidNumber", strconv.Itoa(g.GID))
	if !g.ByDN {
		// posixGroup is auxiliary here (RFC 2307bis), so it needs company.
		e.add("objectClass", "organizationalRole", "posixGroup")
		e.add("memberUid", g.Members...)
		return e
	}
	e.add("objectClass", "groupOfNames", "posixGroup")
	for _, name := range g.Members {
		e.add("member", Person{Name: name}.DN())
	}
	return e
}

// memberOf maps names to the DNs of the groups that list them by DN, which
// the overlay keeps up from then on.
func memberOf(groups []Group) map[string][]string {
	of := make(map[string][]string)
	for _, g := range groups {
		if !g.ByDN {
			continue
		}
		for _, name := range g.Members {
			of[name] = append(of[name], g.dn())
		}
	}
	return of
}

// plainGroups puts n plain users into groups of at most 100.
func plainGroups(n int) []Group {
	var groups []Group
	for first := 0; first < n; first += 100 {
		g := Group{Name: fmt.Sprintf("group%03d", first/100), GID: 30000 + first/100}
		for i := first; i < min(first+100, n); i++ {
			g.Members = append(g.Members, Plain(i).Name)
		}
		groups = append(groups, g)
	}
	return groups
}

// policies are the password policies (draft-behera-ldap-password-policy).
func policies() []entry {
	var all []entry
	for _, p := range []struct {
		name string
		more []attribute
	}{
		{"default", nil},
		{"strict", []attribute{{"pwdMaxAge", "2592000"}, {"pwdExpireWarning", "604800"}}},
		{"graceful", []attribute{{"pwdMaxAge", "2592000"}, {"pwdGraceAuthNLimit", "100"}}},
		{"scarce", []attribute{{"pwdMaxAge", "2592000"}, {"pwdGraceAuthNLimit", "1"}}},
		{"lasting", []attribute{{"pwdMinAge", "86400"}}},
		{"fixed", []attribute{{"pwdAllowUserChange", "FALSE"}}},
		{"safe", []attribute{{"pwdSafeModify", "TRUE"}}},
		{"lockout", []attribute{{"pwdLockout", "TRUE"}, {"pwdMaxFailure", "3"}, {"pwdLockoutDuration", "0"}}},
	} {
		e := entry{dn: "cn=" + p.name + "," + policiesDN}
		e.add("objectClass", "organizationalRole", "pwdPolicy")
		e.add("cn", p.name)
		e.add("pwdAttribute", "userPassword")
		e.add("pwdMinLength", "8")
		e.add("pwdCheckQuality", "1")
		e.add("pwdInHistory", "3")
		e.add("pwdMustChange", "TRUE")
		if p.name != "lockout" {
			e.add("pwdLockout", "TRUE") // for pwdAccountLockedTime to count
		}
		e.attributes = append(e.attributes, p.more...)
		all = append(all, e)
	}
	return all
}

// brokenContents returns the entries that the schema forbids.
func brokenContents(now time.Time) []entry {
	var all []entry
	for _, p := range People() {
		if p.broken() {
			e := p.entry(now, nil)
			e.add("structuralObjectClass", "inetOrgPerson") // slapadd adds it to checked entries only
			all = append(all, e)
		}
	}
	return all
}

// contents returns the directory with n plain users, as far as the schema
// allows.
func contents(n int, now time.Time) []entry {
	all := skeleton(now)
	all = append(all, policies()...)
	groups := append(Groups(), plainGroups(n)...)
	of := memberOf(groups)
	for _, p := range People() {
		if !p.broken() {
			all = append(all, p.entry(now, of[p.Name]))
		}
	}
	for i := range n {
		all = append(all, Plain(i).entry(now, nil))
	}
	for _, g := range groups {
		all = append(all, g.entry())
	}
	return append(all, things()...)
}

// skeleton is the base entry, the organizational units and the pseudouser.
func skeleton(now time.Time) []entry {
	base := entry{dn: Base}
	base.add("objectClass", "dcObject", "organization")
	base.add("dc", "mydomain")
	base.add("o", "My Domain")
	all := []entry{base}
	for _, ou := range []string{"pseudousers", "people", "contractors", "groups", "policies"} {
		e := entry{dn: "ou=" + ou + "," + Base}
		e.add("objectClass", "organizationalUnit")
		e.add("ou", ou)
		all = append(all, e)
	}
	pseudouser := entry{dn: PseudouserDN}
	pseudouser.add("objectClass", "account", "simpleSecurityObject")
	pseudouser.add("uid", "app_backtraceio")
	pseudouser.add("userPassword", hash(PseudouserPassword))
	pseudouser.add("pwdChangedTime", now.UTC().Format("20060102150405Z"))
	return append(all, pseudouser)
}
