package names_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// fake is a directory of values. It counts what it is asked.
type fake struct {
	keys            []string // of every user
	names.Directory          // for the methods that are not here
	accounts        []account.Account
	services        []account.Service
	groups          []account.Group
	err             error
	delay           time.Duration
	crash           bool
	logins          map[string]account.Account // by login name, where that is another
	asked           atomic.Int32
	memberships     atomic.Int32 // asked for
	// paths are under way, mostPaths were so at most.
	paths, mostPaths atomic.Int32
}

func find[V any](ctx context.Context, f *fake, list []V, match func(V) bool) (V, error) {
	f.asked.Add(1)
	if f.crash {
		panic("a bug")
	}
	var none V
	select { // virtual time, in a synctest bubble
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", directory.ErrUnavailable, ctx.Err())
	case <-time.After(f.delay):
	}
	if f.err != nil {
		return none, f.err
	}
	for _, v := range list {
		if match(v) {
			return v, nil
		}
	}
	return none, directory.ErrNotFound
}

// has reports whether an entry has the name, in any case, as servers do.
func has(own string, all []string, name string) bool { return spelling(own, all, name) != "" }

func spelling(own string, all []string, name string) string {
	for _, n := range append([]string{own}, all...) {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return ""
}

func (f *fake) AccountByName(ctx context.Context, name string) (account.Account, error) {
	a, err := find(ctx, f, f.accounts, func(a account.Account) bool { return has(a.Name, a.Names, name) })
	if err == nil {
		a.Name = spelling(a.Name, a.Names, name)
	}
	return a, err
}

func (f *fake) LoginAccount(ctx context.Context, name string) (account.Account, error) {
	if acct, ok := f.logins[name]; ok {
		return acct, nil
	}
	return f.AccountByName(ctx, name)
}

func (f *fake) AccountByUID(ctx context.Context, uid uint32) (account.Account, error) {
	return find(ctx, f, f.accounts, func(a account.Account) bool { return a.UID == uid })
}

func (f *fake) GroupByName(ctx context.Context, name string) (account.Group, error) {
	g, err := find(ctx, f, f.groups, func(g account.Group) bool { return has(g.Name, g.Names, name) })
	if err == nil {
		g.Name = spelling(g.Name, g.Names, name)
	}
	return g, err
}

func (f *fake) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	return find(ctx, f, f.groups, func(g account.Group) bool { return g.GID == gid })
}

func (f *fake) GroupsOfMember(context.Context, string, string) ([]account.Group, error) {
	f.memberships.Add(1)
	return append([]account.Group(nil), f.groups...), f.err
}

func (f *fake) GroupPaths(context.Context, string, string) ([]account.Membership, error) {
	f.memberships.Add(1)
	f.mostPaths.Store(max(f.mostPaths.Load(), f.paths.Add(1)))
	defer f.paths.Add(-1)
	time.Sleep(f.delay) // virtual
	var all []account.Membership
	for _, g := range f.groups {
		all = append(all, account.Membership{Group: g, Path: []string{"team", g.Name}})
	}
	return all, f.err
}

func (f *fake) SSHKeys(ctx context.Context, name string) (account.Keys, error) {
	a, err := f.AccountByName(ctx, name)
	return account.Keys{Account: a, Lines: f.keys}, err
}

func (f *fake) ShadowByName(ctx context.Context, name string) (account.Shadow, error) {
	a, err := f.AccountByName(ctx, name)
	return shadowOf(a.Name), err
}

func shadowOf(name string) account.Shadow {
	return account.Shadow{Name: name, Password: "!", LastChange: 1, Min: 2, Max: 3, Warn: 4, Inactive: 5, Expire: account.NotSet, Flag: 7}
}

func (f *fake) Accounts(context.Context) iter.Seq2[account.Account, error] {
	return sequence(f.err, f.accounts)
}

func (f *fake) Groups(context.Context) iter.Seq2[account.Group, error] {
	return sequence(f.err, f.groups)
}

func (f *fake) Shadows(context.Context) iter.Seq2[account.Shadow, error] {
	var all []account.Shadow
	for _, a := range f.accounts {
		all = append(all, shadowOf(a.Name))
	}
	return sequence(f.err, all)
}

// sequence returns the values, an unusable entry, and err if it is not nil.
func sequence[T any](err error, values []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
		var none T
		if yield(none, fmt.Errorf("%w: cn=odd", directory.ErrBadEntry)) && err != nil {
			yield(none, err)
		}
	}
}

func user(name string, uid, gid uint32) account.Account {
	return account.Account{DN: "uid=" + name + ",dc=test", Name: name, UID: uid, GID: gid}
}

func group(name string, gid uint32, members ...string) account.Group {
	return account.Group{DN: "cn=" + name + ",dc=test", Name: name, GID: gid, Members: members}
}

// site is the fake with local files beside it.
type site struct {
	*names.Names
	// ask makes Names ask other directories.
	ask            func(...names.Directory)
	log            *strings.Builder
	passwd, groups string
}

func newSite(t *testing.T, ttl time.Duration, directories ...*fake) *site {
	t.Helper()
	return newSiteWith(t, func(o *names.Options) { o.LoginTTL = ttl }, directories...)
}

func newSiteWith(t *testing.T, change func(*names.Options), directories ...*fake) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{log: &strings.Builder{}, passwd: filepath.Join(dir, "passwd"), groups: filepath.Join(dir, "group")}
	write(t, s.passwd, "root:x:0:0:root:/root:/bin/sh\nlocal:x:2001:2001::/:/bin/sh\n")
	write(t, s.groups, "root:x:0:\nwheel:x:3001:local\n")
	list := make([]names.Directory, len(directories))
	for i, d := range directories {
		list[i] = d
	}
	o := names.Options{
		Rules:      account.Rules{UIDs: account.Range{Min: 1000, Max: 1 << 31}, GIDs: account.Range{Min: 1000, Max: 1 << 31}},
		Entries:    4,
		PasswdFile: s.passwd, GroupFile: s.groups,
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	change(&o)
	s.ask = func(directories ...names.Directory) { s.Names = names.New(directories, o) }
	s.ask(list...)
	return s
}

// write replaces the file as passwd(1) does: by rename.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestPasswdByName(t *testing.T) {
	tests := map[string]struct {
		name  string
		entry account.Account
		want  error
		asked int32
	}{
		"ordinary":              {"alice", user("alice", 2000, 2000), nil, 1},
		"not there":             {"bob", user("alice", 2000, 2000), directory.ErrNotFound, 1},
		"local name":            {"local", user("local", 2000, 2000), directory.ErrNotFound, 0},
		"root":                  {"root", user("root", 2000, 2000), directory.ErrNotFound, 0},
		"uid of a local user":   {"alice", user("alice", 2001, 2000), directory.ErrBadEntry, 1},
		"uid 0":                 {"alice", user("alice", 0, 2000), directory.ErrBadEntry, 1},
		"gid 0":                 {"alice", user("alice", 2000, 0), directory.ErrBadEntry, 1},
		"uid below the window":  {"alice", user("alice", 999, 2000), directory.ErrBadEntry, 1},
		"gid below the window":  {"alice", user("alice", 2000, 999), directory.ErrBadEntry, 1},
		"nobody's uid":          {"alice", user("alice", 65534, 2000), directory.ErrBadEntry, 1},
		"name is a number":      {"1234", user("1234", 2000, 2000), directory.ErrNotFound, 0},
		"name with colon":       {"a:b", user("a:b", 2000, 2000), directory.ErrNotFound, 0},
		"name with a newline":   {"a\nb", user("a\nb", 2000, 2000), directory.ErrNotFound, 0},
		"name with leading '-'": {"-a", user("-a", 2000, 2000), directory.ErrNotFound, 0},
		"empty name":            {"", user("", 2000, 2000), directory.ErrNotFound, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &fake{accounts: []account.Account{tt.entry}}
			got, err := newSite(t, 0, d).PasswdByName(context.Background(), tt.name)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if tt.want != nil && !cmp.Equal(got, account.Account{}) {
				t.Errorf("a refused account comes with values: %+v", got)
			}
			if d.asked.Load() != tt.asked {
				t.Errorf("the directory was asked %d times, want %d", d.asked.Load(), tt.asked)
			}
		})
	}
}

func TestByNumber(t *testing.T) {
	d := &fake{
		accounts: []account.Account{user("alice", 2000, 2000), user("local", 2002, 2000)},
		groups:   []account.Group{group("staff", 3000, "alice", "1000", "a:b"), group("wheel", 3002)},
	}
	s, ctx := newSite(t, 0, d), context.Background()
	if got, err := s.PasswdByUID(ctx, 2000); err != nil || got.Name != "alice" {
		t.Errorf("PasswdByUID(2000) = %+v, %v", got, err)
	}
	if got, err := s.GroupByGID(ctx, 3000); err != nil || !cmp.Equal(got.Members, []string{"alice"}) {
		t.Errorf("GroupByGID(3000) = %+v, %v; want the member that can be a user", got, err)
	}
	if _, err := s.PasswdByUID(ctx, 2002); !errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("an entry with a local user's name: %v", err)
	}
	if _, err := s.GroupByGID(ctx, 3002); !errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("an entry with a local group's name: %v", err)
	}
	before := d.asked.Load()
	for _, uid := range []uint32{0, 2001, 65534, 999} {
		if _, err := s.PasswdByUID(ctx, uid); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("PasswdByUID(%d): %v", uid, err)
		}
	}
	for _, gid := range []uint32{0, 3001, 65534, 999} {
		if _, err := s.GroupByGID(ctx, gid); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("GroupByGID(%d): %v", gid, err)
		}
	}
	if d.asked.Load() != before {
		t.Error("the directory was asked for ids that it may not give")
	}
}

func TestGroupsOfMember(t *testing.T) {
	d := &fake{
		accounts: []account.Account{user("alice", 2000, 2000)},
		groups:   []account.Group{group("staff", 3000), group("wheel", 3002), group("sudo", 27), group("ops", 3001)},
	}
	got, err := newSite(t, 0, d).GroupsOfMember(context.Background(), "alice")
	if err != nil || len(got) != 1 || got[0].Name != "staff" {
		t.Errorf("got %+v, %v; want staff alone: the others are local by name or id", got, err)
	}
	if _, err := newSite(t, 0, d).GroupsOfMember(context.Background(), "local"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("a local user's groups: %v", err)
	}
}

func TestDirectoriesInOrder(t *testing.T) {
	one := &fake{accounts: []account.Account{user("alice", 2000, 2000)}}
	two := &fake{accounts: []account.Account{user("alice", 3000, 2000), user("bob", 3001, 2000)}}
	s, ctx := newSite(t, 0, one, two), context.Background()
	if a, index, err := s.LoginAccount(ctx, "alice", false); err != nil || a.UID != 2000 || index != 0 {
		t.Errorf("alice: %+v from %d, %v; want the first directory's", a, index, err)
	}
	if a, index, err := s.LoginAccount(ctx, "bob", false); err != nil || a.UID != 3001 || index != 1 {
		t.Errorf("bob: %+v from %d, %v; want the second directory's", a, index, err)
	}
	if _, _, err := s.LoginAccount(ctx, "carol", false); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("carol: %v", err)
	}
	one.err = fmt.Errorf("%w: timeout", directory.ErrUnavailable)
	if _, _, err := s.LoginAccount(ctx, "bob", false); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("bob, with the first directory away: %v; the first may know another bob", err)
	}
}

func TestLocalAccountAddedWhileRunning(t *testing.T) {
	d := &fake{accounts: []account.Account{user("alice", 2000, 2000)}}
	s, ctx := newSite(t, 0, d), context.Background()
	if _, err := s.PasswdByName(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	write(t, s.passwd, "root:x:0:0::/:/bin/sh\nalice:x:5000:5000::/:/bin/sh\n")
	if _, err := s.PasswdByName(ctx, "alice"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("alice is local now, but: %v", err)
	}
	if err := os.Remove(s.passwd); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PasswdByName(ctx, "alice"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("what was local is forgotten when the file cannot be read: %v", err)
	}
}

// Nobody is answered from local files that are just being read for the first
// time: after a reload many ask in the same moment.
func TestLocalGroupsAreReadFirst(t *testing.T) {
	d := &fake{accounts: []account.Account{user("alice", 2000, 3001), user("bob", 2002, 3001)}}
	s := newSite(t, 0, d)
	text, err := os.ReadFile(s.groups)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(s.groups), syscall.Mkfifo(s.groups, 0o600)); err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 2)
	ask := func(name string) {
		_, err := s.PasswdByName(context.Background(), name)
		answers <- err
	}
	go ask("alice")
	pipe, err := os.OpenFile(s.groups, os.O_WRONLY, 0) // waits for the reader
	if err != nil {
		t.Fatal(err)
	}
	go ask("bob")
	select {
	case err := <-answers:
		t.Errorf("answered before the local groups were read: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := pipe.Write(text); err != nil {
		t.Fatal(err)
	}
	write(t, s.groups, string(text)) // for whoever saw that the pipe has changed
	pipe.Close()
	for range 2 {
		select {
		case err := <-answers:
			if !errors.Is(err, directory.ErrBadEntry) {
				t.Errorf("a user in a local group: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no answer")
		}
	}
}

func TestRefusalsAreLoggedOnce(t *testing.T) {
	d := &fake{accounts: []account.Account{user("alice", 0, 2000)}}
	s := newSite(t, 0, d)
	for range 3 {
		_, _ = s.PasswdByName(context.Background(), "alice")
	}
	if got := strings.Count(s.log.String(), "uid 0 is refused"); got != 1 {
		t.Errorf("logged %d times:\n%s", got, s.log)
	}
}

func TestLoginsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 2000, 2000)}}
		s, ctx := newSite(t, 10*time.Second, d), context.Background()
		ask := func(fresh bool, want int32) {
			t.Helper()
			if _, _, err := s.LoginAccount(ctx, "alice", fresh); err != nil {
				t.Fatal(err)
			}
			if got := d.asked.Load(); got != want {
				t.Errorf("the directory was asked %d times, want %d", got, want)
			}
		}
		ask(false, 1)
		ask(false, 1)
		ask(true, 2)
		time.Sleep(10*time.Second - 1)
		ask(false, 2)
		time.Sleep(time.Nanosecond)
		ask(false, 3)
		d.err = directory.ErrUnavailable
		if _, _, err := s.LoginAccount(ctx, "alice", true); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("fresh, with the directory away: %v", err)
		}
		for i := range 20 {
			_, _, _ = s.LoginAccount(ctx, fmt.Sprintf("nobody%d", i), false)
		}
		d.err = nil
		ask(false, d.asked.Load()+1) // what failed was not remembered
	})
}

func TestOneLoadForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 2000, 2000)}, delay: time.Second}
		s := newSite(t, time.Minute, d)
		impatient, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, _, err := s.LoginAccount(impatient, "alice", false); !errors.Is(err, directory.ErrUnavailable) {
				t.Errorf("after its deadline a caller got %v", err)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if _, _, err := s.LoginAccount(context.Background(), "alice", false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := d.asked.Load(); got != 1 {
			t.Errorf("the directory was asked %d times, want once", got)
		}
	})
}

// An account that was being looked for when its user was forgotten, because the
// password had changed, is not remembered: it may have the old day of the change.
func TestForgottenLoginsAreNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 2000, 2000)}, delay: time.Second}
		s := newSite(t, time.Minute, d)
		ask := func() {
			if _, _, err := s.LoginAccount(context.Background(), "alice", false); err != nil {
				t.Error(err)
			}
		}
		var wg sync.WaitGroup
		wg.Go(ask)
		synctest.Wait()
		s.Forget("alice")
		wg.Wait()
		ask()
		if got := d.asked.Load(); got != 2 {
			t.Errorf("the directory was asked %d times, want twice", got)
		}
	})
}

// A login name is not the user name where the directory says so, but never the
// user name of somebody else.
func TestLoginNameOfSomebodyElse(t *testing.T) {
	victim, mallory := user("victim", 2000, 2000), user("mallory", 2001, 2000)
	tests := map[string]struct {
		accounts []account.Account
		asked    string
		want     error
	}{
		"mail address":          {[]account.Account{victim, mallory}, "mallory@example.org", nil},
		"another's user name":   {[]account.Account{victim, mallory}, "victim", directory.ErrNotUnique},
		"one's own second name": {[]account.Account{{DN: mallory.DN, Name: "mal", UID: 2001, GID: 2000}, mallory}, "mal", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &fake{accounts: tt.accounts, logins: map[string]account.Account{tt.asked: mallory}}
			s := newSite(t, 0, d)
			write(t, s.passwd, "root:x:0:0::/:/bin/sh\n") // 2001 is free
			if got, _, err := s.LoginAccount(context.Background(), tt.asked, false); !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestPanicInALoad(t *testing.T) {
	s := newSite(t, time.Minute, &fake{accounts: []account.Account{user("alice", 2000, 2000)}, crash: true})
	for range 2 {
		if _, _, err := s.LoginAccount(context.Background(), "alice", false); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("a bug in the directory gives %v", err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	d := &fake{}
	for i := range uint32(50) {
		d.accounts = append(d.accounts, user(fmt.Sprintf("user%d", i), 2100+i, 2000))
	}
	s, ctx := newSite(t, time.Hour, d), context.Background()
	for range 2 {
		for _, a := range d.accounts {
			if got, _, err := s.LoginAccount(ctx, a.Name, false); err != nil || !cmp.Equal(got, a) {
				t.Fatalf("%s: %+v, %v", a.Name, got, err)
			}
		}
	}
	if asked := d.asked.Load(); asked < 50+46 {
		t.Errorf("the directory was asked %d times for 2 x 50 users: more than 4 were remembered", asked)
	}
}

// Local files that are there and cannot be read would make nobody local.
func TestLocalFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct {
		passwd, group string
		good          bool
	}{
		"missing":                  {dir + "/no", dir + "/no", true},
		"users cannot be read":     {dir, dir + "/no", false},
		"groups cannot be read":    {dir + "/no", dir, false},
		"this machine's own files": {"/etc/passwd", "/etc/group", true},
	} {
		n := names.New(nil, names.Options{PasswdFile: test.passwd, GroupFile: test.group})
		if err := n.ReadLocal(); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
