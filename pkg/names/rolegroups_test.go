package names_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// ofRoles are the groups ops (7001) and web (7002); who is in them is in the map,
// by the user's DN.
type ofRoles struct {
	users map[string][]string
	err   error
	asked int
}

func (r *ofRoles) All() []account.Group {
	return []account.Group{{Name: "ops", GID: 7001}, {Name: "web", GID: 7002}}
}

func (r *ofRoles) Of(_ context.Context, user account.Account, index int) ([]account.Group, error) {
	r.asked++
	var groups []account.Group
	for _, group := range r.All() {
		for _, name := range r.users[fmt.Sprint(index, " ", user.AllNames(), " ", user.DN)] {
			if name == group.Name {
				groups = append(groups, group)
			}
		}
	}
	return groups, r.err
}

// newRoleSite has alice with the role ops, and what a directory may not have:
// groups with the name or the gid of a role's, and users whose primary gid is
// one.
func newRoleSite(t *testing.T, change func(*names.Options)) (*site, *fake, *ofRoles) {
	t.Helper()
	alice := user("alice", 2000, 2000)
	alice.Names = []string{"al", "alice"}
	d := &fake{
		accounts: []account.Account{alice, user("bob", 2002, 2000), user("mallory", 2003, 7001)},
		groups:   []account.Group{group("staff", 3000), group("ops", 3003, "mallory"), group("other", 7002, "mallory")},
	}
	r := &ofRoles{users: map[string][]string{"0 [al alice] uid=alice,dc=test": {"ops"}}}
	s := newSiteWith(t, func(o *names.Options) {
		remember(o)
		o.RoleGroups = r
		change(o)
	}, d)
	return s, d, r
}

func gids(groups []account.Group) []uint32 {
	var all []uint32
	for _, group := range groups {
		all = append(all, group.GID)
	}
	return all
}

// TestRoleGroups are this machine's: a directory can neither have one nor put
// anybody into one.
func TestRoleGroups(t *testing.T) {
	s, d, _ := newRoleSite(t, func(*names.Options) {})
	ctx := t.Context()
	want := account.Group{Name: "ops", GID: 7001}
	for _, ctx := range []context.Context{ctx, names.FromMemory(ctx)} {
		byName, err := s.GroupByName(ctx, "ops")
		if diff := cmp.Diff(want, byName); diff != "" || err != nil {
			t.Errorf("by name: %v %s", err, diff)
		}
		byGID, err := s.GroupByGID(ctx, 7001)
		if diff := cmp.Diff(want, byGID); diff != "" || err != nil {
			t.Errorf("by gid: %v %s", err, diff)
		}
	}
	d.wantAsked(t, 0)
	if g, err := s.GroupByName(ctx, "other"); !errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("a group with the gid of a role's: %+v, %v", g, err)
	}
	if g, err := s.GroupByGID(ctx, 3003); !errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("a group with the name of a role's: %+v, %v", g, err)
	}
	if a, err := s.PasswdByName(ctx, "mallory"); !errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("a user whose primary group is a role's: %+v, %v", a, err)
	}
	if a, _, err := s.LoginAccount(ctx, "mallory", false); !errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("such a login: %+v, %v", a, err)
	}
	for name, want := range map[string][]uint32{"alice": {3000, 7001}, "bob": {3000}} {
		groups, err := s.GroupsOfMember(ctx, name)
		if diff := cmp.Diff(want, gids(groups)); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if s.Refusals()[names.OfRole] == 0 {
		t.Errorf("refusals %v", s.Refusals())
	}
	var all []string
	for g, err := range s.Groups(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %d%s", g.Name, g.GID, strings.Join(g.Members, " ")))
	}
	if diff := cmp.Diff([]string{"ops 7001", "web 7002", "staff 3000"}, all); diff != "" {
		t.Errorf("all groups: %s", diff)
	}
}

// TestRoleGroupsAndLocalOnes: those of /etc/group have precedence by name and by
// gid, as soon as they are there.
func TestRoleGroupsAndLocalOnes(t *testing.T) {
	for name, line := range map[string]string{"name": "ops:x:90:\n", "gid": "games:x:7001:\n"} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := newRoleSite(t, func(*names.Options) {})
			if groups, err := s.GroupsOfMember(t.Context(), "alice"); err != nil || len(groups) != 2 {
				t.Errorf("before: %+v, %v", groups, err)
			}
			write(t, s.groups, "root:x:0:\n"+line)
			if g, err := s.GroupByName(t.Context(), "ops"); err == nil {
				t.Errorf("by name: %+v", g)
			}
			if g, err := s.GroupByGID(t.Context(), 7001); err == nil {
				t.Errorf("by gid: %+v", g)
			}
			groups, err := s.GroupsOfMember(t.Context(), "alice")
			if diff := cmp.Diff([]uint32{3000}, gids(groups)); diff != "" || err != nil {
				t.Errorf("groups: %v %s", err, diff)
			}
			for g := range s.Groups(t.Context()) {
				if g.Name == "ops" || g.GID == 7001 {
					t.Errorf("listed: %+v", g)
				}
			}
		})
	}
}

// TestRoleGroupsAreRemembered like the groups of a directory, and forgotten.
func TestRoleGroupsAreRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, _, r := newRoleSite(t, func(*names.Options) {})
		check := func(asked int, want ...uint32) {
			t.Helper()
			groups, err := s.GroupsOfMember(t.Context(), "alice")
			if diff := cmp.Diff(want, gids(groups)); diff != "" || err != nil || r.asked != asked {
				t.Errorf("asked %d times: %v %s", r.asked, err, diff)
			}
		}
		check(1, 3000, 7001)
		r.users = nil
		check(1, 3000, 7001)
		s.Flush()
		check(2, 3000)
		s.Forget("alice")
		check(3, 3000)
		time.Sleep(time.Hour)
		check(4, 3000)
	})
}

// TestRoleGroupsThatAreNotKnown: a list that may be too short is not given out,
// and says nothing about whether there is such a user.
func TestRoleGroupsThatAreNotKnown(t *testing.T) {
	for _, reason := range []error{directory.ErrUnavailable, directory.ErrNotUnique, directory.ErrRefused} {
		s, _, r := newRoleSite(t, func(*names.Options) {})
		r.err = reason
		groups, err := s.GroupsOfMember(t.Context(), "alice")
		if groups != nil || err == nil || errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrNotUnique) {
			t.Errorf("%v: %+v, %v", reason, groups, err)
		}
		r.err = nil
		if groups, err := s.GroupsOfMember(t.Context(), "alice"); err != nil || len(groups) != 2 {
			t.Errorf("after %v: %+v, %v", reason, groups, err)
		}
	}
}

// TestNobodyAsksForRoles of users without groups, and of local users.
func TestNobodyAsksForRoles(t *testing.T) {
	s, _, r := newRoleSite(t, func(o *names.Options) { o.NoGroupsFor = []string{"alice"} })
	if groups, err := s.GroupsOfMember(t.Context(), "alice"); err != nil || groups != nil {
		t.Errorf("no_groups_for: %+v, %v", groups, err)
	}
	if groups, err := s.GroupsOfMember(t.Context(), "local"); !errors.Is(err, directory.ErrNotFound) || groups != nil {
		t.Errorf("a local user: %+v, %v", groups, err)
	}
	if r.asked != 0 {
		t.Errorf("asked %d times", r.asked)
	}
}
