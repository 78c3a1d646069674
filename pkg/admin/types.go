package admin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
)

// The sources of an item.
const (
	// SourceFile: it is in the administrator's file.
	SourceFile = "file"
	// SourceManaged: it is in the managed file.
	SourceManaged = "managed"
)

// Item is a directory, a role or the settings of authentication.
type Item struct {
	// Name is empty for the settings.
	Name string `json:"name,omitempty"`
	// Source is file or managed.
	Source string `json:"source"`
	// Secrets are the keys of the passwords that are there.
	Secrets []string `json:"secrets,omitempty"`
	// Settings has every key, with its default if nothing sets it.
	Settings map[string]any `json:"settings"`
	// ETag is the value of the header for If-Match (RFC 9110, section 13.1.1).
	ETag string `json:"-"`
}

// Change is what a change of directories or roles leads to.
type Change struct {
	Item
	// Report is the trial of a directory before it was saved.
	Report *directory.Report `json:"report,omitempty"`
}

// Move is where a directory is to be.
type Move struct {
	// Position is 1 for the first.
	Position int `json:"position"`
}

// Problem is an answer that is an error (application/problem+json, RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what is wrong and what to do.
	Detail string `json:"detail"`
	// Problems are the parameters that are wrong.
	Problems []ParameterProblem `json:"problems,omitempty"`
	// Report says why a directory is of no use.
	Report *directory.Report `json:"report,omitempty"`
}

// ParameterProblem is what is wrong with one parameter.
type ParameterProblem struct {
	// Parameter is the key, as it is in goldap.toml, within the table that was
	// sent.
	Parameter string `json:"parameter,omitempty"`
	// File and Line are given if the problem is in a file instead.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

func (p ParameterProblem) String() string {
	return config.Problem{File: p.File, Line: p.Line, Key: p.Parameter, Text: p.Text}.String()
}

// Error is the detail and every problem, one on each line.
func (p *Problem) Error() string {
	lines := []string{p.Detail}
	for _, problem := range p.Problems {
		lines = append(lines, "  "+problem.String())
	}
	return strings.Join(lines, "\n")
}

// problem returns a Problem with the title that HTTP gives the status.
func problem(status int, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}
