//go:build integration

package integration

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What pamtester prints for the answers of libpam (pam_strerror, Linux-PAM
// 1.5) and for success.
const (
	authenticated  = "successfully authenticated"
	accountDone    = "account management done"
	sessionOpened  = "successfully opened a session"
	sessionClosed  = "session has successfully been closed"
	tokenChanged   = "authentication token altered successfully"
	authFailure    = "Authentication failure"
	notPermitted   = "Permission denied"
	accountExpired = "User account has expired"
	newTokenNeeded = "Authentication token is no longer valid; new one required"
)

// answer is what became of a program.
type answer struct {
	ok   bool
	text string // stdout and stderr
	took time.Duration
}

// pamtester runs operations on a service for user, as root.
func pamtester(t *testing.T, service, user, input string, operations ...string) answer {
	t.Helper()
	return asUID(t, 0, input, "pamtester", append([]string{service, user}, operations...)...)
}

// logIn is what an application does: authenticate, then the account step.
func logIn(t *testing.T, service, user, password string) answer {
	t.Helper()
	return pamtester(t, service, user, password+"\n", "authenticate", "acct_mgmt")
}

// asUID runs a program as uid with input on stdin. The program must end
// within 20 s: nothing may hang.
func asUID(t *testing.T, uid uint32, input, name string, arguments ...string) answer {
	t.Helper()
	started := time.Now()
	ctx := within(t, 20*time.Second)
	program := exec.CommandContext(ctx, name, arguments...)
	program.Stdin = strings.NewReader(input)
	program.Dir = "/"
	program.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, Setsid: true}
	said, err := program.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("%s %v hangs; it said %q", name, arguments, said)
	}
	return answer{ok: err == nil, text: string(said), took: time.Since(started)}
}

// accept fails the test unless the program succeeded and said all of texts.
func (a answer) accept(t *testing.T, texts ...string) {
	t.Helper()
	if !a.ok {
		t.Fatalf("refused: %s", a.text)
	}
	a.said(t, texts...)
}

// refuse fails the test unless the program failed and said all of texts.
func (a answer) refuse(t *testing.T, texts ...string) {
	t.Helper()
	if a.ok {
		t.Fatalf("accepted: %s", a.text)
	}
	a.said(t, texts...)
}

func (a answer) said(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			t.Fatalf("said %q, not %q", a.text, text)
		}
	}
}
