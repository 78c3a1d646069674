package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const helpLong = `Show the help of goldapctl or of one of its verbs, as --help does. The manual pages
say the same: goldapctl(1), and for a verb such as lookup goldapctl-lookup(1).`

// newHelp is cobra's help command, but for its texts and for a verb that does
// not exist, which is an error here.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [VERB]...",
		Short:   "show the help of a verb",
		Long:    helpLong,
		Example: "  goldapctl help lookup\n  goldapctl help demo login",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if asked, err := verbOf(cmd.Root(), args); err == nil {
				for _, verb := range asked.Commands() {
					if verb.IsAvailableCommand() {
						names = append(names, verb.Name()+"\t"+verb.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := verbOf(cmd.Root(), args)
			if err != nil {
				return err
			}
			asked.InitDefaultHelpFlag()
			return asked.Help()
		},
	}
}

// verbOf is the command that args name, one word for each level.
func verbOf(root *cobra.Command, args []string) (*cobra.Command, error) {
	asked, rest, err := root.Find(args)
	if err == nil && len(rest) > 0 {
		err = onlyVerbs(asked, rest)
	}
	return asked, err
}

// onlyVerbs are the Args of a command that has verbs in it and nothing to do
// without one: cobra would print its help for any word, as if that were right.
// The RunE beside it prints the help.
func onlyVerbs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	near := ""
	if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
		near = ": is it " + strings.Join(names, " or ") + "?"
	}
	return fmt.Errorf("there is no verb %q in %q%s", args[0], cmd.CommandPath(), near)
}
