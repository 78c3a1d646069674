package names_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// list returns the names in an enumeration of passwd and of group, and the last
// error.
func (s *site) list(t *testing.T) (all []string, last error) {
	t.Helper()
	for acct, err := range s.Passwds(t.Context()) {
		all, last = append(all, acct.Name), err
	}
	for group, err := range s.Groups(t.Context()) {
		all = append(append(all, group.Name), group.Members...)
		if err != nil {
			last = err
		}
	}
	return all, last
}

func (s *site) wantList(t *testing.T, want ...string) {
	t.Helper()
	got, err := s.list(t)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// startListing returns a site whose directory has changed since its entries
// were listed.
func startListing(t *testing.T, entries int, more ...*fake) (*site, *fake) {
	t.Helper()
	f := &fake{
		accounts: []account.Account{user("ada", 5001, 5000), user("bob", 5002, 5000)},
		groups:   []account.Group{group("staff", 6001, "ada", "bob")},
	}
	s := newSiteWith(t, func(o *names.Options) { o.TTL, o.Entries = time.Minute, entries }, append([]*fake{f}, more...)...)
	s.wantList(t, "ada", "bob", "staff", "ada", "bob")
	f.accounts, f.groups = []account.Account{user("eve", 5003, 5000)}, []account.Group{group("crew", 6002)}
	return s, f
}

// A listing is given out again for as long as a lookup of one of its entries
// would be, and as the machine's own files have it by then.
func TestListingIsRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, _ := startListing(t, 10)
		s.wantList(t, "ada", "bob", "staff", "ada", "bob")
		write(t, s.passwd, "bob:x:2002:2002::/:/bin/sh\n")
		<-time.After(time.Second)
		s.wantList(t, "ada", "staff", "ada")
		<-time.After(time.Minute)
		s.wantList(t, "eve", "crew")
	})
}

func TestListingIsForgotten(t *testing.T) {
	for name, forget := range map[string]func(*site){
		"flush":             func(s *site) { s.Flush() },
		"change of an user": func(s *site) { s.Forget("ada") },
	} {
		inTime(t, func(t *testing.T) {
			s, _ := startListing(t, 10)
			forget(s)
			if got, err := s.list(t); err != nil || !slices.Contains(got, "eve") {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		})
	}
}

// What is incomplete, too long, or from several directories is not remembered.
func TestListingIsNotRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, _ := startListing(t, 1)
		if got, _ := s.list(t); got[0] != "eve" {
			t.Errorf("more than fits is remembered: %q", got)
		}
		s, _ = startListing(t, 10, &fake{})
		if got, _ := s.list(t); got[0] != "eve" {
			t.Errorf("of two directories: %q", got)
		}
		f := &fake{accounts: []account.Account{user("ada", 5001, 5000), user("bob", 5002, 5000)}, err: directory.ErrUnavailable}
		s = newSiteWith(t, func(o *names.Options) { o.TTL, o.Entries = time.Minute, 10 }, f)
		if _, err := s.list(t); err == nil {
			t.Error("no error of a directory that is away")
		}
		f.err = nil
		for range s.Passwds(t.Context()) {
			break // the caller wants no more
		}
		s.wantList(t, "ada", "bob")
	})
}
