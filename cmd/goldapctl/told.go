package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
)

// told is an explanation, for people and for JSON.
type told struct {
	Steps []toldStep `json:"steps"`
	// Verdict has the facts of the last step.
	Verdict map[string]string `json:"verdict"`
	// PasswordProven: the password was looked at.
	PasswordProven bool `json:"password_looked_at"`
}

type toldStep struct {
	Microseconds int64      `json:"microseconds"`
	Text         string     `json:"text"`
	Facts        []toldFact `json:"facts"`
}

type toldFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// newTold takes the steps of an answer, of which the last is the verdict.
func newTold(steps []nslcd.Step, proven bool) told {
	t := told{Steps: []toldStep{}, Verdict: map[string]string{}, PasswordProven: proven}
	last := len(steps) - 1
	for _, step := range steps[:last] {
		s := toldStep{Microseconds: step.At.Microseconds(), Text: step.Text, Facts: []toldFact{}}
		for _, fact := range step.Facts {
			s.Facts = append(s.Facts, toldFact(fact))
		}
		t.Steps = append(t.Steps, s)
	}
	for _, fact := range steps[last].Facts {
		t.Verdict[fact.Name] = fact.Value
	}
	return t
}

// writeText prints the steps and what came of them.
func (t told) writeText(w io.Writer) {
	for _, step := range t.Steps {
		at := time.Duration(step.Microseconds) * time.Microsecond
		fmt.Fprintf(w, "%8.3f ms  %s\n", float64(at.Microseconds())/1000, visible(step.Text))
		for _, fact := range step.Facts {
			if fact.Value != "" {
				fmt.Fprintf(w, "%13s%s: %s\n", "", visible(fact.Name), visible(fact.Value))
			}
		}
	}
	fmt.Fprintln(w)
	if !t.PasswordProven {
		fmt.Fprintln(w, "The password was not looked at (--password does).")
	}
	fmt.Fprintf(w, "outcome: %s, authorization: %s\n", visible(t.Verdict["outcome"]), visible(t.Verdict["authorization"]))
	for _, name := range []string{"user", "becomes", "roles"} {
		if value := t.Verdict[name]; value != "" {
			fmt.Fprintf(w, "%s: %s\n", name, visible(value))
		}
	}
	fmt.Fprintf(w, "The log says: rule=%s\n", strconv.Quote(t.Verdict["rule"]))
	if message := t.Verdict["message"]; message != "" {
		fmt.Fprintf(w, "The person reads: %s\n", visible(message))
		return
	}
	fmt.Fprintln(w, "The person reads nothing of goldap.")
}

// visible is text as it can be shown on a terminal: a directory may have put
// anything into it.
func visible(text string) string {
	if strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }) {
		return strconv.Quote(text)
	}
	return text
}

// status is nil if the user may in, and else the error with the exit status. It
// admits at the last line.
func (t told) status(user string) error {
	outcome, authorization := t.Verdict["outcome"], t.Verdict["authorization"]
	for _, verdict := range []string{outcome, authorization} {
		if verdict == account.Unavailable.String() {
			return withStatus(exitUnavailable, fmt.Errorf("explain %q: nothing could be decided", user))
		}
	}
	if outcome != account.Success.String() || authorization != account.Success.String() {
		return withStatus(exitNegative, fmt.Errorf("explain %q: not admitted", user))
	}
	return nil
}
