package differential

import (
	"fmt"
	"slices"
	"strings"
)

// Difference is a way in which goldapd answers differently on purpose, or
// because it must: what each of the two does, why, and every question of the
// suite whose answer shows it.
type Difference struct {
	// Title, Nslcd, Goldap and Why are the row in docs/lookups.md.
	Title, Nslcd, Goldap, Why string
	// Seen are the answers. One that is not seen any more fails the suite, as
	// one that is not listed does.
	Seen []Seen
}

// Seen is one question with two answers. A question for everything in a map
// has one Seen for each result that only one of the two has. Before the
// question stands the name-service module, if it was not asked over the socket;
// the answers to libnss_goldap's are those of goldapd through libnss_ldap and
// through libnss_goldap.
type Seen struct {
	Variant, Question, Nslcd, Goldap string
}

// String returns s as it is written in known.go.
func (s Seen) String() string {
	return fmt.Sprintf("{%q, %q, %q, %q},", s.Variant, s.Question, s.Nslcd, s.Goldap)
}

// Ledger is the list of the known differences, and which of them were seen.
type Ledger struct {
	known map[Seen]bool
}

// NewLedger returns the list with nothing seen yet.
func NewLedger() *Ledger {
	l := &Ledger{known: map[Seen]bool{}}
	for _, d := range Known {
		for _, seen := range d.Seen {
			l.known[seen] = false
		}
	}
	return l
}

// Has reports whether seen is in the list, and marks it as seen.
func (l *Ledger) Has(seen Seen) bool {
	_, listed := l.known[seen]
	if listed {
		l.known[seen] = true
	}
	return listed
}

// Unseen returns what was not seen, of the variants that were asked.
func (l *Ledger) Unseen(asked ...string) []Seen {
	var unseen []Seen
	for seen, was := range l.known {
		if !was && slices.Contains(asked, seen.Variant) {
			unseen = append(unseen, seen)
		}
	}
	slices.SortFunc(unseen, func(a, b Seen) int { return strings.Compare(a.String(), b.String()) })
	return unseen
}

// Compare returns what differs between two answers to q.
func Compare(variant string, q Question, nslcd, goldap Answer) []Seen {
	if !q.All {
		return different(variant, q.Text, nslcd.String(), goldap.String())
	}
	return append(
		differentLines(variant, q.Text, nslcd.Results, goldap.Results),
		different(variant, q.Text, nslcd.Ending, goldap.Ending)...)
}

// CompareOutput returns what differs between two outputs of getent; where is
// written before the question.
func CompareOutput(variant, where string, q Question, one, other string) []Seen {
	if q.shape == groupShape {
		one, other = sortMembers(one), sortMembers(other)
	}
	if !q.All || q.Getent[0] == "initgroups" {
		return different(variant, where+q.Text, shownOutput(one), shownOutput(other))
	}
	return differentLines(variant, where+q.Text, outputLines(one), outputLines(other))
}

// shownOutput is an output in one line.
func shownOutput(output string) string { return strings.Join(outputLines(output), " | ") }

func outputLines(output string) []string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSuffix(output, "\n"), "\n") {
		lines = append(lines, visible(line))
	}
	return lines
}

// sortMembers brings the members at the end of each line into one order, for
// nslcd has none.
func sortMembers(output string) string {
	lines := strings.Split(output, "\n")
	for i, line := range lines {
		if colon := strings.LastIndexByte(line, ':'); colon >= 0 {
			members := strings.Split(line[colon+1:], ",")
			slices.Sort(members)
			lines[i] = line[:colon+1] + strings.Join(members, ",")
		}
	}
	return strings.Join(lines, "\n")
}

func different(variant, question, one, other string) []Seen {
	if one == other {
		return nil
	}
	return []Seen{{variant, question, one, other}}
}

func differentLines(variant, question string, one, other []string) []Seen {
	var all []Seen
	for _, line := range missing(one, other) {
		all = append(all, Seen{variant, question, line, ""})
	}
	for _, line := range missing(other, one) {
		all = append(all, Seen{variant, question, "", line})
	}
	return all
}

// missing returns what is in these oftener than in those.
func missing(these, those []string) []string {
	rest := slices.Clone(those)
	var only []string
	for _, one := range these {
		if i := slices.Index(rest, one); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		only = append(only, one)
	}
	slices.Sort(only)
	return only
}
