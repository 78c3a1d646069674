package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
)

const directoryLong = `Show and change the directories that the running goldapd asks, in their order.

Changes count at once and stay: they go into the managed file beside the administrator's
configuration, which is never written. goldapd tries a directory before it saves it.`

func directories() administered {
	return administered{
		list: adminclient.Directories, kind: "directory", usual: config.DefaultDirectory(),
		columns: []column{
			{"BASE", func(s map[string]any) string { return fmt.Sprint(s["base"]) }},
			{"SERVERS", func(s map[string]any) string { return texts(s, "uris") }},
		},
	}
}

func newDirectory() *cobra.Command {
	d := directories()
	cmd := &cobra.Command{
		Use:     "directory",
		Short:   "show and change the directories",
		Long:    directoryLong,
		Example: "  goldapctl directory list\n  goldapctl directory verify main",
		Args:    onlyVerbs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		d.addVerb("Add a directory behind the others. It is tried first: if no server of it is of use, nothing is\nsaved and the report says why. Only root may.",
			"  goldapctl directory add branch uris=ldaps://ldap.branch.example.com base=dc=branch\n"+
				"  goldapctl directory add branch --from branch.json --position 1 --bind-password < password-file"),
		d.listVerb("directories"),
		newDirectoryMove(),
		d.removeVerb(),
		d.resetVerb(),
		d.setVerb("Change settings of a directory; what is not named stays as it is. It is tried first: if no server\nof it is of use, nothing is saved and the report says why. Only root may.",
			"  goldapctl directory set main page_size=500 tls.ca_file=/etc/ssl/our-ca.pem\n"+
				"  goldapctl directory set main uris=ldap://ldap1.example.com uris=ldap://ldap2.example.com\n"+
				"  goldapctl directory set main --bind-password"),
		d.showVerb(),
		newDirectoryVerify(),
	)
	return cmd
}

func newDirectoryMove() *cobra.Command {
	q := &question{administered: directories()}
	return q.flags(&cobra.Command{
		Use:     "move NAME POSITION",
		Short:   "change when a directory is asked",
		Long:    "Make a directory the one that is asked first (1), second (2) and so on; the first that knows\na user decides. Only root may.",
		Example: "  goldapctl directory move branch 1",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("move needs a directory and a position, such as: main 1")
			}
			if n, err := strconv.Atoi(args[1]); err != nil || n < 1 {
				return fmt.Errorf("position %q is not a number from 1 on", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			position, _ := strconv.Atoi(args[1]) // Args has looked
			items, err := q.client().Move(ctx, args[0], position)
			if err != nil {
				return adminError(cmd, err)
			}
			return q.printList(cmd.OutOrStdout(), items)
		},
	})
}

const directoryVerifyLong = `Have goldapd try every server of a directory, or of all: connect, TLS, the bind as the
pseudouser, a search of the base and one for users, each with its time. Nothing is changed.
Only root may; "goldapctl check" looks at a configuration without goldapd.

Exit statuses:
  0  every server took every step
  1  one did not, or there is no such directory
  2  the command line makes no sense
  3  goldapd does not answer`

func newDirectoryVerify() *cobra.Command {
	q := &question{administered: directories()}
	return q.flags(&cobra.Command{
		Use:     "verify [NAME]",
		Short:   "try every server of a directory",
		Long:    directoryVerifyLong,
		Example: "  goldapctl directory verify\n  goldapctl directory verify main --json",
		Args:    cobra.MaximumNArgs(1),
		RunE:    q.verify,
	})
}

func (q *question) verify(cmd *cobra.Command, args []string) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), changeTimeout)
	defer cancel()
	if len(args) == 0 {
		items, err := q.client().List(ctx, q.list)
		if err != nil {
			return adminError(cmd, err)
		}
		for _, item := range items {
			args = append(args, item.Name)
		}
	}
	reports, err := q.tryAll(ctx, cmd, args)
	if err != nil {
		return adminError(cmd, err)
	}
	complete := true
	for _, report := range reports {
		complete = complete && report.Complete()
		if !q.asJSON {
			writeReport(cmd.OutOrStdout(), report)
		}
	}
	if q.asJSON {
		if err := writeJSON(cmd.OutOrStdout(), reports); err != nil {
			return err
		}
	}
	if !complete {
		return withStatus(exitNegative, fmt.Errorf("verify: not every server is of use"))
	}
	return nil
}

func (q *question) tryAll(ctx context.Context, cmd *cobra.Command, names []string) ([]directory.Report, error) {
	p := newProgress(cmd)
	defer p.done()
	var reports []directory.Report
	for _, name := range names {
		p.say("trying the servers of %s", name)
		report, err := q.client().Verify(ctx, name)
		if err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}
