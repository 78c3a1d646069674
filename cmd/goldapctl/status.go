package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/server"
)

const statusLong = `Ask goldapd how it is: which configuration is in force, whether each directory and
its servers answer and how fast, what went wrong with them, when their certificates
end, what is remembered and how often that helped, and what was refused. Only root
may.

A server has these columns:
  STATE        whether it answered last
  LATENCY      how long the last answer took, with connecting if it had to
  ANSWERED     requests that it answered, AVERAGE how long they took
  FAILED       what went wrong, by step below
  SEARCHING    searches that are under way, and on how many connections
  LOGINS       the same for logins; the other connections wait for the next
  CERTIFICATE  when the first one ends that the connection relies on

What was refused are names, ids and entries of a directory that this machine does not
believe; the log has each of them once an hour.

It asks the admin API. With --socket it asks over the socket of the lookups, where
goldapd says less, and as names with values.`

const statusExample = `  goldapctl status
  goldapctl status --json | jq '.directories[].servers[].certificate_expires'`

// statusOptions say where goldapd is asked.
type statusOptions struct {
	socket, admin string
	asJSON        bool
}

func newStatus() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "ask goldapd how it is",
		Long:    statusLong,
		Example: statusExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.socket != "" {
				return facts(cmd, o)
			}
			s, err := fetchStatus(cmd.Context(), o.admin)
			if errors.Is(err, adminclient.ErrUnavailable) {
				err = fmt.Errorf("%w (where there is no admin API: --socket %s)", err, defaultSocket)
			}
			if err != nil {
				return rootsOnly("status", err)
			}
			if o.asJSON {
				return writeJSON(cmd.OutOrStdout(), s)
			}
			statusText{cmd.OutOrStdout(), time.Now()}.status(s)
			return nil
		},
	}
	cmd.Flags().StringVar(&o.socket, "socket", "", "ask over this socket for lookups instead of the admin API")
	addAdminFlag(cmd, &o.admin)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("socket", "admin-socket")
	return cmd
}

// addAdminFlag says where the admin API is.
func addAdminFlag(cmd *cobra.Command, socket *string) {
	cmd.Flags().StringVar(socket, "admin-socket", adminclient.DefaultSocket, "the admin socket of goldapd")
}

// fetchStatus asks the admin API how the daemon is.
func fetchStatus(ctx context.Context, socket string) (server.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	return adminclient.New(socket).Status(ctx)
}

// facts prints what the daemon says over the socket for lookups.
func facts(cmd *cobra.Command, o statusOptions) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
	defer cancel()
	facts, err := client.New(o.socket).Status(ctx)
	if err != nil {
		return rootsOnly("status", err)
	}
	if o.asJSON {
		byName := map[string]string{}
		for _, fact := range facts {
			byName[fact.Name] = fact.Value
		}
		return writeJSON(cmd.OutOrStdout(), byName)
	}
	for _, fact := range facts {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", visible(fact.Name), visible(fact.Value))
	}
	return nil
}
