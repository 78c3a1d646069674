package directory_test

import (
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// TestPasswordPolicyOff: the control is not sent, and one that comes all the
// same says nothing.
func TestPasswordPolicyOff(t *testing.T) {
	for _, on := range []bool{true, false} {
		server := newServer(t)
		asked := map[int]bool{} // by operation
		answer := func(op int) func(*scripted.Conn, *scripted.Request) {
			return func(c *scripted.Conn, r *scripted.Request) {
				if r.DN == serviceDN {
					c.DefaultBind(r)
					return
				}
				_, asked[op] = r.Controls[scripted.PasswordPolicyOID]
				c.Send(scripted.Result(r.ID, op, 0, "", scripted.Policy(-1, -1, 2)))
			}
		}
		server.Script(scripted.Script{Bind: answer(scripted.BindResponse), Extended: answer(scripted.ExtendedResponse)})
		cfg := plainConfig("ldap://one.example")
		cfg.PasswordPolicy = on
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		bound, changed, err := d.ChangePassword(within(t, 5*time.Second), changeOfAlice)
		if err != nil {
			t.Fatal(err)
		}
		for op, reply := range map[int]directory.Reply{scripted.BindResponse: bound, scripted.ExtendedResponse: changed} {
			if reply.Policy.Present != on || asked[op] != on || !on && reply.Policy != directory.NoPolicy {
				t.Errorf("policy %v: asked %v, %+v", on, asked[op], reply)
			}
		}
	}
}

// TestBindSearchHasItsOwnConnection: no search runs where binds are kept, and
// the connection is closed afterwards.
func TestBindSearchHasItsOwnConnection(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://one.example")
	cfg.LoginBindSearch = "(uid=$username)"
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	if _, err := bindAlice(t, d, alicePass); err != nil { // its connection is kept
		t.Fatal(err)
	}
	for range 2 {
		_, found, err := d.BindAndSearch(within(t, 5*time.Second), aliceDN, secretOf(alicePass), directory.LoginVariables{Username: "alice"})
		if err != nil || !found {
			t.Errorf("found %v, %v", found, err)
		}
	}
	conns := map[int]bool{}
	for _, bind := range server.Binds() {
		conns[bind.Conn] = true
	}
	if searches := server.Searches(); len(conns) != 3 || len(searches) != 2 || searches[0].BoundAs != aliceDN || searches[0].Conn == searches[1].Conn || searches[0].Conn == 1 {
		t.Errorf("binds %+v, searches %+v", server.Binds(), searches)
	}
}
