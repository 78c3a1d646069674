package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/msteinert/pam/v2"
	"github.com/spf13/cobra"
)

const demoLong = `Show goldap at work, from a PAM application to a directory and back.

In a temporary directory, without root and without touching anything of the
machine's, the demo starts an LDAP directory that insists on StartTLS, starts
goldapd with a pam_ldap.conf, writes a service file for an application called
"coronerd", and then plays that application through the real libpam: logins
that work and logins that must not, a password change, and a login after
goldapd was killed.

Each step says what was done, what came back and how long it took. The exit
status is 1 if a step did not go as announced.`

const demoExample = `  make demo             # builds everything, then runs this
  goldapctl demo
  goldapctl demo --keep # leaves everything running, to try by hand`

// demoFlags are the flags of the verb.
type demoFlags struct {
	buildDir string
	keep     bool
}

func newDemo() *cobra.Command {
	var flags demoFlags
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "show logins end to end, in a temporary place and without root",
		Long:    demoLong,
		Example: demoExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&flags.buildDir, "build-dir", "build", "where pam_goldap.so and goldapd are")
	cmd.Flags().BoolVar(&flags.keep, "keep", false, "leave everything running until Enter or Ctrl-C")
	cmd.AddCommand(newDemoLogin())
	return cmd
}

// run is the whole demo.
func (f demoFlags) run(cmd *cobra.Command, out io.Writer) error {
	ctx := cmd.Context()
	built, err := findArtefacts(f.buildDir)
	if err != nil {
		return withStatus(exitUnavailable, err)
	}
	p := newProgress(cmd)
	p.say("starting a directory and goldapd")
	site, err := newSite(ctx, built)
	p.done()
	if err != nil {
		return withStatus(exitUnavailable, err)
	}
	defer site.close()
	site.describe(out)
	done := takeSteps(ctx, out, site.steps())
	summarize(out, done)
	if !f.keep {
		fmt.Fprint(out, whatNext)
	} else if err := site.keep(ctx, cmd.InOrStdin(), out); err != nil {
		return withStatus(exitUnavailable, err)
	}
	return verdictOn(ctx, done, site)
}

// verdictOn is the error that the demo ends with.
func verdictOn(ctx context.Context, done []taken, s *site) error {
	failed := 0
	for _, t := range done {
		if !t.asAnnounced() {
			failed++
		}
	}
	switch {
	case failed > 0:
		return withStatus(exitNegative, fmt.Errorf("%d of %d steps did not go as announced; goldapd's log ends with:\n%s",
			failed, len(done), s.daemon.logTail()))
	case len(done) < len(s.steps()):
		return withStatus(exitNegative, fmt.Errorf("the demo was stopped: %w", context.Cause(ctx)))
	}
	return nil
}

// artefacts are absolute paths of what `make build` has built.
type artefacts struct {
	module, daemon string
}

func findArtefacts(dir string) (artefacts, error) {
	if !pam.CheckPamHasStartConfdir() {
		return artefacts{}, fmt.Errorf("the libpam of this machine has no pam_start_confdir: the demo needs Linux-PAM 1.4 or newer")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return artefacts{}, fmt.Errorf("--build-dir: %w", err)
	}
	built := artefacts{module: filepath.Join(dir, "pam_goldap.so"), daemon: filepath.Join(dir, "goldapd")}
	for _, path := range []string{built.module, built.daemon} {
		if _, err := os.Stat(path); err != nil {
			return artefacts{}, fmt.Errorf("run 'make build' first, or name the folder with --build-dir: %w", err)
		}
	}
	return built, nil
}

// keep leaves the site as it is until the person has had enough.
func (s *site) keep(ctx context.Context, in io.Reader, out io.Writer) error {
	if err := s.startDaemon(ctx); err != nil {
		return err
	}
	s.explain(out)
	enter := make(chan struct{})
	go func() {
		// At the end of the input, as with </dev/null, only a signal ends it.
		if _, err := bufio.NewReader(in).ReadString('\n'); err == nil {
			close(enter)
		}
	}()
	select {
	case <-enter:
	case <-ctx.Done():
	}
	fmt.Fprintln(out, "Ending goldapd and the directory, removing", s.dir)
	return nil
}

// milliseconds prints a duration for people.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
