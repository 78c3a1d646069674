package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/secret"
)

// asker asks on a terminal.
type asker struct {
	in          io.Reader
	out         io.Writer
	interactive bool
}

// errNoAnswer: the terminal has ended.
var errNoAnswer = errors.New("no answer")

// text asks for a line; an empty one means the default.
func (a asker) text(ctx context.Context, question, usual string) (string, error) {
	prompt := question
	if usual != "" {
		prompt += " [" + visible(usual) + "]"
	}
	fmt.Fprint(a.out, prompt+": ")
	answer, err := a.line(ctx)
	if err == nil && answer == "" && usual == "" {
		err = errNoAnswer
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", question, err)
	}
	if answer == "" {
		return usual, nil
	}
	return answer, nil
}

// line reads a line. The end of the input is none: it consents to nothing.
func (a asker) line(ctx context.Context) (string, error) {
	in := &countingReader{r: a.in}
	line, err := interruptible(ctx, in)
	if err == nil && in.n == 0 {
		err = errNoAnswer
	}
	return strings.TrimSpace(string(line.Bytes())), err
}

// countingReader counts what was read.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// yes asks for yes or no.
func (a asker) yes(ctx context.Context, question string, usual bool) (bool, error) {
	choice := "y/N"
	if usual {
		choice = "Y/n"
	}
	fmt.Fprintf(a.out, "%s [%s] ", question, choice)
	answer, err := a.line(ctx)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(answer) {
	case "":
		return usual, nil
	case "y", "yes":
		return true, nil
	}
	return false, nil
}

// password asks for a password, which is not shown.
func (a asker) password(ctx context.Context) (secret.Secret, error) {
	return readPassword(ctx, a.in, a.out)
}

// writer remembers the first error.
type writer struct {
	w   io.Writer
	err error
}

func (w *writer) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.w, format, args...)
	}
}

func sortedTexts(texts []string) []string {
	slices.Sort(texts)
	return texts
}
