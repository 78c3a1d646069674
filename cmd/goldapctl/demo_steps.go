package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// step is one thing that the demo shows, and what is announced of it.
type step struct {
	title string
	// want is the result.
	want string
	// wantShown is a part of what the person gets to read; empty means that
	// nothing may be shown at all.
	wantShown string
	run       func(context.Context) came
}

// came is what came back from a step.
type came struct {
	did, got string
	shown    []string
	took     time.Duration
}

// taken is a step with what came of it.
type taken struct {
	step
	came
}

func (t taken) asAnnounced() bool {
	shown := strings.Join(t.shown, "\n")
	if t.wantShown == "" {
		return t.got == t.want && shown == ""
	}
	return t.got == t.want && strings.Contains(shown, t.wantShown)
}

// Results of a PAM transaction.
const (
	succeeds     = "PAM_SUCCESS"
	isWrong      = "PAM_AUTH_ERR from pam_authenticate"
	isUnknown    = "PAM_USER_UNKNOWN from pam_authenticate"
	hasExpired   = "PAM_ACCT_EXPIRED from pam_acct_mgmt"
	groupsOfAda  = "engineers, pioneers"
	daemonKilled = "the process is gone"
)

// steps are the demo.
func (s *site) steps() []step {
	login := func(user, password string) func(context.Context) came {
		return func(context.Context) came { return s.logIn(user, password) }
	}
	return []step{
		{"a login that works", succeeds, "", login(userAda, passwordOfAda)},
		{"a wrong password", isWrong, "", login(userAda, wrongPassword)},
		{"an unknown user", isUnknown, "", login(userUnknown, wrongPassword)},
		{"an expired account, with the right password", hasExpired, "expired", login(userAlan, passwordOfAlan)},
		{"an account that the password policy has locked", isWrong, "locked", login(userEdsger, passwordOfEdsger)},
		{"a password that expires soon", succeeds, "3 days", login(userGrace, passwordOfGrace)},
		{"a password change that the policy refuses: too short", "PAM_AUTHTOK_ERR from pam_chauthtok", "too short", s.change("short")},
		{"a password change", succeeds, "", s.change(newPasswordOfAda)},
		{"a login with the new password", succeeds, "", login(userAda, newPasswordOfAda)},
		{"the old password is no longer good", isWrong, "", login(userAda, passwordOfAda)},
		{"the groups of a user, through the socket", groupsOfAda, "", s.lookUpGroups},
		{"goldapd is killed", daemonKilled, "", s.killDaemon},
		{"the same login without goldapd: the module executes itself", succeeds, "", login(userAda, newPasswordOfAda)},
		{"a wrong password without goldapd", isWrong, "", login(userAda, wrongPassword)},
		{"the expired account without goldapd", hasExpired, "expired", login(userAlan, passwordOfAlan)},
	}
}

func (s *site) logIn(user, password string) came {
	done := s.application.login(answers{user: user, password: secret.FromString(password)})
	return came{
		did: fmt.Sprintf("as %s with the password %q: %s", user, password, done.did()),
		got: done.result(), shown: done.shown, took: done.took,
	}
}

// change changes the password of Ada, who has not changed it yet.
func (s *site) change(next string) func(context.Context) came {
	return func(context.Context) came {
		done := s.application.changePassword(answers{
			user: userAda, password: secret.FromString(passwordOfAda), next: secret.FromString(next),
		})
		return came{
			did: fmt.Sprintf("as %s, from %q to %q: %s", userAda, passwordOfAda, next, done.did()),
			got: done.result(), shown: done.shown, took: done.took,
		}
	}
}

func (s *site) lookUpGroups(ctx context.Context) came {
	start := time.Now()
	groups, err := s.client.GroupsOfMember(ctx, userAda)
	c := came{did: "asked " + s.socket + " for the groups of " + userAda, took: time.Since(start)}
	if err != nil {
		c.got = err.Error()
		return c
	}
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	c.got = strings.Join(names, ", ")
	return c
}

func (s *site) killDaemon(context.Context) came {
	start := time.Now()
	s.daemon.kill()
	return came{
		did: fmt.Sprintf("sent SIGKILL to process %d; its socket is left behind, as after a crash", s.daemon.pid()),
		got: daemonKilled, took: time.Since(start),
	}
}

// takeSteps takes one after the other until ctx is done, and prints each.
func takeSteps(ctx context.Context, out io.Writer, steps []step) []taken {
	var done []taken
	for i, step := range steps {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(out, "\n%2d. %s\n", i+1, step.title)
		t := taken{step, step.run(ctx)}
		t.print(out)
		done = append(done, t)
	}
	return done
}

func (t taken) print(out io.Writer) {
	fmt.Fprintf(out, "    did        %s\n", t.did)
	fmt.Fprintf(out, "    came back  %s\n", t.got)
	if len(t.shown) == 0 {
		fmt.Fprintf(out, "    shown      nothing\n")
	}
	for _, text := range t.shown {
		fmt.Fprintf(out, "    shown      %q\n", text)
	}
	fmt.Fprintf(out, "    took       %s\n", milliseconds(t.took))
	if !t.asAnnounced() {
		fmt.Fprintf(out, "    NOT AS ANNOUNCED: %s was to come back, and %s\n", t.want, t.announcedText())
	}
}

func (t taken) announcedText() string {
	if t.wantShown == "" {
		return "nothing was to be shown"
	}
	return fmt.Sprintf("something with %q was to be shown", t.wantShown)
}

// summarize prints one line for each step.
func summarize(out io.Writer, done []taken) {
	fmt.Fprintf(out, "\nSummary\n")
	for i, t := range done {
		verdict := "as announced"
		if !t.asAnnounced() {
			verdict = "NOT AS ANNOUNCED"
		}
		fmt.Fprintf(out, "%3d. %-60s %10s  %s\n", i+1, t.title, milliseconds(t.took), verdict)
	}
}

const whatNext = `
What to do next
  make demo KEEP=1   leaves everything running and says how to try it by hand
  make test          the same against OpenLDAP, with misbehaving hosts and servers
  README.md          how to set it up on a machine of your own
`
