package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/goldap/goldap/pkg/account"
)

// Bounds on the members of one group that have to be read one by one.
const (
	maxMemberReads      = 2000
	parallelMemberReads = 8
)

// groupAttributes are what a group is made of (RFC 2307, section 5.3).
var groupAttributes = []string{"cn", "userPassword", "gidNumber", "memberUid", "member", "uniqueMember"}

// memberDNs are the attributes that hold the DNs of members.
var memberDNs = []string{"member", "uniqueMember"}

// GroupByName returns the group with the name, byte for byte, and its members.
// Errors as AccountByName.
func (d *Directory) GroupByName(ctx context.Context, name string) (account.Group, error) {
	if !canExist(name) {
		return account.Group{}, fmt.Errorf("%w: %q cannot be a name", ErrNotFound, name)
	}
	m := &d.maps.group
	cn := m.attribute("cn")
	found, err := d.findOne(ctx, m, name, equal(cn, name), m.attributes(groupAttributes...))
	if err != nil {
		return account.Group{}, err
	}
	spelled, ok := m.spelled(found, cn, name)
	if !ok {
		return account.Group{}, fmt.Errorf("%w: %q is spelled otherwise in %q", ErrNotFound, name, found.DN)
	}
	return d.groupWithMembers(ctx, found, spelled)
}

// GroupByGID returns the group with the gid and its members. Errors as
// AccountByName.
func (d *Directory) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	m := &d.maps.group
	number := strconv.FormatUint(uint64(gid), 10)
	match, ok := m.equalID("gidNumber", gid)
	if !ok {
		return account.Group{}, fmt.Errorf("%w: gid %d is below the offset", ErrNotFound, gid)
	}
	found, err := d.findOne(ctx, m, number, match,
		m.attributes(groupAttributes...))
	if err != nil {
		return account.Group{}, err
	}
	name, err := found.name(m.attribute("cn"))
	if err != nil {
		return account.Group{}, err
	}
	group, err := d.groupWithMembers(ctx, found, name)
	if err == nil && group.GID != gid {
		err = fmt.Errorf("%w: asked for gid %d, got %d", ErrBadEntry, gid, group.GID)
	}
	if err != nil {
		return account.Group{}, err
	}
	return group, nil
}

// GroupsOfMember returns the groups that list the user by name (memberUid) or
// by DN (member, uniqueMember); dn may be empty. Members is empty in each.
// Groups whose entry is unusable are left out. No group is not an error.
func (d *Directory) GroupsOfMember(ctx context.Context, name, dn string) ([]account.Group, error) {
	if !canExist(name) {
		return nil, fmt.Errorf("%w: %q cannot be a name", ErrNotFound, name)
	}
	m := &d.maps.group
	match := or(m.equal("memberUid", name), m.equal("member", dn), m.equal("uniqueMember", dn))
	if match.text == "" {
		return nil, nil
	}
	found, err := d.findAll(ctx, m, name, match, m.attributes("cn", "gidNumber"))
	if err != nil {
		return nil, err
	}
	groups := make([]account.Group, 0, len(found))
	for _, e := range found {
		group, err := m.group(e)
		if err != nil {
			d.log.Debug("group left out", "error", err)
			continue
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// group returns the group of an entry, without members.
func (m *mapping) group(e entry) (account.Group, error) {
	name, err := e.name(m.attribute("cn"))
	if err != nil {
		return account.Group{}, err
	}
	gid, err := m.id(e, "gidNumber")
	if err != nil {
		return account.Group{}, err
	}
	return account.Group{DN: e.DN, Name: name, Names: e.otherNames(m.attribute("cn")), GID: gid}, nil
}

// groupWithMembers returns the group of an entry, called name, with members.
func (d *Directory) groupWithMembers(ctx context.Context, e entry, name string) (account.Group, error) {
	m := &d.maps.group
	gid, err := m.id(e, "gidNumber")
	if err != nil {
		return account.Group{}, err
	}
	members, err := d.members(ctx, e)
	if err != nil {
		return account.Group{}, err
	}
	return account.Group{
		DN: e.DN, Name: name, Names: e.otherNames(m.attribute("cn")), GID: gid,
		Password: m.password(e), Members: members,
	}, nil
}

// members returns the user names of a group's members, each once: those that
// it lists by name, then those that it lists by DN.
func (d *Directory) members(ctx context.Context, e entry) ([]string, error) {
	m := &d.maps.group
	names := append([]string(nil), e.values(m.attribute("memberUid"))...)
	uid := d.maps.passwd.attribute("uid")
	var unknown []string // DNs that do not say the name
	var places []int     // where the name goes
	for _, attribute := range memberDNs {
		dns, err := d.allValues(ctx, e, m.attribute(attribute))
		if err != nil {
			return nil, err
		}
		for _, dn := range dns {
			name := rdnValue(dn, uid)
			if name == "" {
				unknown = append(unknown, dn)
				places = append(places, len(names))
			}
			names = append(names, name)
		}
	}
	if len(unknown) > maxMemberReads {
		return nil, fmt.Errorf("%w: group %q has %d members whose DN does not say the user name, the limit is %d",
			ErrRefused, e.DN, len(unknown), maxMemberReads)
	}
	if err := d.readNames(ctx, unknown, places, names); err != nil {
		return nil, err
	}
	return distinct(names), nil
}

// readNames reads the entries behind dns and stores their user names in names
// at places. DNs that are not users stay empty.
func (d *Directory) readNames(ctx context.Context, dns []string, places []int, names []string) error {
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(parallelMemberReads)
	for i, dn := range dns {
		readers.Go(func() (err error) {
			panicked := guarded(func() { names[places[i]], err = d.nameOf(ctx, dn) })
			if panicked != nil {
				return fmt.Errorf("%w: read %q: %w", ErrUnavailable, dn, unwrapped{panicked})
			}
			return err
		})
	}
	return readers.Wait()
}

// nameOf returns the user name of the entry with the DN, "" if it is no user.
func (d *Directory) nameOf(ctx context.Context, dn string) (string, error) {
	m := &d.maps.passwd
	uid := m.attribute("uid")
	found, err := d.readEntry(ctx, dn, m.filter, []string{uid})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name, err := found.name(uid)
	if err != nil {
		return "", nil
	}
	return name, nil
}

// distinct removes what is empty or was there before, in place.
func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	kept := names[:0]
	for _, name := range names {
		if name != "" && !seen[name] {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}
