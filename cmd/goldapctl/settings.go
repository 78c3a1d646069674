package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/admin"
	"github.com/goldap/goldap/pkg/config"
)

const settingsLong = `Show and change what decides who exists on this machine and who may log in, in the running
goldapd: the tables [accounts], [login] and [[service]] of goldap.toml.

Changes count at once and stay: they go into the managed file beside the administrator's
configuration, which is never written. From the first change on, all three tables are taken
from there; reset goes back to the administrator's.`

func newSettings() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "settings",
		Short:   "show and change the settings of authentication",
		Long:    settingsLong,
		Example: "  goldapctl settings show\n  goldapctl settings set login.timeout=15s",
		Args:    onlyVerbs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSettingsReset(), newSettingsSet(), newSettingsShow())
	return cmd
}

func newSettingsShow() *cobra.Command {
	q := &question{}
	return q.flags(&cobra.Command{
		Use:     "show",
		Short:   "show the settings of authentication",
		Long:    "Show every key of the settings with its value, also where that is the default. Only root may.",
		Example: "  goldapctl settings show\n  goldapctl settings show --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return q.settings(cmd, func(ctx context.Context) (admin.Item, error) { return q.client().Settings(ctx) })
		},
	})
}

// settings asks and prints the settings that are in force then.
func (q *question) settings(cmd *cobra.Command, ask func(context.Context) (admin.Item, error)) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
	defer cancel()
	item, err := ask(ctx)
	if err != nil {
		return adminError(cmd, err)
	}
	return printItem(cmd.OutOrStdout(), item, q.asJSON)
}

func newSettingsReset() *cobra.Command {
	q := &question{}
	return q.flags(&cobra.Command{
		Use:     "reset",
		Short:   "go back to the settings of the administrator's file",
		Long:    "Forget the changed settings and go back to those of the administrator's file. Directories and\nroles stay. Only root may.",
		Example: "  goldapctl settings reset",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return q.settings(cmd, func(ctx context.Context) (admin.Item, error) { return q.client().ResetSettings(ctx) })
		},
	})
}

func newSettingsSet() *cobra.Command {
	s := &save{question: question{administered: administered{usual: config.DefaultAuthentication()}}}
	return s.flags(&cobra.Command{
		Use:   "set KEY=VALUE...",
		Short: "change settings of authentication",
		Long:  "Change settings; what is not named stays as it is. Only root may.\n\n" + assignmentsHelp,
		Example: "  goldapctl settings set login.timeout=15s login.throttle.failures=5\n" +
			"  goldapctl settings set login.other_services=refuse 'service=[{\"names\": [\"sshd\"]}]'",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && s.from == "" {
				return fmt.Errorf("set needs what to change: KEY=VALUE or --from")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			item, err := s.client().Settings(ctx)
			if err != nil {
				return adminError(cmd, err)
			}
			settings, err := s.settings(cmd, item.Settings, args)
			if err != nil {
				return err
			}
			return s.question.settings(cmd, func(ctx context.Context) (admin.Item, error) {
				return s.client().SetSettings(ctx, settings, item.ETag)
			})
		},
	})
}
