package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// String returns "FILE:LINE: KEY: text", without what is not known.
func (p Problem) String() string {
	where := p.File
	if p.Line > 0 {
		where += fmt.Sprintf(":%d", p.Line)
	}
	parts := slices.DeleteFunc([]string{where, p.Key, p.Text}, func(part string) bool { return part == "" })
	return strings.Join(parts, ": ")
}

// Errors are all the problems that keep a configuration from being used, in
// the order of the lines; never empty.
type Errors []Problem

// Error returns the problems, one per line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors of the operating system among the problems, so
// that errors.Is(err, fs.ErrPermission) and its like work.
func (e Errors) Unwrap() []error {
	var errs []error
	for _, p := range e {
		if p.Err != nil {
			errs = append(errs, p.Err)
		}
	}
	return errs
}

// sortByLine puts problems into the order of the lines of each file; those about
// the whole file come last.
func sortByLine(problems []Problem) {
	rank := func(p Problem) uint { return uint(p.Line) - 1 } // 0 becomes the largest
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(rank(a), rank(b)))
	})
}

// maxShown is how much of a value a problem shows, in bytes.
const maxShown = 80

// shown returns value in quotes, shortened and without control characters.
func shown(value string) string {
	if len(value) > maxShown {
		return fmt.Sprintf("%q...", value[:maxShown])
	}
	return fmt.Sprintf("%q", value)
}
