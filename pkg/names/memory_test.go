package names_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

const (
	ttl      = 80 * time.Second // a multiple of 8, for the jitter
	negative = 16 * time.Second
	stale    = time.Hour
	patience = 2 * time.Second
)

// newMemory is a site that remembers.
func newMemory(t *testing.T, directories ...*fake) *site {
	t.Helper()
	return newSiteWith(t, remember, directories...)
}

func remember(o *names.Options) {
	o.TTL, o.NegativeTTL, o.StaleTTL, o.Timeout, o.Entries = ttl, negative, stale, patience, 1000
}

// inTime runs test in virtual time.
func inTime(t *testing.T, test func(t *testing.T)) { t.Helper(); synctest.Test(t, test) }

// want asks for a user as the server does, with a deadline.
func (s *site) want(t *testing.T, name string, uid uint32, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, gotErr := s.PasswdByName(ctx, name)
	if !errors.Is(gotErr, err) || got.UID != uid {
		t.Errorf("%s: uid %d, %v; want %d, %v", name, got.UID, gotErr, uid, err)
	}
}

func (s *site) wantUID(t *testing.T, uid uint32, name string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if got, gotErr := s.PasswdByUID(ctx, uid); !errors.Is(gotErr, err) || got.Name != name {
		t.Errorf("uid %d: %q, %v; want %q, %v", uid, got.Name, gotErr, name, err)
	}
}

// wantAsked holds how often the directory was asked so far.
func (f *fake) wantAsked(t *testing.T, want int32) {
	t.Helper()
	if got := f.asked.Load(); got != want {
		t.Errorf("the directory was asked %d times, want %d", got, want)
	}
}

// An entry that was found by one key answers by all of them.
func TestAllKeysAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		alice, staff := user("alice", 5000, 5000), group("staff", 6000, "alice")
		alice.Names, staff.Names = []string{"alice", "al"}, []string{"staff", "all"}
		d := &fake{accounts: []account.Account{alice, user("bob", 5001, 5000)}, groups: []account.Group{staff}}
		s := newMemory(t, d)
		s.want(t, "al", 5000, nil)
		s.want(t, "alice", 5000, nil)
		s.wantUID(t, 5000, "alice", nil)
		s.wantUID(t, 5001, "bob", nil)
		s.want(t, "bob", 5001, nil)
		d.wantAsked(t, 2)
		for name := range 3 {
			g, err := s.GroupByName(t.Context(), []string{"all", "staff", "all"}[name])
			if err != nil || g.Name != []string{"all", "staff", "all"}[name] || !cmp.Equal(g.Members, []string{"alice"}) {
				t.Errorf("%+v, %v", g, err)
			}
		}
		if g, err := s.GroupByGID(t.Context(), 6000); err != nil || g.Name != "staff" {
			t.Errorf("%+v, %v", g, err)
		}
		d.wantAsked(t, 3)
	})
}

// Everything that an account, a group and the rest have comes out of the memory
// as it went in.
func TestNothingIsLostInMemory(t *testing.T) {
	inTime(t, func(t *testing.T) {
		alice := account.Account{
			DN: "uid=alice,dc=test", Name: "alice", UID: 5000, GID: 5001, Gecos: "Älice", Home: "/home/" + strings.Repeat("x", 300), Shell: "",
			Password: "$6$x", Shadowed: true,
		}
		staff := account.Group{DN: "cn=staff", Name: "staff", GID: 6000, Password: "$1$", Members: []string{"alice", "bob"}}
		d := &fake{accounts: []account.Account{alice}, groups: []account.Group{staff}}
		s, ctx := newMemory(t, d), t.Context()
		for range 2 {
			a, err1 := s.PasswdByName(ctx, "alice")
			g, err2 := s.GroupByGID(ctx, 6000)
			m, err3 := s.GroupsOfMember(ctx, "alice")
			h, err4 := s.ShadowByName(ctx, "alice")
			if err := errors.Join(err1, err2, err3, err4); err != nil {
				t.Fatal(err)
			}
			want := []account.Group{{Name: "staff", GID: 6000, Password: "$1$"}}
			if diff := cmp.Diff(alice, a) + cmp.Diff(staff, g) + cmp.Diff(want, m) + cmp.Diff(shadowOf("alice"), h); diff != "" {
				t.Error(diff)
			}
		}
		if d.wantAsked(t, 3); d.memberships.Load() != 1 {
			t.Error("the groups of alice were searched for again")
		}
	})
}

func TestIgnoredCase(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("Alice", 5000, 5000), user("Local", 5001, 5000)}}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.IgnoreCase = true }, d)
		for _, name := range []string{"alice", "ALICE", "Alice"} {
			if a, err := s.PasswdByName(t.Context(), name); err != nil || a.Name != "Alice" {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
		}
		d.wantAsked(t, 1)
		s.want(t, "LOCAL", 0, directory.ErrNotFound)
		d.wantAsked(t, 1)
		s.wantUID(t, 5001, "", directory.ErrBadEntry)
	})
}

// A changed entry leaves neither its old name nor its old number behind, by
// whichever key the change is seen.
func TestChangedEntryLeavesNothingBehind(t *testing.T) {
	old := user("alice", 5000, 5000)
	changed := func(name string, uid uint32) account.Account {
		a := user(name, uid, 5000)
		a.DN = old.DN
		return a
	}
	byName := func(name string) func(*site) {
		return func(s *site) { _, _ = s.PasswdByName(context.Background(), name) }
	}
	byUID := func(s *site) { _, _ = s.PasswdByUID(context.Background(), 5000) }
	for name, test := range map[string]struct {
		now  account.Account
		seen func(*site)
	}{
		"renamed, seen by uid":       {user("alicia", 5000, 5000), byUID},
		"renamed, seen by old name":  {user("alicia", 5000, 5000), byName("alice")},
		"renamed, seen by new name":  {user("alicia", 5000, 5000), byName("alicia")},
		"new uid, seen by name":      {user("alice", 5009, 5000), byName("alice")},
		"new uid, seen by old uid":   {user("alice", 5009, 5000), byUID},
		"all new, seen by its DN":    {changed("alicia", 5009), byName("alicia")},
		"number given to another":    {user("bob", 5000, 5000), byUID},
		"gone":                       {user("bob", 5009, 5000), byUID},
		"refused now, seen by name":  {user("alice", 0, 5000), byName("alice")},
		"refused now, seen by uid":   {user("-x", 5000, 5000), byUID},
		"second name, seen by first": {account.Account{Name: "al", Names: []string{"al", "alice"}, UID: 5009, GID: 5000}, byName("alice")},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				d := &fake{accounts: []account.Account{old}}
				s := newMemory(t, d)
				s.want(t, "alice", 5000, nil)
				d.accounts = []account.Account{test.now}
				time.Sleep(ttl * 4 / 5) // due, not over
				test.seen(s)
				synctest.Wait()
				asked := d.asked.Load()
				if asked < 2 {
					t.Fatal("nobody has seen the change")
				}
				if a, err := s.PasswdByName(t.Context(), "alice"); err == nil && a.UID == 5000 {
					t.Error("the old name is still there")
				}
				if a, err := s.PasswdByUID(t.Context(), 5000); err == nil && a.Name == "alice" {
					t.Error("the old number is still there")
				}
			})
		})
	}
}

func TestFiveThousandAskersCauseOneSearch(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}, delay: time.Second}
		s := newMemory(t, d)
		var wg sync.WaitGroup
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		wg.Go(func() {
			if _, err := s.PasswdByName(impatient, "alice"); !errors.Is(err, directory.ErrUnavailable) {
				t.Errorf("after its deadline a caller got %v", err)
			}
		})
		for range 5000 {
			wg.Go(func() { s.want(t, "alice", 5000, nil) })
			wg.Go(func() { s.want(t, "bob", 0, directory.ErrNotFound) })
		}
		wg.Wait()
		d.wantAsked(t, 2)
	})
}

// What is near its end is given out at once and searched for again behind the
// caller's back; what nobody asks for is not.
func TestRefreshBehind(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000), user("bob", 5001, 5000)}, delay: time.Second / 2}
		s := newMemory(t, d)
		s.want(t, "alice", 5000, nil)
		s.want(t, "bob", 5001, nil)
		time.Sleep(ttl * 3 / 5)
		s.want(t, "alice", 5000, nil)
		d.wantAsked(t, 2)
		time.Sleep(ttl / 5)
		d.accounts = []account.Account{user("alice", 5009, 5000)}
		began := time.Now()
		for range 100 {
			s.want(t, "alice", 5000, nil)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the callers waited %v", waited)
		}
		time.Sleep(d.delay)
		synctest.Wait()
		s.want(t, "alice", 5009, nil)
		d.wantAsked(t, 3)
		time.Sleep(ttl)
		s.want(t, "bob", 0, directory.ErrNotFound)
		d.wantAsked(t, 4)
	})
}

// No answer is older than its time to live, and what was found together is not
// searched for again together.
func TestExpiry(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{}
		for i := range uint32(200) {
			d.accounts = append(d.accounts, user(fmt.Sprintf("user%d", i), 5000+i, 5000))
		}
		s := newMemory(t, d)
		for i := range uint32(200) {
			s.want(t, fmt.Sprintf("user%d", i), 5000+i, nil)
			s.want(t, fmt.Sprintf("none%d", i), 0, directory.ErrNotFound)
		}
		d.accounts = nil
		time.Sleep(ttl * 15 / 16)
		again := 0
		for i := range uint32(200) {
			if _, err := s.PasswdByUID(t.Context(), 5000+i); err != nil {
				again++
			}
		}
		if again < 20 || again > 180 {
			t.Errorf("%d of 200 were over after 15/16 of the time", again)
		}
		time.Sleep(ttl / 16)
		for i := range uint32(200) {
			s.want(t, fmt.Sprintf("user%d", i), 0, directory.ErrNotFound)
		}
	})
}

func TestAbsencesEnd(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{}
		s := newMemory(t, d)
		for range 3 {
			s.want(t, "alice", 0, directory.ErrNotFound)
			s.wantUID(t, 5000, "", directory.ErrNotFound)
		}
		d.wantAsked(t, 2)
		d.accounts = []account.Account{user("alice", 5000, 5000)}
		time.Sleep(negative)
		s.want(t, "alice", 5000, nil)
		s.wantUID(t, 5000, "alice", nil) // although its absence was remembered
		d.wantAsked(t, 3)
	})
}

// While the directory is away what it said is given out at once, for as long as
// the configuration allows, and its return is noticed.
func TestDirectoryAway(t *testing.T) {
	for name, away := range map[string]func(*fake){
		"refusing": func(d *fake) { d.err = directory.ErrUnavailable },
		"hanging":  func(d *fake) { d.delay = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				d := &fake{accounts: []account.Account{user("alice", 5000, 5000), user("bob", 5001, 5000)}}
				s := newMemory(t, d)
				s.want(t, "alice", 5000, nil)
				s.want(t, "bob", 5001, nil)
				s.want(t, "nobody", 0, directory.ErrNotFound)
				away(d)
				time.Sleep(ttl)
				s.want(t, "alice", 5000, nil) // perhaps after half of its time
				time.Sleep(patience)
				began, asked := time.Now(), d.asked.Load()
				for range 500 {
					s.want(t, "alice", 5000, nil)
					s.wantUID(t, 5001, "bob", nil)
				}
				if waited := time.Since(began); waited != 0 {
					t.Errorf("callers waited %v for a directory that is known to be away", waited)
				}
				for range 60 { // a minute
					s.want(t, "alice", 5000, nil)
					time.Sleep(time.Second)
				}
				if probes := d.asked.Load() - asked; probes < 20 || probes > 61 {
					t.Errorf("%d probes in a minute", probes)
				}
				s.want(t, "nobody", 0, directory.ErrUnavailable)
				s.want(t, "carol", 0, directory.ErrUnavailable)

				synctest.Wait()
				d.err, d.delay = nil, 0
				d.accounts = []account.Account{user("alice", 5009, 5000), user("bob", 5001, 5000)}
				back := time.Now()
				for answer := uint32(0); answer != 5009; time.Sleep(100 * time.Millisecond) {
					a, err := s.PasswdByName(t.Context(), "alice")
					if answer = a.UID; err != nil || time.Since(back) > 4*time.Second {
						t.Fatalf("the return was not noticed after %v: %v", time.Since(back), err)
					}
				}
				s.want(t, "nobody", 0, directory.ErrNotFound)
			})
		})
	}
}

func TestStaleEntriesEnd(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newMemory(t, d)
		s.want(t, "alice", 5000, nil)
		d.err = directory.ErrUnavailable
		time.Sleep(stale - 1)
		s.want(t, "alice", 5000, nil)
		time.Sleep(time.Nanosecond)
		s.want(t, "alice", 0, directory.ErrUnavailable)
	})
}

// An error that is not about being away is not covered up.
func TestRefusalOfTheDirectoryIsShown(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newMemory(t, d)
		s.want(t, "alice", 5000, nil)
		d.err = directory.ErrRefused
		time.Sleep(ttl)
		s.want(t, "alice", 0, directory.ErrRefused)
		d.err = nil
		s.want(t, "alice", 5000, nil)
	})
}

func TestErrorsAreNotRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}, err: directory.ErrUnavailable}
		s := newMemory(t, d)
		s.want(t, "alice", 0, directory.ErrUnavailable)
		d.err = directory.ErrRefused
		s.want(t, "alice", 0, directory.ErrRefused)
		d.err, d.crash = nil, true
		s.want(t, "alice", 0, directory.ErrUnavailable)
		d.crash = false
		s.want(t, "alice", 5000, nil)
	})
}

// A flush forgets everything, and what is being searched for as well.
func TestFlush(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000), user("bob", 5001, 5000)}}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.LoginTTL = ttl }, d)
		s.want(t, "alice", 5000, nil)
		_, _, _ = s.LoginAccount(t.Context(), "alice", false)
		d.delay = time.Second
		var wg sync.WaitGroup
		wg.Go(func() { s.want(t, "bob", 5001, nil) })
		synctest.Wait()
		d.accounts = []account.Account{user("alice", 5008, 5000), user("bob", 5009, 5000)}
		s.Flush()
		wg.Go(func() { s.want(t, "bob", 5009, nil) })
		wg.Wait()
		s.want(t, "alice", 5008, nil)
		s.want(t, "bob", 5009, nil)
		if a, _, err := s.LoginAccount(t.Context(), "alice", false); err != nil || a.UID != 5008 {
			t.Errorf("%+v, %v", a, err)
		}
		if stats := s.Stats(); stats.Entries != 2 || !stats.Flushed.Equal(time.Now().Add(-3*time.Second)) {
			t.Errorf("%+v at %v", stats, time.Now())
		}
	})
}

func TestForget(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000), user("bob", 5001, 5000)}}
		s := newMemory(t, d)
		s.want(t, "alice", 5000, nil)
		s.want(t, "bob", 5001, nil)
		d.accounts = []account.Account{user("alice", 5009, 5000)}
		s.Forget("alice")
		s.wantUID(t, 5000, "", directory.ErrNotFound)
		s.want(t, "alice", 5009, nil)
		s.want(t, "bob", 5001, nil)
	})
}

// The bound holds for entries and for bytes, and what is used stays.
func TestBound(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		for i := range 100 {
			big := group(fmt.Sprintf("big%d", i), uint32(6000+i), slices.Repeat([]string{strings.Repeat("m", 200)}, 50)...)
			d.groups = append(d.groups, big)
		}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.Entries = 100 }, d)
		for i := range 5000 {
			s.want(t, "alice", 5000, nil)
			s.want(t, fmt.Sprintf("none%d", i), 0, directory.ErrNotFound)
		}
		d.wantAsked(t, 5001)
		if stats := s.Stats(); stats.Entries != 100 || stats.Absences != 99 || stats.Evictions != 4901 || stats.Hits != 4999 {
			t.Errorf("%+v", stats)
		}
		for _, g := range d.groups {
			if _, err := s.GroupByName(t.Context(), g.Name); err != nil {
				t.Fatal(err)
			}
			s.want(t, "alice", 5000, nil)
		}
		if stats := s.Stats(); stats.Entries > 12 {
			t.Errorf("%d groups of 10 KB count as 100", stats.Entries)
		}
		d.wantAsked(t, 5101)
	})
}

func TestNoMemory(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.TTL, o.NegativeTTL, o.StaleTTL = 0, 0, 0 }, d)
		for range 3 {
			s.want(t, "alice", 5000, nil)
			s.want(t, "nobody", 0, directory.ErrNotFound)
		}
		d.wantAsked(t, 6)
		if stats := s.Stats(); stats.Entries != 0 {
			t.Errorf("%+v", stats)
		}
	})
}

// An entry of a later directory is found by what it was asked for with: only
// asking the earlier ones tells whether its number is theirs.
func TestMemoryOfSeveralDirectories(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one, two := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}, &fake{accounts: []account.Account{user("bob", 5000, 5000)}}
		s := newMemory(t, one, two)
		for range 2 {
			s.want(t, "bob", 5000, nil)
			s.wantUID(t, 5000, "alice", nil)
			s.want(t, "alice", 5000, nil)
		}
		one.wantAsked(t, 2)
		two.wantAsked(t, 1)
		two.err = directory.ErrUnavailable
		time.Sleep(ttl)
		s.want(t, "bob", 5000, nil)
		s.want(t, "alice", 5000, nil)
	})
}

// An enumeration warms the memory, with entries as old as its beginning.
func TestEnumerationsAreRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{
			accounts: []account.Account{user("alice", 5000, 5000), user("bob", 5001, 5000), user("local", 5002, 5000)},
			groups:   []account.Group{group("staff", 6000, "alice")},
		}
		s := newMemory(t, d)
		for range s.Groups(t.Context()) {
		}
		for range s.Passwds(t.Context()) {
			time.Sleep(ttl / 4) // a slow reader
		}
		s.want(t, "alice", 5000, nil)
		s.wantUID(t, 5001, "bob", nil)
		if _, err := s.GroupByGID(t.Context(), 6000); err != nil {
			t.Error(err)
		}
		d.wantAsked(t, 0)
		time.Sleep(ttl / 2)
		s.want(t, "bob", 5001, nil)
		d.wantAsked(t, 1)
	})
}

// A large directory that is listed does not fill the memory, and what was there
// before is confirmed, wherever in the list it comes.
func TestEnumerationOfALargeDirectory(t *testing.T) {
	inTime(t, func(t *testing.T) {
		const most = 20_000 // docs/lookups.md says so
		d := &fake{}
		for i := range 2 * most {
			d.accounts = append(d.accounts, user("u"+strconv.Itoa(i), uint32(100_000+i), 5000))
		}
		last := d.accounts[len(d.accounts)-1]
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.Entries = 4 * most }, d)
		s.want(t, last.Name, last.UID, nil)
		d.wantAsked(t, 1)
		time.Sleep(ttl / 2)
		for range s.Passwds(t.Context()) {
		}
		if n := s.Stats().Entries; n != most+1 {
			t.Errorf("%d entries are remembered", n)
		}
		time.Sleep(ttl / 2)
		s.want(t, last.Name, last.UID, nil)
		d.wantAsked(t, 1) // not again: it would be due by now
	})
}

// What two entries of an enumeration have is nobody's, as a search would say;
// another name of the same entry is.
func TestContestedKeysOfAnEnumeration(t *testing.T) {
	inTime(t, func(t *testing.T) {
		two, al := user("alice", 5001, 5000), user("al", 5003, 5000)
		two.DN, al.DN, al.Names = "cn=two", "uid=alex,dc=test", []string{"alex", "al"}
		alex := al
		alex.Name = "alex"
		third := user("alice", 5004, 5000)
		third.DN = "cn=three"
		d := &fake{accounts: []account.Account{
			user("alice", 5000, 5000), two, third, user("bob", 5002, 5000), user("bert", 5002, 5000), alex, al,
		}}
		s := newMemory(t, d)
		for range s.Passwds(t.Context()) {
		}
		d.err = directory.ErrUnavailable // what is answered is from memory
		s.want(t, "alice", 0, directory.ErrNotFound)
		s.wantUID(t, 5002, "", directory.ErrNotFound)
		s.want(t, "al", 5003, nil)
		s.want(t, "alex", 5003, nil)
		s.want(t, "bob", 0, directory.ErrUnavailable) // not remembered
	})
}

// The other maps are remembered by what was asked.
func TestOtherMapsAreRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{services: []account.Service{
			{Name: "a", Aliases: []string{"b"}, Port: 1, Protocol: "tcp"}, {Name: "a", Port: 1, Protocol: "udp"},
		}}
		s := newMemory(t, d)
		ask := func(key account.Key) (all []account.Service) {
			for service, err := range s.Services(t.Context(), key) {
				if err != nil {
					t.Error(err)
				}
				all = append(all, service)
			}
			return all
		}
		for range 2 {
			for _, key := range []account.Key{{Name: "a"}, {Name: "a", Protocol: "tcp"}, {By: account.ByNumber, Number: 1}, {By: account.ByNumber, Number: 1, Protocol: "tcp"}} {
				if diff := cmp.Diff(d.services, ask(key)); diff != "" {
					t.Error(diff)
				}
			}
		}
		d.wantAsked(t, 4)
		ask(account.Key{By: account.All})
		ask(account.Key{By: account.All})
		d.wantAsked(t, 6)
	})
}

// late answers a question by name only when the gate opens, with what it knew
// before.
type late struct {
	names.Directory
	gate chan struct{}
}

func (l late) AccountByName(_ context.Context, name string) (account.Account, error) {
	<-l.gate
	return user(name, 5000, 5000), nil
}

func (l late) AccountByUID(_ context.Context, uid uint32) (account.Account, error) {
	return user("alicia", uid, 5000), nil
}

// What was searched for earlier does not take the place of what was searched
// for later, whichever comes first.
func TestAnOlderAnswerDoesNotReplaceANewer(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, d := newMemory(t, &fake{}), late{gate: make(chan struct{})}
		s.ask(d)
		var wg sync.WaitGroup
		wg.Go(func() { s.want(t, "alice", 5000, nil) })
		time.Sleep(time.Second / 2)
		s.wantUID(t, 5000, "alicia", nil)
		close(d.gate)
		wg.Wait()
		s.wantUID(t, 5000, "alicia", nil)
	})
}

// A search that outlasts those who wait for it still serves the next, and one
// who could have something else waits for half of the time.
func TestSlowSearch(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}, delay: 5 * time.Second}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.Timeout = 5 * patience }, d)
		s.want(t, "alice", 0, directory.ErrUnavailable)
		time.Sleep(d.delay)
		s.want(t, "alice", 5000, nil)
		d.wantAsked(t, 1)
		synctest.Wait()
		d.accounts = []account.Account{user("alice", 5009, 5000)}
		time.Sleep(ttl)
		began := time.Now()
		s.want(t, "alice", 5000, nil)
		s.want(t, "alice", 5000, nil)
		if waited := time.Since(began); waited != patience/2 {
			t.Errorf("two callers waited %v", waited)
		}
		time.Sleep(d.delay)
		s.want(t, "alice", 5009, nil)
	})
}

// When the directory is said to be back, nobody waits for what still hangs.
func TestBack(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.Timeout = time.Minute }, d)
		s.want(t, "alice", 5000, nil)
		d.delay = time.Hour
		time.Sleep(ttl)
		s.want(t, "alice", 5000, nil)
		s.want(t, "bob", 0, directory.ErrUnavailable)
		synctest.Wait()
		d.delay, d.accounts = 0, []account.Account{user("alice", 5009, 5000), user("bob", 5001, 5000)}
		s.Back(0)
		began := time.Now()
		s.want(t, "alice", 5009, nil)
		s.want(t, "bob", 5001, nil)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
		time.Sleep(2 * time.Minute) // what hung ends, and so does the entry
		s.want(t, "alice", 5009, nil)
		d.wantAsked(t, 6)
	})
}
