package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/msteinert/pam/v2"
)

// loginTold is what a trial of a login tells, for people and for JSON.
type loginTold struct {
	Service string `json:"service"`
	// ServiceFile is empty if there is none.
	ServiceFile string      `json:"service_file"`
	User        string      `json:"user"`
	Steps       []loginStep `json:"steps"`
	Admitted    bool        `json:"admitted"`
	// Becomes is who the user is to the program now, if that is another name.
	Becomes string `json:"becomes,omitempty"`
	// Environment is what goldap put into the PAM environment.
	Environment []string `json:"environment"`

	failed error // of the last step
}

// loginStep is one call of libpam.
type loginStep struct {
	Call         string   `json:"call"`
	Result       string   `json:"result"`
	Meaning      string   `json:"meaning,omitempty"`
	Microseconds int64    `json:"microseconds"`
	Messages     []string `json:"messages"`
}

// serviceDirs are where libpam looks for the files of services.
var serviceDirs = []string{"/etc/pam.d", "/usr/lib/pam.d"}

// serviceFile is the file that libpam reads for the service, empty if it is that
// of "other". libpam makes the letters of the name small.
func serviceFile(service, confdir string) string {
	dirs := serviceDirs
	if confdir != "" {
		dirs = []string{confdir}
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, strings.ToLower(service))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

func (told *loginTold) writeHead(w io.Writer) {
	file := told.ServiceFile
	if file == "" {
		file = `no file of its own: "other"`
	}
	fmt.Fprintf(w, "service %s (%s), user %s\n", visible(told.Service), visible(file), visible(told.User))
}

// take makes one call and tells of it.
func (told *loginTold) take(name string, w *witness, out io.Writer, call func() error) error {
	w.shown, w.waited = nil, 0
	start := time.Now()
	err := call()
	took := time.Since(start) - w.waited
	step := loginStep{
		Call: name, Result: pamName(err), Meaning: pamMeaning(err), Microseconds: took.Microseconds(),
		Messages: append([]string{}, w.shown...),
	}
	told.Steps = append(told.Steps, step)
	told.failed = err
	fmt.Fprintf(out, "%8.3f ms  %s: %s%s\n", float64(step.Microseconds)/1000, name, step.Result, behindColon(step.Meaning))
	return err
}

func behindColon(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// finish notes what the transaction is left with.
func (told *loginTold) finish(t *pam.Transaction) {
	told.Admitted = told.failed == nil
	if user, err := t.GetItem(pam.User); err == nil && user != told.User {
		told.Becomes = user
	}
	environment, err := t.GetEnvList()
	if err != nil {
		return
	}
	for name, value := range environment {
		if strings.HasPrefix(name, "GOLDAP_") {
			told.Environment = append(told.Environment, name+"="+value)
		}
	}
	slices.Sort(told.Environment)
}

// writeVerdict prints what came of it.
func (told *loginTold) writeVerdict(w io.Writer) {
	fmt.Fprintln(w)
	if told.Becomes != "" {
		fmt.Fprintf(w, "user: %s\n", visible(told.Becomes))
	}
	for _, variable := range told.Environment {
		fmt.Fprintf(w, "environment: %s\n", visible(variable))
	}
	if told.Admitted {
		fmt.Fprintln(w, "admitted")
		return
	}
	last := told.Steps[len(told.Steps)-1]
	fmt.Fprintf(w, "not admitted: %s returned %s\n", last.Call, last.Result)
	fmt.Fprintf(w, "libpam does not say which module it was. What goldap decides, and by which rule, root learns with:\n"+
		"  goldapctl explain %s --service %s\n", visible(told.User), visible(told.Service))
}

// unanswered are the results that are no decision about the user.
var unanswered = []error{
	pam.ErrAuthinfoUnavail, pam.ErrOpen, pam.ErrSymbol, pam.ErrService, pam.ErrSystem, pam.ErrBuf,
	pam.ErrAbort, pam.ErrConv, pam.ErrModuleUnknown, pam.ErrTryAgain,
}

// status is nil if the user is admitted, and else the error with the exit
// status. typing is why a prompt was not answered.
func (told *loginTold) status(typing error) error {
	if told.Admitted {
		return nil
	}
	last := told.Steps[len(told.Steps)-1]
	err := fmt.Errorf("test login %q: %s: %s%s", told.User, last.Call, last.Result, behindColon(last.Meaning))
	switch {
	case typing != nil:
		return withStatus(exitUsage, fmt.Errorf("test login %q: %w", told.User, typing))
	case slices.ContainsFunc(unanswered, func(code error) bool { return errors.Is(told.failed, code) }):
		return withStatus(exitUnavailable, err)
	}
	return withStatus(exitNegative, err)
}
