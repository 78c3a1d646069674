package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/goldap/goldap/pkg/machine"
	"github.com/goldap/goldap/pkg/setup"
)

// change shows what would change, asks, and changes it.
func (s *settingUp) change(ctx context.Context) error {
	s.showDifference()
	if err := s.choose(ctx); err != nil {
		return err
	}
	journal, err := setup.Open(s.options())
	if err != nil {
		return withStatus(exitNegative, err)
	}
	if err := s.write(ctx, journal); err != nil {
		return fmt.Errorf("%w\n(goldapctl setup --undo puts back what was changed)", err)
	}
	s.out.printf("done; goldapctl check looks at all of it, goldapctl setup --undo puts everything back\n")
	return nil
}

// showDifference shows what changes in the configuration. The password is not
// in there.
func (s *settingUp) showDifference() {
	path := filepath.Join(s.root, configFile)
	before, err := os.ReadFile(path)
	old := configFile
	if err != nil {
		old = "/dev/null"
	}
	if text := diff.Diff(old, before, configFile, s.proposed); text != nil {
		s.out.printf("%s", text)
	} else {
		s.out.printf("%s is right as it is\n", configFile)
	}
	for _, other := range []string{"/etc/pam_ldap.conf", "/etc/nslcd.conf"} {
		if _, err := os.Stat(filepath.Join(s.root, other)); err == nil && errors.Is(errOf(os.Stat(path)), os.ErrNotExist) {
			s.out.printf("note: goldapd reads %s now, and will not any more: goldapctl convert carries it over instead\n", other)
			return
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

// errNotWanted: somebody has said no.
var errNotWanted = withStatus(exitNegative, errors.New("nothing was changed"))

// choose asks for what no flag says.
func (s *settingUp) choose(ctx context.Context) error {
	if s.yes || !s.ask.interactive {
		return nil
	}
	ok, err := s.ask.yes(ctx, "Write "+configFile+"?", true)
	if err == nil && !ok {
		err = errNotWanted
	}
	if err == nil && !s.pam && !s.noPAM && len(s.services) == 0 {
		s.pam, err = s.ask.yes(ctx, "Put pam_goldap into the PAM stacks?", true)
	}
	if err == nil && !s.nsswitch && !s.noNSSwitch {
		s.nsswitch, err = s.ask.yes(ctx, "Put goldap into nsswitch.conf?", true)
	}
	return err
}

// write changes the machine.
func (s *settingUp) write(ctx context.Context, journal *setup.Journal) error {
	for _, one := range []struct {
		path   string
		data   []byte
		access setup.Access
	}{{secretFile, s.secret, setup.Private}, {authorityFile, s.authority, setup.Public}, {configFile, s.proposed, setup.Private}} {
		if one.data == nil {
			continue
		}
		if err := journal.Write(one.path, one.data, one.access); err != nil {
			return err
		}
		s.out.printf("%s is written\n", one.path)
	}
	if err := s.start(ctx, journal); err != nil {
		return err
	}
	if err := s.wire(ctx, journal); err != nil {
		return err
	}
	return journal.Finish()
}

// wire comes after the daemon: from here on, programs ask it.
func (s *settingUp) wire(ctx context.Context, journal *setup.Journal) error {
	if len(s.services) > 0 {
		s.out.printf("lines for %s:\n%s", pamFiles(s.services), setup.PAMLines)
	}
	if s.nsswitch && !(s.pam && journal.ByAuthselect()) {
		if err := journal.WireNSSwitch(ctx); err != nil {
			return err
		}
		s.out.printf("goldap is in nsswitch.conf\n")
	}
	if !s.pam {
		return nil
	}
	err := journal.WirePAM(ctx)
	if errors.Is(err, setup.ErrByHand) {
		s.out.printf("%v:\n%s", err, setup.PAMLines)
		return nil
	}
	if err == nil {
		s.out.printf("pam_goldap is in the PAM stacks\n")
	}
	return err
}

func pamFiles(services []string) string {
	paths := make([]string, len(services))
	for i, name := range services {
		paths[i] = filepath.Join("/etc/pam.d", filepath.Base(name))
	}
	return strings.Join(paths, ", ")
}

// start has goldapd read what was written.
func (s *settingUp) start(ctx context.Context, journal *setup.Journal) error {
	if s.noStart {
		return nil
	}
	left, err := journal.StartDaemon(ctx)
	if err != nil {
		return err
	}
	if left != "" && tellDaemon(s.root) {
		left = ""
	}
	if left != "" {
		s.out.printf("left to do: %s\n", left)
	}
	return nil
}

// tellDaemon has a goldapd that runs read its configuration again, and reports
// whether there is one.
func tellDaemon(root string) bool {
	if root != "" {
		return false
	}
	told := false
	for _, pid := range machine.Running("goldapd") {
		told = syscall.Kill(pid, syscall.SIGHUP) == nil || told
	}
	return told
}
