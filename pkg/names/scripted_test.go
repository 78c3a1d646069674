package names_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// Two directories as goldapd has them, on servers that misbehave, in virtual time.

// pair is two directories and what asks them.
type pair struct {
	*site
	servers [2]*scripted.Server
}

const pairPassword = "pair secret"

// newPair has alice and ann in the first directory, and alice, bob and ben in the
// second.
func newPair(t *testing.T, passOver bool) *pair {
	t.Helper()
	p := &pair{site: newSiteWith(t, func(o *names.Options) {
		remember(o)
		o.Timeout, o.Patience, o.LoginTimeout = 10*time.Second, patience, 10*time.Second
		o.Limits = []names.Limit{{Timeout: 5 * time.Second, LoginPassOver: passOver}, {Timeout: 5 * time.Second}}
	})}
	people := [2][]string{{"alice", "ann"}, {"alice", "bob", "ben"}}
	var all []names.Directory
	for i := range p.servers {
		server := scripted.New(t)
		p.servers[i] = server
		server.Add(scripted.Entry{DN: "cn=goldap", Attributes: map[string][]string{"userPassword": {pairPassword}}})
		for j, name := range people[i] {
			id := fmt.Sprint(5000 + 1000*i + j)
			server.Add(scripted.Entry{DN: fmt.Sprintf("uid=%s,dc=d%d", name, i), Attributes: map[string][]string{
				"objectClass": {"posixAccount"}, "uid": {name}, "uidNumber": {id}, "gidNumber": {id}, "homeDirectory": {"/"},
			}})
		}
		cfg := config.DefaultDirectory()
		cfg.URIs, cfg.Base, cfg.TLS = []string{fmt.Sprintf("ldap://d%d.example", i)}, fmt.Sprintf("dc=d%d", i), config.TLS{Mode: "off", AllowClearText: true}
		cfg.BindDN, cfg.BindPassword = "cn=goldap", secret.FromString(pairPassword)
		d, err := directory.New(cfg, directory.Options{Dial: server.Dial, OnBack: func() { p.Back(i) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		all = append(all, d)
	}
	p.ask(all...)
	return p
}

// faulty are what happens to a server, and what the first lookup waits for it.
var faulty = map[string]struct {
	begin func(*scripted.Server)
	first time.Duration
}{
	"black hole": {func(s *scripted.Server) {
		hang := func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }
		s.Script(scripted.Script{Accept: func(c *scripted.Conn) { c.Hang() }, Bind: hang, Search: hang})
	}, time.Second},
	"trickles": {func(s *scripted.Server) {
		s.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			for _, b := range scripted.Result(r.ID, scripted.SearchDone, 0, strings.Repeat("x", 100)) {
				time.Sleep(time.Second)
				if !c.Write([]byte{b}) {
					return
				}
			}
		}})
	}, time.Second},
	"refuses connections": {func(s *scripted.Server) { s.Refuse(true); s.Drop() }, 0},
	"is busy": {func(s *scripted.Server) {
		s.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 51, ""))
		}})
	}, 0},
	"refuses the pseudouser": {func(s *scripted.Server) {
		s.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.BindResponse, 49, ""))
		}})
		s.Drop()
	}, 0},
	"refuses searches": {func(s *scripted.Server) {
		s.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, ""))
		}})
	}, 0},
	"talks nonsense": {func(s *scripted.Server) {
		s.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) {
			c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			c.Close()
		}})
	}, 0},
}

// tell is whether the answer to a lookup of nobody is that nobody can tell.
func (p *pair) tell(t *testing.T) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := p.PasswdByName(ctx, "nobody-here")
	if err == nil || errors.Is(err, directory.ErrBadEntry) {
		t.Errorf("nobody: %v", err)
	}
	return errors.Is(err, directory.ErrNotFound)
}

// TestFaultOfTheFirstDirectory: whatever happens to the first directory, the users
// of the second are found, those whom it may have are never said not to be there,
// and it decides again at most 36 s after it is well.
func TestFaultOfTheFirstDirectory(t *testing.T) {
	for name, fault := range faulty {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				p := newPair(t, false)
				p.want(t, "alice", 5000, nil)
				fault.begin(p.servers[0])
				took(t, "the first lookup", fault.first, func() { p.want(t, "bob", 6001, nil) })
				took(t, "the next", min(fault.first, 50*time.Millisecond), func() { p.want(t, "ben", 6002, nil) })
				for range 200 { // longer than anything is remembered
					p.want(t, "alice", 5000, nil)
					p.want(t, "bob", 6001, nil)
					if p.tell(t) {
						t.Fatal("nobody is there, says a directory that does not answer")
					}
					time.Sleep(time.Second)
				}
				p.servers[0].Script(scripted.Script{})
				p.servers[0].Refuse(false)
				healed := time.Now()
				for !p.tell(t) {
					if time.Since(healed) > 36*time.Second {
						t.Fatal("the first directory is not asked again")
					}
					time.Sleep(time.Second)
				}
				p.wantUID(t, 5001, "ann", nil)
				synctest.Wait()
			})
		})
	}
}

// TestLoginsInFaults: a login goes on with the second directory only if it may,
// ends within its budget, and is the first one's again once that is well.
func TestLoginsInFaults(t *testing.T) {
	for _, passOver := range []bool{false, true} {
		for name, fault := range faulty {
			t.Run(fmt.Sprint(name, " ", passOver), func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					p := newPair(t, passOver)
					p.wantLogin(t, "ann", 5001, 0, nil)
					fault.begin(p.servers[0])
					for range 3 {
						began := time.Now()
						acct, index, err := p.LoginAccount(t.Context(), "bob", true)
						if waited := time.Since(began); waited > 5*time.Second {
							t.Errorf("a login waits %v", waited)
						}
						passed := err == nil && acct.UID == 6001 && index == 1
						refused := err != nil && !errors.Is(err, directory.ErrNotFound) && !errors.Is(err, directory.ErrBadEntry) && acct.Name == ""
						if passed != passOver || refused == passOver {
							t.Errorf("bob: %+v of %d, %v", acct, index, err)
						}
					}
					p.servers[0].Script(scripted.Script{})
					p.servers[0].Refuse(false)
					time.Sleep(36 * time.Second)
					p.wantLogin(t, "ann", 5001, 0, nil)
					p.wantLogin(t, "bob", 6001, 1, nil)
					p.wantLogin(t, "alice", 5000, 0, nil)
					synctest.Wait()
				})
			})
		}
	}
}
