package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/admin"
	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/config"
)

// usualSettings is what an empty table means, as JSON has it.
func (a administered) usualSettings() map[string]any {
	text, err := json.Marshal(config.Plain(a.usual))
	if err != nil {
		panic(err) // the model has nothing that JSON does not
	}
	var settings map[string]any
	if err := json.Unmarshal(text, &settings); err != nil {
		panic(err)
	}
	return settings
}

// addVerb adds an item.
func (a administered) addVerb(long, example string) *cobra.Command {
	s := &save{question: question{administered: a}}
	cmd := s.flags(&cobra.Command{
		Use: "add NAME [KEY=VALUE]...", Short: "add a " + a.kind, Long: long + "\n\n" + assignmentsHelp, Example: example,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := s.settings(cmd, s.usualSettings(), args[1:])
			if err != nil {
				return err
			}
			settings["name"] = args[0]
			return s.run(cmd, "added", func(ctx context.Context) (admin.Change, error) {
				return s.client().Add(ctx, s.list, settings, adminclient.SaveOptions{Force: s.force, Position: s.position})
			})
		},
	})
	if a.list == adminclient.Directories {
		cmd.Flags().IntVar(&s.position, "position", 0, "ask it as the `NUMBER`th, 1 for first; without this it is the last")
	}
	return cmd
}

// setVerb changes an item.
func (a administered) setVerb(long, example string) *cobra.Command {
	s := &save{question: question{administered: a}}
	return s.flags(&cobra.Command{
		Use: "set NAME [KEY=VALUE]...", Short: "change settings of a " + a.kind, Long: long + "\n\n" + assignmentsHelp, Example: example,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && s.from == "" && !s.bindPassword && !s.rootPasswd {
				return fmt.Errorf("set needs what to change: KEY=VALUE, --from or a password")
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			item, err := s.client().Get(ctx, s.list, args[0])
			if err != nil {
				return adminError(cmd, err)
			}
			settings, err := s.settings(cmd, item.Settings, args[1:])
			if err != nil {
				return err
			}
			settings["name"] = args[0] // it is none where --from did not say
			return s.run(cmd, "changed", func(ctx context.Context) (admin.Change, error) {
				return s.client().Set(ctx, s.list, args[0], settings, adminclient.SaveOptions{Force: s.force, ETag: item.ETag})
			})
		},
	})
}

// run makes a change and says what came of it.
func (s *save) run(cmd *cobra.Command, done string, change func(context.Context) (admin.Change, error)) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), changeTimeout)
	defer cancel()
	p := newProgress(cmd)
	if s.list == adminclient.Directories && !s.force {
		p.say("trying the servers")
	}
	result, err := change(ctx)
	p.done()
	if err != nil {
		return adminError(cmd, err)
	}
	if s.asJSON {
		return writeJSON(cmd.OutOrStdout(), result)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s %s\n", s.kind, visible(result.Name), done)
	if result.Report != nil && !result.Report.Complete() {
		fmt.Fprintln(cmd.ErrOrStderr(), "some of its servers are of no use:")
		writeReport(cmd.ErrOrStderr(), *result.Report)
	}
	return nil
}

// removeVerb removes an item.
func (a administered) removeVerb() *cobra.Command {
	q := &question{administered: a}
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "remove a " + a.kind,
		Long: fmt.Sprintf("Remove a %s from the configuration in force. One of the administrator's file stays\n"+
			"there, and is not used any more. What something else needs is not removed. Only root may.", a.kind),
		Example: fmt.Sprintf("  goldapctl %s remove old", a.kind),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			if err := q.client().Remove(ctx, q.list, args[0]); err != nil {
				return adminError(cmd, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s removed\n", q.kind, visible(args[0]))
			return nil
		},
	}
	addAdminFlag(cmd, &q.socket)
	return cmd
}

// resetVerb goes back to the administrator's item.
func (a administered) resetVerb() *cobra.Command {
	s := &save{question: question{administered: a}}
	cmd := s.question.flags(&cobra.Command{
		Use:   "reset NAME",
		Short: "go back to the " + a.kind + " of the administrator's file",
		Long: fmt.Sprintf("Forget what was changed of a %s, or that it was removed, and go back to that of the\n"+
			"administrator's file. Only root may.", a.kind),
		Example: fmt.Sprintf("  goldapctl %s reset main", a.kind),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.run(cmd, "reset", func(ctx context.Context) (admin.Change, error) {
				return s.client().Reset(ctx, s.list, args[0], adminclient.SaveOptions{Force: s.force})
			})
		},
	})
	s.forceFlag(cmd)
	return cmd
}

// printTable prints the keys of a table, and then the tables in it.
func printTable(out io.Writer, path string, table map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if _, isTable := table[key].(map[string]any); isTable {
			continue
		}
		value, err := json.Marshal(table[key])
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s = %s\n", path+key, value)
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if inner, isTable := table[key].(map[string]any); isTable {
			if err := printTable(out, path+key+".", inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// texts are the elements of a list in settings, with blanks between.
func texts(settings map[string]any, key string) string {
	list, _ := settings[key].([]any)
	var all []string
	for _, element := range list {
		all = append(all, fmt.Sprint(element))
	}
	return strings.Join(all, " ")
}
