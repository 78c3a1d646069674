package directory_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

func TestGroupMembers(t *testing.T) {
	server := newServer(t)
	server.Add(scripted.Entry{DN: "cn=Bob Smith," + peopleDN, Attributes: map[string][]string{"objectClass": {"posixAccount"}, "uid": {"bob"}}})
	server.Add(scripted.Entry{DN: "cn=printer," + peopleDN, Attributes: map[string][]string{"objectClass": {"device"}, "uid": {"printer"}}})
	server.Add(group("staff", map[string][]string{
		"memberUid":    {"zoe", "alice", "zoe"},
		"member":       {aliceDN, "cn=Bob Smith," + peopleDN, "cn=printer," + peopleDN, "cn=gone," + peopleDN, "not a DN", "UID=dave+cn=x," + peopleDN},
		"uniqueMember": {"uid=eve\\2c the first," + peopleDN, "cn=Bob Smith," + peopleDN},
	}))
	d := piped(t, server)
	want := []string{"zoe", "alice", "bob", "dave", "eve, the first"}
	for name, lookup := range map[string]func() (any, error){
		"by name": func() (any, error) { g, err := d.GroupByName(within(t, time.Second), "staff"); return g.Members, err },
		"by gid":  func() (any, error) { g, err := d.GroupByGID(within(t, time.Second), 20001); return g.Members, err },
	} {
		if got, err := lookup(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	_, err := d.GroupByGID(within(t, time.Second), 20002)
	wantError(t, err, directory.ErrNotFound)
}

// TestManyMembersByDN: those whose DN does not say the name are read, all of
// them or none.
func TestManyMembersByDN(t *testing.T) {
	server := newServer(t)
	var dns, want []string
	for i := range 300 {
		entry := person(fmt.Sprint("u", i), nil)
		entry.DN = fmt.Sprintf("cn=%d,%s", i, peopleDN)
		server.Add(entry)
		dns, want = append(dns, entry.DN), append(want, fmt.Sprint("u", i))
	}
	server.Add(group("staff", map[string][]string{"member": dns}))
	d := piped(t, server)
	got, err := d.GroupByName(within(t, 10*time.Second), "staff")
	if err != nil || !reflect.DeepEqual(got.Members, want) {
		t.Errorf("%v, %v", got.Members, err)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if strings.HasPrefix(r.Base, "cn=250,") {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no access"))
			return
		}
		c.DefaultSearch(r)
	}})
	_, err = d.GroupByName(within(t, 10*time.Second), "staff")
	wantError(t, err, directory.ErrRefused)
}

// TestRangedMembers: Active Directory gives them in pieces.
func TestRangedMembers(t *testing.T) {
	names := func(from, to int) (dns, uids []string) {
		for i := from; i < to; i++ {
			dns = append(dns, fmt.Sprintf("uid=u%d,%s", i, peopleDN))
			uids = append(uids, fmt.Sprint("u", i))
		}
		return dns, uids
	}
	server := newServer(t)
	piece := func(c *scripted.Conn, r *scripted.Request, attribute string, dns []string) {
		entry := group("staff", map[string][]string{attribute: dns})
		c.Send(scripted.EntryMessage(r.ID, entry), scripted.Result(r.ID, scripted.SearchDone, 0, ""))
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		switch strings.Join(r.Attributes, " ") {
		case "member;range=10-*":
			dns, _ := names(10, 20)
			piece(c, r, "member;range=10-19", dns)
		case "member;range=20-*":
			dns, _ := names(20, 25)
			piece(c, r, "Member;range=20-*", dns)
		default:
			dns, _ := names(0, 10)
			piece(c, r, "member;range=0-9", dns)
		}
	}})
	d := piped(t, server)
	_, want := names(0, 25)
	if got, err := d.GroupByName(within(t, time.Second), "staff"); err != nil || !reflect.DeepEqual(got.Members, want) {
		t.Errorf("%v, %v", got.Members, err)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		dns, _ := names(0, 10)
		piece(c, r, "member;range=0-9", dns)
	}})
	_, err := d.GroupByName(within(t, 5*time.Second), "staff")
	wantError(t, err, directory.ErrRefused)
}

func TestGroupsOfMember(t *testing.T) {
	server := newServer(t)
	server.Add(
		group("by-name", map[string][]string{"memberUid": {"alice"}, "gidNumber": {"1"}}),
		group("by-dn", map[string][]string{"member": {aliceDN}, "gidNumber": {"2"}}),
		group("by-unique", map[string][]string{"uniqueMember": {aliceDN}, "gidNumber": {"3"}}),
		group("others", map[string][]string{"memberUid": {"bob"}, "gidNumber": {"4"}}),
		group("bad", map[string][]string{"memberUid": {"alice"}, "gidNumber": {"many"}}),
	)
	d := piped(t, server)
	gids := func(dn string) (result []uint32) {
		groups, err := d.GroupsOfMember(within(t, time.Second), "alice", dn)
		if err != nil {
			t.Error(err)
		}
		for _, group := range groups {
			result = append(result, group.GID)
			if group.Members != nil || group.Name == "" {
				t.Errorf("%+v", group)
			}
		}
		return result
	}
	if got := gids(aliceDN); !reflect.DeepEqual(got, []uint32{1, 2, 3}) {
		t.Errorf("with the DN: %v", got)
	}
	if got := gids(""); !reflect.DeepEqual(got, []uint32{1}) {
		t.Errorf("without: %v", got)
	}
	if groups, err := d.GroupsOfMember(within(t, time.Second), "nobody", ""); err != nil || len(groups) != 0 {
		t.Errorf("of nobody: %v, %v", groups, err)
	}
}

func TestGroupsWithoutMemberAttribute(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://one.example")
	cfg.Group.Attributes = map[string]string{"member": "", "uniqueMember": ""}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	if _, err := d.GroupsOfMember(within(t, time.Second), "alice", aliceDN); err != nil {
		t.Error(err)
	}
	if got := server.Searches()[0].Filter; got != "(&(objectClass=posixGroup)(memberUid=alice))" {
		t.Errorf("filter %s", got)
	}
}

// TestPaging: all pages, and no end to them.
func TestPaging(t *testing.T) {
	server := newServer(t)
	for i := range 25 {
		server.Add(group(fmt.Sprint("g", i), map[string][]string{"memberUid": {"alice"}, "gidNumber": {fmt.Sprint(i + 1)}}))
	}
	cfg := plainConfig("ldap://one.example")
	cfg.PageSize = 10
	cfg.Group.Bases = []config.SearchBase{{DN: "ou=groups," + baseDN}}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	groups, err := d.GroupsOfMember(within(t, time.Second), "alice", "")
	if err != nil || len(groups) != 25 || len(server.Searches()) != 3 {
		t.Errorf("%d groups in %d pages, %v", len(groups), len(server.Searches()), err)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, "", scripted.PagingControl(1)))
	}})
	_, err = d.GroupsOfMember(within(t, 10*time.Second), "alice", "")
	wantError(t, err, directory.ErrRefused)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.EntryMessage(r.ID, group("g", nil)), scripted.Result(r.ID, scripted.SearchDone, 0, "", scripted.PagingControl(1)))
	}})
	_, err = d.GroupsOfMember(within(t, 2*time.Second), "alice", "")
	if err == nil {
		t.Error("pages without end became an answer")
	}
}

// Searches in pages on one connection come one after the other: OpenLDAP
// remembers one page for each connection, and a second search would end the
// first.
func TestPagesDoNotMix(t *testing.T) {
	server := newServer(t)
	for i := range 25 {
		server.Add(group(fmt.Sprint("g", i), map[string][]string{"memberUid": {"alice"}, "gidNumber": {fmt.Sprint(i + 1)}}))
	}
	const paging, pages = "1.2.840.113556.1.4.319", 3
	seen := 0 // by the one connection's goroutine
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		isFirst := bytes.HasSuffix(r.Controls[paging], []byte{4, 0}) // no cookie
		if isFirst != (seen%pages == 0) {
			t.Errorf("search %d: first page %v", seen, isFirst)
		}
		seen++
		c.DefaultSearch(r)
	}})
	cfg := plainConfig("ldap://one.example")
	cfg.PageSize, cfg.SearchConnections = 10, 1
	cfg.Group.Bases = []config.SearchBase{{DN: "ou=groups," + baseDN}}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if groups, err := d.GroupsOfMember(within(t, 10*time.Second), "alice", ""); err != nil || len(groups) != 25 {
				t.Errorf("%d groups, %v", len(groups), err)
			}
		})
	}
	all.Wait()
	if seen != 8*pages {
		t.Errorf("%d pages for 8 searches", seen)
	}
}

// panicking is a log handler that panics at the first warning.
type panicking struct{ slog.Handler }

func (panicking) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (panicking) Handle(context.Context, slog.Record) error        { panic("in a goroutine") }
func (p panicking) WithAttrs([]slog.Attr) slog.Handler             { return p }

// TestPanicInAGoroutine is an error of the request and not the end of the
// process: while a member is read, and while a connection is opened.
func TestPanicInAGoroutine(t *testing.T) {
	server := newServer(t)
	server.Add(group("staff", map[string][]string{"member": {"cn=Bob," + peopleDN}}))
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.DefaultSearch(r)
		server.Refuse(true) // which is logged when the member is to be read
		c.Close()
	}})
	d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: server.Dial, Logger: slog.New(panicking{})})
	_, err := d.GroupByName(within(t, 5*time.Second), "staff")
	wantError(t, err, directory.ErrUnavailable)

	dial := func(context.Context, string, string) (net.Conn, error) { panic("while dialling") }
	d = newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: dial})
	_, err = d.AccountByName(within(t, 5*time.Second), "alice")
	wantError(t, err, directory.ErrUnavailable)
}
