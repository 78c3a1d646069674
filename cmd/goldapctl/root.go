package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

const rootLong = `goldapctl is the command for people of goldap, LDAP login for Linux.

It talks to goldapd through its socket and does not need the configuration;
"cache", "explain", "metrics" and "status" need root. Only "demo" starts things of its own.

Exit statuses:
  0  found, or everything as announced
  1  no such entry, a login that is refused, or a step of the demo was not as announced
  2  the command line makes no sense
  3  no answer: goldapd is not there, or no directory answered it`

const rootExample = `  # a directory, the daemon and real PAM logins, in a temporary place
  goldapctl demo

  # does this machine know the user, and in which groups?
  goldapctl lookup passwd alice
  goldapctl lookup groups alice

  # why may somebody not log in?
  goldapctl explain alice --service sshd

  # why does it not know what the directory has?
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
		newExplain(),
		newFlush(),
		newGroups(),
		newLookup(),
		newMetrics(),
		newSetup(),
		newSSHKeys(),
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
