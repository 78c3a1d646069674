package names_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// TestGroupPaths: without groups that this machine does not believe, with those of
// roles, and from memory the second time.
func TestGroupPaths(t *testing.T) {
	s, d, _ := newRoleSite(t, func(o *names.Options) { o.NoGroupsFor = []string{"bob"} })
	d.groups = append(d.groups, group("wheel", 3004), group("-rf", 3005), group("root2", 0))
	want := []account.Membership{
		{Group: account.Group{Name: "staff", GID: 3000}, Path: []string{"team", "staff"}},
		{Group: account.Group{Name: "ops", GID: 7001}},
	}
	for range 2 {
		got, err := s.GroupPaths(t.Context(), "alice")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	}
	if n := d.memberships.Load(); n != 1 {
		t.Errorf("the directory was asked %d times", n)
	}
	s.Forget("alice")
	_, _ = s.GroupPaths(t.Context(), "alice")
	if n := d.memberships.Load(); n != 2 {
		t.Errorf("after Forget the directory was asked %d times", n)
	}
	if got, err := s.GroupPaths(t.Context(), "bob"); len(got) > 0 || err != nil {
		t.Errorf("no_groups_for: %v, %v", got, err)
	}
	for _, name := range []string{"local", "nobody", "a:b"} {
		if _, err := s.GroupPaths(t.Context(), name); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, s.passwd, "alice:x:4711:1::/:/bin/sh\n")
	if got, err := s.GroupPaths(t.Context(), "alice"); err == nil {
		t.Errorf("of a user who is local now: %v", got)
	}
}

func TestGroupPathsOfNoAnswer(t *testing.T) {
	s, d, _ := newRoleSite(t, func(*names.Options) {})
	if _, err := s.PasswdByName(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	d.err = directory.ErrUnavailable
	if _, err := s.GroupPaths(t.Context(), "alice"); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// TestGroupPathsTakeTurns: many users' ways are not searched for at once, and who
// does not get a turn in time has no answer.
func TestGroupPathsTakeTurns(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{groups: []account.Group{group("staff", 3000)}, delay: 100 * time.Millisecond}
		const users = 50
		for i := range uint32(users) {
			d.accounts = append(d.accounts, user(fmt.Sprint("user", i), 4000+i, 4000))
		}
		s := newMemory(t, d)
		var all sync.WaitGroup
		var good, late atomic.Int32
		for i := range users {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				switch got, err := s.GroupPaths(ctx, fmt.Sprint("user", i)); {
				case err == nil && len(got) == 1:
					good.Add(1)
				case errors.Is(err, directory.ErrUnavailable):
					late.Add(1)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute) // what nobody waits for any more ends
		if most := d.mostPaths.Load(); most != 2 {
			t.Errorf("%d at a time", most)
		}
		if good.Load() < 30 || late.Load() != users-good.Load() {
			t.Errorf("%d answers, %d without", good.Load(), late.Load())
		}
	})
}
