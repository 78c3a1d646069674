package roles

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/goldap/goldap/pkg/trace"
)

// Held is which roles a user has. The zero value has none, and knows of none.
type Held struct{ roles map[string]verdict }

// verdict is about one role.
type verdict struct {
	has bool
	// by is what gives the user the role.
	by  string
	err error
}

// Has reports whether the user has the role. An error says that this could not
// be found out, and names the role.
func (h Held) Has(role string) (bool, error) {
	v, known := h.roles[role]
	if !known {
		return false, fmt.Errorf("role %s: %w", role, errNotAsked)
	}
	return v.has, v.err
}

// Names returns the roles that the user is known to have, sorted.
func (h Held) Names() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(h.roles)) {
		if h.roles[name].has {
			names = append(names, name)
		}
	}
	return names
}

// Unknown returns why it is not known of some roles whether the user has them,
// in the order of their names.
func (h Held) Unknown() []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(h.roles)) {
		if err := h.roles[name].err; err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// decide says for each role that was asked for whether the user has it.
func (s *Set) decide(ctx context.Context, l *look, asked []bool) Held {
	held := Held{make(map[string]verdict, len(s.roles))}
	t := trace.From(ctx)
	for i, role := range s.roles {
		if !asked[i] {
			continue
		}
		v := s.judge(role, l, held)
		held.roles[role.Name] = v
		if t != nil {
			t.Note("role", "name", role.Name, "held", v.text(), "by", v.by)
		}
	}
	return held
}

func (v verdict) text() string {
	switch {
	case v.err != nil:
		return "not known: " + v.err.Error()
	case v.has:
		return "yes"
	}
	return "no"
}

// judge is the verdict on one role: one reason to have it is enough, and it is
// not known if there is none and one of them is not.
func (s *Set) judge(role Role, l *look, held Held) verdict {
	if !role.isOf(l.directory.Name()) {
		return verdict{}
	}
	if s.names(role, l.user) {
		return verdict{has: true, by: "user " + l.user.Name}
	}
	var unknown error
	for _, q := range role.questions() {
		switch a := l.answers[q]; {
		case a.err == nil && a.yes:
			return verdict{has: true, by: q.String()}
		case a.err != nil && unknown == nil:
			unknown = fmt.Errorf("role %s: %s: %w", role.Name, q, a.err)
		}
	}
	for _, included := range role.Roles {
		switch v := held.roles[included]; {
		case v.has:
			return verdict{has: true, by: "role " + included}
		case v.err != nil && unknown == nil:
			unknown = fmt.Errorf("role %s: %w", role.Name, v.err)
		}
	}
	return verdict{err: unknown}
}
