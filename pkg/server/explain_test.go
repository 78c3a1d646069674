package server_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
)

var updateTraces = flag.Bool("update-traces", false, "write the golden traces")

// aLogin is a login of the lab that is explained.
type aLogin struct {
	change   func(*lab)
	user     string // labUser
	password string // empty: not looked at
}

const marker = "marker-4711"

// explained are the logins whose traces are golden.
var explained = map[string]aLogin{
	"success":        {attribute("shadowLastChange", "0", "shadowMax", "90"), "", ""},
	"password":       {loginFilter("(cn=labuser)"), "", labSecret},
	"wrong-password": {nil, "", marker},
	"unknown-user":   {nil, "nobody-there", marker},
	"local-name":     {nil, "root", marker},
	"filter-refuses": {loginFilter("(cn=somebody)"), "", labSecret},
	"uid-refuses":    {func(l *lab) { l.dir.LoginMinUID = 30000 }, "", ""},
	"role-refuses":   {onlyRole("operators", "grace"), "", ""},
	"role-admits":    {onlyRole("operators", labUser), "", labSecret},
	"server-down":    {deadBefore, "", labSecret},
	"all-down":       {func(l *lab) { l.refuse = true }, "", labSecret},
}

func loginFilter(filter string) func(*lab) { return func(l *lab) { l.dir.LoginFilter = filter } }

// deadBefore has a server before the lab's that nobody listens on.
func deadBefore(l *lab) { l.before = []string{"ldap://127.0.0.1:1"} }

func onlyRole(role, user string) func(*lab) {
	return func(l *lab) {
		l.cfg.Roles = []config.Role{{Name: role, Users: []string{user}}}
		l.cfg.Services = []config.Service{{Names: []string{"sshd"}, Admit: []string{role}}}
	}
}

func (a aLogin) asked() client.Explanation {
	user := a.user
	if user == "" {
		user = labUser
	}
	return client.Explanation{
		PAM:   nslcd.PAM{User: user, Service: "sshd", RHost: "client.lab"},
		Prove: a.password != "", Password: secret.FromString(a.password),
	}
}

var (
	ports     = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	durations = regexp.MustCompile(`\b\d+(\.\d+)?(ns|µs|ms|s)\b`)
	today     = regexp.MustCompile(`today=\d+`)
)

// lasting is what a trace says, without what differs from run to run.
func lasting(steps []nslcd.Step) string {
	var text strings.Builder
	for _, step := range steps {
		fmt.Fprintln(&text, step.Text)
		for _, fact := range step.Facts {
			fmt.Fprintf(&text, "  %s=%s\n", fact.Name, fact.Value)
		}
	}
	server := 0
	known := map[string]string{}
	out := ports.ReplaceAllStringFunc(text.String(), func(address string) string {
		if known[address] == "" {
			server++
			known[address] = fmt.Sprintf("server%d", server)
		}
		return known[address]
	})
	return today.ReplaceAllString(durations.ReplaceAllString(out, "TIME"), "today=DAY")
}

func TestGoldenTraces(t *testing.T) {
	for name, login := range explained {
		t.Run(name, func(t *testing.T) {
			c := newLab(login.change).serve(t)
			steps, err := c.Explain(t.Context(), login.asked())
			if err != nil {
				t.Fatal(err)
			}
			got := lasting(steps)
			for _, hidden := range []string{marker, labSecret, "userPassword"} {
				if strings.Contains(got, hidden) {
					t.Errorf("the trace has %q in it", hidden)
				}
			}
			file := filepath.Join("testdata", "explain", name+".golden")
			if *updateTraces {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// An explanation decides as a login does.
func TestExplainDecidesAsALogin(t *testing.T) {
	for name, login := range explained {
		t.Run(name, func(t *testing.T) {
			c, asked := newLab(login.change).serve(t), login.asked()
			steps, err := c.Explain(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			said := map[string]string{}
			for _, fact := range steps[len(steps)-1].Facts {
				said[fact.Name] = fact.Value
			}
			got := []string{said["code"], said["message"]}
			var want []string
			if asked.Prove {
				answer, err := c.Authenticate(t.Context(), asked.PAM, asked.Password)
				want = sayings(err, answer.Code, answer.Message)
				if err == nil {
					got, want = append(got, said["authorization code"]), append(want, answer.Authorization.String())
				}
			} else {
				answer, err := c.Authorize(t.Context(), asked.PAM)
				want = sayings(err, answer.Code, answer.Message)
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("explained %q, decided %q", got, want)
			}
		})
	}
}

func sayings(err error, code nslcd.Code, message string) []string {
	if errors.Is(err, client.ErrNotFound) {
		code = nslcd.CodeUserUnknown
	}
	return []string{code.String(), message}
}

// What was remembered of an earlier login is not believed, and only root is told.
func TestExplainIsFreshAndRoots(t *testing.T) {
	searches := func(steps []nslcd.Step) (n int) {
		for _, step := range steps {
			if step.Text == "search" {
				n++
			}
		}
		return n
	}
	l := newLab(nil)
	c := l.serve(t)
	asked := aLogin{}.asked()
	if _, err := c.Authorize(t.Context(), asked.PAM); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if steps, err := c.Explain(t.Context(), asked); err != nil || searches(steps) != 1 {
			t.Errorf("%d searches, error %v", searches(steps), err)
		}
	}
	w := start(t, nil)
	w.uid.Store(1000)
	if steps, err := client.New(w.path).Explain(t.Context(), asked); !errors.Is(err, client.ErrUnavailable) || steps != nil {
		t.Errorf("somebody got %v, %v", steps, err)
	}
	if got := w.ask(t, frameOf(t, asked)); len(got) != 0 {
		t.Errorf("somebody got %x", got)
	}
	if !strings.Contains(w.log.String(), "rule=permission-table") || w.fake.logins.Load() != 0 {
		t.Errorf("%d logins, log %s", w.fake.logins.Load(), w.log)
	}
}

// A server that is known to be down is passed over, and the trace says so.
func TestExplainNamesServersThatArePassedOver(t *testing.T) {
	c := newLab(deadBefore).serve(t)
	if _, err := c.Authorize(t.Context(), aLogin{}.asked().PAM); err != nil {
		t.Fatal(err)
	}
	steps, err := c.Explain(t.Context(), aLogin{}.asked())
	if got := lasting(steps); err != nil || !strings.Contains(got, "server passed over\n  server=ldap://server1\n  because=it is down\n") {
		t.Errorf("error %v, %s", err, got)
	}
}

// Whoever is slowed down is so in an explanation, which says by what; one that
// looks at no password is not, even if there is one.
func TestExplainIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, wrong := newGuesser(), aLogin{user: "ada", password: "wrong"}.asked()
		wait := func(e client.Explanation) (text string, took time.Duration) {
			answer, took := g.ask(t, frameOf(t, e), server.Credential{})
			return string(answer), took
		}
		for i, want := range []time.Duration{0, 0, time.Second, 2 * time.Second} {
			text, took := wait(wrong)
			if took != want || strings.Contains(text, "throttled") != (want > 0) {
				t.Errorf("explanation %d took %v, not %v: %q", i, took, want, text)
			}
		}
		wrong.Prove = false
		if text, took := wait(wrong); took != 0 || strings.Contains(text, "throttled") {
			t.Errorf("without the password it took %v: %q", took, text)
		}
		if strings.Contains(g.log.String(), "wrong") {
			t.Errorf("the password is in the log: %s", g.log)
		}
	})
}

func frameOf(t *testing.T, e client.Explanation) []byte {
	t.Helper()
	var frame bytes.Buffer
	err := nslcd.WriteRequest(&frame, nslcd.Request{Action: nslcd.ActionExplain, PAM: e.PAM, Prove: e.Prove, Password: e.Password})
	if err != nil {
		t.Fatal(err)
	}
	return frame.Bytes()
}
