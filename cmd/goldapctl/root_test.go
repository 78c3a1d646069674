package main

import (
	"strings"
	"testing"
)

func TestStatusesOfTheCommandLine(t *testing.T) {
	for args, want := range map[string]int{
		"":                         exitSuccess,
		"--help":                   exitSuccess,
		"help lookup":              exitSuccess,
		"version":                  exitSuccess,
		"version too much":         exitUsage,
		"nonsense":                 exitUsage,
		"--nonsense":               exitUsage,
		"lookup --nonsense":        exitUsage,
		"demo --keep=perhaps":      exitUsage,
		"demo of what":             exitUsage,
		"demo login somebody":      exitUsage,
		"demo --build-dir /no/dir": exitUnavailable,
	} {
		t.Run(args, func(t *testing.T) {
			status, out, errOut := run(t, strings.Fields(args)...)
			if status != want {
				t.Errorf("status %d, want %d: %s", status, want, errOut)
			}
			if want == exitUsage && !strings.Contains(errOut, "--help") {
				t.Errorf("no way to the help in %q", errOut)
			}
			if (want == exitSuccess) != (out != "") || (want == exitSuccess) != (errOut == "") {
				t.Errorf("output %q, errors %q", out, errOut)
			}
		})
	}
}

func TestMissingArtefactNamesTheRemedy(t *testing.T) {
	_, _, errOut := run(t, "demo", "--build-dir", t.TempDir())
	if !strings.Contains(errOut, "make build") || !strings.Contains(errOut, "pam_goldap.so") {
		t.Errorf("message: %s", errOut)
	}
}

func TestHelpOfTheRoot(t *testing.T) {
	_, out, _ := run(t, "--help")
	for _, want := range []string{"lookup passwd", "Exit statuses:", "version", "demo"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the help", want)
		}
	}
}

func TestVersion(t *testing.T) {
	_, out, _ := run(t, "version")
	if !strings.HasPrefix(out, "goldapctl ") || !strings.Contains(out, "built with go") {
		t.Errorf("version: %q", out)
	}
}
