package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/embedded"
)

// answering is a setup of a machine in root by somebody who answers.
func answering(t *testing.T, root string, answers ...string) (*settingUp, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	s := &settingUp{root: root, cmd: &cobra.Command{}, out: &writer{w: &out}}
	s.ask = asker{in: strings.NewReader(strings.Join(answers, "\n") + "\n"), out: &out, interactive: true}
	return s, &out
}

// demoForSetup is the demo's directory, and the file with its authority.
func demoForSetup(t *testing.T) (d *embedded.Directory, caFile string) {
	t.Helper()
	d, err := embedded.Start(t.Context(), demoDirectory())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := d.WriteCAFile(caFile); err != nil {
		t.Fatal(err)
	}
	return d, caFile
}

func TestSetupAsks(t *testing.T) {
	d, caFile := demoForSetup(t)
	root := t.TempDir()
	s, out := answering(t, root, d.URI(), "", demoPseudouser, demoPseudouserPassword, "", "n", "n")
	s.caFile = caFile
	if err := s.take(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(root, configFile))
	if err != nil || !strings.Contains(string(text), demoBase) || !strings.Contains(string(text), demoPseudouser) {
		t.Errorf("%v, %s", err, text)
	}
	for _, want := range []string{"Server (", "Base DN [" + demoBase + "]", "DN of the pseudouser", "Write " + configFile, "PAM stacks? [Y/n]", "nsswitch.conf? [Y/n]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nobody asked %q: %s", want, out)
		}
	}
	if strings.Contains(out.String(), demoPseudouserPassword) {
		t.Error("the password was shown")
	}
}

func TestSetupTakesNoForAnAnswer(t *testing.T) {
	d, caFile := demoForSetup(t)
	root := t.TempDir()
	s, out := answering(t, root, d.URI(), "", demoPseudouser, demoPseudouserPassword, "n")
	s.caFile = caFile
	err := s.take(t.Context())
	if statusOf(err) != exitNegative || !errors.Is(err, errNotWanted) {
		t.Errorf("error %v\n%s", err, out)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("something was written: %v", left)
	}
}

// TestSetupEndsWithTheTerminal is that the end of the input is no consent.
func TestSetupEndsWithTheTerminal(t *testing.T) {
	d, caFile := demoForSetup(t)
	root := t.TempDir()
	s, _ := answering(t, root)
	s.ask.in = strings.NewReader(strings.Join([]string{d.URI(), "", demoPseudouser, demoPseudouserPassword, ""}, "\n"))
	s.caFile = caFile
	if err := s.take(t.Context()); !errors.Is(err, errNoAnswer) {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("something was written: %v", left)
	}
}

// TestSetupCanBeInterrupted is ^C while it asks.
func TestSetupCanBeInterrupted(t *testing.T) {
	in, writeEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer writeEnd.Close()
	s, _ := answering(t, t.TempDir())
	s.ask.in = in
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.take(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
