package server_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/server"
)

// lines returns the log lines that say all of the words.
func (w *world) lines(words ...string) []string {
	var found []string
	for line := range strings.Lines(w.log.String()) {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			found = append(found, line)
		}
	}
	return found
}

func TestOneAuditLineForEachPAMRequest(t *testing.T) {
	for name, want := range map[string][]string{
		"authenticate": {"op=authenticate", "user=ada", "service=sshd", "rhost=client.example.org", `ruser=""`, "tty=ssh",
			"caller_uid=1000", "caller_pid=4711", "outcome=success", "authorization=success", "rule=all"},
		"authenticate-not-allowed":    {"op=authenticate", "outcome=success", "authorization=permission-denied", "rule=login_filter"},
		"authenticate-wrong-password": {"outcome=bad-credentials", "authorization=unavailable"},
		"authenticate-unknown-user":   {"user=nobody-there", "outcome=unknown-user"},
		"authenticate-administrator":  {`user=""`, "outcome=success"},
		"authorize":                   {"op=authorize", "outcome=success", "rule=all"},
		"password":                    {"op=password", "service=passwd", "tty=pts/0", "outcome=success", "rule=old-password"},
		"password-as-root":            {"op=password", "outcome=permission-denied", "rule=permission-table"},
		"usermod-home-and-bad-shell": {"op=usermod", "user=ada", "outcome=success", "home=/srv/ada", "shell=/bin/no",
			`shell_refused="invalid shell"`, "asroot=false", "rule=modify"},
		"usermod-other-fields":   {"op=usermod", "user=ada", "outcome=success", "asroot=false rule=modify"},
		"usermod-wrong-password": {"op=usermod", "outcome=bad-credentials", "rule=bind"},
		"usermod-as-root":        {"op=usermod", "outcome=permission-denied", "rule=permission-table"},
		"session-open":           {"op=session-open", "user=ada", "outcome=success", "rule=session"},
		"session-close":          {"op=session-close", "user=ada", "outcome=success"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			w.uid.Store(1000)
			w.ask(t, frameNamed(t, name).Request)
			if got := w.lines("level=INFO", "msg=login"); len(got) != 1 {
				t.Fatalf("%d lines:\n%s", len(got), w.log)
			}
			if len(w.lines(want...)) != 1 {
				t.Errorf("want %v in\n%s", want, w.log)
			}
			if id := regexp.MustCompile(` request=[0-9a-f]{12} .* duration=\d`); !id.MatchString(w.log.String()) {
				t.Errorf("no request id or duration in\n%s", w.log)
			}
		})
	}
}

func TestLookupsAreLoggedForDebuggingOnly(t *testing.T) {
	w := start(t, nil)
	w.ask(t, frameNamed(t, "passwd-by-name").Request)
	if got := w.lines("level=DEBUG", "op=passwd-by-name", "name=ada"); len(got) != 1 {
		t.Errorf("%d lines for debugging:\n%s", len(got), w.log)
	}
	if got := w.lines("level=INFO"); len(got) != 0 {
		t.Errorf("more than that: %q", got)
	}
}

// A name that forges a second line or attribute must not succeed.
func TestHostileNamesAreQuoted(t *testing.T) {
	w := start(t, nil)
	name := "x\nlevel=INFO msg=login user=ada outcome=success"
	request := bytes.Replace(frameNamed(t, "authenticate").Request, []byte("\x03ada"), append([]byte{byte(len(name))}, name...), 1)
	w.ask(t, request)
	if got := w.lines("msg=login"); len(got) != 1 || !strings.Contains(got[0], `user="x\nlevel=INFO msg=login`) {
		t.Errorf("%q", got)
	}
}

func TestPasswordsAreNeitherLoggedNorKept(t *testing.T) {
	w := start(t, nil)
	for _, name := range []string{"authenticate", "authenticate-wrong-password", "authenticate-administrator",
		"password", "password-as-root", "password-refused", "authenticate-unknown-user"} {
		w.ask(t, frameNamed(t, name).Request)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"horse", "staple", "wrong "} {
		if strings.Contains(w.log.String(), password) {
			t.Errorf("the log shows %q", password)
		}
	}
	if len(w.fake.passwords) < 10 {
		t.Fatalf("only %d passwords were seen", len(w.fake.passwords))
	}
	for _, password := range w.fake.passwords {
		if !bytes.Equal(password.Bytes(), make([]byte, password.Len())) {
			t.Errorf("left in memory: %q", password.Bytes())
		}
	}
}

func TestChangesAsRootAreForRoot(t *testing.T) {
	w := start(t, nil)
	request := frameNamed(t, "password-as-root").Request
	w.uid.Store(1000)
	want := append(bytes.Clone(request[:8]), 0, 0, 0, 1, 0, 0, 0, 6)
	got := w.ask(t, request)
	if !bytes.HasPrefix(got, want) || !bytes.HasSuffix(got, []byte{0, 0, 0, 2}) || !bytes.Contains(got, []byte("Only root")) {
		t.Errorf("got %x", got)
	}
	if n := w.fake.logins.Load(); n > 0 {
		t.Error("the backend was asked")
	}
}

func TestTheBackendLearnsWhetherRootAsks(t *testing.T) {
	w := start(t, nil)
	for uid, want := range map[uint32]bool{0: true, 1000: false, 1<<32 - 1: false} {
		w.uid.Store(uid)
		w.fake.mu.Lock()
		w.fake.roots = nil
		w.fake.mu.Unlock()
		w.ask(t, frameNamed(t, "password").Request)
		w.ask(t, frameNamed(t, "authenticate-administrator").Request)
		w.fake.mu.Lock()
		if len(w.fake.roots) != 2 || w.fake.roots[0] != want || w.fake.roots[1] != want {
			t.Errorf("uid %d: the backend was told %v", uid, w.fake.roots)
		}
		w.fake.mu.Unlock()
	}
}

// The real credentials of this test process, as the kernel tells them.
func TestCallerIsKnownToTheKernel(t *testing.T) {
	w := start(t, func(_ *server.Backend, o *server.Options) { o.Credential = nil })
	w.ask(t, frameNamed(t, "authorize").Request)
	if got := w.lines("msg=login", pidAndUID()); len(got) != 1 {
		t.Errorf("want %s in\n%s", pidAndUID(), w.log)
	}
}
