package directory_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// floods answers searches with so many entries, whatever size limit was asked
// for.
func floods(entries int) scripted.Script {
	return scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		some := bytes.Repeat(scripted.EntryMessage(r.ID, scripted.Entry{
			DN: aliceDN, Attributes: map[string][]string{"uid": {"alice"}},
		}), 100)
		for range entries / 100 {
			if !c.Send(some) {
				return
			}
		}
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, ""))
	}}
}

// heap is what is in use after a collection, in MiB.
func heap() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc >> 20)
}

// TestHundredThousandEntries for a single lookup: it fails, the memory is given
// back, and the connection goes on.
func TestHundredThousandEntries(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://" + server.Listen(t))
	cfg.SearchTimeout = 2 * time.Minute // for machines that are busy
	d := newDirectory(t, cfg, directory.Options{})
	lookUp(t, d, 5*time.Second)
	before := heap()
	for name, test := range map[string]struct {
		ask  func() error
		want error
	}{
		"user": {func() error {
			_, err := d.AccountByName(within(t, 2*time.Minute), "alice")
			return err
		}, directory.ErrNotUnique},
		"uid": {func() error {
			_, err := d.AccountByUID(within(t, 2*time.Minute), 10001)
			return err
		}, directory.ErrNotUnique},
		"groups of a user": {func() error {
			_, err := d.GroupsOfMember(within(t, 2*time.Minute), "alice", aliceDN)
			return err
		}, directory.ErrRefused},
		"alias": {func() error {
			for _, err := range d.Aliases(within(t, 2*time.Minute), account.Key{By: account.ByName, Name: "alice"}) {
				return err
			}
			return errors.New("no answer")
		}, directory.ErrRefused},
	} {
		server.Script(floods(100_000))
		wantError(t, test.ask(), test.want)
		server.Script(scripted.Script{})
		lookUp(t, d, 30*time.Second)
		if n := server.Connections(); n != 1 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
	if after := heap(); after > before+16 {
		t.Errorf("%d MiB in use before, %d after", before, after)
	}
}

// TestTheSamePageForEver: a cookie that leads to where it came from ends an
// enumeration, which has no other limit.
func TestTheSamePageForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.EntryMessage(r.ID, person("alice", nil)))
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, "", scripted.PagingControl(1)))
		}})
		cfg := plainConfig("ldap://one.example")
		cfg.PageSize = 1
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		count := 0
		var last error
		for _, err := range d.Accounts(within(t, time.Hour)) {
			if count++; count > 10 {
				t.Fatal("no end")
			}
			last = err
		}
		wantError(t, last, directory.ErrRefused)
		_, err := d.GroupsOfMember(within(t, time.Minute), "alice", "")
		wantError(t, err, directory.ErrRefused)
	})
}

// TestPagesInACircle: so do pages that come again and again, however many they
// are and whenever that begins.
func TestPagesInACircle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ before, around int }{{0, 2}, {0, 3}, {1, 2}, {5, 7}, {40, 1}, {40, 100}} {
			server := newServer(t)
			pages := 0
			server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
				number := pages
				if pages++; number >= test.before {
					number = test.before + (number-test.before)%test.around
				}
				c.Send(scripted.EntryMessage(r.ID, person(fmt.Sprint("u", number), nil)))
				c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, "", scripted.PagingControl(1)))
			}})
			var last error
			for _, err := range inPages(t, server, 1).Accounts(within(t, time.Hour)) {
				if last = err; pages > 4*(test.before+test.around)+8 {
					t.Fatalf("%+v: no end after %d pages", test, pages)
				}
			}
			wantError(t, last, directory.ErrRefused)
			if pages < test.before+test.around {
				t.Errorf("%+v: ended after %d pages", test, pages)
			}
		}
	})
}

// TestReferencesAreSwallowed: as long as referrals are not followed, any number
// of references costs nothing, and endless ones end as endless entries do.
func TestReferencesAreSwallowed(t *testing.T) {
	server := newServer(t)
	var endless atomic.Bool
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		some := bytes.Repeat(scripted.Reference(r.ID, "ldap://elsewhere.example/"+strings.Repeat("x", 200)), 100)
		for i := 0; i < 1000 || endless.Load(); i++ {
			if !c.Send(some) {
				return
			}
		}
		c.DefaultSearch(r)
	}})
	d := newDirectory(t, plainConfig("ldap://"+server.Listen(t)), directory.Options{})
	before := heap()
	lookUp(t, d, 30*time.Second)
	endless.Store(true)
	_, err := d.AccountByName(within(t, 30*time.Second), "alice")
	wantError(t, err, directory.ErrRefused)
	server.Script(scripted.Script{})
	endless.Store(false)
	lookUp(t, d, 30*time.Second)
	if after := heap(); after > before+16 {
		t.Errorf("%d MiB in use before, %d after", before, after)
	}
}

// TestHugeLengthsInASearch: nothing is allocated for a length that was only
// announced, and nobody waits for it.
func TestHugeLengthsInASearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, message := range map[string][]byte{
			"2 GiB":           {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01},
			"above the cap":   {0x30, 0x84, 0x01, 0x00, 0x00, 0x01, 0x02, 0x01},
			"8 bytes":         {0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x01},
			"of an attribute": {0x30, 0x0c, 0x02, 0x01, 0x02, 0x64, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x04, 0x01, 0x41},
		} {
			server := newServer(t)
			server.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) {
				c.Send(message)
				c.Deaf()
			}})
			d := piped(t, server)
			start := time.Now()
			_, err := d.AccountByName(within(t, 2*time.Second), "alice")
			wantError(t, err, directory.ErrUnavailable)
			if took := time.Since(start); took > 0 {
				t.Errorf("%s: noticed after %v", name, took)
			}
		}
	})
}
