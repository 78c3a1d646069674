package directory_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// collect reads a sequence to its end: the values, how many entries were
// unusable, and the error that ended it.
func collect[T any](all iter.Seq2[T, error]) (values []T, bad int, err error) {
	for value, e := range all {
		switch {
		case e == nil:
			values = append(values, value)
		case isBadEntry(e):
			bad++
		default:
			err = e
		}
	}
	return values, bad, err
}

// crowd adds n accounts called u0, u1 and so on.
func crowd(server *scripted.Server, n int) {
	for i := range n {
		server.Add(person(fmt.Sprint("u", i), map[string][]string{"uidNumber": {fmt.Sprint(11000 + i)}}))
	}
}

func isBadEntry(err error) bool { return errors.Is(err, directory.ErrBadEntry) }

func inPages(t *testing.T, server *scripted.Server, size uint32) *directory.Directory {
	cfg := plainConfig("ldap://one.example")
	cfg.PageSize = size
	return newDirectory(t, cfg, directory.Options{Dial: server.Dial})
}

func TestAccountsComePageByPage(t *testing.T) {
	server := newServer(t)
	crowd(server, 25)
	server.Add(person("nohome", map[string][]string{"homeDirectory": nil}),
		person("two", map[string][]string{"uid": {"two", "deux"}}))
	d := inPages(t, server, 10)
	found, bad, err := collect(d.Accounts(t.Context()))
	if err != nil || bad != 1 || len(found) != 28 {
		t.Fatalf("%d accounts, %d unusable, %v", len(found), bad, err)
	}
	if found[1].Name != "u0" || found[1].UID != 11000 || found[26].Name != "two" || found[27].Name != "deux" {
		t.Errorf("%+v", found)
	}
	if n := len(server.Searches()); n != 3 {
		t.Errorf("%d searches for three pages", n)
	}
}

// A consumer that has had enough is asked no more, and the rest is not read.
func TestEnumerationStopsWithItsConsumer(t *testing.T) {
	server := newServer(t)
	crowd(server, 25)
	d := inPages(t, server, 10)
	for range d.Accounts(t.Context()) {
		break
	}
	if n := len(server.Searches()); n != 1 {
		t.Errorf("%d pages were read", n)
	}
}

// While one enumeration rests in the middle, lookups and another enumeration
// go on: it has its own connection, which it closes in the end.
func TestEnumerationHoldsNobodyUp(t *testing.T) {
	server := newServer(t)
	crowd(server, 25)
	d := inPages(t, server, 10)
	next, stop := iter.Pull2(d.Accounts(t.Context()))
	defer stop()
	if _, err, ok := next(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := d.AccountByName(within(t, time.Second), "u3"); err != nil {
		t.Error(err)
	}
	if found, _, err := collect(d.Accounts(t.Context())); err != nil || len(found) != 26 {
		t.Errorf("%d accounts, %v", len(found), err)
	}
	rest := 0
	for _, err, ok := next(); ok; _, err, ok = next() {
		if err != nil {
			t.Error(err)
		}
		rest++
	}
	if rest != 25 {
		t.Errorf("%d accounts after the first", rest)
	}
}

func TestGroupsAndShadows(t *testing.T) {
	server := newServer(t)
	server.Add(group("staff", map[string][]string{"memberUid": {"zoe"}, "member": {aliceDN}}),
		group("noid", map[string][]string{"gidNumber": {"many"}}))
	d := inPages(t, server, 10)
	groups, bad, err := collect(d.Groups(t.Context()))
	if err != nil || bad != 1 || len(groups) != 1 || !reflect.DeepEqual(groups[0].Members, []string{"zoe", "alice"}) {
		t.Errorf("%+v, %d unusable, %v", groups, bad, err)
	}
	shadows, _, err := collect(d.Shadows(t.Context()))
	want := []account.Shadow{{Name: "alice", LastChange: -1, Min: -1, Max: -1, Warn: -1, Inactive: -1, Expire: -1, Flag: 0}}
	if err != nil || !reflect.DeepEqual(shadows, want) {
		t.Errorf("%+v, %v", shadows, err)
	}
}

// A base that does not exist has no entries. Any other trouble is an error
// after what could be read.
func TestEnumerationEndsWithAnError(t *testing.T) {
	server := newServer(t)
	crowd(server, 3)
	cfg := plainConfig("ldap://one.example")
	cfg.PageSize = 2
	cfg.Passwd.Bases = []config.SearchBase{{DN: "ou=gone,dc=elsewhere"}, {DN: peopleDN}}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	if found, _, err := collect(d.Accounts(t.Context())); err != nil || len(found) != 4 {
		t.Errorf("%d accounts, %v", len(found), err)
	}
	for name, test := range map[string]struct {
		second func(c *scripted.Conn, r *scripted.Request)
		want   error
	}{
		"broken connection": {func(c *scripted.Conn, _ *scripted.Request) { c.Close() }, directory.ErrUnavailable},
		"size limit": {func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 4, "enough"))
		}, directory.ErrRefused},
		"busy": {func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 51, "later"))
		}, directory.ErrUnavailable},
	} {
		pages := 0
		server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			if pages++; pages == 2 {
				test.second(c, r)
				return
			}
			c.DefaultSearch(r)
		}})
		found, _, err := collect(inPages(t, server, 2).Accounts(t.Context()))
		if len(found) != 2 {
			t.Errorf("%s: %d accounts", name, len(found))
		}
		wantError(t, err, test.want)
	}
}

func TestEnumerationWithoutServer(t *testing.T) {
	server := newServer(t)
	server.Refuse(true)
	found, _, err := collect(inPages(t, server, 2).Accounts(t.Context()))
	if len(found) > 0 {
		t.Errorf("%+v", found)
	}
	wantError(t, err, directory.ErrUnavailable)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	server.Refuse(false)
	_, _, err = collect(inPages(t, server, 2).Accounts(canceled))
	wantError(t, err, directory.ErrUnavailable)
}
