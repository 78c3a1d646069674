package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/goldap/goldap/pkg/machine"
	"github.com/spf13/cobra"
)

const checkLong = `Look at the configuration and at the machine around it: the modes of files, every
server (TLS, certificates, the pseudouser, the base), goldapd, the PAM stacks, sshd,
nsswitch.conf, and other programs that do the same work. Each finding has a name,
which docs/setup.md explains, and says what to do. Nothing is changed.

As root it sees everything; otherwise secrets cannot be read, and that is a finding.

The PAM stacks are played by libpam's rules: with a user of this machine and one of
the directory, with a right and a wrong password, admitted and refused.

Exit statuses:
  0  nothing is wrong; there may be warnings and notes
  1  there is an error, or a warning with --strict
  2  the command line makes no sense`

const checkExample = `  goldapctl check
  goldapctl check --strict --json
  goldapctl check --offline --config /etc/goldap/new.toml`

// checking is one check.
type checking struct {
	opts           machine.Options
	strict, asJSON bool
}

func newCheck() *cobra.Command {
	var c checking
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "say what is wrong with the configuration and the machine",
		Long:    checkLong,
		Example: checkExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&c.opts.Config, "config", "", "the configuration, instead of the usual places")
	flags.StringVar(&c.opts.Socket, "socket", "", "the socket of goldapd, instead of the configuration's")
	flags.BoolVar(&c.opts.Offline, "offline", false, "do not ask the servers")
	flags.BoolVar(&c.strict, "strict", false, "take warnings for errors")
	flags.BoolVar(&c.asJSON, "json", false, "print JSON")
	flags.StringVar(&c.opts.Root, "root", "", "look at a copy of a machine in this folder")
	_ = flags.MarkHidden("root") // the flag is there
	return cmd
}

func (c *checking) run(cmd *cobra.Command) error {
	p := newProgress(cmd)
	p.say("looking at the configuration, the servers and this machine")
	found := machine.Check(cmd.Context(), c.opts)
	p.done()
	var err error
	if c.asJSON {
		err = writeFindingsJSON(cmd.OutOrStdout(), found)
	} else {
		err = writeFindings(cmd.OutOrStdout(), found)
	}
	if err != nil {
		return withStatus(exitUnavailable, err)
	}
	errors, warnings := machine.Count(found, machine.Error), machine.Count(found, machine.Warning)
	switch {
	case errors > 0:
		return withStatus(exitNegative, fmt.Errorf("check: %s", several(errors, "error")))
	case warnings > 0 && c.strict:
		return withStatus(exitNegative, fmt.Errorf("check: %s", several(warnings, "warning")))
	}
	return nil
}

// several is "1 error" or "2 errors".
func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// writeFindings prints each finding on lines of its own, and how many there are.
func writeFindings(w io.Writer, found []machine.Finding) error {
	var text strings.Builder
	for _, f := range found {
		fmt.Fprintf(&text, "%s [%s] %s\n    %s\n    do: %s\n", f.Severity, f.ID, visible(f.Where), visible(f.What), visible(f.Remedy))
	}
	if len(found) == 0 {
		text.WriteString("nothing is wrong\n")
	} else {
		fmt.Fprintf(&text, "%s, %s, %s\n", several(machine.Count(found, machine.Error), "error"),
			several(machine.Count(found, machine.Warning), "warning"), several(machine.Count(found, machine.Note), "note"))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func writeFindingsJSON(w io.Writer, found []machine.Finding) error {
	if found == nil {
		found = []machine.Finding{}
	}
	return writeJSON(w, struct {
		Errors   int               `json:"errors"`
		Warnings int               `json:"warnings"`
		Notes    int               `json:"notes"`
		Findings []machine.Finding `json:"findings"`
	}{machine.Count(found, machine.Error), machine.Count(found, machine.Warning), machine.Count(found, machine.Note), found})
}
