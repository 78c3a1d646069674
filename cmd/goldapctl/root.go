package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

const rootLong = `goldapctl is the command for people of goldap, LDAP login for Linux. It makes a machine
a client of a directory and finds what is wrong with one, says whom the directory knows
and why somebody may not log in, and shows and changes a goldapd that runs.

Some verbs ask goldapd: over /run/goldap/socket, where everybody may ask for users and
groups and root for more, or over /run/goldap/admin.sock, which only root may open. The
others, such as setup, check, convert and test, do without it.

What was found goes to standard output, and is JSON with --json. Errors go to standard
error, and so does, on a terminal only, what takes so long.

Exit statuses:
  0  found, admitted, or as announced
  1  a clear answer, and it is no: no such entry, a login that is refused, something wrong
  2  the command line makes no sense
  3  no answer: goldapd is not there, or no directory answered it`

const rootExample = `  # a directory, the daemon and real PAM logins, in a temporary place
  goldapctl demo

  # make this machine a client of a directory; it asks for what it needs
  goldapctl setup

  # does this machine know the user, and how does the user come into which groups?
  goldapctl lookup passwd alice
  goldapctl groups alice

  # why may somebody not log in?
  goldapctl explain alice --service sshd

  # what is wrong with this machine, and how is goldapd?
  goldapctl check
  goldapctl status`

// newRoot builds the command with all its verbs.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "goldapctl",
		Short:         "ask goldap, and see it work",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyVerbs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true // newCompletion is it
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetHelpCommand(newHelp())
	root.SetUsageFunc(writeUsage)
	root.AddCommand(
		newCache(),
		newCheck(),
		newCompletion(),
		newConvert(),
		newDemo(),
		newDirectory(),
		newExplain(),
		newFlush(),
		newGroups(),
		newLookup(),
		newMetrics(),
		newRole(),
		newSSHKeys(),
		newSettings(),
		newSetup(),
		newStatus(),
		newTest(),
		newVersion(),
	)
	completeArguments(root)
	return root
}

// execute runs one command line and returns the exit status.
func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	status := statusOf(err)
	if err != nil {
		fmt.Fprintf(errOut, "goldapctl: %v\n", err)
	}
	if status == exitUsage {
		fmt.Fprintf(errOut, "Try '%s --help'.\n", cmd.CommandPath())
	}
	return status
}
