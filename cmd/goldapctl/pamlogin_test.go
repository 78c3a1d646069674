package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/secret"
	"github.com/msteinert/pam/v2"
)

// newApplication has a service whose four groups use the given modules of
// Linux-PAM itself, in the order auth, account, password, session.
func newApplication(t *testing.T, modules ...string) application {
	t.Helper()
	dir := t.TempDir()
	var lines strings.Builder
	for i, group := range []string{"auth", "account", "password", "session"} {
		lines.WriteString(group + " required " + modules[i] + "\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "test"), []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return application{service: "test", confdir: dir}
}

func TestAttempts(t *testing.T) {
	const permit, deny = "pam_permit.so", "pam_deny.so"
	for name, test := range map[string]struct {
		modules       []string
		login, change string
	}{
		"all permitted": {[]string{permit, permit, permit, permit}, "PAM_SUCCESS", "PAM_SUCCESS"},
		"no auth":       {[]string{deny, permit, permit, permit}, "PAM_AUTH_ERR from pam_authenticate", "PAM_SUCCESS"},
		"no account":    {[]string{permit, deny, permit, permit}, "PAM_AUTH_ERR from pam_acct_mgmt", "PAM_SUCCESS"},
		"no password":   {[]string{permit, permit, deny, permit}, "PAM_SUCCESS", "PAM_AUTHTOK_ERR from pam_chauthtok"},
		"no session":    {[]string{permit, permit, permit, deny}, "PAM_SESSION_ERR from pam_open_session", "PAM_SUCCESS"},
	} {
		t.Run(name, func(t *testing.T) {
			app := newApplication(t, test.modules...)
			typed := answers{user: "ada.lovelace", password: secret.FromString("x"), next: secret.FromString("y")}
			if got := app.login(typed).result(); got != test.login {
				t.Errorf("login: %s, want %s", got, test.login)
			}
			if got := app.changePassword(typed).result(); got != test.change {
				t.Errorf("change: %s, want %s", got, test.change)
			}
		})
	}
}

func TestAttemptSaysWhatWasCalled(t *testing.T) {
	app := newApplication(t, "pam_permit.so", "pam_deny.so", "pam_permit.so", "pam_permit.so")
	done := app.login(answers{user: "ada.lovelace"})
	if want := "pam_start_confdir, pam_authenticate, pam_acct_mgmt, pam_end"; done.did() != want {
		t.Errorf("called %s, want %s", done.did(), want)
	}
	if done.took <= 0 {
		t.Errorf("took %v", done.took)
	}
}

func TestConversation(t *testing.T) {
	c := &conversation{typed: answers{user: "ada", password: secret.FromString("old"), next: secret.FromString("fresh")}}
	for _, test := range []struct {
		style        pam.Style
		prompt, want string
	}{
		{pam.PromptEchoOn, "login: ", "ada"},
		{pam.PromptEchoOff, "Password: ", "old"},
		{pam.PromptEchoOff, "(current) LDAP Password: ", "old"},
		{pam.PromptEchoOff, "New password: ", "fresh"},
		{pam.PromptEchoOff, "Retype new password: ", "fresh"},
		{pam.TextInfo, "hello", ""},
		{pam.ErrorMsg, "oh no", ""},
	} {
		if got, err := c.RespondPAM(test.style, test.prompt); got != test.want || err != nil {
			t.Errorf("%q: %q, %v; want %q", test.prompt, got, err, test.want)
		}
	}
	if got := strings.Join(c.shown, "|"); got != "hello|oh no" {
		t.Errorf("shown: %s", got)
	}
	if _, err := c.RespondPAM(pam.BinaryPrompt, ""); err == nil {
		t.Error("a binary prompt was answered")
	}
}

func TestConversationEnds(t *testing.T) {
	c := &conversation{}
	var err error
	for range maxPrompts + 1 {
		_, err = c.RespondPAM(pam.PromptEchoOff, "Password: ")
	}
	if !errors.Is(err, errTooManyPrompts) {
		t.Errorf("after %d prompts: %v", maxPrompts+1, err)
	}
}

func TestPAMNames(t *testing.T) {
	for err, want := range map[error]string{
		nil:                "PAM_SUCCESS",
		pam.ErrAcctExpired: "PAM_ACCT_EXPIRED",
		pam.Error(999):     "PAM return value 999",
		io.EOF:             "EOF",
	} {
		if got := pamName(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

func TestPrompter(t *testing.T) {
	var out bytes.Buffer
	p := newPrompter(t.Context(), strings.NewReader("ada\nsesame\nlast"), &out)
	for _, test := range []struct {
		style        pam.Style
		prompt, want string
	}{
		{pam.PromptEchoOn, "login: ", "ada"},
		{pam.PromptEchoOff, "Password: ", "sesame"},
		{pam.TextInfo, "Welcome.", ""},
		{pam.PromptEchoOff, "More: ", "last"},
	} {
		if got, err := p.RespondPAM(test.style, test.prompt); got != test.want || err != nil {
			t.Errorf("%q: %q, %v; want %q", test.prompt, got, err, test.want)
		}
	}
	if _, err := p.RespondPAM(pam.PromptEchoOff, "Again: "); !errors.Is(err, io.EOF) {
		t.Errorf("at the end of the input: %v", err)
	}
	if want := "login: Password: \nWelcome.\nMore: \nAgain: \n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

func TestPrompterStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, typist := io.Pipe()
	defer typist.Close()
	p := newPrompter(ctx, in, io.Discard)
	if _, err := p.RespondPAM(pam.PromptEchoOff, "Password: "); !errors.Is(err, errStopped) {
		t.Errorf("answer: %v", err)
	}
}

func TestLoginByHand(t *testing.T) {
	for module, want := range map[string]int{"pam_permit.so": exitSuccess, "pam_deny.so": exitNegative} {
		app := newApplication(t, module, module, module, module)
		status, out, _ := run(t, "demo", "login", "--service", "test", "--service-dir", app.confdir, "ada.lovelace")
		if status != want || !strings.Contains(out, "PAM_") {
			t.Errorf("%s: status %d, %q", module, status, out)
		}
	}
}
