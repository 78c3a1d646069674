package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/client"
)

const cacheLong = `Look at what goldapd remembers of the directories, or make it forget that. Only root
may.`

const cacheShowLong = `Print what goldapd remembers, map by map:
  ENTRIES  what is remembered
  ABSENT   how much of that says that there is no such entry
  HITS     questions that were answered from memory
  MISSES   questions that were asked of a directory
  RATIO    how many of all were hits
  OLDEST   how long ago a directory confirmed what it confirmed least recently

Maps of which nothing was asked are left out; initgroups are the groups of a user.
How long entries may be kept is in the table [lookups] of the configuration. Only root
may.`

const cacheFlushLong = `Make goldapd forget what directories said about users, groups and everything
else, for lookups and for logins, so that the next question goes to a
directory. Only root may.`

func newCache() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cache",
		Short:   "look at what goldapd remembers, or have it forget",
		Long:    cacheLong,
		Example: "  goldapctl cache show\n  goldapctl cache flush",
		Args:    onlyVerbs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCacheFlush(), newCacheShow())
	return cmd
}

func newCacheShow() *cobra.Command {
	var admin string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "print what goldapd remembers",
		Long:    cacheShowLong,
		Example: "  goldapctl cache show\n  goldapctl cache show --json | jq .lookups.entries",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := fetchStatus(cmd.Context(), admin)
			if err != nil {
				return rootsOnly("cache show", err)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), s.Caches)
			}
			statusText{cmd.OutOrStdout(), time.Now()}.caches(s.Caches)
			return nil
		},
	}
	addAdminFlag(cmd, &admin)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newCacheFlush() *cobra.Command {
	cmd := flushing("cache flush")
	cmd.Use, cmd.Example = "flush", "  goldapctl cache flush"
	return cmd
}

// newFlush is cache flush under the name that it had before there was cache.
func newFlush() *cobra.Command {
	cmd := flushing("flush")
	cmd.Use, cmd.Example, cmd.Hidden = "flush", "  goldapctl flush", true
	return cmd
}

func flushing(verb string) *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Short: "make goldapd forget what it remembers",
		Long:  cacheFlushLong,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			return rootsOnly(verb, client.New(socket).Flush(ctx))
		},
	}
	cmd.Flags().StringVar(&socket, "socket", defaultSocket, "the socket of goldapd")
	return cmd
}
