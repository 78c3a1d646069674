package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/spf13/cobra"
)

// sshKeysTimeout is how long sshd waits: goldapd has lookups.timeout, and who
// cannot log in wants to know it.
const sshKeysTimeout = 5 * time.Second

const sshKeysLong = `Print the ssh keys that a user has in the directory (ssh_key_attribute), one on each
line, for sshd. In sshd_config:

  AuthorizedKeysCommand /usr/bin/goldapctl ssh-keys %u
  AuthorizedKeysCommandUser nobody

It asks goldapd, which asks the directory each time. Values that are not keys are left
out, and goldapd's log says so. Whether the user may in is not decided here: sshd asks
the account stack, so leave UsePAM at yes.

Exit statuses:
  0  these are the user's keys; none if nothing is printed, as for users of this machine
  2  the command line makes no sense
  3  no answer: goldapd is not there, or no directory answered it`

const sshKeysExample = `  goldapctl ssh-keys alice`

func newSSHKeys() *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Use:     "ssh-keys USER",
		Short:   "print the ssh keys of a user, for sshd",
		Long:    sshKeysLong,
		Example: sshKeysExample,
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), sshKeysTimeout)
			defer cancel()
			keys, err := client.New(socket).SSHKeys(ctx, args[0])
			if errors.Is(err, client.ErrNotFound) {
				return nil
			}
			if err != nil {
				return lookupError("ssh keys of", args[0], err)
			}
			for _, key := range keys {
				fmt.Fprintln(cmd.OutOrStdout(), key)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&socket, "socket", defaultSocket, "ask goldapd at the socket `PATH`")
	return cmd
}
