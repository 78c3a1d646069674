package names

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Groups that the configuration makes of roles. They are this machine's: no
// directory has a group with the name or the gid of one, so that nobody can be
// put into one by a directory. Those of /etc/group have precedence over them,
// as over a directory's.

// roleGroups are the groups and who is in them.
type roleGroups struct {
	all     []account.Group
	members RoleGroups
}

func newRoleGroups(members RoleGroups) roleGroups {
	if members == nil {
		return roleGroups{}
	}
	return roleGroups{members.All(), members}
}

// named returns the group with a name.
func (r roleGroups) named(name string, same func(a, b string) bool) (account.Group, bool) {
	for _, group := range r.all {
		if same(group.Name, name) {
			return group, true
		}
	}
	return account.Group{}, false
}

// numbered returns the group with a gid.
func (r roleGroups) numbered(gid uint32) (account.Group, bool) {
	for _, group := range r.all {
		if group.GID == gid {
			return group, true
		}
	}
	return account.Group{}, false
}

// of returns the groups that a user is in.
func (r roleGroups) of(ctx context.Context, user account.Account, index int) ([]account.Group, error) {
	if len(r.all) == 0 {
		return nil, nil
	}
	groups, err := r.members.Of(ctx, user, index)
	if isAbsent(err) { // which says nothing about the user
		err = fmt.Errorf("%w: %v", directory.ErrRefused, err)
	}
	return groups, err
}

// withNames adds the other names of the user to an account that was read from
// the record of one.
func (n *Names) withNames(user account.Account, s *slot) account.Account {
	if len(n.roleGroups.all) > 0 {
		u := s.contents()
		user.Names = u.list()
	}
	return user
}

// notOfRole refuses a group of a directory that has the name or the gid of a
// role's.
func (n *Names) notOfRole(group account.Group) error {
	role, ok := n.roleGroups.named(group.Name, n.same)
	if !ok {
		role, ok = n.roleGroups.numbered(group.GID)
	}
	if !ok {
		return nil
	}
	return refuse(OfRole, "%s: group %s, gid %d: the name or the gid is that of the group of role %s", group.DN, strconv.Quote(group.Name), group.GID, role.Name)
}

// notLocalRole passes on the group of a role that does not take the place of one
// of this machine.
func (n *Names) notLocalRole(group account.Group) (account.Group, error) {
	if n.isLocalGroup(group, n.groups.current()) {
		return account.Group{}, refuse(Local, "the group of role %s is local", group.Name)
	}
	return group, nil
}

// withRoleGroups puts the groups of roles before those of directories.
func (n *Names) withRoleGroups(groups iter.Seq2[account.Group, error]) iter.Seq2[account.Group, error] {
	if len(n.roleGroups.all) == 0 {
		return groups
	}
	return func(yield func(account.Group, error) bool) {
		for _, group := range n.roleGroups.all {
			if _, err := n.notLocalRole(group); err == nil && !yield(group, nil) {
				return
			}
		}
		groups(yield)
	}
}
