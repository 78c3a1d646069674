package directory_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// beside makes a script that answers alice's searches after a time, and all
// others by handler at once.
func beside(handler func(*scripted.Conn, *scripted.Request)) scripted.Script {
	slow := slowly(100 * time.Millisecond)
	return scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if strings.Contains(r.Filter.String(), "alice") {
			slow.Search(c, r)
			return
		}
		handler(c, r)
	}}
}

// TestViolationHarmsNobodyElse: whatever a server answers to one search, the
// other searches on that connection get their answers. The one that caused it
// is sent twice at most.
func TestViolationHarmsNobodyElse(t *testing.T) {
	for name, message := range map[string]func(id int64) []byte{
		"stray answer":    func(id int64) []byte { return scripted.Result(id+1000, scripted.SearchDone, 0, "") },
		"other operation": func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, 0, "") },
		"large message":   func(int64) []byte { return []byte{0x30, 0x84, 0x02, 0x00, 0x00, 0x00, 0x02, 0x01, 0x02} },
		"not BER":         func(int64) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") },
	} {
		for _, kept := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", kept", false: ", fresh"}[kept], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := newServer(t)
					d := piped(t, server)
					if kept {
						lookUp(t, d, time.Second)
					}
					server.Script(beside(answers(message)))
					wantError(t, besideAlice(t, d, func() error {
						_, err := d.AccountByName(within(t, time.Second), "mallory")
						return err
					}), directory.ErrUnavailable)
					synctest.Wait()
					if n := server.Connections(); n != 3 || server.Open() > 0 {
						t.Errorf("%d connections, %d are open", n, server.Open())
					}
					if n := searchesFor(server, "mallory"); n != 2 {
						t.Errorf("mallory's search was sent %d times", n)
					}
				})
			})
		}
	}
}

// besideAlice looks alice up, runs other while that is under way, and returns
// other's error.
func besideAlice(t *testing.T, d *directory.Directory, other func() error) error {
	t.Helper()
	var alice sync.WaitGroup
	alice.Go(func() { lookUp(t, d, time.Second) })
	<-time.After(10 * time.Millisecond)
	err := other()
	alice.Wait()
	return err
}

// searchesFor counts the searches whose filter has the word.
func searchesFor(server *scripted.Server, word string) int {
	count := 0
	for _, search := range server.Searches() {
		if strings.Contains(search.Filter, word) {
			count++
		}
	}
	return count
}

// TestLargeSearchHarmsNobodyElse: one with too many bytes fails for whoever
// asked, and the connection goes on.
func TestLargeSearchHarmsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(beside(func(c *scripted.Conn, r *scripted.Request) {
			big := group("big", map[string][]string{"description": {strings.Repeat("x", 1<<15)}})
			for range 40 * 32 {
				c.Send(scripted.EntryMessage(r.ID, big))
			}
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, ""))
		}))
		d := piped(t, server)
		err := besideAlice(t, d, func() error {
			_, err := d.GroupsOfMember(within(t, time.Second), "mallory", "")
			return err
		})
		wantError(t, err, directory.ErrRefused)
		if err == nil || !strings.Contains(err.Error(), "size limit exceeded") {
			t.Errorf("error %v", err)
		}
		lookUp(t, d, time.Second)
		if n := server.Connections(); n != 1 || searchesFor(server, "mallory") != 1 {
			t.Errorf("%d connections, %d searches", n, searchesFor(server, "mallory"))
		}
	})
}
