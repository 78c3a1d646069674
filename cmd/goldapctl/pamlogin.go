package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/secret"
	"github.com/msteinert/pam/v2"
)

// application plays a program that logs people in through libpam. Services
// are looked up in confdir, the private twin of /etc/pam.d.
type application struct {
	service, confdir string
}

// answers are what the person at the prompt types.
type answers struct {
	user     string
	password secret.Secret
	// next is the new password, for a change.
	next secret.Secret
}

// attempt is one PAM transaction from pam_start to pam_end.
type attempt struct {
	// calls are the functions of libpam that were called, in order. The last
	// one may have failed.
	calls []pamCall
	// shown is what the module told the person.
	shown []string
	took  time.Duration
}

// pamCall is one call and what it returned; nil is PAM_SUCCESS.
type pamCall struct {
	name string
	err  error
}

// result is "PAM_SUCCESS", or the first failure and the function it is from.
func (a attempt) result() string {
	for _, c := range a.calls {
		if c.err != nil {
			return pamName(c.err) + " from " + c.name
		}
	}
	return "PAM_SUCCESS"
}

// did names the functions that were called.
func (a attempt) did() string {
	names := make([]string, len(a.calls))
	for i, c := range a.calls {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// login logs in with prepared answers.
func (a application) login(typed answers) attempt {
	dialogue := &conversation{typed: typed}
	done := a.transact(typed.user, dialogue, loginSteps)
	done.shown = dialogue.shown
	return done
}

// changePassword changes a password with prepared answers.
func (a application) changePassword(typed answers) attempt {
	dialogue := &conversation{typed: typed}
	done := a.transact(typed.user, dialogue, passwordSteps)
	done.shown = dialogue.shown
	return done
}

// pamStep is one function of libpam to call.
type pamStep struct {
	name string
	call func(*pam.Transaction) error
}

// loginSteps are what a login program does with a name and a password: prove
// who it is, ask whether they may in, set up and end a session.
var loginSteps = []pamStep{
	{"pam_authenticate", func(t *pam.Transaction) error { return t.Authenticate(0) }},
	{"pam_acct_mgmt", func(t *pam.Transaction) error { return t.AcctMgmt(0) }},
	{"pam_setcred", func(t *pam.Transaction) error { return t.SetCred(pam.EstablishCred) }},
	{"pam_open_session", func(t *pam.Transaction) error { return t.OpenSession(0) }},
	{"pam_close_session", func(t *pam.Transaction) error { return t.CloseSession(0) }},
}

// passwordSteps are what passwd(1) does.
var passwordSteps = []pamStep{
	{"pam_chauthtok", func(t *pam.Transaction) error { return t.ChangeAuthTok(0) }},
}

// transact starts a transaction, takes the steps until one fails, and ends it.
func (a application) transact(user string, dialogue pam.ConversationHandler, steps []pamStep) attempt {
	var done attempt
	start := time.Now()
	t, err := pam.StartConfDir(a.service, user, dialogue, a.confdir)
	if done.add("pam_start_confdir", err) {
		for _, step := range steps {
			if !done.add(step.name, step.call(t)) {
				break
			}
		}
		done.add("pam_end", t.End())
	}
	done.took = time.Since(start)
	return done
}

// add notes a call and reports whether it succeeded.
func (a *attempt) add(name string, err error) bool {
	a.calls = append(a.calls, pamCall{name, err})
	return err == nil
}

// maxPrompts ends a conversation that goes round in circles.
const maxPrompts = 16

var errTooManyPrompts = errors.New("the module asks again and again")

// conversation answers the prompts of a module.
type conversation struct {
	typed   answers
	prompts int
	shown   []string
}

// RespondPAM implements pam.ConversationHandler. A prompt with echo asks for
// the name; of those without, the ones that say "new" are about the new
// password.
func (c *conversation) RespondPAM(style pam.Style, text string) (string, error) {
	switch style {
	case pam.ErrorMsg, pam.TextInfo:
		c.shown = append(c.shown, text)
		return "", nil
	case pam.PromptEchoOn, pam.PromptEchoOff:
		if c.prompts++; c.prompts > maxPrompts {
			return "", errTooManyPrompts
		}
		return c.answer(style, text), nil
	}
	return "", fmt.Errorf("message style %d is not known", style)
}

func (c *conversation) answer(style pam.Style, prompt string) string {
	switch {
	case style == pam.PromptEchoOn:
		return c.typed.user
	case strings.Contains(strings.ToLower(prompt), "new"):
		return string(c.typed.next.Bytes())
	}
	return string(c.typed.password.Bytes())
}
