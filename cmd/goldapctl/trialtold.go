package main

import (
	"fmt"
	"io"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// trialTold is a trial at directories, for people and for JSON.
type trialTold struct {
	Config      string                  `json:"config"`
	Service     string                  `json:"service"`
	Directories []directory.TrialReport `json:"directories"`
	// Verdict is what the rules say, as in the JSON of explain; null if nobody was
	// asked.
	Verdict map[string]string `json:"verdict"`
}

// last is the directory that decides.
func (told trialTold) last() directory.TrialReport {
	if len(told.Directories) == 0 {
		return directory.TrialReport{}
	}
	return told.Directories[len(told.Directories)-1]
}

// writeText prints the steps and what came of them.
func (told trialTold) writeText(w io.Writer) {
	for _, d := range told.Directories {
		writeReport(w, d.Report)
		if d.Server != "" {
			fmt.Fprintf(w, "the user, at %s\n", visible(d.Server))
			writeTrialSteps(w, d.User)
		}
	}
	if told.Verdict != nil {
		fmt.Fprintf(w, "the rules, for service %s\n", visible(told.Service))
		for _, name := range []string{"outcome", "authorization", "rule", "message", "user", "becomes", "roles"} {
			writeDetail(w, name, told.Verdict[name])
		}
	}
}

// writeReport prints what was tried at the servers of a directory.
func writeReport(w io.Writer, r directory.Report) {
	fmt.Fprintf(w, "directory %s\n", visible(r.Directory))
	if r.Error != "" {
		fmt.Fprintf(w, "  %s\n", visible(r.Error))
	}
	for _, s := range r.Servers {
		fmt.Fprintf(w, "server %s\n", visible(s.URI))
		writeTrialSteps(w, s.Steps)
	}
}

func writeTrialSteps(w io.Writer, steps []directory.TrialStep) {
	for _, step := range steps {
		fmt.Fprintf(w, "%8.3f ms  %s", float64(time.Duration(step.Took).Microseconds())/1000, step.Name)
		if step.Error != "" {
			fmt.Fprintf(w, ": FAILED: %s", visible(step.Error))
		}
		fmt.Fprintln(w)
		for _, detail := range step.Details {
			writeDetail(w, detail.Name, detail.Value)
		}
	}
}

func writeDetail(w io.Writer, name, value string) {
	if value != "" {
		fmt.Fprintf(w, "%13s%s: %s\n", "", visible(name), visible(value))
	}
}

// status is nil if the user could log in, and else the error with the exit
// status.
func (told trialTold) status(asked directory.TrialOptions) error {
	last := told.last()
	no := func(status int, why string) error {
		return withStatus(status, fmt.Errorf("test directory %q: %s", asked.User, why))
	}
	switch {
	case last.Error != "":
		return no(exitUsage, last.Error)
	case last.Server == "":
		return no(exitUnavailable, "no server of the directory answers")
	case last.DN == "":
		return no(exitNegative, failure(last.User, directory.StepFind))
	case asked.Prove && !last.Proven:
		return no(exitNegative, "the password was not accepted")
	}
	for _, name := range []string{directory.StepAccount, directory.StepGroups} {
		if why := failure(last.User, name); why != "" {
			return no(exitNegative, why)
		}
	}
	for _, name := range []string{"outcome", "authorization"} {
		switch verdict := told.Verdict[name]; verdict {
		case "", account.Success.String():
		case account.Unavailable.String():
			return no(exitUnavailable, "nothing could be decided: "+told.Verdict["rule"])
		default:
			return no(exitNegative, verdict+" by "+told.Verdict["rule"])
		}
	}
	return nil
}

// failure is why the step with the name failed, empty if it did not.
func failure(steps []directory.TrialStep, name string) string {
	for _, step := range steps {
		if step.Name == name {
			return step.Error
		}
	}
	return ""
}
