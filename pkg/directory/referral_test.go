package directory_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// referring is a directory with two servers of its own, s0 and s1, and one of
// referral_uris, other, all with TLS. Whoever else is dialled is noted.
type referring struct {
	*directory.Directory
	own   []*scripted.Server
	other *scripted.Server

	mu     sync.Mutex
	dialed []string
}

// newReferring makes it; alice is nowhere, so that she is only found where a
// test puts her.
func newReferring(t *testing.T, change func(*config.Directory)) *referring {
	t.Helper()
	r := &referring{}
	ca := scripted.NewCA(t)
	addresses := map[string]*scripted.Server{}
	cfg := plainConfig()
	cfg.TLS = config.TLS{Mode: "start_tls", CAFile: ca.File}
	cfg.FollowReferrals = true
	for _, name := range []string{"s0.example", "s1.example", "other.example"} {
		server := scripted.New(t)
		server.Add(
			scripted.Entry{DN: baseDN, Attributes: map[string][]string{"objectClass": {"domain"}}},
			scripted.Entry{DN: serviceDN, Attributes: map[string][]string{"userPassword": {servicePass}}},
		)
		server.TLS = ca.Server(t, name)
		addresses[name+":389"] = server
		if name == "other.example" {
			r.other = server
			cfg.ReferralURIs = []string{"ldap://" + name}
		} else {
			r.own = append(r.own, server)
			cfg.URIs = append(cfg.URIs, "ldap://"+name)
		}
	}
	change(&cfg)
	dial := scripted.Dialer(addresses)
	r.Directory = newDirectory(t, cfg, directory.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		r.mu.Lock()
		r.dialed = append(r.dialed, address)
		r.mu.Unlock()
		return dial(ctx, network, address)
	}})
	return r
}

func (r *referring) asked(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.dialed, address)
}

func unchanged(*config.Directory) {}

// refers answers searches of the base, and of what is below it, with its
// entries and references.
func refers(uris ...string) scripted.Script {
	return scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		for _, uri := range uris {
			c.Send(scripted.Reference(r.ID, uri))
		}
		c.DefaultSearch(r)
	}}
}

func refersAway(uris ...string) scripted.Script {
	return scripted.Script{Search: answers(func(id int64) []byte { return scripted.Referral(id, scripted.SearchDone, uris[0]) })}
}

// TestReferralsThatAreFollowed lead to an entry elsewhere.
func TestReferralsThatAreFollowed(t *testing.T) {
	for name, test := range map[string]struct {
		script scripted.Script
		at     string // where alice is
	}{
		"reference to an own server":     {refers("ldap://s1.example/" + baseDN), "s1"},
		"another spelling":               {refers("ldap://S1.Example:389/" + baseDN + "??sub?(objectClass=*)"), "s1"},
		"reference to another":           {refers("ldap://other.example/" + peopleDN), "other"},
		"among others":                   {refers("ldap://trap.example/"+baseDN, "ldap://other.example/"+peopleDN), "other"},
		"referral to an own server":      {refersAway("ldap://s1.example/" + baseDN), "s1"},
		"referral to another":            {refersAway("ldap://other.example"), "other"},
		"ldaps named, configuration has": {refers("ldaps://s1.example/" + baseDN), "s1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newReferring(t, unchanged)
			d.own[0].Script(test.script)
			there := d.other
			if test.at == "s1" {
				there = d.own[1]
			}
			there.Add(person("alice", nil), person("bob", map[string][]string{"uidNumber": {"10002"}}))
			got, err := d.AccountByName(within(t, 5*time.Second), "alice")
			if err != nil || got.DN != aliceDN {
				t.Fatalf("%+v, %v", got, err)
			}
			if d.asked("trap.example:389") {
				t.Error("a server that is not configured was asked")
			}
			for _, search := range d.other.Searches() {
				if search.BoundAs != "" || !search.TLS || search.Filter != "(&(objectClass=posixAccount)(uid=alice))" {
					t.Errorf("search at the other server: %+v", search)
				}
			}
			if binds := d.other.Binds(); len(binds) > 0 {
				t.Errorf("the other server got binds: %+v", binds)
			}
			for _, search := range d.own[1].Searches() {
				if search.BoundAs != serviceDN || !search.TLS {
					t.Errorf("search at the own server: %+v", search)
				}
			}
		})
	}
}

// TestReferralsThatAreNotFollowed: no connection is made, and a reference is as
// if it was not there.
func TestReferralsThatAreNotFollowed(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trap.Close() }()
	caught := make(chan struct{}, 16)
	go func() {
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			caught <- struct{}{}
		}
	}()
	address := trap.Addr().String()
	for _, uri := range []string{
		"ldap://" + address + "/" + baseDN, "ldaps://" + address, "ldap://other.example:1389/" + baseDN,
		"ldap://s1.example.evil.org/" + baseDN, "ldap://s1.example@" + address + "/", "ldap://evil@s1.example/" + baseDN, "ldapi://%2Ftmp%2Ftrap/",
		"http://s1.example/", "s1.example", "ldap:///" + baseDN, "ldap://s1.example/" + baseDN + "??tree", "ldap://%zz/", "",
	} {
		d := newReferring(t, unchanged)
		d.own[0].Add(person("alice", nil))
		d.own[0].Script(refers(uri))
		if _, err := d.AccountByName(within(t, 5*time.Second), "alice"); err != nil {
			t.Errorf("reference to %q: %v", uri, err)
		}
		d.own[0].Script(refersAway(uri))
		_, err := d.AccountByName(within(t, 5*time.Second), "alice")
		wantError(t, err, directory.ErrRefused)
		for _, one := range d.dialed {
			if one != "s0.example:389" {
				t.Errorf("%q led to %s", uri, one)
			}
		}
	}
	select {
	case <-caught:
		t.Error("the trap was connected to")
	default:
	}
}

// TestBindsAreNeverReferred: a referral is the answer to a user's bind, and to
// a change of a password.
func TestBindsAreNeverReferred(t *testing.T) {
	d := newReferring(t, unchanged)
	d.own[0].Script(scripted.Script{Bind: answers(func(id int64) []byte {
		return scripted.Referral(id, scripted.BindResponse, "ldap://other.example/"+aliceDN)
	})})
	if reply, err := bindAlice(t, d.Directory, alicePass); err != nil || reply.Code != 10 {
		t.Errorf("%+v, %v", reply, err)
	}
	if d.asked("other.example:389") || d.asked("s1.example:389") {
		t.Error("the bind went elsewhere")
	}
}

// TestReferralsInACircle end, with what was found once.
func TestReferralsInACircle(t *testing.T) {
	d := newReferring(t, unchanged)
	for i, server := range d.own {
		server.Add(person("alice", nil))
		server.Script(refers("ldap://s0.example/"+baseDN, "ldap://s1.example/"+baseDN, fmt.Sprintf("ldap://s%d.example/%s", i, strings.ToUpper(baseDN))))
	}
	if _, err := d.AccountByName(within(t, 5*time.Second), "alice"); err != nil {
		t.Error(err)
	}
	if a, b := len(d.own[0].Searches()), len(d.own[1].Searches()); a != 1 || b != 1 {
		t.Errorf("%d and %d searches", a, b)
	}
}

// TestTooManyReferrals: an answer that cannot be completed is none.
func TestTooManyReferrals(t *testing.T) {
	deeper := func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Reference(r.ID, "ldap://s1.example/ou=deeper,"+r.Base))
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, ""))
	}
	wider := func(n int) func(*scripted.Conn, *scripted.Request) {
		return func(c *scripted.Conn, r *scripted.Request) {
			for i := range n {
				if !c.Send(scripted.Reference(r.ID, fmt.Sprintf("ldap://s1.example/ou=x%d,%s", i, baseDN))) {
					return
				}
			}
			c.DefaultSearch(r)
		}
	}
	for name, test := range map[string]struct {
		search   func(*scripted.Conn, *scripted.Request)
		searches int // at both servers, at most
	}{"deep": {deeper, 6}, "65": {wider(65), 65}, "100,000": {wider(100_000), 1}} {
		t.Run(name, func(t *testing.T) {
			d := newReferring(t, unchanged)
			d.own[0].Add(person("alice", nil))
			d.own[0].Script(scripted.Script{Search: test.search})
			if name == "deep" {
				d.own[1].Script(scripted.Script{Search: test.search})
			}
			_, err := d.AccountByName(within(t, 20*time.Second), "alice")
			wantError(t, err, directory.ErrRefused)
			if n := len(d.own[0].Searches()) + len(d.own[1].Searches()); n > test.searches {
				t.Errorf("%d searches", n)
			}
		})
	}
}

// TestReferenceToAServerThatIsDown: nobody says "not there" then, and the
// server that referred is not to blame.
func TestReferenceToAServerThatIsDown(t *testing.T) {
	d := newReferring(t, unchanged)
	d.other.Refuse(true)
	d.own[0].Script(refers("ldap://other.example/" + baseDN))
	for range 3 {
		_, err := d.AccountByName(within(t, 5*time.Second), "alice")
		wantError(t, err, directory.ErrUnavailable)
	}
	if !d.Status()[0].Up || len(d.own[1].Searches()) > 0 {
		t.Errorf("%+v", d.Status())
	}
	d.other.Refuse(false)
	d.other.Add(person("alice", nil))
	d.RetryNow()
	again, end := time.NewTicker(10*time.Millisecond), within(t, 20*time.Second)
	defer again.Stop()
	for err := error(directory.ErrUnavailable); err != nil; _, err = d.AccountByName(within(t, 5*time.Second), "alice") {
		select {
		case <-again.C:
		case <-end.Done():
			t.Fatal(err)
		}
	}
}

// TestScopeOfAReference (RFC 4511, section 4.5.3).
func TestScopeOfAReference(t *testing.T) {
	for _, test := range []struct {
		scope, uri string
		want       int
	}{
		{"sub", "", 2}, {"one", "", 0}, {"base", "", 0}, {"one", "??one", 1}, {"sub", "??base", 0}, {"sub", "?uid?one?(uid=*)", 1},
	} {
		d := newReferring(t, func(cfg *config.Directory) { cfg.Scope = test.scope })
		d.own[0].Script(refers("ldap://s1.example/" + peopleDN + test.uri))
		_, err := d.AccountByName(within(t, 5*time.Second), "alice")
		wantError(t, err, directory.ErrNotFound)
		if searches := d.own[1].Searches(); len(searches) != 1 || searches[0].Scope != test.want || searches[0].Base != peopleDN {
			t.Errorf("%+v: %+v", test, searches)
		}
	}
}

// TestEnumerationFollowsReferences, too.
func TestEnumerationFollowsReferences(t *testing.T) {
	d := newReferring(t, func(cfg *config.Directory) { cfg.PageSize = 1 })
	d.own[0].Add(person("alice", nil))
	d.own[0].Script(refers("ldap://other.example/"+baseDN, "ldap://s0.example/"+baseDN))
	d.other.Add(person("bob", map[string][]string{"uidNumber": {"10002"}}), person("carol", map[string][]string{"uidNumber": {"10003"}}))
	var names []string
	for account, err := range d.Accounts(within(t, 5*time.Second)) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, account.Name)
	}
	if !slices.Equal(names, []string{"alice", "bob", "carol"}) {
		t.Errorf("%v", names)
	}
}

// TestReferralsNeedTLS.
func TestReferralsNeedTLS(t *testing.T) {
	server := newServer(t)
	server.Script(refers("ldap://two.example/" + baseDN))
	cfg := plainConfig("ldap://one.example", "ldap://two.example")
	cfg.FollowReferrals = true
	var dialed []string
	d := newDirectory(t, cfg, directory.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed = append(dialed, address)
		return server.Dial(ctx, network, address)
	}})
	lookUp(t, d, 5*time.Second)
	if len(dialed) != 1 {
		t.Errorf("connections to %v", dialed)
	}
	cfg.ReferralURIs = []string{"ldap://other.example"}
	if _, err := directory.New(cfg, directory.Options{}); err == nil || !strings.Contains(err.Error(), "with TLS only") {
		t.Errorf("a referral URI in clear text: %v", err)
	}
}
