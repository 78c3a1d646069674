package directory_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// network leads to scripted servers, and can lose what is sent to one of them.
type network struct {
	servers map[string]*scripted.Server

	mu    sync.Mutex
	conns map[string][]*lossy
	gone  map[string]bool // no connection is even refused
}

// lossy is a connection whose peer may vanish without a word.
type lossy struct {
	net.Conn
	lost atomic.Bool
}

func (c *lossy) Write(b []byte) (int, error) {
	if c.lost.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	gone := n.gone[address]
	n.mu.Unlock()
	if gone {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	raw, err := n.servers[address].Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &lossy{Conn: raw}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns[address] = append(n.conns[address], c)
	return c, nil
}

// lose makes what is sent on the connections to an address vanish; with gone,
// new ones are not answered either.
func (n *network) lose(address string, gone bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone[address] = gone
	for _, c := range n.conns[address] {
		c.lost.Store(true)
	}
}

func (n *network) heal(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone[address] = false
}

// scene is a directory with three servers behind a network.
type scene struct {
	*network
	dir       *directory.Directory
	list      []*scripted.Server
	addresses []string
	backs     atomic.Int32 // how often OnBack was called
}

func newScene(t *testing.T, tls string) *scene {
	t.Helper()
	s := &scene{network: &network{servers: map[string]*scripted.Server{}, conns: map[string][]*lossy{}, gone: map[string]bool{}}}
	cfg := plainConfig()
	cfg.TLS.Mode = tls
	if tls != "off" {
		ca := scripted.NewCA(t)
		cfg.TLS.CAFile = ca.File
		for i := range 3 {
			server := newServer(t)
			server.TLS = ca.Server(t, fmt.Sprintf("s%d.example", i))
			s.list = append(s.list, server)
		}
	}
	for i := range 3 {
		if tls == "off" {
			s.list = append(s.list, newServer(t))
		}
		address := fmt.Sprintf("s%d.example:389", i)
		s.servers[address] = s.list[i]
		s.addresses = append(s.addresses, address)
		cfg.URIs = append(cfg.URIs, fmt.Sprintf("ldap://s%d.example", i))
	}
	s.dir = newDirectory(t, cfg, directory.Options{Dial: s.dial, OnBack: func() { s.backs.Add(1) }})
	return s
}

// fault is something that happens to a server.
type fault struct {
	tls   string
	begin func(s *scene, i int)
	// first is what the first lookup, which has 2 s, pays for it if it happens
	// to the first of three servers.
	first time.Duration
	// marks: the server is taken for down.
	marks bool
	// alone is what a lookup of 2 s takes that finds no server at all.
	alone time.Duration
}

func scripts(script scripted.Script) func(*scene, int) {
	return func(s *scene, i int) { s.list[i].Script(script) }
}

func drops(then func(s *scene, i int)) func(*scene, int) {
	return func(s *scene, i int) {
		then(s, i)
		s.list[i].Drop()
		synctest.Wait()
	}
}

func code(op int, code int64) func(*scripted.Conn, *scripted.Request) {
	return answers(func(id int64) []byte { return scripted.Result(id, op, code, "") })
}

var faults = map[string]fault{
	"hangs": {begin: func(s *scene, i int) { hangAll(s.list[i]) }, first: time.Second, marks: true, alone: 2 * time.Second},
	"half-open, the machine is gone": {begin: func(s *scene, i int) { s.lose(s.addresses[i], true) },
		first: time.Second, marks: true, alone: 2 * time.Second},
	"half-open, restarted": {begin: func(s *scene, i int) { s.lose(s.addresses[i], false) }, first: 500 * time.Millisecond},
	"trickles": {begin: scripts(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		trickle(c, scripted.Result(r.ID, scripted.SearchDone, 0, strings.Repeat("x", 1000)))
	}}), first: time.Second, marks: true, alone: 2 * time.Second},
	"refuses after a restart": {begin: drops(func(s *scene, i int) { s.list[i].Refuse(true) }), marks: true},
	"closes every connection": {begin: drops(scripts(scripted.Script{Accept: func(c *scripted.Conn) { c.Close() }})), marks: true},
	"busy":                    {begin: scripts(scripted.Script{Search: code(scripted.SearchDone, 51)})},
	"unavailable":             {begin: scripts(scripted.Script{Search: code(scripted.SearchDone, 52)})},
	"pseudouser refused":      {begin: drops(scripts(scripted.Script{Bind: code(scripted.BindResponse, 49)}))},
	"refuses StartTLS": {tls: "start_tls", marks: true,
		begin: drops(scripts(scripted.Script{StartTLS: code(scripted.ExtendedResponse, 52)}))},
	"TLS fails": {tls: "start_tls", marks: true,
		begin: drops(scripts(scripted.Script{StartTLS: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.ExtendedResponse, 0, ""))
			go c.Deaf()
			c.Send([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			c.Close()
		}}))},
}

// end heals a server.
func (s *scene) end(i int) {
	s.list[i].Refuse(false)
	s.list[i].Script(scripted.Script{})
	s.heal(s.addresses[i])
}

func inFaults(t *testing.T, test func(t *testing.T, s *scene, f fault)) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tls := "off"
				if f.tls != "" {
					tls = f.tls
				}
				s := newScene(t, tls)
				lookUp(t, s.dir, 2*time.Second)
				test(t, s, f)
			})
		})
	}
}

// TestFaultOfTheFirstServer: the first lookup after a fault pays at most half
// of its budget, those after it nothing, and the first server is in use again at
// most 30 s (retry_max) after it is well; or 35 s (connect_timeout more) if a
// probe that had begun before was waiting for a silent server.
func TestFaultOfTheFirstServer(t *testing.T) {
	inFaults(t, func(t *testing.T, s *scene, f fault) {
		f.begin(s, 0)
		if took := lookUp(t, s.dir, 2*time.Second); took != f.first {
			t.Errorf("the first lookup takes %v, want %v", took, f.first)
		}
		if up := s.dir.Status()[0].Up; up == f.marks {
			t.Errorf("up: %v", up)
		}
		for range 5 * 60 {
			if took := lookUp(t, s.dir, 2*time.Second); took > 0 {
				t.Fatalf("a lookup takes %v", took)
			}
			time.Sleep(time.Second)
		}
		s.end(0)
		healed, limit := time.Now(), 31*time.Second
		if f.alone > 0 {
			limit += 5 * time.Second
		}
		for before := len(s.list[0].Searches()); len(s.list[0].Searches()) == before; {
			if took := time.Since(healed); took > limit {
				t.Fatalf("not in use after %v", took)
			}
			time.Sleep(time.Second)
			lookUp(t, s.dir, 2*time.Second)
		}
		if n := s.backs.Load(); n != 0 {
			t.Errorf("OnBack was called %d times although there was always a server", n)
		}
	})
}

// TestAllServersDownAndBack: every lookup ends inside its budget meanwhile, the
// first one after they are back is answered, and OnBack is called once.
func TestAllServersDownAndBack(t *testing.T) {
	inFaults(t, func(t *testing.T, s *scene, f fault) {
		if f.first > 0 && !f.marks || strings.Contains(t.Name(), "pseudouser") {
			return // which is no outage
		}
		for i := range s.list {
			f.begin(s, i)
		}
		for range 100 {
			start := time.Now()
			_, err := s.dir.AccountByName(within(t, 2*time.Second), "alice")
			wantError(t, err, directory.ErrUnavailable)
			if took := time.Since(start); took > 2*time.Second+5*time.Millisecond {
				t.Errorf("a lookup takes %v", took)
			}
			time.Sleep(time.Second)
		}
		if n := s.backs.Load(); n != 0 {
			t.Errorf("OnBack was called %d times before the end", n)
		}
		for i := range s.list {
			s.end(i)
		}
		time.Sleep(2 * time.Second)
		if took := lookUp(t, s.dir, 2*time.Second); took > time.Second {
			t.Errorf("the first lookup takes %v", took)
		}
		synctest.Wait()
		if n := s.backs.Load(); n != 1 {
			t.Errorf("OnBack was called %d times", n)
		}
	})
}

// TestLoginWhileAllAreDown does not wait for a retry time: it finds a server
// that came back at once.
func TestLoginWhileAllAreDown(t *testing.T) {
	inFaults(t, func(t *testing.T, s *scene, f fault) {
		if !f.marks {
			return
		}
		for i := range s.list {
			f.begin(s, i)
		}
		for range 20 { // until the retry times are 30 s
			_, _ = s.dir.AccountByName(within(t, 2*time.Second), "alice")
			time.Sleep(10 * time.Second)
		}
		s.end(2)
		time.Sleep(2 * time.Second)
		start := time.Now()
		reply, err := s.dir.BindAsUser(within(t, 10*time.Second), aliceDN, secretOf(alicePass))
		if err != nil || reply.Code != 0 {
			t.Errorf("%+v, %v", reply, err)
		}
		if took := time.Since(start); took > 7500*time.Millisecond {
			t.Errorf("a login takes %v", took)
		}
	})
}

// TestBackWithoutARequest: OnBack comes from a probe, too, within retry_max.
func TestBackWithoutARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, "off")
		for i := range s.list {
			s.list[i].Refuse(true)
		}
		for range 2 {
			_, err := s.dir.AccountByName(within(t, 2*time.Second), "alice")
			wantError(t, err, directory.ErrUnavailable)
		}
		time.Sleep(time.Hour)
		s.end(1)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := s.backs.Load(); n != 1 {
			t.Errorf("OnBack was called %d times", n)
		}
		if status := s.dir.Status(); status[0].Up || !status[1].Up || status[2].Up {
			t.Errorf("%+v", status)
		}
	})
}

// TestRetryNow tries everything that waits, at once.
func TestRetryNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, "off")
		s.list[0].Refuse(true)
		s.list[1].Script(scripted.Script{Bind: code(scripted.BindResponse, 49)})
		lookUp(t, s.dir, 2*time.Second)
		time.Sleep(10 * time.Minute)
		lookUp(t, s.dir, 2*time.Second)
		for i := range s.list {
			s.end(i)
		}
		s.dir.RetryNow()
		synctest.Wait()
		if status := s.dir.Status(); !status[0].Up {
			t.Errorf("%+v", status)
		}
		s.list[0].Refuse(true)
		s.list[0].Drop()
		synctest.Wait()
		before := len(s.list[1].Searches())
		lookUp(t, s.dir, 2*time.Second)
		if len(s.list[1].Searches()) == before {
			t.Error("the pseudouser is not tried again")
		}
	})
}

// TestServerThatOnlyLetsIn is a server that takes connections and binds and
// then answers nothing: requests meet it once. One that answers probes and
// nothing else can only be found out by requests, ever less often.
func TestServerThatOnlyLetsIn(t *testing.T) {
	for name, test := range map[string]struct {
		probes      bool
		least, most int
	}{"answers nothing": {false, 1, 1}, "answers probes": {true, 20, 35}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, "off")
				s.list[0].Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
					if test.probes && r.Scope == 0 {
						c.DefaultSearch(r)
						return
					}
					c.Hang()
				}})
				slow := 0
				for range 600 {
					if lookUp(t, s.dir, 2*time.Second) > 0 {
						slow++
					}
					time.Sleep(time.Second)
				}
				if slow < test.least || slow > test.most {
					t.Errorf("%d of 600 lookups within ten minutes waited", slow)
				}
			})
		})
	}
}
