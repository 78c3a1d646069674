package main

import (
	"context"
	"fmt"
	"os"

	"github.com/goldap/goldap/pkg/client"
	"github.com/spf13/cobra"
)

const flushLong = `Make goldapd forget what directories said about users, groups and everything
else, for lookups and for logins, so that the next question goes to a
directory. Only root may.`

func newFlush() *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Use:     "flush",
		Short:   "make goldapd forget what it remembers",
		Long:    flushLong,
		Example: "  goldapctl flush",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			return rootsOnly("flush", client.New(socket).Flush(ctx))
		},
	}
	cmd.Flags().StringVar(&socket, "socket", defaultSocket, "the socket of goldapd")
	return cmd
}

// rootsOnly is the error of a verb that goldapd refuses to everybody but root.
func rootsOnly(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case os.Geteuid() != 0:
		err = fmt.Errorf("%w (goldapd answers this to root only)", err)
	}
	return withStatus(exitUnavailable, fmt.Errorf("%s: %w", verb, err))
}
