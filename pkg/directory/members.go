package directory

import (
	"context"
	"fmt"

	"github.com/goldap/goldap/pkg/account"
)

// Bounds on the members of one group and of the groups in it. A group beyond
// them is an error and not a shorter list: somebody may be kept out for being a
// member.
const (
	maxMembers      = 1_000_000
	maxNestedGroups = 10_000
)

// memberAttributes returns the attributes that hold the DNs of members: both
// of the schema, unless the configuration names one, or none.
func (m *mapping) memberAttributes() []string {
	if _, named := m.rename["member"]; named {
		return m.attributes("member")
	}
	return m.attributes("member", "uniqueMember")
}

// groupAttributes is what to ask a server for, to have a group and its members.
func (d *Directory) groupAttributes() []string {
	m := &d.maps.group
	if d.skipMembers {
		return m.attributes("cn", "userPassword", "gidNumber")
	}
	return append(m.attributes("cn", "userPassword", "gidNumber", "memberUid"), m.memberAttributes()...)
}

// memberWalk collects the members of a group, and of the groups in it.
type memberWalk struct {
	directory *Directory
	group     string          // its DN, for messages
	seen      map[string]bool // normal DNs of what was looked for among the groups, so that a loop ends
	groups    int             // that were found in it
	names     []string        // "" for what is no user
	unknown   []string        // DNs that do not say the name
	places    []int           // where in names it goes
}

// members returns the user names of a group's members, each once: those that
// it lists by name, then those that it lists by DN, then those of the groups in
// it if the configuration says so.
func (d *Directory) members(ctx context.Context, e entry) ([]string, error) {
	if d.skipMembers {
		return nil, nil
	}
	w := memberWalk{directory: d, group: e.DN, seen: map[string]bool{normalDN(e.DN): true}}
	level := []entry{e}
	for depth := 0; len(level) > 0; depth++ {
		others, err := w.addAll(ctx, level)
		if err != nil {
			return nil, err
		}
		if !d.cfg.NestedGroups || len(others) == 0 {
			break
		}
		if depth == d.cfg.NestedGroupDepth {
			d.warnOnce("depth down", "groups in groups are not looked into any deeper, this group's and perhaps others'", "group", e.DN, "nested_group_depth", depth)
			break
		}
		if level, err = w.groupsAmong(ctx, others); err != nil {
			return nil, err
		}
	}
	return distinct(w.names), nil
}

// addAll adds the members of the groups of one level, and returns the DNs among
// them that are not users.
func (w *memberWalk) addAll(ctx context.Context, level []entry) (others []string, err error) {
	w.unknown, w.places = nil, nil
	for _, e := range level {
		if err := w.add(ctx, e); err != nil {
			return nil, err
		}
	}
	if len(w.names) > maxMembers {
		return nil, fmt.Errorf("%w: group %q has more than %d members", ErrRefused, w.group, maxMembers)
	}
	names, err := w.directory.namesOf(ctx, w.unknown)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		w.names[w.places[i]] = name
		if name == "" {
			others = append(others, w.unknown[i])
		}
	}
	return others, nil
}

// add adds the members that the entry of a group lists.
func (w *memberWalk) add(ctx context.Context, e entry) error {
	m := &w.directory.maps.group
	uid := w.directory.maps.passwd.attribute("uid")
	names, err := w.directory.allValues(ctx, e, m.attribute("memberUid"))
	if err != nil {
		return err
	}
	w.names = append(w.names, names...)
	for _, attribute := range m.memberAttributes() {
		values, err := w.directory.allValues(ctx, e, attribute)
		if err != nil {
			return err
		}
		for _, value := range values {
			dn := memberDN(value)
			name := rdnValue(dn, uid)
			if name == "" {
				w.unknown = append(w.unknown, dn)
				w.places = append(w.places, len(w.names))
			}
			w.names = append(w.names, name)
		}
	}
	return nil
}

// groupsAmong returns those of the DNs that are groups which were not there
// before.
func (w *memberWalk) groupsAmong(ctx context.Context, dns []string) ([]entry, error) {
	fresh := unseen(w.seen, dns)
	d := w.directory
	found, err := d.entriesByDN(ctx, &d.maps.group, memberBatchSize, fresh, d.groupAttributes())
	if err != nil {
		return nil, err
	}
	if w.groups += len(found); w.groups > maxNestedGroups {
		return nil, fmt.Errorf("%w: group %q has more than %d groups in it", ErrRefused, w.group, maxNestedGroups)
	}
	return inOrder(fresh, found), nil
}

// unseen returns the DNs that are not in seen, each once, and puts them there.
func unseen(seen map[string]bool, dns []string) []string {
	var fresh []string
	for _, dn := range dns {
		if key := normalDN(dn); !seen[key] {
			seen[key] = true
			fresh = append(fresh, dn)
		}
	}
	return fresh
}

// inOrder returns the entries in the order of the DNs.
func inOrder(dns []string, entries map[string]entry) []entry {
	ordered := make([]entry, 0, len(entries))
	for _, dn := range dns {
		if e, ok := entries[normalDN(dn)]; ok {
			ordered = append(ordered, e)
		}
	}
	return ordered
}

// distinct removes what cannot be a name or was there before, in place.
func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	kept := names[:0]
	for _, name := range names {
		if !seen[name] && canLeave(name) {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
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
