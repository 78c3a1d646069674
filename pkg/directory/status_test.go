package directory_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// TestOperations counts what was answered, and in what time; probes are none.
func TestOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(slowly(30 * time.Millisecond))
		d := piped(t, server)
		lookUp(t, d, time.Second)
		lookUp(t, d, time.Second)
		if reply, err := bindAlice(t, d, "wrong"); err != nil || reply.Code != directory.ResultInvalidCredentials {
			t.Fatalf("%+v, %v", reply, err)
		}
		want := directory.ServerStatus{Operations: 3, OperationTime: 60 * time.Millisecond}
		if got := d.Status()[0]; got.Operations != want.Operations || got.OperationTime != want.OperationTime {
			t.Errorf("%d operations in %v", got.Operations, got.OperationTime)
		}
		server.Refuse(true)
		server.Drop()
		synctest.Wait()
		if _, err := d.AccountByName(within(t, time.Second), "alice"); err == nil {
			t.Fatal("found")
		}
		server.Refuse(false)
		time.Sleep(2 * time.Second) // a probe
		synctest.Wait()
		if got := d.Status()[0]; !got.Up || got.Operations != want.Operations {
			t.Errorf("after a probe: %+v", got)
		}
	})
}

// TestFailuresByStep: each is counted where it happened, once for all who waited
// for the connection, and its last text stays.
func TestFailuresByStep(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*scripted.Server)
		want  directory.Failures
		text  string
	}{
		"no connection": {func(s *scripted.Server) { s.Refuse(true) }, directory.Failures{Connect: 1}, "connect"},
		"bind refused":  {func(s *scripted.Server) { s.Script(refusing(49)) }, directory.Failures{Bind: 1}, "result code 49"},
		"bind hangs": {func(s *scripted.Server) {
			s.Script(scripted.Script{Bind: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }})
		}, directory.Failures{Bind: 1}, "deadline exceeded"},
		"search hangs": {func(s *scripted.Server) {
			s.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }})
		}, directory.Failures{Answer: 2}, "deadline exceeded"},
		"search busy": {func(s *scripted.Server) {
			s.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
				c.Send(scripted.Result(r.ID, scripted.SearchDone, 51, "later"))
			}})
		}, directory.Failures{Answer: 2}, "later"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				test.spoil(server)
				slowly := func(ctx context.Context, network, address string) (net.Conn, error) {
					<-time.After(10 * time.Millisecond) // both wait for the same connection
					return server.Dial(ctx, network, address)
				}
				d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: slowly})
				results := make(chan error)
				for range 2 {
					go func() {
						_, err := d.AccountByName(within(t, 8*time.Second), "alice")
						results <- err
					}()
				}
				for range 2 {
					if err := <-results; err == nil {
						t.Error("found")
					}
				}
				status := d.Status()[0]
				if status.Failures != test.want || !strings.Contains(status.LastFailure, test.text) || time.Since(status.LastFailureAt) != 0 {
					t.Errorf("%+v, %q at %v; want %+v, %q", status.Failures, status.LastFailure, status.LastFailureAt, test.want, test.text)
				}
				server.Refuse(false)
				server.Script(scripted.Script{})
				time.Sleep(time.Minute)
				lookUp(t, d, time.Second)
				if after := d.Status()[0]; !after.Up || after.LastError != "" || after.LastFailure == "" || after.LastFailureAt.Before(status.LastFailureAt) {
					t.Errorf("when it is back: %+v", after)
				}
			})
		})
	}
}

// TestCallersCountForNothing: one who leaves, or is in too great a hurry, has not
// seen a failure of the server.
func TestCallersCountForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		lookUp(t, d, time.Second)
		server.Script(slowly(time.Second))
		leaving, leave := context.WithCancel(t.Context())
		go func() {
			time.Sleep(500 * time.Millisecond)
			leave()
		}()
		if _, err := d.AccountByName(leaving, "alice"); err == nil {
			t.Error("found")
		}
		if _, err := d.AccountByName(within(t, 50*time.Millisecond), "alice"); err == nil {
			t.Error("found")
		}
		if status := d.Status()[0]; status.Failures != (directory.Failures{}) || status.LastFailure != "" {
			t.Errorf("%+v, %q", status.Failures, status.LastFailure)
		}
		time.Sleep(time.Second) // the answers that nobody waits for
	})
}

// TestCertificateEnds: that of the server, and the first of those behind it.
func TestCertificateEnds(t *testing.T) {
	ca := scripted.NewCA(t)
	at := func(d time.Duration) time.Time { return time.Now().Add(d).UTC().Truncate(time.Second) }
	for name, test := range map[string]struct {
		expires, chain time.Time
		fails          bool
	}{
		"server's first":    {at(time.Hour), at(time.Hour), false},
		"authority's first": {at(48 * time.Hour), ca.Expires(), false},
		"over":              {at(-time.Hour), at(-time.Hour), true},
	} {
		for _, verify := range []string{"", "never"} {
			t.Run(name+" "+verify, func(t *testing.T) {
				_, cfg := secured(t, ca, "ldap", ca.Until(t, test.expires, "127.0.0.1"))
				cfg.TLS.Verify = verify
				d := newDirectory(t, cfg, directory.Options{})
				if before := d.Status()[0].Certificate; before != (directory.Certificate{}) {
					t.Errorf("before the first handshake: %+v", before)
				}
				fails, chain := test.fails, test.chain
				if verify == "never" { // nothing is relied on but what was shown
					fails, chain = false, test.expires
				}
				_, err := d.AccountByName(within(t, 5*time.Second), "alice")
				if (err != nil) != fails {
					t.Errorf("%v", err)
				}
				got := d.Status()[0]
				if !got.Certificate.Expires.Equal(test.expires) || !got.Certificate.ChainExpires.Equal(chain) {
					t.Errorf("%+v, want %v and %v", got.Certificate, test.expires, chain)
				}
				if (got.Failures.TLS > 0) != fails || got.Failures.Connect > 0 {
					t.Errorf("%+v", got.Failures)
				}
			})
		}
	}
}

// TestConnectionsInUse are counted while they are.
func TestConnectionsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		slow := slowly(time.Second)
		slow.Bind = func(c *scripted.Conn, r *scripted.Request) {
			if r.DN != serviceDN {
				<-time.After(time.Second)
			}
			c.DefaultBind(r)
		}
		server.Script(slow)
		d := piped(t, server)
		for range 3 {
			go lookUp(t, d, 5*time.Second)
		}
		for range 2 {
			go bindAlice(t, d, alicePass)
		}
		time.Sleep(500 * time.Millisecond)
		during := d.Status()[0]
		if during.Searches != (directory.SearchConnections{Open: 1, InFlight: 3}) || during.Binds != (directory.BindConnections{Open: 2, Busy: 2}) {
			t.Errorf("during: %+v, %+v", during.Searches, during.Binds)
		}
		time.Sleep(time.Second)
		after := d.Status()[0]
		if after.Searches != (directory.SearchConnections{Open: 1}) || after.Binds != (directory.BindConnections{Open: 2, Kept: 2}) {
			t.Errorf("after: %+v, %+v", after.Searches, after.Binds)
		}
	})
}

// TestOutages last from the first request without an answer to the first answer.
func TestOutages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		lookUp(t, d, time.Second)
		want := func(count uint64, total time.Duration, lasts bool) {
			t.Helper()
			o := d.Outages()
			if o.Count != count || o.Total.Round(100*time.Millisecond) != total || o.Since.IsZero() == lasts {
				t.Errorf("%+v; want %d in %v, lasts %v", o, count, total, lasts)
			}
		}
		down := func(is bool, some ...*scripted.Server) {
			for _, server := range some {
				server.Refuse(is)
				server.Drop()
			}
			synctest.Wait()
			_, _ = d.AccountByName(within(t, time.Second), "alice")
		}
		want(0, 0, false)
		down(true, servers[:2]...)
		time.Sleep(time.Minute)
		want(0, 0, false) // one answers
		down(true, servers[2])
		want(1, 0, true)
		time.Sleep(10 * time.Second)
		want(1, 10*time.Second, true)
		down(false, servers[1])
		want(1, 10*time.Second, false)
		time.Sleep(time.Hour)
		want(1, 10*time.Second, false)
		down(true, servers[1])
		time.Sleep(5 * time.Second)
		want(2, 15*time.Second, true)
		down(false, servers[1])
		want(2, 15*time.Second, false)
	})
}
