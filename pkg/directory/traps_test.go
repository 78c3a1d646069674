package directory_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// answers makes handlers that send one message.
func answers(message func(id int64) []byte) func(*scripted.Conn, *scripted.Request) {
	return func(c *scripted.Conn, r *scripted.Request) { c.Send(message(r.ID)) }
}

// userBinds makes a script for binds of users; the pseudouser's are answered
// as they should be.
func userBinds(handler func(*scripted.Conn, *scripted.Request)) scripted.Script {
	return scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
		if r.DN == serviceDN {
			c.DefaultBind(r)
			return
		}
		handler(c, r)
	}}
}

// nested is a message whose operation is nested that deep.
func nested(depth int) []byte {
	inner := []byte{0x30, 0}
	for range depth {
		header := []byte{0x30, 0x82, byte(len(inner) >> 8), byte(len(inner))}
		inner = append(header, inner...)
	}
	return inner
}

// badBindAnswers are answers to a bind that must never be taken for success.
var badBindAnswers = map[string]func(id int64) []byte{
	"search result done":  func(id int64) []byte { return scripted.Result(id, scripted.SearchDone, 0, "") },
	"extended response":   func(id int64) []byte { return scripted.Result(id, scripted.ExtendedResponse, 0, "") },
	"modify response":     func(id int64) []byte { return scripted.Result(id, 7, 0, "") },
	"result code 2^32":    func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, 1<<32, "") },
	"result code -1":      func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, -1, "") },
	"wrong message id":    func(id int64) []byte { return scripted.Result(id+1, scripted.BindResponse, 0, "") },
	"message id 0":        func(int64) []byte { return scripted.Result(0, scripted.BindResponse, 0, "") },
	"notice":              func(int64) []byte { return scripted.Notice() },
	"2 GiB":               func(int64) []byte { return []byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02} },
	"length of 8 bytes":   func(int64) []byte { return []byte{0x30, 0x88, 0, 0, 0, 1, 0, 0, 0, 0, 2} },
	"above the bind cap":  func(int64) []byte { return []byte{0x30, 0x83, 0x10, 0x00, 0x01, 0x02} },
	"indefinite length":   func(int64) []byte { return []byte{0x30, 0x80, 2, 1, 1, 0x61, 0, 0, 0} },
	"depth 1000":          func(int64) []byte { return nested(1000) },
	"not BER":             func(int64) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") },
	"empty sequence":      func(int64) []byte { return []byte{0x30, 0} },
	"no operation":        func(id int64) []byte { return []byte{0x30, 3, 2, 1, byte(id)} },
	"bind without result": func(id int64) []byte { return []byte{0x30, 5, 2, 1, byte(id), 0x61, 0} },
	"inner length":        func(id int64) []byte { return []byte{0x30, 5, 2, 1, byte(id), 0x61, 9} },
	"boolean result code": func(id int64) []byte {
		return []byte{0x30, 12, 2, 1, byte(id), 0x61, 7, 1, 1, 0, 4, 0, 4, 0}
	},
}

func TestBindIsNotProvenByAnotherAnswer(t *testing.T) {
	for name, message := range badBindAnswers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Script(userBinds(answers(message)))
				d := piped(t, server)
				start := time.Now()
				reply, err := bindAlice(t, d, alicePass)
				wantError(t, err, directory.ErrUnavailable)
				if reply.Code == directory.ResultSuccess {
					t.Errorf("reply %+v", reply)
				}
				if took := time.Since(start); took > 0 {
					t.Errorf("noticed after %v", took)
				}
				server.Script(scripted.Script{})
				if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
					t.Errorf("after that, a good bind: %+v, %v", reply, err)
				}
			})
		})
	}
}

// TestResultCodesAreNotNarrowed: 65536 is not 0.
func TestResultCodesAreNotNarrowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		for _, code := range []int64{1, 49, 255, 256, 65535, 65536, 65536 + 49, 1<<31 - 1} {
			server.Script(userBinds(answers(func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, code, "why") })))
			reply, err := bindAlice(t, d, alicePass)
			if err != nil || int64(reply.Code) != code || reply.Diagnostic != "why" {
				t.Errorf("code %d: %+v, %v", code, reply, err)
			}
		}
		if n := server.Connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestSilence: wherever a server stops talking, the request ends with its
// deadline.
func TestSilence(t *testing.T) {
	hang := func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }
	scripts := map[string]scripted.Script{
		"hangs after accept":  {Accept: func(c *scripted.Conn) { c.Hang() }},
		"reads, says nothing": {Accept: func(c *scripted.Conn) { c.Deaf() }},
		"hangs at StartTLS":   {StartTLS: hang},
		"hangs after StartTLS OK": {StartTLS: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.ExtendedResponse, 0, ""))
			c.Hang()
		}},
		"reads after StartTLS OK": {StartTLS: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.ExtendedResponse, 0, ""))
			c.Deaf()
		}},
		"trickles": {StartTLS: func(c *scripted.Conn, r *scripted.Request) {
			trickle(c, scripted.Result(r.ID, scripted.ExtendedResponse, 0, ""))
		}},
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Script(script)
				cfg := plainConfig("ldap://one.example")
				cfg.TLS.Mode = "start_tls"
				d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
				endsBy(t, 3*time.Second, func(ctx context.Context) error {
					_, err := d.BindAsUser(ctx, aliceDN, secret.FromString(alicePass))
					return err
				})
				endsBy(t, 3*time.Second, func(ctx context.Context) error {
					_, err := d.AccountByName(ctx, "alice")
					return err
				})
			})
		})
	}
}

// trickle sends a byte each second.
func trickle(c *scripted.Conn, message []byte) {
	for _, octet := range message {
		if !c.Send([]byte{octet}) {
			return
		}
		<-time.After(time.Second)
	}
}

// endsBy runs a request with that much time, virtual time included, and
// expects it to be unavailable by then.
func endsBy(t *testing.T, budget time.Duration, request func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	start := time.Now()
	err := request(ctx)
	wantError(t, err, directory.ErrUnavailable)
	if took := time.Since(start); took > budget+5*time.Millisecond {
		t.Errorf("%v instead of %v: %v", took, budget, err)
	}
}

// TestSilenceInMidOperation: the same for a connection that worked before.
func TestSilenceInMidOperation(t *testing.T) {
	hang := func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }
	drip := func(op int) func(*scripted.Conn, *scripted.Request) {
		return func(c *scripted.Conn, r *scripted.Request) {
			trickle(c, scripted.Result(r.ID, op, 0, strings.Repeat("x", 100)))
		}
	}
	for name, script := range map[string]scripted.Script{
		"bind hangs":      {Bind: hang, Search: hang},
		"trickles":        {Bind: drip(scripted.BindResponse), Search: drip(scripted.SearchDone)},
		"endless entries": {Bind: hang, Search: endlessEntries},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				d := piped(t, server)
				if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
					t.Fatalf("%+v, %v", reply, err)
				}
				if _, err := d.AccountByName(within(t, time.Second), "alice"); err != nil {
					t.Fatal(err)
				}
				server.Script(script)
				endsBy(t, 4*time.Second, func(ctx context.Context) error {
					_, err := d.BindAsUser(ctx, aliceDN, secret.FromString(alicePass))
					return err
				})
				endsBy(t, 4*time.Second, func(ctx context.Context) error {
					_, err := d.GroupsOfMember(ctx, "alice", "")
					return err
				})
			})
		})
	}
}

// endlessEntries sends one entry each millisecond for ever.
func endlessEntries(c *scripted.Conn, r *scripted.Request) {
	for i := 0; ; i++ {
		entry := person(fmt.Sprint("user", i), nil)
		if !c.Send(scripted.EntryMessage(r.ID, entry)) {
			return
		}
		<-time.After(time.Millisecond)
	}
}

// TestServerStopsReading: a large request that the server does not read must
// not block others for longer than their own time, nor Close.
func TestServerStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		if _, err := d.AccountByName(within(t, time.Second), "alice"); err != nil {
			t.Fatal(err)
		}
		server.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }})
		finished := make(chan struct{})
		for range 5 {
			go func() {
				defer func() { finished <- struct{}{} }()
				endsBy(t, 2*time.Second, func(ctx context.Context) error {
					_, err := d.AccountByName(ctx, "alice")
					return err
				})
			}()
		}
		for range 5 {
			<-finished
		}
		start := time.Now()
		if err := d.Close(); err != nil || time.Since(start) > 0 {
			t.Errorf("Close: %v after %v", err, time.Since(start))
		}
	})
}

// TestCloseWhileBlocked: Close returns at once even if a write is stuck.
func TestCloseWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(scripted.Script{Accept: func(c *scripted.Conn) { c.Hang() }})
		d := piped(t, server)
		result := make(chan error)
		go func() {
			_, err := d.AccountByName(t.Context(), "alice")
			result <- err
		}()
		synctest.Wait()
		start := time.Now()
		_ = d.Close()
		wantError(t, <-result, directory.ErrUnavailable)
		if took := time.Since(start); took > 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestNoticeOfDisconnection: a search that is under way goes on on a fresh
// connection at once.
func TestNoticeOfDisconnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		if _, err := d.AccountByName(within(t, time.Second), "alice"); err != nil {
			t.Fatal(err)
		}
		server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			if c.Number == 1 {
				c.Send(scripted.Notice())
				c.Deaf()
				return
			}
			c.DefaultSearch(r)
		}})
		start := time.Now()
		_, err := d.AccountByName(within(t, time.Second), "alice")
		if err != nil || time.Since(start) > 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if !d.Status()[0].Up {
			t.Error("the server is marked down")
		}
	})
}

// TestReferralIsNotFollowed: nobody connects to the host that it names.
func TestReferralIsNotFollowed(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	caught := make(chan struct{}, 1)
	go func() {
		if conn, err := trap.Accept(); err == nil {
			_ = conn.Close()
			caught <- struct{}{}
		}
	}()
	uri := "ldap://" + trap.Addr().String() + "/" + baseDN
	server := newServer(t)
	server.Script(scripted.Script{
		Bind:   userBinds(answers(func(id int64) []byte { return scripted.Referral(id, scripted.BindResponse, uri) })).Bind,
		Search: answers(func(id int64) []byte { return scripted.Referral(id, scripted.SearchDone, uri) }),
	})
	d := newDirectory(t, plainConfig("ldap://"+server.Listen(t)), directory.Options{})

	reply, err := bindAlice(t, d, alicePass)
	if err != nil || reply.Code != 10 {
		t.Errorf("bind: %+v, %v", reply, err)
	}
	_, err = d.AccountByName(within(t, 5*time.Second), "alice")
	wantError(t, err, directory.ErrRefused)
	if err == nil || !strings.Contains(err.Error(), uri) {
		t.Errorf("the error does not name the referral: %v", err)
	}

	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Reference(r.ID, uri, uri))
		c.DefaultSearch(r)
	}})
	if got, err := d.AccountByName(within(t, 5*time.Second), "alice"); err != nil || got.Name != "alice" {
		t.Errorf("with a continuation reference: %+v, %v", got, err)
	}
	_ = trap.Close()
	select {
	case <-caught:
		t.Error("the referred host was contacted")
	default:
	}
}
