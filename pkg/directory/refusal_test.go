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

// refusing answers the pseudouser's binds with a result code, and users' as
// they should be.
func refusing(code int64) scripted.Script {
	return scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
		if r.DN == serviceDN {
			c.Send(scripted.Result(r.ID, scripted.BindResponse, code, "go away"))
			return
		}
		c.DefaultBind(r)
	}}
}

// logged returns a directory with one server, and its log from Info on.
func logged(t *testing.T, server *scripted.Server) (*directory.Directory, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{
		Dial: server.Dial, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	return d, log
}

// lookUpRefused expects ErrRefused at once, and returns its text.
func lookUpRefused(t *testing.T, d *directory.Directory) string {
	t.Helper()
	start := time.Now()
	_, err := d.AccountByName(within(t, time.Second), "alice")
	wantError(t, err, directory.ErrRefused)
	if took := time.Since(start); took != 0 || err == nil {
		t.Fatalf("took %v: %v", took, err)
	}
	return err.Error()
}

// TestRefusedPseudouserWaits 1 s, doubling to 30 s, less up to a quarter,
// whatever the code; meanwhile the server is not even connected to.
func TestRefusedPseudouserWaits(t *testing.T) {
	for _, code := range []int64{49, 48, 53, 32, 8, 10} {
		synctest.Test(t, func(t *testing.T) {
			server := newServer(t)
			server.Script(refusing(code))
			d := piped(t, server)
			for round, full := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
				asked := func(want int, when string) {
					t.Helper()
					if n, m := len(server.Binds()), server.Connections(); n != want || m != want {
						t.Errorf("code %d, round %d, %s: %d binds on %d connections, want %d", code, round, when, n, m, want)
					}
				}
				first := lookUpRefused(t, d)
				asked(round+1, "when the time has come")
				if !strings.Contains(first, serviceDN) {
					t.Errorf("the error does not name the pseudouser: %s", first)
				}
				if again := lookUpRefused(t, d); again != first {
					t.Errorf("another error: %s; %s", again, first)
				}
				time.Sleep(full * time.Second * 3 / 4)
				lookUpRefused(t, d)
				asked(round+1, "before the time has come")
				time.Sleep(full * time.Second / 4)
			}
		})
	}
}

// TestRefusedPseudousersDoNotWaitAlike: a thousand machines do not come back at
// the same moment.
func TestRefusedPseudousersDoNotWaitAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(refusing(49))
		var machines []*directory.Directory
		for range 50 {
			machines = append(machines, piped(t, server))
		}
		everyone := func() int {
			for _, d := range machines {
				lookUpRefused(t, d)
			}
			return len(server.Binds())
		}
		everyone()
		time.Sleep(875 * time.Millisecond)
		if n := everyone(); n == 50 || n == 100 {
			t.Errorf("%d binds of 50 machines after half of the random part", n)
		}
	})
}

// TestRefusedPseudouserIsLogged when it starts and when it ends, once each,
// and both again the next time.
func TestRefusedPseudouserIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d, log := logged(t, server)
		for range 2 {
			log.Reset()
			server.Script(refusing(49))
			server.Drop()
			synctest.Wait()
			for range 5 {
				lookUpRefused(t, d)
				time.Sleep(700 * time.Millisecond)
			}
			wantLine(t, log.String(), `level=WARN msg="the pseudouser may not bind"`,
				"server=ldap://one.example", `dn="`+serviceDN+`"`, "result_code=49", "retry_in=")
			log.Reset()
			server.Script(scripted.Script{})
			time.Sleep(30 * time.Second)
			lookUp(t, d, time.Second)
			lookUp(t, d, time.Second)
			wantLine(t, log.String(), `level=INFO msg="the pseudouser may bind again"`,
				"server=ldap://one.example", `dn="`+serviceDN+`"`, "refused_for=33.5s")
		}
	})
}

// wantLine expects one line with all the parts and no password.
func wantLine(t *testing.T, log string, parts ...string) {
	t.Helper()
	if strings.Count(log, "\n") != 1 || strings.Contains(log, servicePass) {
		t.Errorf("not one line without the password:\n%s", log)
	}
	for _, part := range parts {
		if !strings.Contains(log, part) {
			t.Errorf("no %s in the log:\n%s", part, log)
		}
	}
}

// TestWaitStartsAnewAfterSuccess: the first refusal after it costs 1 s.
func TestWaitStartsAnewAfterSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		server.Script(refusing(49))
		for range 4 {
			lookUpRefused(t, d)
			time.Sleep(8 * time.Second)
		}
		server.Script(scripted.Script{})
		lookUp(t, d, time.Second)
		server.Script(refusing(49))
		server.Drop()
		synctest.Wait()
		lookUpRefused(t, d)
		server.Script(scripted.Script{})
		time.Sleep(time.Second)
		lookUp(t, d, time.Second)
	})
}

// TestManyRequestsOfARefusedPseudouser at a time make one bind.
func TestManyRequestsOfARefusedPseudouser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(refusing(49))
		d := piped(t, server)
		for round := range 3 {
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { lookUpRefused(t, d) })
			}
			all.Wait()
			if n := len(server.Binds()); n != round+1 {
				t.Errorf("%d binds in round %d", n, round)
			}
			time.Sleep(30 * time.Second)
		}
	})
}

// TestRefusedPseudouserLeadsToTheNextServer, in the same request; the first
// server is up, and is preferred again when it lets the pseudouser in.
func TestRefusedPseudouserLeadsToTheNextServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, log := three(t)
		servers[0].Script(refusing(49))
		for range 5 {
			if took := lookUp(t, d, time.Second); took != 0 {
				t.Errorf("took %v", took)
			}
		}
		if n, m := len(servers[0].Binds()), len(servers[1].Searches()); n != 1 || m != 5 || servers[2].Connections() != 0 {
			t.Errorf("%d binds at the first server, %d searches at the second", n, m)
		}
		if status := d.Status()[0]; !status.Up || strings.Contains(log.String(), "server is down") {
			t.Errorf("marked: %+v\n%s", status, log)
		}
		servers[0].Script(scripted.Script{})
		time.Sleep(time.Second)
		lookUp(t, d, time.Second)
		if len(servers[0].Searches()) != 1 || len(servers[1].Searches()) != 5 {
			t.Error("the first server is not preferred again")
		}
	})
}

// TestRefusedEverywhere: each server is asked once and remembered by itself.
// Where others fail otherwise, the refusal is the answer.
func TestRefusedEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, servers, _ := three(t)
		servers[0].Script(refusing(49))
		servers[1].Script(refusing(53))
		servers[2].Refuse(true)
		for range 3 {
			text := lookUpRefused(t, d)
			for _, part := range []string{"s0.example", "result code 49", "s1.example", "result code 53", "s2.example"} {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in the error: %s", part, text)
				}
			}
		}
		for i, up := range []bool{true, true, false} {
			if status := d.Status()[i]; status.Up != up {
				t.Errorf("%+v", status)
			}
		}
		if len(servers[0].Binds()) != 1 || len(servers[1].Binds()) != 1 {
			t.Error("a server that refused was asked again")
		}
		servers[2].Refuse(false)
		lookUp(t, d, time.Second)
	})
}

// TestRefusalFromMemory does not make a server good that went down since; an
// answer from it does.
func TestRefusalFromMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(refusing(49))
		d, log := logged(t, server)
		lookUpRefused(t, d)
		server.Refuse(true)
		_, err := bindAlice(t, d, alicePass)
		wantError(t, err, directory.ErrUnavailable)
		lookUpRefused(t, d)
		if d.Status()[0].Up {
			t.Error("up without having been asked")
		}
		time.Sleep(time.Second)
		_, err = d.AccountByName(within(t, time.Second), "alice")
		wantError(t, err, directory.ErrUnavailable)
		server.Refuse(false)
		lookUpRefused(t, d)
		if !d.Status()[0].Up || strings.Count(log.String(), "may not bind") != 1 {
			t.Errorf("%+v\n%s", d.Status()[0], log)
		}
	})
}

// TestOpenConnectionsOutliveARefusal: searches go on where the pseudouser is
// bound already; one more connection is tried as seldom as the first.
func TestOpenConnectionsOutliveARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		cfg := plainConfig("ldap://one.example")
		cfg.SearchConnections = 3
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		lookUp(t, d, time.Second)
		script := refusing(49)
		script.Search = slowly(100 * time.Millisecond).Search
		server.Script(script)
		for range 5 {
			lookUpAll(t, d, 50, time.Second)
		}
		if n := len(server.Binds()); n != 2 {
			t.Errorf("%d binds", n)
		}
		time.Sleep(time.Second)
		lookUpAll(t, d, 50, time.Second)
		if n := len(server.Binds()); n != 3 {
			t.Errorf("%d binds after the wait", n)
		}
	})
}

// TestRefusedPseudouserAndUsers: passwords are checked all the same.
func TestRefusedPseudouserAndUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Script(refusing(49))
		d := piped(t, server)
		lookUpRefused(t, d)
		if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 {
			t.Errorf("%+v, %v", reply, err)
		}
		lookUpRefused(t, d)
		if n := len(server.Binds()); n != 2 {
			t.Errorf("%d binds", n)
		}
	})
}

// TestWhatIsNoRefusal: a server that is busy, silent or gone says nothing about
// the pseudouser, and is asked again by the next request.
func TestWhatIsNoRefusal(t *testing.T) {
	for name, script := range map[string]scripted.Script{
		"busy":        refusing(51),
		"unavailable": refusing(52),
		"closes":      {Bind: func(c *scripted.Conn, _ *scripted.Request) { c.Close() }},
		"hangs":       {Bind: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }},
		"nonsense":    {Bind: answers(func(id int64) []byte { return scripted.Result(id, scripted.SearchDone, 49, "") })},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Script(script)
				d, log := logged(t, server)
				for range 2 {
					_, err := d.AccountByName(within(t, time.Second), "alice")
					wantError(t, err, directory.ErrUnavailable)
					time.Sleep(time.Millisecond)
				}
				// A probe may have come meanwhile.
				if n := len(server.Binds()); n < 2 || n > 3 || strings.Contains(log.String(), "pseudouser") {
					t.Errorf("%d binds; log:\n%s", n, log)
				}
				server.Script(scripted.Script{})
				lookUp(t, d, time.Second)
			})
		})
	}
}

// TestSingleUseForgets: in direct mode every process asks anew, and goes to the
// next server as the daemon does.
func TestSingleUseForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newServer(t), newServer(t)
		first.Script(refusing(49))
		dial := scripted.Dialer(map[string]*scripted.Server{"s0.example:389": first, "s1.example:389": second})
		for process := 1; process <= 3; process++ {
			d := newDirectory(t, plainConfig("ldap://s0.example", "ldap://s1.example"), directory.Options{Dial: dial, SingleUse: true})
			lookUp(t, d, time.Second)
			if n, m := len(first.Binds()), len(second.Searches()); n != process || m != process {
				t.Errorf("process %d: %d binds at the first server, %d searches at the second", process, n, m)
			}
		}
	})
}
