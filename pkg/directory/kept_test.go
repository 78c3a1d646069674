package directory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/test/scripted"
)

// TestDeadKeptConnection: neither a search nor a bind fails because the
// connection kept from before is dead, and no server is marked.
func TestDeadKeptConnection(t *testing.T) {
	closes := func(c *scripted.Conn, r *scripted.Request) {
		if c.Number <= 2 {
			c.Close()
			return
		}
		if r.Op == scripted.BindRequest {
			c.DefaultBind(r)
		} else {
			c.DefaultSearch(r)
		}
	}
	silent := func(c *scripted.Conn, r *scripted.Request) {
		if c.Number <= 2 {
			c.Deaf()
			return
		}
		closes(c, r)
	}
	stray := func(c *scripted.Conn, r *scripted.Request) {
		if c.Number <= 2 {
			c.Send(scripted.Result(r.ID-1, scripted.SearchDone, 0, ""))
			return
		}
		closes(c, r)
	}
	for name, test := range map[string]struct {
		handler func(*scripted.Conn, *scripted.Request)
		took    time.Duration
	}{"closed": {closes, 0}, "silent": {silent, 2 * time.Second}, "stray answer": {stray, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				d := piped(t, server)
				lookUp(t, d, time.Second)
				if _, err := bindAlice(t, d, alicePass); err != nil || server.Connections() != 2 {
					t.Fatalf("%d connections, %v", server.Connections(), err)
				}
				server.Script(scripted.Script{Bind: test.handler, Search: test.handler})
				if took := lookUp(t, d, 4*time.Second); took != test.took {
					t.Errorf("lookup took %v", took)
				}
				start := time.Now()
				reply, err := d.BindAsUser(within(t, 4*time.Second), aliceDN, secretOf(alicePass))
				if err != nil || reply.Code != 0 || time.Since(start) != test.took {
					t.Errorf("after %v: %+v, %v", time.Since(start), reply, err)
				}
				if !d.Status()[0].Up || server.Connections() != 4 {
					t.Errorf("%+v after %d connections", d.Status()[0], server.Connections())
				}
			})
		})
	}
}

// TestServerRestart: all kept connections are gone at once, and the next
// request does not notice.
func TestServerRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		for range 3 {
			lookUp(t, d, time.Second)
			if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
				t.Errorf("%+v, %v", reply, err)
			}
			server.Drop()
		}
		if !d.Status()[0].Up {
			t.Error("marked down")
		}
	})
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		if got := d.Status()[0].Latency; got != 0 {
			t.Errorf("before the first request: %v", got)
		}
		server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			<-time.After(30 * time.Millisecond)
			c.DefaultSearch(r)
		}})
		lookUp(t, d, time.Second)
		if got := d.Status()[0].Latency; got != 30*time.Millisecond {
			t.Errorf("latency %v", got)
		}
	})
}
