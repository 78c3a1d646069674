package server_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/scripted"
)

// TestStatusOfARealBackend: what a directory and the memory do is read back
// through the whole of it.
func TestStatusOfARealBackend(t *testing.T) {
	ca := scripted.NewCA(t)
	ldap := scripted.New(t)
	expires := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	ldap.TLS = ca.Until(t, expires, "127.0.0.1")
	ldap.Add(examplePerson("alice", exampleBase, map[string][]string{"userPassword": {"right"}}),
		examplePerson("root", exampleBase, map[string][]string{"uidNumber": {"20999"}}),
		examplePerson("dark", exampleBase, map[string][]string{"uidNumber": {"0"}}))
	path := filepath.Join(t.TempDir(), "goldap.toml")
	text := "[[directory]]\nname = \"main\"\nuris = [\"ldap://" + ldap.Listen(t) + "\"]\nbase = \"" + exampleBase + "\"\ntls = { ca_file = \"" + ca.File + "\" }\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Warnings = []config.Problem{{File: path, Line: 3, Text: "a warning"}}
	l := &lab{cfg: *cfg}
	c, before := l.serveConfigured(t), time.Now()

	first := l.server.Status()
	if d := first.Directories[0]; d.Name != "main" || d.State != server.DirectoryNotAsked || d.Servers[0].Asked || !d.Servers[0].CertificateExpires.IsZero() {
		t.Errorf("before the first request: %+v", d)
	}
	for range 2 {
		if _, err := c.PasswdByName(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PasswdByName(t.Context(), "dark"); err == nil {
		t.Error("uid 0 is believed")
	}
	if a, err := c.Authenticate(t.Context(), nslcd.PAM{User: "alice", Service: "sshd"}, secret.FromString("right")); err != nil || a.Code != nslcd.CodeSuccess {
		t.Fatalf("%+v, %v", a, err)
	}
	up := l.server.Status()
	d, s := up.Directories[0], up.Directories[0].Servers[0]
	if d.State != server.DirectoryUp || d.Outages != 0 || !s.Up || !s.Asked || s.LatencySeconds <= 0 || s.Operations < 4 || s.OperationSeconds < s.LatencySeconds {
		t.Errorf("up: %+v", d)
	}
	if !s.CertificateExpires.Equal(expires) || !s.ChainExpires.Equal(ca.Expires()) {
		t.Errorf("certificate until %v, chain until %v", s.CertificateExpires, s.ChainExpires)
	}
	if s.SearchConnections.Open != 1 || s.BindConnections != (server.BindConnectionsStatus{Open: 1, Kept: 1}) {
		t.Errorf("connections %+v, %+v", s.SearchConnections, s.BindConnections)
	}
	if m := up.Caches.Lookups; m.Hits != 1 || m.Misses != 2 || m.Maps[0].Map != "passwd" || m.Maps[0].Hits != 1 || m.Maps[0].Entries != m.Entries {
		t.Errorf("memory %+v", m)
	}
	if up.Caches.Logins.Misses != 1 || up.Caches.Logins.Entries != 1 {
		t.Errorf("logins %+v", up.Caches.Logins)
	}
	if up.Refusals["id"] != 1 || up.Refusals["local"] != 0 || len(up.Refusals) != 7 {
		t.Errorf("refusals %v", up.Refusals)
	}
	if c := up.Configuration; c.Path != path || !slices.Equal(c.Files, cfg.Files) || c.Generation != 1 || c.Read.Before(before.Add(-time.Minute)) ||
		len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "a warning") {
		t.Errorf("configuration %+v", c)
	}
	if !up.Throttle.Enabled || up.Version == "" || !strings.HasPrefix(up.Go, "go") || time.Since(up.Started) > time.Minute {
		t.Errorf("%+v", up)
	}

	ldap.Close()
	if _, err := c.PasswdByName(t.Context(), "nobody-there"); err == nil {
		t.Error("an answer")
	}
	time.Sleep(10 * time.Millisecond)
	down := l.server.Status()
	d, s = down.Directories[0], down.Directories[0].Servers[0]
	if d.State != server.DirectoryAway || d.Reason == "" || d.Outages != 1 || d.UnavailableSeconds < 0.01 || d.UnavailableSince.IsZero() {
		t.Errorf("down: %+v", d)
	}
	if s.Up || s.Error == "" || s.LastError == "" || s.LastErrorAt.IsZero() || s.RetryAt.IsZero() || s.Failures.Connect == 0 || !s.CertificateExpires.Equal(expires) {
		t.Errorf("down: %+v", s)
	}
}

// TestStatusOfConnections: those that were served, and those that were too many.
func TestStatusOfConnections(t *testing.T) {
	w := start(t, func(b *server.Backend, _ *server.Options) { b.Limits = server.Limits{Connections: 2, PerUID: 1} })
	w.uid.Store(1000)
	for range 3 {
		w.ask(t, passwdByName("ada"))
	}
	waitUntil(t, func() bool { return w.Status().Connections == server.ConnectionsStatus{Served: 3} })
	var all sync.WaitGroup
	slow := w.dial(t)
	if _, err := slow.Write(passwdByName("slow")); err != nil {
		t.Fatal(err)
	}
	<-w.fake.entered
	for range 4 {
		all.Go(func() {
			conn := w.dial(t)
			_, _ = conn.Write(passwdByName("ada"))
			_, _ = conn.Read(make([]byte, 1))
		})
	}
	all.Wait()
	if got := w.Status().Connections; got.Open != 1 || got.Served != 4 || got.TurnedAway != 4 {
		t.Errorf("%+v", got)
	}
}

// TestStatusOfConfigurations: each that takes the place of another has the next
// number, and one that could not be read is told until another was.
func TestStatusOfConfigurations(t *testing.T) {
	w := start(t, func(b *server.Backend, _ *server.Options) { b.Source.Path = "one" })
	if c := w.Status().Configuration; c.Path != "one" || c.Generation != 1 || c.FailedReload != nil {
		t.Errorf("%+v", c)
	}
	w.ReloadFailed(errors.New("line 3: nonsense"))
	c := w.Status().Configuration
	if c.Generation != 1 || c.FailedReload == nil || c.FailedReload.Error != "line 3: nonsense" || time.Since(c.FailedReload.At) > time.Minute {
		t.Errorf("%+v", c)
	}
	next := newFake().backend()
	next.Source.Path = "two"
	w.Swap(next)
	if c := w.Status().Configuration; c.Path != "two" || c.Generation != 2 || c.FailedReload != nil {
		t.Errorf("%+v", c)
	}
}

// TestStatusAfterTheEnd says what it can.
func TestStatusAfterTheEnd(t *testing.T) {
	s := server.New(newFake().backend(), server.Options{})
	s.Close()
	if got := s.Status(); got.Directories == nil || len(got.Directories) > 0 || got.Started.IsZero() {
		t.Errorf("%+v", got)
	}
}

// TestStatusAsJSON has lists where there is nothing, and leaves out times that
// never were.
func TestStatusAsJSON(t *testing.T) {
	data, err := json.Marshal(server.New(newFake().backend(), server.Options{}).Status())
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"null", "0001-01-01", "certificate_expires", "failed_reload"} {
		if strings.Contains(string(data), never) {
			t.Errorf("%s is in %s", never, data)
		}
	}
	for _, always := range []string{`"warnings":[]`, `"maps":[]`, `"refusals":{}`, `"latency_seconds":0.25`, `"uri":"ldap://one"`} {
		if !strings.Contains(string(data), always) {
			t.Errorf("%s is not in %s", always, data)
		}
	}
	var back server.Status
	if err := json.Unmarshal(data, &back); err != nil || back.Directories[0].Servers[0].LatencySeconds != 0.25 {
		t.Errorf("%+v, %v", back, err)
	}
}

// observed collects what an observer hears.
type observed struct {
	mu  sync.Mutex
	all []server.Observation
}

func (o *observed) Login(one server.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, one)
}

func (o *observed) last(t *testing.T) server.Observation {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.all) == 0 {
		t.Fatal("nothing was observed")
	}
	return o.all[len(o.all)-1]
}

// TestObserver hears of each request that has an audit line, with what that says.
func TestObserver(t *testing.T) {
	o := &observed{}
	w := start(t, func(b *server.Backend, options *server.Options) { options.Observer = o })
	for name, want := range map[string]server.Observation{
		"authenticate":                {Operation: "authenticate", Outcome: "success", FromRoot: true},
		"authenticate-wrong-password": {Operation: "authenticate", Outcome: "bad-credentials", FromRoot: true},
		"password":                    {Operation: "password", Outcome: "success", FromRoot: true},
		"session-open":                {Operation: "session-open", Outcome: "success", FromRoot: true},
	} {
		w.ask(t, frameNamed(t, name).Request)
		got := o.last(t)
		if got.Operation != want.Operation || got.Outcome != want.Outcome || got.FromRoot != want.FromRoot || got.Service == "" || (got.Rule == "") != (want.Outcome != "success") || got.Took <= 0 || got.Waited != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	w.uid.Store(1000)
	w.ask(t, frameNamed(t, "authenticate").Request)
	if o.last(t).FromRoot {
		t.Error("a caller that is not root passes for root")
	}
	before := len(o.all)
	w.ask(t, passwdByName("ada"))
	if len(o.all) != before {
		t.Error("a lookup is a login")
	}
	if lines := w.lines("msg=login"); len(lines) != before {
		t.Errorf("%d observations of %d lines", before, len(lines))
	}
}

// TestObserverToldOfWaiting: the time in which a login waits for its turn is not
// that of the decision.
func TestObserverToldOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, g := &observed{}, &guesser{fake: newFake(), log: &logBuffer{}}
		g.Server = server.New(g.backend(), server.Options{Observer: o})
		wrong := frameNamed(t, "authenticate-wrong-password").Request
		for _, wait := range []time.Duration{0, 0, time.Second} {
			g.ask(t, wrong, server.Credential{})
			if got := o.last(t); got.Waited != wait || got.Took != 0 {
				t.Errorf("%+v, want a wait of %v", got, wait)
			}
		}
	})
}
