package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/admin"
	"github.com/goldap/goldap/pkg/adminclient"
)

// changeTimeout is how long goldapd gets for a change: it tries every server of a
// directory first.
const changeTimeout = 2 * time.Minute

// administered is a list of the admin API with the verbs for it.
type administered struct {
	list adminclient.Collection
	// kind is what one of it is called, usual what an empty table means.
	kind  string
	usual any
	// columns are what a list of them shows beside name and source.
	columns []column
}

// column is a column of a list.
type column struct {
	title string
	cell  func(settings map[string]any) string
}

// question is one question to the admin API.
type question struct {
	administered
	socket string
	asJSON bool
}

func (q *question) flags(cmd *cobra.Command) *cobra.Command {
	addAdminFlag(cmd, &q.socket)
	cmd.Flags().BoolVar(&q.asJSON, "json", false, "print JSON")
	return cmd
}

func (q *question) client() *adminclient.Client { return adminclient.New(q.socket) }

// listVerb prints all items.
func (a administered) listVerb(plural string) *cobra.Command {
	q := &question{administered: a}
	return q.flags(&cobra.Command{
		Use:     "list",
		Short:   "list the " + plural,
		Long:    fmt.Sprintf("List the %s in their order. SOURCE is file for the administrator's file, and\nmanaged for what was changed by goldapctl or the admin API. Only root may.", plural),
		Example: fmt.Sprintf("  goldapctl %s list\n  goldapctl %s list --json", a.kind, a.kind),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			items, err := q.client().List(ctx, q.list)
			if err != nil {
				return adminError(cmd, err)
			}
			return q.printList(cmd.OutOrStdout(), items)
		},
	})
}

func (q *question) printList(out io.Writer, items []admin.Item) error {
	if q.asJSON {
		return writeJSON(out, items)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	titles := []string{"NAME", "SOURCE"}
	for _, c := range q.columns {
		titles = append(titles, c.title)
	}
	fmt.Fprintln(table, strings.Join(titles, "\t"))
	for _, item := range items {
		cells := []string{visible(item.Name), item.Source}
		for _, c := range q.columns {
			cells = append(cells, visible(c.cell(item.Settings)))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// showVerb prints one item.
func (a administered) showVerb() *cobra.Command {
	q := &question{administered: a}
	return q.flags(&cobra.Command{
		Use:   "show NAME",
		Short: "show all settings of a " + a.kind,
		Long: fmt.Sprintf("Show every key of a %s with its value, also where that is the default. Of passwords it\nshows only that they are there. "+
			"What --json prints under settings can be given to set --from.\nOnly root may.", a.kind),
		Example: fmt.Sprintf("  goldapctl %s show main\n  goldapctl %s show main --json", a.kind, a.kind),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			item, err := q.client().Get(ctx, q.list, args[0])
			if err != nil {
				return adminError(cmd, err)
			}
			return printItem(cmd.OutOrStdout(), item, q.asJSON)
		},
	})
}

// printItem prints an item as lines of KEY = VALUE.
func printItem(out io.Writer, item admin.Item, asJSON bool) error {
	if asJSON {
		return writeJSON(out, item)
	}
	fmt.Fprintf(out, "# source: %s\n", item.Source)
	for _, key := range item.Secrets {
		fmt.Fprintf(out, "# %s is set\n", key)
	}
	return printTable(out, "", item.Settings)
}

// save is a change of one item.
type save struct {
	question
	from                     string
	force                    bool
	position                 int
	bindPassword, rootPasswd bool
}

func (s *save) flags(cmd *cobra.Command) *cobra.Command {
	s.question.flags(cmd)
	cmd.Flags().StringVar(&s.from, "from", "", "take all settings from a JSON object in `FILE`, - for standard input")
	s.forceFlag(cmd)
	if s.list == adminclient.Directories {
		cmd.Flags().BoolVar(&s.bindPassword, "bind-password", false, "ask for bind_password, or read a line of standard input")
		cmd.Flags().BoolVar(&s.rootPasswd, "root-bind-password", false, "ask for root_bind_password, or read a line of standard input")
		cmd.MarkFlagsMutuallyExclusive("bind-password", "root-bind-password")
	}
	return cmd
}

// forceFlag is for what tries a directory before it saves it.
func (s *save) forceFlag(cmd *cobra.Command) {
	if s.list == adminclient.Directories {
		cmd.Flags().BoolVar(&s.force, "force", false, "save it although no server of it is of use")
	}
}

// settings are what the arguments make of the table that is there.
func (s *save) settings(cmd *cobra.Command, present map[string]any, given assignments) (map[string]any, error) {
	if s.from == "-" && (s.bindPassword || s.rootPasswd) {
		return nil, fmt.Errorf("the settings and the password cannot both come from standard input: put the settings into a file")
	}
	if s.from != "" {
		read, err := readSettings(cmd.InOrStdin(), s.from)
		if err != nil {
			return nil, err
		}
		present = s.usualSettings()
		overlay(present, read)
	}
	if err := given.apply(present); err != nil {
		return nil, err
	}
	return present, s.askPassword(cmd, present)
}

// overlay puts the keys of one table into another, and those of the tables in it.
func overlay(table, over map[string]any) {
	for key, value := range over {
		inner, isTable := table[key].(map[string]any)
		innerOver, overIsTable := value.(map[string]any)
		if isTable && overIsTable {
			overlay(inner, innerOver)
			continue
		}
		table[key] = value
	}
}

// askPassword puts a password into the settings. It takes the place of a file.
func (s *save) askPassword(cmd *cobra.Command, settings map[string]any) error {
	key := ""
	switch {
	case s.bindPassword:
		key = "bind_password"
	case s.rootPasswd:
		key = "root_bind_password"
	default:
		return nil
	}
	password, err := readPassword(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	defer password.Wipe()
	if password.IsEmpty() { // goldapd would keep the one that there is
		return fmt.Errorf("the password is empty, so nothing is changed")
	}
	if !utf8.Valid(password.Bytes()) { // JSON would carry something else
		return fmt.Errorf("the password is not UTF-8: put it into a file that %s_file names", key)
	}
	settings[key] = string(password.Bytes())
	delete(settings, key+"_file")
	return nil
}

// readSettings reads a JSON object from a file.
func readSettings(in io.Reader, path string) (map[string]any, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(in)
	defer clear(text)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) { // the decoder would put something else in its place
		return nil, fmt.Errorf("%s is not UTF-8", path)
	}
	var settings map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&settings); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object: %w", path, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s has more than one JSON object", path)
	}
	if settings == nil {
		return nil, fmt.Errorf("%s is null, not a JSON object", path)
	}
	return settings, nil
}

// adminError is the error of a verb that asks the admin API.
func adminError(cmd *cobra.Command, err error) error {
	var p *admin.Problem
	verb := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	switch {
	case errors.Is(err, adminclient.ErrForbidden):
		return withStatus(exitUnavailable, fmt.Errorf("%s: %w", verb, adminclient.ErrForbidden))
	case errors.As(err, &p):
		if p.Report != nil {
			writeReport(cmd.ErrOrStderr(), *p.Report)
		}
		return withStatus(exitNegative, fmt.Errorf("%s: %w", verb, p))
	}
	return withStatus(exitUnavailable, fmt.Errorf("%s: %w", verb, err))
}
