package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/config"
	"github.com/spf13/cobra"
)

const convertLong = `Make a goldap.toml of nslcd.conf, of PADL's pam_ldap.conf or ldap.conf, or of the
LDAP domains of sssd.conf (with what is in conf.d beside it), and say of each
line that cannot be carried over why, and what to do instead. goldap reads
nslcd.conf and pam_ldap.conf as they are, too: those need no conversion.

The new file goes to standard output, or with --output into a file of mode 0640
that goldapd may read; one that is there already is left alone unless --force is
given. The report goes to standard error; with --json it is JSON, and goes to
standard output if the new file does not.

A password in the old file is never printed. With --output it goes into a secret
file beside the new one (bind.secret, root.secret; mode 0640), which the new file
names; without, the new file names it and the report says what to put there.

A file with a broken line is not converted; all broken lines are named at once. So
is a rule of SSSD's that keeps somebody out and that goldap does not have, lest
a conversion let them in.

Exit statuses:
  0  the new file was written; read the report
  1  a line is broken, or a file is in the way: nothing was written
  2  the command line makes no sense
  3  the files could not be written`

const convertExample = `  goldapctl convert /etc/sssd/sssd.conf
  goldapctl convert /etc/sssd/sssd.conf --output /etc/goldap/goldap.toml
  goldapctl convert ldap.conf.old --from pam_ldap --output goldap.toml
  goldapctl convert /etc/sssd/sssd.conf --domain example.com --json`

// convertTo is what the flags of convert say.
type convertTo struct {
	from, domain, output string
	force, asJSON        bool
}

func newConvert() *cobra.Command {
	var c convertTo
	cmd := &cobra.Command{
		Use:     "convert FILE",
		Short:   "make a goldap.toml of nslcd.conf, pam_ldap.conf or sssd.conf",
		Long:    convertLong,
		Example: convertExample,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&c.from, "from", "", "whose file it is: "+strings.Join(config.Programs(), ", ")+" (default: by its name and contents)")
	flags.StringVar(&c.domain, "domain", "", "the one domain of sssd.conf to convert")
	flags.StringVarP(&c.output, "output", "o", "", "the file to write")
	flags.BoolVar(&c.force, "force", false, "write over files that are there")
	flags.BoolVar(&c.asJSON, "json", false, "report as JSON")
	_ = cmd.RegisterFlagCompletionFunc("from", cobra.FixedCompletions(config.Programs(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// checkFlags refuses what could not be meant.
func (c convertTo) checkFlags() error {
	switch {
	case c.from != "" && !slices.Contains(config.Programs(), c.from):
		return withStatus(exitUsage, fmt.Errorf("convert: --from %s is none of %s", c.from, strings.Join(config.Programs(), ", ")))
	case c.output != "" && filepath.Ext(c.output) != ".toml":
		return withStatus(exitUsage, fmt.Errorf("convert: --output %s: the name must end in .toml, or goldap would take the file for a pam_ldap.conf", c.output))
	case c.force && c.output == "":
		return withStatus(exitUsage, errors.New("convert: --force needs --output"))
	}
	return nil
}

func (c convertTo) run(cmd *cobra.Command, file string) error {
	if err := c.checkFlags(); err != nil {
		return err
	}
	told := newConvertReport(file, c.output)
	conversion, err := config.Convert(file, c.from, c.domain)
	if err != nil {
		return c.broken(cmd, told, err)
	}
	told.take(conversion)
	secrets := nameSecrets(conversion.Config)
	defer wipeSecrets(secrets)
	text, err := convertedText(file, conversion)
	if err != nil {
		return withStatus(exitUnavailable, fmt.Errorf("convert: %w", err))
	}
	if c.output == "" {
		told.describeSecrets(conversion, secrets)
		if _, err := cmd.OutOrStdout().Write(text); err != nil {
			return withStatus(exitUnavailable, fmt.Errorf("convert: %w", err))
		}
		return c.report(cmd.ErrOrStderr(), told)
	}
	if told.Written, err = writeConverted(c.output, file, text, secrets, c.force); err != nil {
		return err
	}
	if c.asJSON {
		return c.report(cmd.OutOrStdout(), told)
	}
	return c.report(cmd.ErrOrStderr(), told)
}

// broken reports a file that could not be converted.
func (c convertTo) broken(cmd *cobra.Command, told convertReport, err error) error {
	var problems config.Errors
	if !errors.As(err, &problems) {
		return withStatus(exitUnavailable, fmt.Errorf("convert: %w", err))
	}
	if c.asJSON {
		told.Errors = toldProblems(problems)
		if err := c.report(cmd.OutOrStdout(), told); err != nil {
			return err
		}
		return withStatus(exitNegative, errors.New("convert: nothing was written"))
	}
	return withStatus(exitNegative, fmt.Errorf("convert: nothing was written:\n%w", problems))
}

func (c convertTo) report(out io.Writer, told convertReport) error {
	if !c.asJSON {
		told.writeText(out)
		return nil
	}
	if err := writeJSON(out, told); err != nil {
		return withStatus(exitUnavailable, fmt.Errorf("convert: %w", err))
	}
	return nil
}
