package server_test

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/test/scripted"
)

// endless answers paged searches with many accounts that are made as they are
// asked for.
func endless(many int) func(*scripted.Conn, *scripted.Request) {
	return func(c *scripted.Conn, r *scripted.Request) {
		offset, size, _ := r.Page()
		next := min(offset+size, many)
		const name = "crowdNUMBER"
		pattern := scripted.EntryMessage(r.ID, scripted.Entry{DN: "uid=" + name + "," + labBase, Attributes: map[string][]string{
			"uid": {name}, "cn": {"Number " + name}, "objectClass": {"posixAccount"},
			"uidNumber": {"NUMBER"}, "gidNumber": {"20000"}, "homeDirectory": {"/home/" + name}, "loginShell": {"/bin/sh"},
		}})
		for i := offset; i < next; i++ {
			c.Send(bytes.ReplaceAll(pattern, []byte("NUMBER"), strconv.AppendInt(nil, int64(100_000+i), 10)))
		}
		if next == many {
			next = 0
		}
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, "", scripted.PagingControl(next)))
	}
}

// TestEnumerationDoesNotGrowWithTheDirectory lists 200,000 users from a
// directory server to a caller. What is in use meanwhile is what a few pages
// need, and the 20,000 of them that are remembered.
func TestEnumerationDoesNotGrowWithTheDirectory(t *testing.T) {
	const many, ceiling = 200_000, 32 << 20
	l := newLab(func(l *lab) {
		l.script.Search = endless(many)
	})
	l.serve(t)
	runtime.GC()
	before := memoryInUse()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", l.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(passwdAll); err != nil {
		t.Fatal(err)
	}
	answer := nslcd.NewAnswerReader(conn)
	if err := answer.Header(nslcd.ActionPasswdAll); err != nil {
		t.Fatal(err)
	}
	count, most := 0, int64(0)
	more, err := answer.Next()
	for ; more && err == nil; more, err = answer.Next() {
		if a, _, err := answer.Passwd(); err != nil || a.UID != uint32(100_000+count) {
			t.Fatalf("entry %d: %+v, %v", count, a, err)
		}
		if count++; count%20_000 == 0 {
			runtime.GC()
			most = max(most, int64(memoryInUse())-int64(before))
		}
	}
	if err != nil || count != many {
		t.Errorf("%d accounts, %v", count, err)
	}
	t.Logf("%d KiB more in use", most>>10)
	if most > ceiling {
		t.Errorf("%d bytes more in use, the ceiling is %d", most, ceiling)
	}
}
