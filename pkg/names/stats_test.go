package names_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// sumOfMaps holds the parts of the statistics against the whole.
func sumOfMaps(t *testing.T, s names.Stats) {
	t.Helper()
	var entries, absences int
	var hits, misses uint64
	for _, m := range s.Maps {
		entries, absences, hits, misses = entries+m.Entries, absences+m.Absences, hits+m.Hits, misses+m.Misses
		if m.Entries < 0 || m.Absences < 0 || m.Absences > m.Entries || m.Oldest > 0 && m.Entries == 0 {
			t.Errorf("%+v", m)
		}
	}
	if entries != s.Entries || absences != s.Absences || hits != s.Hits || misses != s.Misses {
		t.Errorf("the maps have %d entries, %d absences, %d hits, %d misses of %+v", entries, absences, hits, misses, s)
	}
}

// TestStatsByMap: each map is counted for itself, however it is asked.
func TestStatsByMap(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000), user("bob", 5001, 5000)}, groups: []account.Group{group("staff", 6000)}}
		s := newMemory(t, d)
		want := func(name string, want names.MapStats) {
			t.Helper()
			stats := s.Stats()
			sumOfMaps(t, stats)
			for _, m := range stats.Maps {
				if want.Map = name; m.Map == name && m != want {
					t.Errorf("%+v, want %+v", m, want)
				}
			}
		}
		want("passwd", names.MapStats{})
		s.want(t, "alice", 5000, nil)
		time.Sleep(3 * time.Second)
		s.want(t, "alice", 5000, nil)
		s.wantUID(t, 5000, "alice", nil)
		s.want(t, "nobody", 0, directory.ErrNotFound)
		want("passwd", names.MapStats{Entries: 2, Absences: 1, Hits: 2, Misses: 2, Oldest: 3 * time.Second})
		want("group", names.MapStats{})
		for range 3 {
			if _, err := s.GroupByName(t.Context(), "staff"); err != nil {
				t.Error(err)
			}
			if _, err := s.GroupsOfMember(t.Context(), "bob"); err != nil {
				t.Error(err)
			}
			_, _ = s.ShadowByName(t.Context(), "alice")
		}
		time.Sleep(time.Second)
		want("group", names.MapStats{Entries: 1, Hits: 2, Misses: 1, Oldest: time.Second})
		want("initgroups", names.MapStats{Entries: 1, Hits: 2, Misses: 1, Oldest: time.Second})
		want("passwd", names.MapStats{Entries: 3, Absences: 1, Hits: 2, Misses: 3, Oldest: 4 * time.Second}) // bob's groups need bob
		s.Forget("alice")
		want("passwd", names.MapStats{Entries: 2, Absences: 1, Hits: 2, Misses: 3, Oldest: time.Second})
		s.Flush()
		want("passwd", names.MapStats{Hits: 2, Misses: 3})
		want("group", names.MapStats{Hits: 2, Misses: 1})
	})
}

// TestStaleHitsAreOfTheirMap, too.
func TestStaleHitsAreOfTheirMap(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newMemory(t, d)
		s.want(t, "alice", 5000, nil)
		d.err = directory.ErrUnavailable
		time.Sleep(2 * ttl)
		s.want(t, "alice", 5000, nil)
		if stats := s.Stats(); stats.Stale != 1 || stats.Maps[0].Hits != 1 {
			t.Errorf("%+v", stats)
		}
		sumOfMaps(t, s.Stats())
	})
}

// TestOldestOfMany: the look at all of them does not depend on where they are.
func TestOldestOfMany(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{}
		for i := range 3000 {
			d.accounts = append(d.accounts, user(fmt.Sprint("user", i), uint32(10000+i), 5000))
		}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.Entries = 10_000 }, d)
		for i, a := range d.accounts {
			if i == 1 || i == 2000 {
				time.Sleep(time.Second)
			}
			s.want(t, a.Name, a.UID, nil)
		}
		if got := s.Stats().Maps[0]; got.Oldest != 2*time.Second || got.Entries != 3000 {
			t.Errorf("%+v", got)
		}
		s.Forget("user0")
		if got := s.Stats().Maps[0]; got.Oldest != time.Second || got.Entries != 2999 {
			t.Errorf("%+v", got)
		}
	})
}

func TestLoginStats(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.LoginTTL = time.Minute }, d)
		for range 3 {
			if _, _, err := s.LoginAccount(t.Context(), "alice", false); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.LoginAccount(t.Context(), "alice", true); err != nil {
			t.Fatal(err)
		}
		if got := s.Stats().Logins; got != (names.LoginStats{Entries: 1, Limit: 1000, Hits: 2, Misses: 2}) {
			t.Errorf("%+v", got)
		}
	})
}
