package names

import (
	"context"
	"fmt"
	"slices"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// maxPathLoads bounds how many users' ways into groups are searched for at a time:
// each takes many searches, everybody may ask, and nobody is in a hurry.
const maxPathLoads = 2

// GroupPaths is GroupsOfMember that says how the user comes to be in each group.
// It is remembered as those are, so that people see what programs see.
func (n *Names) GroupPaths(ctx context.Context, name string) ([]account.Membership, error) {
	if slices.ContainsFunc(n.noGroupsFor, func(user string) bool { return n.same(user, name) }) {
		return nil, nil
	}
	var space keySpace
	s, err := n.recall(ctx, n.nameKey(&space, groupPaths, name), func() error { return n.mayAskForUser(name) },
		func(key string) load { return n.loadPaths(key, name) })
	if err != nil {
		return nil, err
	}
	user, memberships := readPaths(s)
	user.Name = name
	if _, err := n.notLocal(user); err != nil {
		return nil, s.uncertain(err)
	}
	local := n.groups.current()
	return slices.DeleteFunc(memberships, func(m account.Membership) bool { return n.isLocalGroup(m.Group, local) }), nil
}

// loadPaths finds the user, and then the groups that the user is in.
func (n *Names) loadPaths(key, name string) load {
	return func(ctx context.Context) (finding, error) {
		s, err := n.passwd(ctx, name)
		if err != nil {
			return finding{}, err
		}
		select {
		case n.pathLoads <- struct{}{}:
			defer func() { <-n.pathLoads }()
		case <-ctx.Done():
			return finding{}, fmt.Errorf("%w: wait for the groups of others: %w", directory.ErrUnavailable, context.Cause(ctx))
		}
		user, began := n.account(s, name), n.memory.now()
		memberships, err := n.directories[s.directory].GroupPaths(ctx, user.Name, user.DN)
		n.memory.heard(s.directory, began, err)
		var ofRoles []account.Group
		if err == nil {
			memberships = n.allowedPaths(memberships)
			ofRoles, err = n.roleGroups.of(ctx, n.withNames(user, s), s.directory)
		}
		if err != nil {
			return finding{}, &passedOver{[]int{s.directory}, s.uncertain(err)}
		}
		for _, group := range ofRoles {
			memberships = append(memberships, account.Membership{Group: group})
		}
		return pathsFinding(user, memberships, s.source, key), nil
	}
}

// allowedPaths leaves out the groups that the rules refuse.
func (n *Names) allowedPaths(memberships []account.Membership) []account.Membership {
	return slices.DeleteFunc(memberships, func(m account.Membership) bool {
		_, err := n.checkedGroup(m.Group)
		n.report(err)
		return err != nil
	})
}

func pathsFinding(user account.Account, memberships []account.Membership, from source, key string) finding {
	return finding{source: from, record: newRecord([]string{key}, func(p *packer) {
		p.number(user.UID)
		p.number(user.GID)
		p.count(len(memberships))
		for _, m := range memberships {
			p.string(m.Group.Name)
			p.number(m.Group.GID)
			p.list(m.Path)
		}
	})}
}

func readPaths(s *slot) (user account.Account, memberships []account.Membership) {
	u := s.contents()
	user.UID, user.GID = u.number(), u.number()
	memberships = make([]account.Membership, u.count())
	for i := range memberships {
		memberships[i] = account.Membership{Group: account.Group{Name: u.string(), GID: u.number()}, Path: u.list()}
	}
	return user, memberships
}
