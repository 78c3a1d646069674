package server_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/pkg/throttle"
)

// throttled are limits under which one failure is free.
var throttled = throttle.Limits{Failures: 1, UserFailures: 20, HostFailures: 20, CallerFailures: 20,
	Delay: time.Second, MaxDelay: 4 * time.Second, ForgetAfter: time.Hour}

// guesser asks a server in a synctest bubble, as root's programs.
type guesser struct {
	*server.Server
	fake *fake
	log  *logBuffer
}

func newGuesser() *guesser {
	g := &guesser{fake: newFake(), log: &logBuffer{}}
	g.Server = server.New(g.backend(), server.Options{Logger: slog.New(slog.NewTextHandler(g.log, nil))})
	return g
}

func (g *guesser) backend() *server.Backend {
	backend := g.fake.backend()
	backend.Throttle = throttled
	return backend
}

// ask returns the answer to a frame and how long it took.
func (g *guesser) ask(t *testing.T, request []byte, caller server.Credential) ([]byte, time.Duration) {
	t.Helper()
	ours, served := newPipe()
	began := time.Now()
	go g.ServeOne(t.Context(), served, caller)
	if _, err := ours.Write(request); err != nil {
		t.Fatal(err)
	}
	answer := readAll(t, ours)
	return answer, time.Since(began)
}

// Failures make the next login wait, whatever it is that tries the password,
// and for a reload, too.
func TestFailedLoginsAreSlowedDown(t *testing.T) {
	for _, name := range []string{"authenticate-wrong-password", "authenticate-unknown-user", "password-wrong-old",
		"authenticate-administrator-wrong-password", "usermod-wrong-password"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, frame := newGuesser(), frameNamed(t, name).Request
				for i, want := range []time.Duration{0, 0, time.Second, 2 * time.Second} {
					if _, took := g.ask(t, frame, server.Credential{}); took != want {
						t.Errorf("try %d takes %v, want %v", i, took, want)
					}
					g.Swap(g.backend())
				}
				asked := g.fake.logins.Load()
				answer, took := g.ask(t, frame, server.Credential{}) // 4 s are more than half of 5 s
				if took != 0 || g.fake.logins.Load() != asked {
					t.Errorf("refused after %v; the directory is asked %d times", took, g.fake.logins.Load()-asked)
				}
				if !bytes.Contains(answer, []byte("Too many failed logins. Please wait a moment and try again.")) {
					t.Errorf("answer %q", answer)
				}
				if want := `outcome=throttled`; strings.Count(g.log.String(), want) != 1 {
					t.Errorf("want %s in\n%s", want, g.log)
				}
				for _, want := range []string{`waited=2s`, `rule="login.throttle: user `, ` 4s to wait"`} {
					if !strings.Contains(g.log.String(), want) {
						t.Errorf("want %s in\n%s", want, g.log)
					}
				}
			})
		})
	}
}

// What proves nothing about a password is not slowed down, nor does it slow
// others down; a right password ends the delays.
func TestWhatIsNotSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser()
		for _, name := range []string{"authenticate-not-allowed", "authorize", "authorize-unknown-user", "session-open", "passwd-by-name"} {
			for range 10 {
				if _, took := g.ask(t, frameNamed(t, name).Request, server.Credential{}); took != 0 {
					t.Errorf("%s takes %v", name, took)
				}
			}
		}
		wrong, right := frameNamed(t, "authenticate-wrong-password").Request, frameNamed(t, "authenticate").Request
		for range 2 {
			g.ask(t, wrong, server.Credential{})
		}
		if _, took := g.ask(t, right, server.Credential{UID: 1000}); took != 0 {
			t.Errorf("from another place it takes %v", took)
		}
		if _, took := g.ask(t, right, server.Credential{}); took != time.Second {
			t.Errorf("after two failures it takes %v", took)
		}
		if _, took := g.ask(t, right, server.Credential{}); took != 0 {
			t.Errorf("after success it takes %v", took)
		}
	})
}

// A caller who goes away, or a daemon that ends, does not leave somebody waiting.
func TestWaitEndsWithTheTimeOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, wrong := newGuesser(), frameNamed(t, "authenticate-wrong-password").Request
		short := g.backend()
		short.LoginTimeout = time.Second
		for range 2 {
			g.ask(t, wrong, server.Credential{})
		}
		g.Swap(short)
		if _, took := g.ask(t, wrong, server.Credential{}); took != 0 {
			t.Errorf("a wait of 1 s within 1 s takes %v", took)
		}
	})
}

// The status says how many logins wait, where any can.
func TestStatusOfThrottling(t *testing.T) {
	w := start(t, func(b *server.Backend, _ *server.Options) { b.Throttle = throttled })
	w.ask(t, frameNamed(t, "authenticate-wrong-password").Request)
	facts, err := client.New(w.path).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, fact := range facts {
		found[fact.Name] = fact.Value
	}
	if found["throttle keys"] == "" || found["throttle keys"] == "0" || found["throttle waiting"] != "0" || found["throttle refused"] != "0" {
		t.Errorf("%v", facts)
	}
}
