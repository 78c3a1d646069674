package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/goldap/goldap/pkg/account"
)

// memberOf is the attribute in which servers keep the DNs of the groups that
// list an entry (MS-ADA2, section 2.44; the memberof overlay of slapd).
const memberOf = "memberOf"

// groupsByMemberOf is the value of groups_of_user for it.
const groupsByMemberOf = "member_of"

// maxGroups bounds the groups of one user: a process cannot have more.
const maxGroups = maxEntries

// GroupsOfMember returns the groups of a user: those that list the user by name
// (memberUid) or by DN (member, uniqueMember), or those that the user's entry
// names (groups_of_user), and with nested_groups those that list such a group.
// dn may be empty. Members is empty in each. Groups whose entry is unusable are
// left out. No group is not an error.
func (d *Directory) GroupsOfMember(ctx context.Context, name, dn string) ([]account.Group, error) {
	if !canExist(name) {
		return nil, fmt.Errorf("%w: %q cannot be a name", ErrNotFound, name)
	}
	level, above, err := d.itself(ctx, name, dn)
	if err != nil {
		return nil, err
	}
	found, err := d.withNested(ctx, name, level, above)
	if err != nil {
		return nil, err
	}
	groups := make([]account.Group, 0, len(found))
	for _, e := range found {
		group, err := d.maps.group.group(e)
		if err != nil {
			d.log.Debug("group left out", "error", err)
			continue
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// itself returns the entries of the groups that have the user as a member
// itself, and how to find those above a level.
func (d *Directory) itself(ctx context.Context, name, dn string) (level []entry, above levelAbove, err error) {
	if d.cfg.GroupsOfUser == groupsByMemberOf {
		return d.readMemberOf(ctx, dn)
	}
	m := &d.maps.group
	wanted := m.attributes("cn", "gidNumber")
	above = func(ctx context.Context, level []entry) ([]entry, error) { return d.listing(ctx, m, level, wanted) }
	match := or(append([]filter{m.equal("memberUid", name)}, m.lists(dn)...)...)
	if match.text == "" {
		return nil, above, nil
	}
	level, err = d.findAll(ctx, m, name, match, wanted)
	return level, above, err
}

// withNested adds to the groups that have the user those that have one of these,
// level by level, if the configuration says so.
func (d *Directory) withNested(ctx context.Context, name string, level []entry, above levelAbove) ([]entry, error) {
	if !d.cfg.NestedGroups {
		return level, nil
	}
	return d.climbOrStop(ctx, name, level, above)
}

// listing returns the groups of the map that list an entry of the level.
func (d *Directory) listing(ctx context.Context, m *mapping, level []entry, wanted []string) ([]entry, error) {
	var filters []filter
	for _, e := range level {
		filters = append(filters, m.lists(e.DN)...)
	}
	return d.inBatches(ctx, m, batchSize, filters, wanted)
}

// lists are the assertions that a group lists the entry with the DN.
func (m *mapping) lists(dn string) []filter {
	var filters []filter
	for _, attribute := range m.memberAttributes() {
		if dn != "" {
			filters = append(filters, equal(attribute, dn))
		}
	}
	return filters
}

// readMemberOf is itself for the groups that the user's entry names.
func (d *Directory) readMemberOf(ctx context.Context, dn string) (level []entry, above levelAbove, err error) {
	above = func(ctx context.Context, level []entry) ([]entry, error) {
		return d.namedGroups(ctx, &d.maps.group, level)
	}
	if dn == "" {
		return nil, above, nil
	}
	user, err := d.readEntry(ctx, dn, d.maps.passwd.filter, []string{memberOf})
	if errors.Is(err, ErrNotFound) {
		return nil, above, nil
	}
	if err == nil {
		level, err = above(ctx, []entry{user})
	}
	return level, above, err
}

// namedGroups returns the entries of the groups of the map that the entries
// name.
func (d *Directory) namedGroups(ctx context.Context, m *mapping, level []entry) ([]entry, error) {
	var dns []string
	for _, e := range level {
		values, err := d.allValues(ctx, e, memberOf)
		if err != nil {
			return nil, err
		}
		dns = append(dns, values...)
	}
	dns = unseen(map[string]bool{}, dns)
	if len(dns) > maxGroups {
		return nil, errManyGroups
	}
	found, err := d.entriesByDN(ctx, m, batchSize, dns, append(m.attributes("cn", "gidNumber"), memberOf))
	return inOrder(dns, found), err
}

// errManyGroups is an error and not a shorter list, because somebody may be kept
// out for being a member.
var errManyGroups = fmt.Errorf("%w: more than %d groups of one user", ErrRefused, maxGroups)

// levelAbove returns the groups that have those of a level in them.
type levelAbove func(ctx context.Context, level []entry) ([]entry, error)

// errDeep: there are groups above those that nested_group_depth allows.
var errDeep = fmt.Errorf("%w: groups in groups are nested deeper than nested_group_depth", ErrRefused)

// climb goes on from the groups of one level to the groups above it, until
// there are no new ones. A group is known by its DN. With errDeep it returns what
// is not too deep.
func (d *Directory) climb(ctx context.Context, level []entry, above levelAbove) ([]entry, error) {
	seen := map[string]bool{}
	all := newEntries(seen, level)
	for depth := 0; len(level) > 0; depth++ {
		found, err := above(ctx, level)
		if err != nil {
			return nil, err
		}
		level = newEntries(seen, found)
		if len(level) > 0 && depth == d.cfg.NestedGroupDepth {
			return all, errDeep
		}
		if all = append(all, level...); len(all) > maxGroups {
			return nil, errManyGroups
		}
	}
	return all, nil
}

// climbOrStop is climb that stops at nested_group_depth: who the groups of a
// user are is still worth knowing then.
func (d *Directory) climbOrStop(ctx context.Context, name string, level []entry, above levelAbove) ([]entry, error) {
	all, err := d.climb(ctx, level, above)
	if !errors.Is(err, errDeep) {
		return all, err
	}
	d.warnOnce("depth up", "groups of groups are not looked for any higher, this user's and perhaps others'", "user", name, "nested_group_depth", d.cfg.NestedGroupDepth)
	return all, nil
}

// newEntries returns the entries whose DN is not in seen, and puts it there.
func newEntries(seen map[string]bool, entries []entry) []entry {
	var fresh []entry
	for _, e := range entries {
		if key := normalDN(e.DN); !seen[key] {
			seen[key] = true
			fresh = append(fresh, e)
		}
	}
	return fresh
}
