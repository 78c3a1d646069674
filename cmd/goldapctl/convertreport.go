package main

import (
	"fmt"
	"io"

	"github.com/goldap/goldap/pkg/config"
)

// convertReport is what there is to say about a conversion.
type convertReport struct {
	File   string `json:"file"`
	From   string `json:"from,omitempty"`
	Output string `json:"output,omitempty"`
	// Written are the files that were written.
	Written []string `json:"written,omitempty"`
	// Secrets are passwords that somebody has to put into a file.
	Secrets []toldSecret `json:"secrets,omitempty"`
	// Lost cannot be carried over, Different means something a little different,
	// and Errors are why there was no conversion.
	Lost      []toldProblem `json:"not_carried_over"`
	Different []toldProblem `json:"different"`
	Errors    []toldProblem `json:"errors"`
}

// toldProblem is a problem as JSON has it.
type toldProblem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`

	said string
}

// toldSecret is a password that is not printed.
type toldSecret struct {
	// Name is the secret file that the new file names, From where the password is.
	Name string `json:"name"`
	From string `json:"from"`
}

func newConvertReport(file, output string) convertReport {
	none := []toldProblem{} // an empty list in JSON
	return convertReport{File: file, Output: output, Lost: none, Different: none, Errors: none}
}

func toldProblems(problems []config.Problem) []toldProblem {
	told := make([]toldProblem, 0, len(problems))
	for _, p := range problems {
		told = append(told, toldProblem{p.File, p.Line, p.Key, p.Text, p.String()})
	}
	return told
}

func (r *convertReport) take(c *config.Conversion) {
	r.From, r.Lost, r.Different = c.From, toldProblems(c.Lost), toldProblems(c.Notes)
}

// describeSecrets says which secret files somebody has to make.
func (r *convertReport) describeSecrets(c *config.Conversion, secrets []namedSecret) {
	for _, s := range secrets {
		from := "a secret file beside " + r.File
		if p, inside := c.Secrets[s.path]; inside {
			from = fmt.Sprintf("%s:%d (%s)", p.File, p.Line, p.Key)
		}
		r.Secrets = append(r.Secrets, toldSecret{s.name, from})
	}
}

// writeText prints the report for people.
func (r *convertReport) writeText(out io.Writer) {
	list := func(heading string, problems []toldProblem) {
		if len(problems) == 0 {
			return
		}
		fmt.Fprintln(out, heading)
		for _, p := range problems {
			fmt.Fprintln(out, "  "+p.said)
		}
		fmt.Fprintln(out)
	}
	list("Not carried over:", r.Lost)
	list("A little different:", r.Different)
	for _, s := range r.Secrets {
		fmt.Fprintf(out, "The password in %s is not printed. Write it with an editor into %s beside\n"+
			"the new file, on one line, mode 0640 and of root:goldap; with --output, goldapctl does that.\n\n", s.From, s.Name)
	}
	for _, name := range r.Written {
		fmt.Fprintln(out, "wrote", name)
	}
	fmt.Fprintf(out, "%s (%s): %s\n", r.File, r.From, r.summary())
}

func (r *convertReport) summary() string {
	if len(r.Lost)+len(r.Different) == 0 {
		return "everything is carried over"
	}
	return fmt.Sprintf("%s not carried over, %s a little different", count(len(r.Lost)), count(len(r.Different)))
}

// count returns "1 thing is" or "3 things are".
func count(n int) string {
	if n == 1 {
		return "1 thing is"
	}
	return fmt.Sprintf("%d things are", n)
}
