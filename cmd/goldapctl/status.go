package main

import (
	"context"
	"fmt"

	"github.com/goldap/goldap/pkg/client"
	"github.com/spf13/cobra"
)

const statusLong = `Ask goldapd how its servers are, what it remembers, and how often it refused to
believe what a directory has. Only root may.

  server URI  whether the server answers, and if not, why
  entries     what is remembered of directories, and how much may be
  absences    those that say that there is no such entry
  hits        lookups that were answered from memory
  stale hits  those whose directory was away for longer than they are kept
  misses      lookups that were asked of a directory
  refreshes   entries that were searched for again before they were too old
  evictions   entries that made room for others
  flushed     when everything was last forgotten
  refused ... names, ids and entries that were refused, by reason; the log has
              each of them once an hour`

func newStatus() *cobra.Command {
	var socket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "ask goldapd how it is",
		Long:    statusLong,
		Example: "  goldapctl status\n  goldapctl status --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return status(cmd, client.New(socket), asJSON) },
	}
	cmd.Flags().StringVar(&socket, "socket", defaultSocket, "the socket of goldapd")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func status(cmd *cobra.Command, c *client.Client, asJSON bool) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
	defer cancel()
	facts, err := c.Status(ctx)
	if err != nil {
		return rootsOnly("status", err)
	}
	if asJSON {
		byName := map[string]string{}
		for _, fact := range facts {
			byName[fact.Name] = fact.Value
		}
		return writeJSON(cmd.OutOrStdout(), byName)
	}
	for _, fact := range facts {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", fact.Name, fact.Value)
	}
	return nil
}
