package directory_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// Policies that demand a new password, and some that do not.
var demands = map[string]struct {
	controls []scripted.Control
	held     bool
}{
	"changed by an administrator": {[]scripted.Control{scripted.Policy(-1, -1, 2)}, true},
	"expired":                     {[]scripted.Control{scripted.Policy(-1, -1, 0)}, true},
	"grace logins":                {[]scripted.Control{scripted.Policy(-1, 3, -1)}, true},
	"last grace login":            {[]scripted.Control{scripted.Policy(-1, 0, -1)}, true},
	"expired, says Netscape":      {[]scripted.Control{{OID: "2.16.840.1.113730.3.4.4", Value: []byte("0")}}, true},
	"expires soon":                {[]scripted.Control{scripted.Policy(60, -1, -1)}, false},
	"nothing":                     {nil, false},
	"locked":                      {[]scripted.Control{scripted.Policy(-1, -1, 1)}, false},
}

// demanding lets users in with the controls, and everybody else as usual.
func demanding(controls ...scripted.Control) scripted.Script {
	return scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
		if r.DN != aliceDN || r.Password != alicePass {
			c.DefaultBind(r)
			return
		}
		c.BoundAs = r.DN
		c.Send(scripted.Result(r.ID, scripted.BindResponse, 0, "", controls...))
	}}
}

// bindsOf counts the binds of alice.
func bindsOf(server *scripted.Server) (n int) {
	for _, bind := range server.Binds() {
		if bind.DN == aliceDN {
			n++
		}
	}
	return n
}

// holding is a server that demanded a new password of alice, who has bound once.
func holding(t *testing.T) (*scripted.Server, *directory.Directory) {
	t.Helper()
	server := newServer(t)
	server.Script(demanding(scripted.Policy(-1, 0, -1)))
	d := piped(t, server)
	if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Policy.GraceLogins != 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	return server, d
}

// TestDemandedChangeNeedsNoBind: whatever demands a new password, the change
// happens on the connection that heard of it.
func TestDemandedChangeNeedsNoBind(t *testing.T) {
	for name, test := range demands {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Script(demanding(test.controls...))
				d := piped(t, server)
				first, err := bindAlice(t, d, alicePass)
				if err != nil {
					t.Fatal(err)
				}
				bound, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
				if err != nil || bound != first || changed.Code != 0 {
					t.Errorf("%+v, %+v, %v", bound, changed, err)
				}
				binds := 2
				if test.held {
					binds = 1
				}
				if got := bindsOf(server); got != binds {
					t.Errorf("%d binds instead of %d", got, binds)
				}
				synctest.Wait()
				if n := server.Open(); n != 0 {
					t.Errorf("%d connections are open", n)
				}
			})
		})
	}
}

// TestEveryWayOnAHeldConnection.
func TestEveryWayOnAHeldConnection(t *testing.T) {
	for way, want := range allWays {
		t.Run(way, func(t *testing.T) {
			server := newServer(t)
			script := demanding(scripted.Policy(-1, 0, -1))
			script.Modify, script.Extended = answers(modifyResult(0)), answers(modified(0))
			server.Script(script)
			d := configured(t, server, changingBy(way))
			if _, err := bindAlice(t, d, alicePass); err != nil {
				t.Fatal(err)
			}
			if _, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || changed.Code != 0 {
				t.Errorf("%+v, %v", changed, err)
			}
			if n := bindsOf(server); n != 1 {
				t.Errorf("%d binds", n)
			}
			checkWritten(t, server, want.user)
		})
	}
}

// TestHeldConnectionIsForItsPassword: nobody else gets it, by no other DN, and
// the administrator's change ends it.
func TestHeldConnectionIsForItsPassword(t *testing.T) {
	server, d := holding(t)
	wrong := changeOfAlice
	wrong.Old = secretOf("wrong")
	if bound, changed, err := d.ChangePassword(within(t, time.Second), wrong); err != nil || bound.Code != 49 || changed.Code != -1 {
		t.Errorf("wrong password: %+v, %+v, %v", bound, changed, err)
	}
	other := changeOfAlice
	other.DN = rootDN
	if bound, changed, err := d.ChangePassword(within(t, time.Second), other); err != nil || bound.Code != 49 || changed.Code != -1 {
		t.Errorf("other DN: %+v, %+v, %v", bound, changed, err)
	}
	spelled := changeOfAlice
	spelled.DN = "UID=alice, " + peopleDN
	if _, _, err := d.ChangePassword(within(t, time.Second), spelled); err != nil || bindsOf(server) != 2 {
		t.Errorf("the same DN, spelled otherwise: %v, %d binds", err, bindsOf(server))
	}
	server, d = holding(t)
	reset := directory.PasswordChange{DN: aliceDN, New: secretOf("reset"), AsRoot: true}
	if _, changed, err := d.ChangePassword(within(t, time.Second), reset); err != nil || changed.Code != 0 {
		t.Fatal(changed, err)
	}
	server.Script(scripted.Script{})
	if bound, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || bound.Code != 49 || changed.Code != -1 {
		t.Errorf("after the administrator's change: %+v, %+v, %v", bound, changed, err)
	}
}

// TestHeldConnectionThatDied is noticed, and the change binds anew.
func TestHeldConnectionThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, d := holding(t)
		server.Drop()
		synctest.Wait()
		if _, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || changed.Code != 0 {
			t.Errorf("%+v, %v", changed, err)
		}
		if n := bindsOf(server); n != 2 {
			t.Errorf("%d binds", n)
		}
	})
}

// TestHeldConnectionIsNotHeldForLong: two minutes, and not after Close.
func TestHeldConnectionIsNotHeldForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := holding(t)
		time.Sleep(2*time.Minute - time.Second)
		synctest.Wait()
		if n := server.Open(); n != 1 {
			t.Errorf("%d connections are open", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections are open after two minutes", n)
		}
		server, d := holding(t)
		_ = d.Close()
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections are open after Close", n)
		}
	})
}

// TestHeldConnectionAfterARefusal: the next new password is tried on the same
// connection.
func TestHeldConnectionAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		script := demanding(scripted.Policy(-1, 0, -1))
		record := &changes{answers: []func(int64) []byte{modified(19, scripted.Policy(-1, -1, 6)), modified(0)}}
		script.Extended = record.handle
		server.Script(script)
		d := piped(t, server)
		_, _ = bindAlice(t, d, alicePass)
		for _, code := range []int{19, 0} {
			if bound, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || bound.Code != 0 || changed.Code != code {
				t.Errorf("%+v, %+v, %v", bound, changed, err)
			}
		}
		synctest.Wait()
		if bindsOf(server) != 1 || server.Open() != 0 {
			t.Errorf("%d binds, %d connections open", bindsOf(server), server.Open())
		}
	})
}

// TestHeldConnectionLosesTheAnswer: the change is not sent again.
func TestHeldConnectionLosesTheAnswer(t *testing.T) {
	for name, handler := range map[string]func(*scripted.Conn, *scripted.Request){
		"closed": func(c *scripted.Conn, _ *scripted.Request) { c.Close() },
		"silent": func(c *scripted.Conn, _ *scripted.Request) { c.Deaf() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				script := demanding(scripted.Policy(-1, 0, -1))
				script.Extended = handler
				server.Script(script)
				d := piped(t, server)
				_, _ = bindAlice(t, d, alicePass)
				bound, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
				wantError(t, err, directory.ErrUnavailable)
				if bound.Code == 0 || changed.Code == 0 || len(server.ExtendedRequests()) != 1 || bindsOf(server) != 1 {
					t.Errorf("%+v, %+v, %d binds", bound, changed, bindsOf(server))
				}
				synctest.Wait()
				if n := server.Open(); n != 0 {
					t.Errorf("%d connections are open", n)
				}
			})
		})
	}
	_, d := holding(t)
	ctx := within(t, 0)
	<-ctx.Done()
	if bound, changed, err := d.ChangePassword(ctx, changeOfAlice); err == nil || bound.Code == 0 || changed.Code == 0 {
		t.Errorf("without time: %+v, %+v, %v", bound, changed, err)
	}
}

// TestHeldConnectionsAreBounded: the oldest makes room, and a user has one.
func TestHeldConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.BindResponse, 0, "", scripted.Policy(-1, -1, 2)))
		}})
		d := piped(t, server)
		for i := range 2 * 40 {
			if _, err := d.BindAsUser(within(t, time.Second), fmt.Sprintf("uid=user%d,%s", i/2, peopleDN), secretOf(alicePass)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n := server.Open(); n != 32 {
			t.Errorf("%d connections are held", n)
		}
	})
}

// TestNothingIsHeldInVain: not in a process for one request, and not at a server
// that takes no changes.
func TestNothingIsHeldInVain(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*config.Directory)
		opts   directory.Options
	}{
		"single use":    {func(*config.Directory) {}, directory.Options{SingleUse: true}},
		"other servers": {func(cfg *config.Directory) { cfg.WriteURIs = []string{"ldap://primary.example"} }, directory.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Script(demanding(scripted.Policy(-1, -1, 2)))
			test.opts.Dial = server.Dial
			d := newDirectory(t, configWith(plainConfig("ldap://one.example"), test.change), test.opts)
			_, _ = bindAlice(t, d, alicePass)
			if _, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || changed.Code != 0 || bindsOf(server) != 2 {
				t.Errorf("%+v, %v, %d binds", changed, err, bindsOf(server))
			}
		})
	}
}

// TestHeldAfterASearch: the bind of login_bind_search demands a change, too.
func TestHeldAfterASearch(t *testing.T) {
	server := newServer(t)
	server.Script(demanding(scripted.Policy(-1, 0, -1)))
	d := configured(t, server, func(cfg *config.Directory) { cfg.LoginBindSearch = "(uid=$username)" })
	if _, found, err := d.BindAndSearch(within(t, time.Second), aliceDN, secretOf(alicePass), directory.LoginVariables{Username: "alice"}); err != nil || !found {
		t.Fatal(found, err)
	}
	if _, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || changed.Code != 0 || bindsOf(server) != 1 {
		t.Errorf("%+v, %v, %d binds", changed, err, bindsOf(server))
	}
}
