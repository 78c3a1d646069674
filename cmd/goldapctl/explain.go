package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/spf13/cobra"
)

// explainTimeout is how long an explanation may take; the daemon has
// login.timeout.
const explainTimeout = 2 * time.Minute

const explainLong = `Have goldapd decide about a login and print every step: which servers were asked
and how long that took, what was searched for and found, what each rule says and by
which value, what the log says and what the person would read. Only root may.

Nothing is remembered of earlier logins. The password is not looked at; with
--password it is asked for on a terminal, or read as one line from standard input,
and proven. That is a login attempt like any other: a wrong password counts in the
directory. It is never taken from the command line or the environment.

With --config the steps are taken in this process, by that configuration file, as
pam_goldap.so does where no daemon runs.

Exit statuses:
  0  the user may in
  1  the user may not, or must change the password first
  2  the command line makes no sense
  3  no answer: goldapd is not there, or no directory answered it`

const explainExample = `  goldapctl explain alice --service sshd --rhost client.example.org
  goldapctl explain alice --service sudo --password
  goldapctl explain alice --service sshd --config /etc/goldap/goldap.toml`

// explanation is one question, and how to ask and to answer it.
type explanation struct {
	asked          client.Explanation
	socket, config string
	asJSON         bool
}

func newExplain() *cobra.Command {
	var e explanation
	cmd := &cobra.Command{
		Use:     "explain USER --service SERVICE",
		Short:   "say why somebody may log in or not",
		Long:    explainLong,
		Example: explainExample,
		Args:    explainArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			e.asked.User = args[0]
			return e.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&e.asked.Service, "service", "", "the PAM service, such as sshd")
	flags.StringVar(&e.asked.RHost, "rhost", "", "the host that the user comes from")
	flags.StringVar(&e.asked.RUser, "ruser", "", "the user on that host")
	flags.StringVar(&e.asked.TTY, "tty", "", "the terminal")
	flags.BoolVar(&e.asked.Prove, "password", false, "ask for the password and prove it")
	flags.BoolVar(&e.asJSON, "json", false, "print JSON")
	flags.StringVar(&e.socket, "socket", defaultSocket, "the socket of goldapd")
	flags.StringVar(&e.config, "config", "", "decide in this process, by this configuration file")
	_ = cmd.MarkFlagRequired("service") // the flag is there
	cmd.MarkFlagsMutuallyExclusive("config", "socket")
	return cmd
}

func explainArgs(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("explain needs one user")
	}
	return nil
}

func (e explanation) run(cmd *cobra.Command) error {
	if e.asked.Prove {
		password, err := readPassword(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
		if err != nil {
			return withStatus(exitUsage, fmt.Errorf("password: %w", err))
		}
		defer password.Wipe()
		e.asked.Password = password
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), explainTimeout)
	defer cancel()
	p := newProgress(cmd)
	p.say("deciding about a login of %s", e.asked.User)
	steps, err := e.ask(ctx)
	p.done()
	if err != nil {
		return err
	}
	told := newTold(steps, e.asked.Prove)
	if e.asJSON {
		err = writeJSON(cmd.OutOrStdout(), told)
	} else {
		told.writeText(cmd.OutOrStdout())
	}
	if err != nil {
		return err
	}
	return told.status(e.asked.User)
}

// ask asks the daemon, or this process.
func (e explanation) ask(ctx context.Context) ([]nslcd.Step, error) {
	if e.config != "" {
		return explainHere(ctx, e.config, e.asked)
	}
	steps, err := client.New(e.socket).Explain(ctx, e.asked)
	switch {
	case errors.Is(err, client.ErrUnavailable):
		return nil, rootsOnly("explain", fmt.Errorf("%w (where no goldapd runs: --config FILE)", err))
	case err != nil:
		return nil, withStatus(exitUsage, fmt.Errorf("explain: %w", err))
	}
	return steps, nil
}
