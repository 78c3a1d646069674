package main

import (
	"github.com/spf13/cobra"
)

const testLong = `Try for one user what happens at a login, and see each step with its time.

"test login" asks libpam, as sshd or sudo would: the whole stack of a service
decides. "test directory" leaves PAM and goldapd out and asks the directory.`

const testExample = `  goldapctl test login alice --service sshd
  goldapctl test directory alice --password`

// newTest is the verb for trials.
func newTest() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "test",
		Short:   "try a login through PAM, or at the directory",
		Long:    testLong,
		Example: testExample,
		Args:    onlyVerbs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTestDirectory(), newTestLogin())
	return cmd
}
