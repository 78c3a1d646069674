package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/spf13/cobra"
)

const testDirectoryLong = `Go the way of a login straight at the directory, without PAM and without goldapd, by
the configuration file, and print each step with its time:

  each server  connecting, TLS and the certificate, the bind of goldap itself, the base,
               and whether there are users; all servers are tried, at the same time
  the user     the search and what it finds, the bind with the password, the account
               that comes of the entry, other attributes, and the groups: by name
               (memberUid), by DN (member), by memberOf, and what the configuration
               makes of it, with the way through groups in groups
  the rules    what would refuse a login, as "goldapctl explain" says it; for root only,
               and not with --directory if there are others

The user is looked for at the first server that answers. With several directories it is
the first that has the user.

With --password the password is asked for on a terminal, or read as one line from
standard input, and proven. That is a login attempt like any other: a wrong password
counts in the directory. It is never taken from the command line or the environment.

Exit statuses:
  0  all is well: the user could log in
  1  the user is not there, the password is wrong, or a rule refuses the login
  2  the command line or the configuration makes no sense
  3  no server answers`

const testDirectoryExample = `  goldapctl test directory alice
  goldapctl test directory alice --password --service sudo
  goldapctl test directory alice --config /etc/goldap/goldap.toml --directory staff --json`

// directoryTrial is a user to try, and how to tell of it.
type directoryTrial struct {
	asked          directory.TrialOptions
	config, name   string
	service        string
	asJSON, isRoot bool
	// decides: what is tried is what a login would ask.
	decides bool
}

func newTestDirectory() *cobra.Command {
	trial := directoryTrial{isRoot: os.Geteuid() == 0}
	cmd := &cobra.Command{
		Use:     "directory USER",
		Short:   "try a user at the directory, without PAM and goldapd",
		Long:    testDirectoryLong,
		Example: testDirectoryExample,
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			trial.asked.User = args[0]
			return trial.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&trial.config, "config", "", "read this configuration `FILE`, instead of the first in the usual places")
	flags.StringVar(&trial.name, "directory", "", "try the directory with this `NAME` only")
	flags.StringVar(&trial.service, "service", "sshd", "the PAM `SERVICE` that the rules are asked about")
	flags.BoolVar(&trial.asked.Prove, "password", false, "ask for the password and prove it")
	flags.BoolVar(&trial.asJSON, "json", false, "print JSON")
	return cmd
}

func (d directoryTrial) run(cmd *cobra.Command) error {
	path, err := config.Find(d.config)
	if err != nil {
		return withStatus(exitUsage, err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		return withStatus(exitUsage, err)
	}
	chosen, err := d.choose(cfg.Directories)
	if err != nil {
		return withStatus(exitUsage, err)
	}
	if d.asked.Prove {
		password, err := readPassword(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
		if err != nil {
			return withStatus(exitUsage, fmt.Errorf("password: %w", err))
		}
		defer password.Wipe()
		d.asked.Password = password
	}
	d.decides = len(chosen) == len(cfg.Directories)
	told := d.try(cmd, path, chosen)
	if d.asJSON {
		err = writeJSON(cmd.OutOrStdout(), told)
	} else {
		told.writeText(cmd.OutOrStdout())
		d.writeNote(cmd.OutOrStdout(), told)
	}
	if err != nil {
		return withStatus(exitUnavailable, err)
	}
	return told.status(d.asked)
}

// try tries the user at one directory after the other.
func (d directoryTrial) try(cmd *cobra.Command, path string, chosen []config.Directory) trialTold {
	ctx, cancel := context.WithTimeout(cmd.Context(), explainTimeout)
	defer cancel()
	p := newProgress(cmd)
	defer p.done()
	told := trialTold{Config: path, Service: d.service, Directories: []directory.TrialReport{}}
	for i := range chosen {
		p.say("trying directory %s", visible(chosen[i].Name))
		report := directory.Trial(ctx, chosen[i], d.asked)
		told.Directories = append(told.Directories, report)
		if !isMissing(report) {
			break // as a login, which does not go on then
		}
	}
	if d.isRoot && d.decides && told.last().DN != "" {
		p.say("asking the rules")
		told.Verdict = d.verdict(ctx, path)
	}
	return told
}

// writeNote says why the rules were not asked.
func (d directoryTrial) writeNote(w io.Writer, told trialTold) {
	switch {
	case told.last().DN == "" || told.Verdict != nil:
	case !d.isRoot:
		fmt.Fprintln(w, "The rules are explained to root only.")
	default:
		fmt.Fprintln(w, "The rules were not asked: with --directory, it may be another directory that decides.")
	}
}

// choose returns the directories to try.
func (d directoryTrial) choose(all []config.Directory) ([]config.Directory, error) {
	if d.name == "" {
		return all, nil
	}
	for i := range all {
		if all[i].Name == d.name {
			return all[i : i+1], nil
		}
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	return nil, fmt.Errorf("there is no directory %q: the directories are %q", d.name, names)
}

// verdict asks what the rules say, without the password: it was proven, and a
// wrong one must not count twice.
func (d directoryTrial) verdict(ctx context.Context, path string) map[string]string {
	asked := client.Explanation{PAM: nslcd.PAM{User: d.asked.User, Service: d.service}}
	steps, err := explainHere(ctx, path, asked)
	if err != nil {
		return map[string]string{"outcome": "unavailable", "authorization": "unavailable", "rule": err.Error()}
	}
	return newTold(steps, false).Verdict
}

// isMissing reports whether the directory has nobody of that name.
func isMissing(report directory.TrialReport) bool {
	return len(report.User) > 0 && report.User[0].Detail("matched") == "0"
}
