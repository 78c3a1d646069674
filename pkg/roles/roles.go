// Package roles says which roles of the configuration a user has.
//
// A role is a set of users: those who are named, the members of groups, those
// whose entry matches a filter, and the users of other roles. [Set.Of] first
// finds out what there is to know about the user (look.go), each group and each
// filter once however many roles speak of it, and then decides from that alone
// (held.go). What could not be found out is kept apart from "no": a login that
// depends on it is refused.
package roles

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// Role is a set of users. Its fields are those of a [[role]] in the
// configuration.
type Role struct {
	Name string
	// Directories are the names of the directories whose users can have the
	// role; none means all.
	Directories []string
	Users       []string
	GroupDNs    []string
	// Groups are names under GroupBase.
	Groups    []string
	GroupBase string
	// Nested counts members of groups that are in one of the groups, too.
	Nested  bool
	Filters []string
	// Roles are other roles, whose users have this one as well.
	Roles []string
	// GID is that of the group that this machine makes of the role; 0 is none.
	GID uint32
}

// Directory is what roles ask about a user of a directory; *directory.Directory
// has it. Any error means that nothing was found out.
type Directory interface {
	Name() string
	// GroupsAbove returns all groups that the user is in, directly or by way of
	// other groups, for InGroup.
	GroupsAbove(ctx context.Context, user account.Account) ([]string, error)
	InGroup(ctx context.Context, user account.Account, group string, above []string) (bool, error)
	// GroupDN returns "" if there is no such group.
	GroupDN(ctx context.Context, base, name string) (string, error)
	Matches(ctx context.Context, dn, filter string) (bool, error)
}

// Set is all roles of a configuration. It is never changed; nil is a set
// without roles.
type Set struct {
	roles []Role // each behind those that it includes
	index map[string]int
	same  func(a, b string) bool // user names
}

// New makes a set. A role that includes one that does not exist, or itself by
// way of others, is an error. With ignoreCase user names are equal that differ
// in the case of ASCII letters only.
func New(all []Role, ignoreCase bool) (*Set, error) {
	s := &Set{index: map[string]int{}, same: func(a, b string) bool { return a == b }}
	if ignoreCase {
		s.same = account.SameLetters
	}
	byName := map[string]Role{}
	for _, role := range all {
		if _, known := byName[role.Name]; known {
			return nil, fmt.Errorf("two roles are called %q", role.Name)
		}
		byName[role.Name] = role
	}
	for _, role := range all {
		if err := s.add(role.Name, byName, nil); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add appends a role behind those that it includes. within are the roles that
// are being added.
func (s *Set) add(name string, byName map[string]Role, within []string) error {
	role, known := byName[name]
	switch {
	case !known:
		return fmt.Errorf("there is no role %q", name)
	case slices.Contains(within, name):
		return fmt.Errorf("roles include each other: %s", strings.Join(append(within, name), ", "))
	}
	if _, added := s.index[name]; added {
		return nil
	}
	for _, included := range role.Roles {
		if err := s.add(included, byName, append(within, name)); err != nil {
			return err
		}
	}
	s.index[name] = len(s.roles)
	s.roles = append(s.roles, role)
	return nil
}

// Empty reports whether there are no roles.
func (s *Set) Empty() bool { return s == nil || len(s.roles) == 0 }

// WithGroups returns the roles that this machine makes groups of, in no order.
func (s *Set) WithGroups() []Role {
	var groups []Role
	if s != nil {
		for _, role := range s.roles {
			if role.GID != 0 {
				groups = append(groups, role)
			}
		}
	}
	return groups
}

// Of finds out which of the wanted roles the user of a directory has; without
// any wanted, which of all.
func (s *Set) Of(ctx context.Context, dir Directory, user account.Account, wanted ...string) Held {
	if s.Empty() {
		return Held{}
	}
	asked := s.asked(dir.Name(), wanted)
	l := newLook(dir, user)
	for i, role := range s.roles {
		if asked[i] && role.isOf(dir.Name()) && !s.names(role, user) {
			l.note(role)
		}
	}
	l.findOut(ctx)
	return s.decide(ctx, l, asked)
}

// asked says for each role whether it is wanted, or included by one that is and
// that users of this directory can have.
func (s *Set) asked(directory string, wanted []string) []bool {
	asked := make([]bool, len(s.roles))
	for i, role := range s.roles {
		asked[i] = len(wanted) == 0 || slices.Contains(wanted, role.Name)
	}
	for i, role := range slices.Backward(s.roles) {
		if !asked[i] || !role.isOf(directory) {
			continue
		}
		for _, included := range role.Roles {
			asked[s.index[included]] = true
		}
	}
	return asked
}

// isOf reports whether users of the directory can have the role.
func (r *Role) isOf(directory string) bool {
	return len(r.Directories) == 0 || slices.Contains(r.Directories, directory)
}

// names reports whether the role names the user.
func (s *Set) names(role Role, user account.Account) bool {
	return slices.ContainsFunc(role.Users, func(name string) bool {
		return slices.ContainsFunc(user.AllNames(), func(own string) bool { return s.same(name, own) })
	})
}

var errNotAsked = errors.New("nobody asked for it")
