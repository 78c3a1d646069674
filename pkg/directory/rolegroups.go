package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/account"
)

// What roles ask for: whether one user is in one group, and whether the user's
// entry matches a filter. Groups are known by their DNs; a name counts only
// under a base that the configuration states for it, and only if it is the one
// entry there that has it.

// groupClasses are the classes of groups, besides what the group map says: those
// of RFC 4519 and of rfc2307bis, of RFC 2307, and Active Directory's. The groups
// of a role need not be groups of this machine.
var groupClasses = []string{"groupOfNames", "groupOfUniqueNames", "groupOfEntries", "groupOfMembers", "posixGroup", "group"}

// withAllClasses is the group map with groups of all classes, for those who must
// not miss one.
func (m *mapping) withAllClasses() mapping {
	all := *m
	matches := []filter{m.filter}
	for _, class := range groupClasses {
		if match := equal("objectClass", class); match != m.filter {
			matches = append(matches, match)
		}
	}
	all.filter, all.places, all.needsBases = or(matches...), nil, true
	for _, at := range m.places {
		all.places = append(all.places, place{dn: at.dn, scope: at.scope, filter: all.filter})
	}
	return all
}

// GroupDN returns the DN of the group with the name under base, and "" if there
// is none, which is logged once. Names are compared as the server does. Errors:
// ErrNotUnique if several entries have the name, ErrRefused (also if there is no
// such base), ErrUnavailable.
func (d *Directory) GroupDN(ctx context.Context, base, name string) (string, error) {
	if !canExist(name) {
		return "", fmt.Errorf("%w: %q cannot be a name", ErrRefused, name)
	}
	m := &d.maps.anyGroup
	q := search{
		place: place{dn: base, scope: ldap.ScopeWholeSubtree}, filter: and(m.filter, m.equal("cn", name)),
		attributes: []string{"1.1"}, limit: 2,
	}
	var found []entry
	err := d.try(ctx, fmt.Sprintf("search group %q under %q", name, base), func(ctx context.Context, s *server) (err error) {
		found, err = s.search(ctx, &q)
		if errors.Is(err, errNoBase) {
			return fmt.Errorf("%w: no such base", ErrRefused)
		}
		if len(found) > 1 || errors.Is(err, errSizeLimit) && len(found) > 0 {
			return ErrNotUnique
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		d.warnOnce("role "+base+"\x00"+name, "a group that a role names does not exist or may not be read: nobody is in it", "group", name, "base", base)
		return "", nil
	}
	return found[0].DN, nil
}

// InGroup reports whether the group with the DN lists the user, by DN (member,
// uniqueMember) or by name (memberUid), or is the group of the user's primary
// gid, or lists one of the groups above, which are GroupsAbove's. With
// groups_of_user = "member_of" the memberOf values of the user's entry stand for
// the group's list. Nobody is in a group that does not exist or may not be read,
// which is logged once. Errors: ErrRefused, ErrUnavailable.
func (d *Directory) InGroup(ctx context.Context, user account.Account, group string, above []string) (bool, error) {
	if key := normalDN(group); contains(above, key) {
		return true, nil
	}
	if d.cfg.GroupsOfUser == groupsByMemberOf && user.DN != "" {
		there, _, err := d.matchesEntry(ctx, user.DN, equal(memberOf, group))
		if there || err != nil {
			return there, err
		}
	}
	lists := d.listsUser(user)
	for _, dn := range above {
		lists = append(lists, d.maps.group.lists(dn)...)
	}
	for begin := 0; begin < len(lists); begin += batchSize {
		there, exists, err := d.matchesEntry(ctx, group, or(lists[begin:min(begin+batchSize, len(lists))]...))
		if !exists && err == nil {
			d.warnOnce("role "+group, "a group that a role names does not exist or may not be read: nobody is in it", "group", group)
		}
		if there || err != nil || !exists {
			return there, err
		}
	}
	return false, nil
}

// listsUser are the assertions, of which one is enough, that a group has the
// user as a member itself.
func (d *Directory) listsUser(user account.Account) []filter {
	m := &d.maps.group
	var lists []filter
	if d.cfg.GroupsOfUser != groupsByMemberOf {
		lists = m.lists(user.DN)
		for _, name := range user.AllNames() {
			lists = append(lists, m.equal("memberUid", name))
		}
	}
	return append(lists, d.isPrimary(user)...)
}

// isPrimary is the assertion that a group of this machine has the user's
// primary gid.
func (d *Directory) isPrimary(user account.Account) []filter {
	m := &d.maps.group
	if match, ok := m.equalID("gidNumber", user.GID); ok && user.HasID() {
		return []filter{and(m.filter, match)}
	}
	return nil
}

// Matches reports whether the entry with the DN matches a filter, which
// CheckFilter has found good. Errors: ErrRefused, ErrUnavailable.
func (d *Directory) Matches(ctx context.Context, dn, text string) (bool, error) {
	match, err := parseFilter(text)
	if err != nil || match.text == "" {
		return false, fmt.Errorf("%w: filter %q: %w", ErrRefused, text, errors.Join(err, errors.New("not a filter")))
	}
	if dn == "" { // the server's own entry (RFC 4512, section 5.1)
		return false, nil
	}
	there, _, err := d.matchesEntry(ctx, dn, match)
	return there, err
}

// CheckFilter says why a filter cannot be sent, if it cannot.
func CheckFilter(text string) error {
	_, err := parseFilter(text)
	return err
}

// matchesEntry reports whether the entry with the DN matches, and whether there
// is one.
func (d *Directory) matchesEntry(ctx context.Context, dn string, match filter) (matches, exists bool, err error) {
	if match.text == "" {
		return false, true, nil
	}
	q := search{place: place{dn: dn, scope: ldap.ScopeBaseObject}, filter: match, attributes: []string{"1.1"}, limit: 1}
	err = d.try(ctx, fmt.Sprintf("read %q", dn), func(ctx context.Context, s *server) error {
		found, err := s.search(ctx, &q)
		matches, exists = err == nil && len(found) > 0, !errors.Is(err, errNoBase)
		if !exists {
			return nil
		}
		return err
	})
	return matches && err == nil, exists, err
}

// GroupsAbove returns the DNs, spelled in one way, of the groups that the user is
// in, of those that these are in, and so on, among the groups of all classes
// under the bases of the group map. Groups that go deeper than nested_group_depth
// are an error and not a shorter list, and so is a base that does not exist:
// somebody may be kept out for being a member. Errors: ErrBadEntry (a list of
// values that breaks off), ErrRefused, ErrUnavailable.
func (d *Directory) GroupsAbove(ctx context.Context, user account.Account) ([]string, error) {
	m := &d.maps.anyGroup
	level, above, err := d.lowest(ctx, user)
	if err != nil {
		return nil, err
	}
	all, err := d.climb(ctx, level, above)
	if err != nil {
		return nil, fmt.Errorf("groups of %q in %s: %w", user.Name, m.name, err)
	}
	dns := make([]string, 0, len(all))
	for _, e := range all {
		dns = append(dns, normalDN(e.DN))
	}
	return dns, nil
}

// lowest returns the groups that have the user as a member themselves, and how
// to find those above a level.
func (d *Directory) lowest(ctx context.Context, user account.Account) (level []entry, above levelAbove, err error) {
	m := &d.maps.anyGroup
	wanted := []string{"1.1"}
	if d.cfg.GroupsOfUser == groupsByMemberOf {
		wanted = []string{memberOf}
	}
	if lists := or(d.listsUser(user)...); lists.text != "" {
		if level, err = d.findAll(ctx, m, user.Name, lists, wanted); err != nil {
			return nil, nil, err
		}
	}
	if d.cfg.GroupsOfUser != groupsByMemberOf {
		return level, func(ctx context.Context, level []entry) ([]entry, error) { return d.listing(ctx, m, level, wanted) }, nil
	}
	above = func(ctx context.Context, level []entry) ([]entry, error) { return d.namedGroups(ctx, m, level) }
	own, err := d.readEntry(ctx, user.DN, d.maps.passwd.filter, []string{memberOf})
	if errors.Is(err, ErrNotFound) {
		return level, above, nil
	}
	if err != nil {
		return nil, nil, err
	}
	named, err := above(ctx, []entry{own})
	return append(level, named...), above, err
}
