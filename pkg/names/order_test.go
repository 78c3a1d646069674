package names_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/trace"
)

// away are the ways in which a directory does not answer, and what the first
// lookup that meets it waits, with a limit of 2 s.
var away = map[string]struct {
	set   func(*fake)
	first time.Duration
}{
	"refuses connections": {func(f *fake) { f.err = directory.ErrUnavailable }, 0},
	"says nothing":        {func(f *fake) { f.delay = time.Hour }, time.Second},
	"trickles":            {func(f *fake) { f.delay = 3 * time.Second / 2 }, time.Second},
	"refuses":             {func(f *fake) { f.err = directory.ErrRefused }, 0},
}

func took(t *testing.T, what string, want time.Duration, do func()) {
	t.Helper()
	began := time.Now()
	do()
	if got := time.Since(began); got != want {
		t.Errorf("%s took %v, want %v", what, got, want)
	}
}

// A directory that is away is passed over: at first for half of the time, then for
// no longer than it may have come back in. What only it can have is unavailable,
// and what it said comes before what later ones say.
func TestPassedOver(t *testing.T) {
	for name, test := range away {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				one := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
				two := &fake{accounts: []account.Account{user("alice", 6000, 6000), user("bob", 6001, 6000)}}
				s := newMemory(t, one, two)
				s.want(t, "alice", 5000, nil)
				time.Sleep(ttl)
				test.set(one)
				took(t, "the first lookup", test.first, func() { s.want(t, "bob", 6001, nil) })
				short := min(test.first, 50*time.Millisecond)
				took(t, "the next", short, func() { s.wantUID(t, 6000, "alice", nil) })
				took(t, "what is remembered", 0, func() { s.want(t, "bob", 6001, nil) })
				s.want(t, "alice", 5000, nil)
				s.want(t, "carol", 0, one.elsewhere())
				s.wantUID(t, 7000, "", one.elsewhere())
				time.Sleep(ttl)
				s.want(t, "alice", 5000, nil)
				synctest.Wait()
				one.err, one.delay = nil, 0
				one.accounts = append(one.accounts, user("bob", 5001, 5000))
				s.Back(0)
				s.want(t, "bob", 5001, nil)
				s.want(t, "carol", 0, directory.ErrNotFound)
				quiet()
			})
		})
	}
}

// elsewhere is what is said of an entry that only this directory may have.
func (f *fake) elsewhere() error {
	switch {
	case f.err != nil:
		return f.err
	case f.delay > patience:
		return directory.ErrUnavailable
	}
	return directory.ErrNotFound // it says so in the end
}

// What a later directory has that cannot be used says nothing of what the one has
// that is away; nor do the rules of this machine.
func TestUnusableWhileAway(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one := &fake{err: directory.ErrUnavailable}
		two := &fake{accounts: []account.Account{user("low", 999, 5000), user("shared", 2001, 5000)}}
		s := newMemory(t, one, two)
		s.want(t, "low", 0, directory.ErrUnavailable)
		s.want(t, "shared", 0, directory.ErrUnavailable) // the uid of a local user
		s.want(t, "local", 0, directory.ErrNotFound)
		s.want(t, "-x", 0, directory.ErrNotFound)
		one.err = nil
		s.want(t, "low", 0, directory.ErrBadEntry)
	})
}

// Groups are those of the directory that has the user, be it for a while.
func TestGroupsWhileAway(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one := &fake{accounts: []account.Account{user("alice", 5000, 5000)}, groups: []account.Group{group("one", 5100)}}
		two := &fake{accounts: []account.Account{user("alice", 6000, 6000), user("bob", 6001, 6000)}, groups: []account.Group{group("two", 6100)}}
		s := newMemory(t, one, two)
		groupsOf := func(name, want string, wantErr error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			all, err := s.GroupsOfMember(ctx, name)
			if got := textOfGroups(all); got != want || !errors.Is(err, wantErr) {
				t.Errorf("groups of %s: %q, %v; want %q, %v", name, got, err, want, wantErr)
			}
		}
		groupsOf("alice", "one5100 ", nil)
		one.err = directory.ErrUnavailable
		time.Sleep(ttl)
		groupsOf("alice", "one5100 ", nil)
		groupsOf("bob", "two6100 ", nil)
		two.err = directory.ErrUnavailable
		groupsOf("carol", "", directory.ErrUnavailable)
		time.Sleep(6 * time.Second)
		groupsOf("bob", "two6100 ", nil)
		one.err, one.accounts = nil, []account.Account{user("bob", 5001, 5000)}
		s.Back(0)
		groupsOf("bob", "one5100 ", nil)
	})
}

// An enumeration that cannot be complete does not end as if it were.
func TestEnumerationWhileAway(t *testing.T) {
	one, two := &fake{err: directory.ErrUnavailable}, &fake{accounts: []account.Account{user("bob", 6001, 6000)}}
	for _, directories := range [][]*fake{{one, two}, {two, one}} {
		var last error
		for _, err := range newSite(t, 0, directories...).Passwds(t.Context()) {
			last = err
		}
		if !errors.Is(last, directory.ErrUnavailable) {
			t.Errorf("ended with %v", last)
		}
	}
}

// Twenty directories are asked in order; the last one answers although all others
// are black holes, and that is found out for all at once from then on.
func TestTwentyDirectories(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var all []*fake
		for i := range 20 {
			all = append(all, &fake{accounts: []account.Account{user(fmt.Sprint("u", i), uint32(5000+i), 5000), user("shared", uint32(6000+i), 5000)}})
		}
		s := newMemory(t, all...)
		for i := range 20 {
			s.want(t, fmt.Sprint("u", i), uint32(5000+i), nil)
			s.wantUID(t, uint32(6000+i), "shared", nil)
		}
		s.want(t, "shared", 6000, nil)
		s.want(t, "nobody-has-it", 0, directory.ErrNotFound)
		synctest.Wait()
		for _, d := range all[:19] {
			d.delay = time.Hour
		}
		for range 5 { // each finds out about a few
			s.Flush()
			s.want(t, "u19", 5019, nil)
		}
		s.Flush()
		took(t, "the twentieth, while nineteen are away", 50*time.Millisecond, func() { s.want(t, "u19", 5019, nil) })
		s.want(t, "u0", 0, directory.ErrUnavailable)
		quiet()
	})
}

// quiet lets questions end that nobody waits for.
func quiet() { time.Sleep(time.Minute) }

// newOrder is a site for logins, where the first directory may be passed over,
// or not.
func newOrder(t *testing.T, passOver bool, directories ...*fake) *site {
	t.Helper()
	return newSiteWith(t, func(o *names.Options) {
		remember(o)
		o.LoginTTL, o.LoginTimeout = time.Minute, 10*time.Second
		o.Limits = []names.Limit{{Timeout: 3 * time.Second, LoginPassOver: passOver}, {Timeout: 3 * time.Second}}
	}, directories...)
}

func (s *site) wantLogin(t *testing.T, name string, uid uint32, index int, err error) {
	t.Helper()
	got, gotIndex, gotErr := s.LoginAccount(t.Context(), name, false)
	if got.UID != uid || !errors.Is(gotErr, err) || gotIndex != index && err == nil {
		t.Errorf("login of %s: uid %d of directory %d, %v; want %d of %d, %v", name, got.UID, gotIndex, gotErr, uid, index, err)
	}
}

// A login goes on with the next directory only where the configuration lets it,
// and is asked anew once the first is back.
func TestLoginsWhileAway(t *testing.T) {
	for name, test := range away {
		for _, passOver := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", passOver), func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					one := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
					two := &fake{accounts: []account.Account{user("alice", 6000, 6000), user("bob", 6001, 6000)}}
					s := newOrder(t, passOver, one, two)
					test.set(one)
					one.delay *= 3
					for range 2 { // no login is quicker than another
						began := time.Now()
						if !passOver {
							_, _, err := s.LoginAccount(t.Context(), "bob", false)
							if !errors.Is(err, directory.ErrUnavailable) && !errors.Is(err, directory.ErrRefused) {
								t.Errorf("bob: %v", err)
							}
						} else {
							s.wantLogin(t, "bob", 6001, 1, nil)
							s.wantLogin(t, "alice", 6000, 1, nil)
						}
						if waited := time.Since(began); waited > 6*time.Second {
							t.Errorf("waited %v", waited)
						}
					}
					synctest.Wait()
					one.err, one.delay = nil, 0
					one.accounts = append(one.accounts, user("bob", 5001, 5000))
					s.wantLogin(t, "bob", 5001, 0, nil)
					s.wantLogin(t, "alice", 5000, 0, nil)
					quiet()
				})
			})
		}
	}
}

// A trace says which directories were asked and passed over.
func TestTraceOfDirectories(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one, two := &fake{err: directory.ErrUnavailable}, &fake{}
		three := &fake{accounts: []account.Account{user("bob", 6001, 6000)}}
		for passOver, want := range map[bool]string{
			false: "directory asked 1 directory unavailable; directory not passed over 1 directory unavailable; no account; ",
			true:  "directory asked 1 directory unavailable; directory asked 2 no such entry; directory asked 3 found; directory passed over 1; account 3; ",
		} {
			s, tr := newOrder(t, passOver, one, two, three), trace.New()
			_, _, _ = s.LoginAccount(trace.With(t.Context(), tr), "bob", true)
			steps, _ := tr.Steps()
			got := ""
			for _, step := range steps {
				got += step.Text
				for _, fact := range step.Facts {
					if fact.Name == "directory" || fact.Name == "answer" || fact.Name == "reason" {
						got += " " + fact.Value
					}
				}
				got += "; "
			}
			if got != want {
				t.Errorf("pass over %v: %s", passOver, got)
			}
		}
	})
}

// What a directory denies is not given out when it goes away after that, although
// it could not be said for sure at the time.
func TestDeniedWhileAway(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one, two := &fake{}, &fake{accounts: []account.Account{user("bob", 6001, 6000)}}
		s := newMemory(t, one, two)
		s.want(t, "bob", 6001, nil)
		time.Sleep(ttl)
		one.err, two.accounts = directory.ErrUnavailable, nil
		s.want(t, "bob", 0, directory.ErrUnavailable)
		two.err = directory.ErrUnavailable
		s.want(t, "bob", 0, directory.ErrUnavailable)
	})
}

// Every directory before the one that answers must allow to be passed over.
func TestEachMustAllowToBePassedOver(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one, two := &fake{err: directory.ErrUnavailable}, &fake{err: directory.ErrUnavailable}
		s := newOrder(t, true, one, two, &fake{accounts: []account.Account{user("bob", 6001, 6000)}})
		s.wantLogin(t, "bob", 0, 0, directory.ErrUnavailable)
		two.err = nil
		s.wantLogin(t, "bob", 6001, 2, nil)
		one.err, two.err = nil, directory.ErrUnavailable
		s.wantLogin(t, "bob", 0, 0, directory.ErrUnavailable)
	})
}

// Whoever lookups remember as a user of the directory that is away is not
// another's: the uid would be one's, and the password the other's.
func TestLoginOfWhoIsRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one := &fake{accounts: []account.Account{user("alice", 5000, 5000)}}
		s := newOrder(t, true, one, &fake{accounts: []account.Account{user("alice", 6000, 6000)}})
		s.want(t, "alice", 5000, nil)
		one.err = directory.ErrUnavailable
		s.wantLogin(t, "alice", 0, 0, directory.ErrUnavailable)
		s.Flush()
		s.wantLogin(t, "alice", 6000, 1, nil)
	})
}

// A login name that is not the user's name may be the name of a user of the
// directory that is away: mallory must not become alice because nobody can say
// that there is an alice.
func TestLoginNameWhileAway(t *testing.T) {
	inTime(t, func(t *testing.T) {
		one := &fake{accounts: []account.Account{user("alice", 5000, 5000)}, err: directory.ErrUnavailable}
		two := &fake{accounts: []account.Account{user("mallory", 6000, 6000)}, logins: map[string]account.Account{"alice": user("mallory", 6000, 6000)}}
		s := newOrder(t, true, one, two)
		s.wantLogin(t, "alice", 0, 0, directory.ErrUnavailable)
		s.wantLogin(t, "mallory", 6000, 1, nil)
		one.err = nil
		s.wantLogin(t, "alice", 5000, 0, nil)
		one.accounts = nil
		quiet()
		s.wantLogin(t, "alice", 6000, 1, nil)
	})
}
