package directory_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// slowly answers each search after a time, without holding up the others.
func slowly(wait time.Duration) scripted.Script {
	return scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		go func() {
			<-time.After(wait)
			c.DefaultSearch(r)
		}()
	}}
}

// lookUpAll runs that many lookups at a time and returns how long all took.
func lookUpAll(t *testing.T, d *directory.Directory, count int, budget time.Duration) time.Duration {
	t.Helper()
	var all sync.WaitGroup
	start := time.Now()
	for range count {
		all.Go(func() { lookUp(t, d, budget) })
	}
	all.Wait()
	return time.Since(start)
}

// TestManySearchesAtATime share one connection, which is opened once.
func TestManySearchesAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(slowly(time.Second))
		d := piped(t, server)
		if took := lookUpAll(t, d, 50, 3*time.Second); took != time.Second {
			t.Errorf("took %v", took)
		}
		if n := server.Connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestCrowdedConnections: more are opened as far as the configuration goes.
func TestCrowdedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(slowly(time.Second))
		cfg := plainConfig("ldap://one.example")
		cfg.SearchConnections = 3
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		for range 4 {
			lookUpAll(t, d, 100, 4*time.Second)
		}
		if n := server.Connections(); n != 3 {
			t.Errorf("%d connections", n)
		}
		for _, bind := range server.Binds() {
			if bind.DN != serviceDN {
				t.Errorf("bind as %q", bind.DN)
			}
		}
	})
}

// TestSlowSearchHarmsNobody: a search that is never answered ends with its own
// deadline; the connection and the server stay in use for the others.
func TestSlowSearchHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			if !strings.Contains(r.Filter.String(), "slow") {
				c.DefaultSearch(r)
			}
		}})
		d := piped(t, server)
		lookUp(t, d, time.Second)
		var all sync.WaitGroup
		all.Go(func() {
			_, err := d.AccountByName(within(t, 2*time.Second), "slow")
			wantError(t, err, directory.ErrUnavailable)
		})
		for range 30 {
			time.Sleep(100 * time.Millisecond)
			lookUp(t, d, time.Second)
		}
		all.Wait()
		if n := server.Connections(); n != 1 || !d.Status()[0].Up {
			t.Errorf("%d connections, %+v", n, d.Status()[0])
		}
	})
}

// TestIdleServiceConnectionIsClosed, and opened again when needed.
func TestIdleServiceConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		lookUp(t, d, time.Second)
		time.Sleep(4 * time.Minute)
		lookUp(t, d, time.Second)
		if n := server.Connections(); n != 1 {
			t.Errorf("%d connections after 4 minutes", n)
		}
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections are open after 6 minutes without a search", n)
		}
		lookUp(t, d, time.Second)
	})
}

// TestEndlessEntries as fast as they come: the request ends, and so does the
// connection.
func TestEndlessEntries(t *testing.T) {
	server := newServer(t)
	ended := make(chan struct{}, 10)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		message := scripted.EntryMessage(r.ID, person("alice", map[string][]string{"gecos": {strings.Repeat("x", 30_000)}}))
		for c.Send(message) {
		}
		ended <- struct{}{}
	}})
	d := piped(t, server)
	_, err := d.AccountByName(within(t, 10*time.Second), "alice")
	wantError(t, err, directory.ErrNotUnique)
	await(t, ended)
	_, err = d.GroupsOfMember(within(t, 10*time.Second), "alice", "")
	if err == nil {
		t.Error("endless entries became an answer")
	}
	await(t, ended)
}

// await waits for c, but not for ever.
func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing happened for two minutes")
	}
}

// TestNoSecretsInMessages: neither errors nor the log at its most talkative
// show a password.
func TestNoSecretsInMessages(t *testing.T) {
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var messages []string
	note := func(err error) {
		if err != nil {
			messages = append(messages, err.Error())
		}
	}
	for name, message := range badBindAnswers {
		server := newServer(t)
		server.Script(scripted.Script{Bind: answers(message)})
		d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: server.Dial, Logger: logger})
		_, err := bindAlice(t, d, alicePass)
		note(err)
		_, err = d.AccountByName(within(t, time.Second), "alice")
		note(err)
		_, _, err = d.ChangePassword(within(t, time.Second), changeOfAlice)
		note(err)
		if len(messages) == 0 {
			t.Errorf("%s: no error", name)
		}
	}
	all := strings.Join(messages, "\n") + log.String()
	for _, password := range []string{alicePass, servicePass, "new-password"} {
		if strings.Contains(all, password) {
			t.Errorf("%q is in an error or in the log", password)
		}
	}
}
