package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/msteinert/pam/v2"
	"github.com/spf13/cobra"
)

const testLoginLong = `Log in through libpam, as the programs of a service do, and say what each step
returned, what the person read and how long it took, without the time for typing.
The modules ask for what they need on the terminal; if standard input is none, each
answer is one line of it. A password is never taken from the command line.

The steps are pam_authenticate and pam_acct_mgmt; --account-only leaves out the first,
as a login with an ssh key does. With --session the session is set up and ended as well,
with whatever the modules do then: make a home directory, write to the system's log.

It is a real attempt: a wrong password counts, in the directory, too. After a wrong one
libpam waits for as long as the modules want. It runs as whoever calls it: for most
services that is to be root, and modules such as pam_rootok.so then let root pass.

Exit statuses:
  0  the user may in
  1  the user may not, or must change the password first
  2  the command line makes no sense, or no answer was typed
  3  nobody could tell: the stack is broken, or no directory answered`

const testLoginExample = `  goldapctl test login alice --service sshd
  goldapctl test login alice --service sshd --account-only --set-item rhost=client.example.org
  goldapctl test login alice --service sudo --json < password-file`

// loginTrial is a login to try, and how to tell of it.
type loginTrial struct {
	application
	user                         string
	items                        []string
	accountOnly, session, asJSON bool
}

func newTestLogin() *cobra.Command {
	var trial loginTrial
	cmd := &cobra.Command{
		Use:     "login USER --service SERVICE",
		Short:   "log in through PAM, and see each step",
		Long:    testLoginLong,
		Example: testLoginExample,
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			trial.user = args[0]
			return trial.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&trial.service, "service", "", "the PAM `SERVICE`, such as sshd")
	flags.StringVar(&trial.confdir, "service-dir", "", "take service files from `DIR`, instead of the system's")
	flags.StringArrayVar(&trial.items, "set-item", nil, "`NAME=VALUE`, an item that the program would set: rhost, ruser, tty, xdisplay or user_prompt")
	flags.BoolVar(&trial.accountOnly, "account-only", false, "do not ask for a password, as after a login with a key")
	flags.BoolVar(&trial.session, "session", false, "set up a session and end it, too")
	flags.BoolVar(&trial.asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("service") // the flag is there
	return cmd
}

func oneUser(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return fmt.Errorf("%s needs one user", cmd.Name())
	}
	return nil
}

// pamItems are what --set-item knows.
var pamItems = map[string]pam.Item{
	"rhost": pam.Rhost, "ruser": pam.Ruser, "tty": pam.Tty, "xdisplay": pam.Xdisplay, "user_prompt": pam.UserPrompt,
}

// itemOf reads NAME=VALUE.
func itemOf(text string) (item pam.Item, value string, err error) {
	name, value, ok := strings.Cut(text, "=")
	item, known := pamItems[strings.ToLower(name)]
	if !ok || !known {
		return 0, "", fmt.Errorf("--set-item %q: want NAME=VALUE, where NAME is rhost, ruser, tty, xdisplay or user_prompt", text)
	}
	return item, value, nil
}

func (l loginTrial) run(cmd *cobra.Command) error {
	for _, item := range l.items {
		if _, _, err := itemOf(item); err != nil {
			return withStatus(exitUsage, err)
		}
	}
	if strings.Contains(l.service, "/") {
		return withStatus(exitUsage, fmt.Errorf("--service %q: want the name of a service, without a directory", l.service))
	}
	file := serviceFile(l.service, l.confdir)
	if file == "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "goldapctl: warning: there is no file for the service %q: libpam uses \"other\" instead\n", l.service)
	}
	told := loginTold{Service: l.service, ServiceFile: file, User: l.user, Steps: []loginStep{}, Environment: []string{}}
	out := cmd.OutOrStdout()
	if l.asJSON {
		out = io.Discard
	}
	told.writeHead(out)
	witness := newWitness(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), out)
	l.transact(&told, witness, out)
	told.writeVerdict(out)
	if l.asJSON {
		if err := writeJSON(cmd.OutOrStdout(), told); err != nil {
			return withStatus(exitUnavailable, err)
		}
	}
	return told.status(witness.err)
}

// steps are the functions of libpam to call.
func (l loginTrial) steps() []pamStep {
	steps := loginSteps[:2]
	if l.accountOnly {
		steps = loginSteps[1:2]
	}
	if l.session {
		end := pamStep{"pam_setcred", func(t *pam.Transaction) error { return t.SetCred(pam.DeleteCred) }}
		steps = append(slices.Concat(steps, loginSteps[2:]), end)
	}
	return steps
}

// transact takes the steps until one fails. Some modules set up the thread that
// calls them.
func (l loginTrial) transact(told *loginTold, witness *witness, out io.Writer) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t, err := told.begin(l, witness, out)
	if err != nil {
		return
	}
	defer func() { _ = t.End() }() // whatever it returns, the steps are taken
	for _, step := range l.steps() {
		if told.take(step.name, witness, out, func() error { return step.call(t) }) != nil {
			break
		}
	}
	told.finish(t)
}

// begin starts the transaction and sets its items.
func (told *loginTold) begin(l loginTrial, witness *witness, out io.Writer) (t *pam.Transaction, err error) {
	err = told.take("pam_start", witness, out, func() (err error) {
		if l.confdir != "" {
			t, err = pam.StartConfDir(l.service, l.user, witness, l.confdir)
		} else {
			t, err = pam.Start(l.service, l.user, witness)
		}
		for _, text := range l.items {
			if item, value, _ := itemOf(text); err == nil {
				err = t.SetItem(item, value)
			}
		}
		return err
	})
	return t, err
}

// witness answers the modules as a prompter does, and notes what the person
// reads and how long the answers took.
type witness struct {
	*prompter
	out    io.Writer
	shown  []string
	waited time.Duration
	// err is why a prompt was not answered.
	err error
}

// newWitness prompts on errOut and shows messages on out, or on errOut if that is
// nothing.
func newWitness(ctx context.Context, in io.Reader, errOut, out io.Writer) *witness {
	if out == io.Discard {
		out = errOut
	}
	return &witness{prompter: newPrompter(ctx, in, errOut), out: out}
}

// RespondPAM implements pam.ConversationHandler.
func (w *witness) RespondPAM(style pam.Style, text string) (string, error) {
	if style == pam.TextInfo || style == pam.ErrorMsg {
		w.shown = append(w.shown, text)
		fmt.Fprintf(w.out, "%13sthe person reads: %s\n", "", visible(text))
		return "", nil
	}
	start := time.Now()
	defer func() { w.waited += time.Since(start) }()
	answer, err := w.prompter.RespondPAM(style, text)
	if err != nil {
		w.err = errors.Join(w.err, err)
	}
	return answer, err
}
