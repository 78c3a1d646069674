package module

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/msteinert/pam/v2"
)

// script is what an application and the person in front of it do.
type script struct {
	site    *site
	service string
	// user is PAM_USER; empty is none at all.
	user string
	// calls of libpam, such as "authenticate" or "chauthtok=32".
	calls []string
	// answers to the prompts, in turn.
	answers []string
}

// record is what happened.
type record struct {
	// said has one entry for each prompt and message, "STYLE text".
	said []string
	// codes has what each call returned, 0 for success.
	codes []pam.Error
	// delayed: libpam was asked to wait after a failure (session.c only).
	delayed bool
	// env is the PAM environment in the end, NAME=VALUE each.
	env []string
	// user is PAM_USER in the end.
	user string
}

// The first word of what was said.
const (
	hidden  = "hidden: " // prompt without echo
	visible = "visible: "
	problem = "error: "
	info    = "info: "
)

var styles = map[pam.Style]string{
	pam.PromptEchoOff: hidden, pam.PromptEchoOn: visible, pam.ErrorMsg: problem, pam.TextInfo: info,
}

// driver plays scripts.
type driver struct {
	name   string
	module string
	play   func(t *testing.T, s script) record
}

// drivers are all ways to play a script.
func drivers() []driver {
	return []driver{
		{"in process", modulePath, playInProcess},
		{"sanitized", built.checkedModule, func(t *testing.T, s script) record {
			return playSession(t, exec.CommandContext(t.Context(), built.checkedSession, s.arguments()...))
		}},
	}
}

// each runs test with every driver, in parallel.
func each(t *testing.T, test func(t *testing.T, d driver)) {
	t.Helper()
	for _, d := range drivers() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// eachMode runs test with every driver, with the daemon and without it.
func eachMode(t *testing.T, test func(t *testing.T, d driver, s *site, mode string)) {
	t.Helper()
	for _, mode := range []string{"daemon", "direct"} {
		t.Run(mode, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				if mode == "daemon" {
					s.startDaemon()
				}
				test(t, d, s, "mode="+mode)
			})
		})
	}
}

var errNoAnswer = errors.New("no answer is left")

var calls = map[string]func(*pam.Transaction, pam.Flags) error{
	"authenticate":  (*pam.Transaction).Authenticate,
	"acct_mgmt":     (*pam.Transaction).AcctMgmt,
	"setcred":       (*pam.Transaction).SetCred,
	"open_session":  (*pam.Transaction).OpenSession,
	"close_session": (*pam.Transaction).CloseSession,
	"chauthtok":     (*pam.Transaction).ChangeAuthTok,
}

// playInProcess loads the module into this process.
func playInProcess(t *testing.T, s script) record {
	t.Helper()
	var r record
	answers := s.answers
	transaction, err := pam.StartConfDir(s.service, s.user, pam.ConversationFunc(func(style pam.Style, text string) (string, error) {
		r.said = append(r.said, styles[style]+text)
		if style == pam.ErrorMsg || style == pam.TextInfo {
			return "", nil
		}
		if len(answers) == 0 {
			return "", errNoAnswer
		}
		answer := answers[0]
		answers = answers[1:]
		return answer, nil
	}), s.site.confdir)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range s.calls {
		name, flags, _ := strings.Cut(call, "=")
		number, _ := strconv.Atoi(flags)
		r.codes = append(r.codes, codeOf(t, calls[name](transaction, pam.Flags(number))))
	}
	variables, err := transaction.GetEnvList()
	if err != nil {
		t.Error(err)
	}
	for name, value := range variables {
		r.env = append(r.env, name+"="+value)
	}
	if r.user, err = transaction.GetItem(pam.User); err != nil {
		t.Error(err)
	}
	if err := transaction.End(); err != nil {
		t.Errorf("pam_end: %v", err)
	}
	return r
}

func codeOf(t *testing.T, err error) pam.Error {
	t.Helper()
	var code pam.Error
	if err != nil && !errors.As(err, &code) {
		t.Fatalf("not an error of PAM: %v", err)
	}
	return code
}

// arguments are those of test/hosts/session.c.
func (s script) arguments() []string {
	arguments := append([]string{s.site.confdir, s.service, hex.EncodeToString([]byte(s.user))}, s.calls...)
	arguments = append(arguments, "--")
	for _, answer := range s.answers {
		arguments = append(arguments, hex.EncodeToString([]byte(answer)))
	}
	return arguments
}

// playSession runs test/hosts/session.c. A sanitizer that has something to say
// ends it with a status that is not 0.
func playSession(t *testing.T, cmd *exec.Cmd) record {
	t.Helper()
	return startSession(t, cmd)()
}

// startSession is playSession in two halves: the second one waits.
func startSession(t *testing.T, cmd *exec.Cmd) (finish func() record) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() record {
		t.Helper()
		if err := cmd.Wait(); err != nil {
			t.Fatalf("session: %v\n%s%s", err, stdout.Bytes(), stderr.Bytes())
		}
		r, err := parseSession(stdout.String())
		if err != nil {
			t.Fatalf("%v in %q", err, stdout.String())
		}
		return r
	}
}

func parseSession(text string) (record, error) {
	var r record
	for line := range strings.Lines(text) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		data, err := hex.DecodeString(words[len(words)-1])
		number, _ := strconv.Atoi(words[1])
		switch {
		case words[0] == "code":
			r.codes = append(r.codes, pam.Error(number))
		case words[0] == "say" && err == nil:
			r.said = append(r.said, styles[pam.Style(number)]+string(data))
		case line == "delay -\n":
			r.delayed = true
		case words[0] == "env" && err == nil:
			r.env = append(r.env, string(data))
		case words[0] == "user" && err == nil:
			r.user = string(data)
		default:
			return r, fmt.Errorf("line %q: %w", line, err)
		}
	}
	return r, nil
}
