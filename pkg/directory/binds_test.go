package directory_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// accepting is a script of a server that takes every bind for a good one, as
// servers do for binds without a password.
var accepting = scripted.Script{Bind: answers(func(id int64) []byte { return scripted.Result(id, scripted.BindResponse, 0, "") })}

// TestBindsThatAreNeverSent: even a server that accepts everything must not
// see them.
func TestBindsThatAreNeverSent(t *testing.T) {
	server := newServer(t)
	server.Script(accepting)
	cfg := plainConfig("ldap://one.example")
	cfg.RootBindDN, cfg.RootBindPassword = "", secret.Secret{}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	for name, test := range map[string]struct{ dn, password string }{
		"empty password":     {aliceDN, ""},
		"NUL":                {aliceDN, "\x00"},
		"NUL first":          {aliceDN, "\x00abc"},
		"NUL last":           {aliceDN, "abc\x00"},
		"no DN":              {"", alicePass},
		"no DN nor password": {"", ""},
	} {
		reply, err := d.BindAsUser(within(t, time.Second), test.dn, secretOf(test.password))
		wantError(t, err, directory.ErrRefused)
		if reply.Code == directory.ResultSuccess {
			t.Errorf("%s: reply %+v", name, reply)
		}
	}
	_, err := d.BindAsRoot(within(t, time.Second), secretOf(rootPass))
	wantError(t, err, directory.ErrRefused)
	if n := server.Connections(); n != 0 {
		t.Errorf("%d connections, binds %+v", n, server.Binds())
	}
}

// TestPseudouserWithoutPassword must not become an anonymous bind.
func TestPseudouserWithoutPassword(t *testing.T) {
	server := newServer(t)
	server.Script(accepting)
	cfg := plainConfig("ldap://one.example")
	cfg.BindPassword = secret.Secret{}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	_, err := d.AccountByName(within(t, time.Second), "alice")
	wantError(t, err, directory.ErrRefused)
	if len(server.Binds()) > 0 {
		t.Errorf("binds %+v", server.Binds())
	}
}

func TestPasswordsArriveUnchanged(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	for _, password := range []string{"x", " ", "p\xe4ss\xff", "пароль", strings.Repeat("long", 2500), "*()\\", "a\nb"} {
		server.Add(person("u"+string(rune('a'+len(server.Binds()))), map[string][]string{"userPassword": {password}}))
		if _, err := bindAlice(t, d, password); err != nil {
			t.Fatal(err)
		}
		binds := server.Binds()
		if got := binds[len(binds)-1].Password; got != password {
			t.Errorf("sent %q instead of %q", got, password)
		}
	}
}

// TestKeptConnectionCarriesNothingButBinds: searches run as the pseudouser
// only, whoever was bound before.
func TestKeptConnectionCarriesNothingButBinds(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	for range 3 {
		if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
			t.Fatalf("%+v, %v", reply, err)
		}
		if _, err := d.AccountByName(within(t, time.Second), "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.BindAsRoot(within(t, time.Second), secretOf(rootPass)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.GroupsOfMember(within(t, time.Second), "alice", aliceDN); err != nil {
			t.Fatal(err)
		}
	}
	searching := map[int]bool{}
	for _, search := range server.Searches() {
		searching[search.Conn] = true
		if search.BoundAs != serviceDN {
			t.Errorf("a search as %q", search.BoundAs)
		}
	}
	for _, bind := range server.Binds() {
		if searching[bind.Conn] != (bind.DN == serviceDN) {
			t.Errorf("%q was bound on connection %d, searches ran on %v", bind.DN, bind.Conn, searching)
		}
	}
	if n := server.Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
}

// TestBindConnectionsAreExclusive: as many binds at a time as there are
// logins, and then as many connections as are kept.
func TestBindConnectionsAreExclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		busy := map[int]bool{}
		var mu sync.Mutex
		server.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
			mu.Lock()
			if busy[c.Number] {
				t.Error("two binds at a time on one connection")
			}
			busy[c.Number] = true
			mu.Unlock()
			<-time.After(time.Second)
			mu.Lock()
			busy[c.Number] = false
			mu.Unlock()
			c.DefaultBind(r)
		}})
		d := piped(t, server)
		burst := func() {
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
						t.Errorf("%+v, %v", reply, err)
					}
				})
			}
			start := time.Now()
			all.Wait()
			if took := time.Since(start); took != time.Second {
				t.Errorf("took %v", took)
			}
		}
		burst()
		burst()
		if n := server.Connections(); n != 10 {
			t.Errorf("%d connections for two bursts of ten", n)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := server.Open(); n != 4 {
			t.Errorf("%d connections are kept instead of 4", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections after a minute without a bind", n)
		}
		if status := d.Status()[0]; !status.Up {
			t.Errorf("closing idle connections marked the server: %+v", status)
		}
	})
}

// TestLastUsedConnectionGoesFirst, so that the others can age.
func TestLastUsedConnectionGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		var all sync.WaitGroup
		server.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
			<-time.After(time.Duration(c.Number) * time.Second)
			c.DefaultBind(r)
		}})
		for range 3 {
			all.Go(func() { _, _ = bindAlice(t, d, alicePass) })
		}
		all.Wait()
		before := len(server.Binds())
		for range 3 {
			_, _ = bindAlice(t, d, alicePass)
		}
		for _, bind := range server.Binds()[before:] {
			if bind.Conn != 3 {
				t.Errorf("connection %d was used", bind.Conn)
			}
		}
	})
}

// TestBindAfterTimeoutUsesAFreshConnection: a late answer to one bind is never
// the answer to the next.
func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		if _, err := bindAlice(t, d, alicePass); err != nil {
			t.Fatal(err)
		}
		server.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
			<-time.After(3 * time.Second)
			c.DefaultBind(r)
		}})
		_, err := d.BindAsUser(within(t, 2*time.Second), aliceDN, secretOf(alicePass))
		wantError(t, err, directory.ErrUnavailable)
		server.Script(scripted.Script{})
		time.Sleep(2500 * time.Millisecond)
		reply, err := bindAlice(t, d, "wrong")
		if err != nil || reply.Code != directory.ResultInvalidCredentials {
			t.Errorf("%+v, %v", reply, err)
		}
	})
}

// TestUncleanBindConnectionIsClosed after anything but a whole response.
func TestUncleanBindConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(scripted.Script{Bind: answers(func(id int64) []byte {
			message := scripted.Result(id, scripted.BindResponse, 0, "")
			return append(message, scripted.Result(id, scripted.BindResponse, 0, "again")...)
		})})
		d := piped(t, server)
		if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 || reply.Diagnostic != "" {
			t.Errorf("%+v, %v", reply, err)
		}
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Error("a connection with a second response was kept")
		}
	})
}

// TestSingleUse: one connection for a whole login, closed afterwards.
func TestSingleUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: server.Dial, SingleUse: true})
		found, err := d.LoginAccount(within(t, time.Second), "alice")
		if err != nil {
			t.Fatal(err)
		}
		reply, err := d.BindAsUser(within(t, time.Second), found.DN, secretOf(alicePass))
		if err != nil || reply.Code != 0 {
			t.Errorf("%+v, %v", reply, err)
		}
		synctest.Wait()
		if server.Connections() != 1 || server.Open() != 0 {
			t.Errorf("%d connections, %d open", server.Connections(), server.Open())
		}
		if _, err := d.AccountByName(within(t, time.Second), "alice"); err != nil {
			t.Error(err)
		}
		for _, search := range server.Searches() {
			if search.BoundAs != serviceDN {
				t.Errorf("a search as %q", search.BoundAs)
			}
		}
	})
}

func TestBindAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		lookUp(t, d, time.Second)
		_, _ = bindAlice(t, d, alicePass)
		_ = d.Close()
		_ = d.Close()
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
		_, err := d.AccountByName(within(t, time.Second), "alice")
		wantError(t, err, directory.ErrUnavailable)
	})
}
