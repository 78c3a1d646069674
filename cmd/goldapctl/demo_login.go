package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/msteinert/pam/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

const demoLoginLong = `Log in by hand at a demo that was started with --keep, which prints the
--service-dir to use. The module asks the questions, you type the answers.`

// newDemoLogin is the verb for trying a kept demo by hand.
func newDemoLogin() *cobra.Command {
	var app application
	cmd := &cobra.Command{
		Use:     "login USER",
		Short:   "log in by hand at a demo that was kept",
		Long:    demoLoginLong,
		Example: "  goldapctl demo login --service-dir /tmp/goldap-demo-1234/pam.d ada.lovelace",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p := newPrompter(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			return app.loginByHand(args[0], p)
		},
	}
	cmd.Flags().StringVar(&app.confdir, "service-dir", "", "the demo's directory of service files")
	cmd.Flags().StringVar(&app.service, "service", demoService, "the service to log in to")
	_ = cmd.MarkFlagRequired("service-dir")
	return cmd
}

func (a application) loginByHand(user string, p *prompter) error {
	done := a.transact(user, p, loginSteps)
	fmt.Fprintf(p.out, "%s (%s) in %s, with the time for typing\n", done.result(), done.did(), milliseconds(done.took))
	if done.result() != succeeds {
		return withStatus(exitNegative, fmt.Errorf("%s was not let in", user))
	}
	return nil
}

// prompter asks the person at the terminal what the module wants to know.
type prompter struct {
	in  *bufio.Reader
	out io.Writer
	// stop ends the wait for an answer.
	stop <-chan struct{}
	// terminal is the descriptor whose echo can be switched off, -1 if the
	// input is none.
	terminal int
}

func newPrompter(ctx context.Context, in io.Reader, out io.Writer) *prompter {
	p := &prompter{in: bufio.NewReader(in), out: out, stop: ctx.Done(), terminal: -1}
	if f, ok := in.(*os.File); ok {
		if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
			p.terminal = int(f.Fd())
		}
	}
	return p
}

// RespondPAM implements pam.ConversationHandler.
func (p *prompter) RespondPAM(style pam.Style, text string) (string, error) {
	switch style {
	case pam.PromptEchoOn:
		fmt.Fprint(p.out, text)
		return p.line()
	case pam.PromptEchoOff:
		fmt.Fprint(p.out, text)
		defer fmt.Fprintln(p.out)
		defer p.echoOff()()
		return p.line()
	}
	fmt.Fprintln(p.out, text)
	return "", nil
}

var errStopped = errors.New("stopped while waiting for an answer")

// line waits for a line. After errStopped the reader belongs to the goroutine
// that still waits, and the prompter must not be used again.
func (p *prompter) line() (string, error) {
	var line string
	var err error
	typed := make(chan struct{})
	go func() {
		defer close(typed)
		line, err = p.in.ReadString('\n')
	}()
	select {
	case <-p.stop:
		return "", errStopped
	case <-typed:
	}
	if err != nil && line == "" {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	return strings.TrimSuffix(line, "\n"), nil
}

// echoOff hides what is typed until the returned function is called.
func (p *prompter) echoOff() (restore func()) {
	before, err := unix.IoctlGetTermios(p.terminal, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(p.terminal, unix.TCSETS, &hidden)
	return func() { _ = unix.IoctlSetTermios(p.terminal, unix.TCSETS, before) }
}
