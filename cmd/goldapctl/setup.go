package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goldap/goldap/pkg/setup"
	"github.com/spf13/cobra"
)

const setupLong = `Ask a directory what it is, propose a configuration for it, show what would change,
and write it: /etc/goldap/goldap.toml, the pseudouser's password in a file of its own
(bind.secret) and, with --ca-file, the authority of the server (ca.pem). Then have
pam-auth-update or authselect put pam_goldap into the PAM stacks, and put goldap into
nsswitch.conf, each if that is wanted.

On a terminal it asks for what no flag says. Elsewhere it never asks: it says which
flag is missing. The password comes from the terminal or from a file, never from the
command line.

Before anything is changed, a copy of it is in /var/lib/goldap-setup/setup.json;
--undo puts everything back, also after a setup that was interrupted. It refuses if
somebody has changed one of the files since, unless there is --force.

Exit statuses:
  0  done, or nothing was to be done
  1  the directory is not fit for it, or --undo refuses
  2  the command line makes no sense, or a flag is missing
  3  something could not be written or started`

const setupExample = `  goldapctl setup
  goldapctl setup --uri ldap://ldap.example.com --print
  goldapctl setup --uri ldap://ldap.example.com --base dc=example,dc=com \
    --bind-dn cn=goldap,dc=example,dc=com --bind-password-file /root/bind.secret \
    --ca-file /root/ca.pem --pam --nsswitch --yes
  goldapctl setup --undo`

// settingUp is one run of setup.
type settingUp struct {
	uris                 []string
	base, bindDN         string
	passwordFile, caFile string
	anonymous, yes       bool
	pam, noPAM           bool
	nsswitch, noNSSwitch bool
	services             []string
	print, undo, force   bool
	noStart              bool
	root                 string
	cmd                  *cobra.Command
	ask                  asker
	out                  *writer
	// What will be in the three files; nil for none.
	proposed, secret, authority []byte
}

func newSetup() *cobra.Command {
	var s settingUp
	cmd := &cobra.Command{
		Use:     "setup",
		Short:   "make this machine a client of a directory, or undo it",
		Long:    setupLong,
		Example: setupExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&s.uris, "uri", nil, "a server, such as ldap://ldap.example.com; may be given several times")
	flags.StringVar(&s.base, "base", "", "the base `DN`; the default is what the server proposes")
	flags.StringVar(&s.bindDN, "bind-dn", "", "the `DN` of the pseudouser, whom goldap searches as")
	flags.StringVar(&s.passwordFile, "bind-password-file", "", "a `FILE` whose first line is its password")
	flags.BoolVar(&s.anonymous, "anonymous", false, "search as nobody")
	flags.StringVar(&s.caFile, "ca-file", "", "a `FILE` with the authority of the server's certificate, if the system does not trust it")
	flags.BoolVar(&s.pam, "pam", false, "put pam_goldap into the PAM stacks")
	flags.BoolVar(&s.noPAM, "no-pam", false, "leave the PAM stacks alone")
	flags.StringArrayVar(&s.services, "service", nil, "instead of --pam: print the lines for the `NAME` of a service; may be given several times")
	flags.BoolVar(&s.nsswitch, "nsswitch", false, "put goldap into nsswitch.conf")
	flags.BoolVar(&s.noNSSwitch, "no-nsswitch", false, "leave nsswitch.conf alone")
	flags.BoolVar(&s.noStart, "no-start", false, "do not start goldapd, nor have it read the configuration")
	flags.BoolVar(&s.yes, "yes", false, "do not ask before writing")
	flags.BoolVar(&s.print, "print", false, "print the proposal and change nothing")
	flags.BoolVar(&s.undo, "undo", false, "put everything back as it was before")
	flags.BoolVar(&s.force, "force", false, "go on although the directory is not fit, or files were changed since")
	flags.StringVar(&s.root, "root", "", "change a copy of a machine in this folder")
	_ = flags.MarkHidden("root") // the flag is there
	cmd.MarkFlagsMutuallyExclusive("bind-dn", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("pam", "no-pam", "service")
	cmd.MarkFlagsMutuallyExclusive("nsswitch", "no-nsswitch")
	for _, other := range []string{"uri", "base", "bind-dn", "bind-password-file", "ca-file", "anonymous", "print"} {
		cmd.MarkFlagsMutuallyExclusive("undo", other)
	}
	return cmd
}

func (s *settingUp) run(cmd *cobra.Command) error {
	s.cmd, s.out = cmd, &writer{w: cmd.OutOrStdout()}
	if s.print { // standard output is the proposal's
		s.out.w = cmd.ErrOrStderr()
	}
	_, isTerminal := terminalOf(cmd.InOrStdin())
	s.ask = asker{in: cmd.InOrStdin(), out: cmd.ErrOrStderr(), interactive: isTerminal}
	if os.Geteuid() != 0 && s.root == "" && !s.print {
		return withStatus(exitUnavailable, errors.New("setup: only root may change what it changes (--print changes nothing)"))
	}
	err := s.take(cmd.Context())
	if err == nil {
		err = s.out.err
	}
	var status *statusError
	if err != nil && !errors.As(err, &status) {
		err = withStatus(exitUnavailable, err)
	}
	if err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	return nil
}

func (s *settingUp) take(ctx context.Context) error {
	if s.undo {
		return s.takeBack(ctx)
	}
	if !s.print && !s.ask.interactive {
		if err := s.nothingMissing(); err != nil {
			return err
		}
	}
	if err := s.propose(ctx); err != nil {
		return err
	}
	defer clear(s.secret)
	if s.print {
		_, err := s.cmd.OutOrStdout().Write(s.proposed)
		return err
	}
	return s.change(ctx)
}

// nothingMissing is about a run that cannot ask.
func (s *settingUp) nothingMissing() error {
	var missing []string
	for flag, has := range map[string]bool{
		"--uri":                             len(s.uris) > 0,
		"--bind-dn or --anonymous":          s.bindDN != "" || s.anonymous,
		"--bind-password-file":              s.passwordFile != "" || s.bindDN == "",
		"--pam, --no-pam or --service":      s.pam || s.noPAM || len(s.services) > 0,
		"--nsswitch or --no-nsswitch":       s.nsswitch || s.noNSSwitch,
		"--yes (or --print to only see it)": s.yes,
	} {
		if !has {
			missing = append(missing, flag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return missingFlags(missing)
}

// options are those of the package that changes the machine.
func (s *settingUp) options() setup.Options {
	return setup.Options{Root: s.root, Run: setup.Execute}
}

func (s *settingUp) takeBack(ctx context.Context) error {
	if !setup.HasRecord(s.options()) {
		return withStatus(exitNegative, errors.New("there is nothing to undo"))
	}
	err := setup.Undo(ctx, s.options(), s.force, func(step string) { s.out.printf("%s\n", visible(step)) })
	if errors.Is(err, setup.ErrChangedSince) {
		return withStatus(exitNegative, err)
	}
	if err == nil {
		s.out.printf("everything is as it was before\n")
		tellDaemon(s.root)
	}
	return err
}

// missingFlags is the error of a command line that leaves something open.
func missingFlags(flags []string) error {
	return withStatus(exitUsage, fmt.Errorf("this is no terminal, so nothing is asked: say %s", strings.Join(sortedTexts(flags), "; ")))
}
