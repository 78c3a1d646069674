package roles

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/goldap/goldap/pkg/account"
)

// look is what is to be found out about one user, and what was.
type look struct {
	directory Directory
	user      account.Account
	answers   map[question]*answer
	nested    bool // one of the questions is about groups in groups
}

// question is about a group (by DN, or by name and base) or about a filter.
type question struct {
	kind       kind
	text, base string
	nested     bool
}

type kind int

const (
	groupDN kind = iota
	groupName
	filter
)

// String names the question for the log.
func (q question) String() string {
	switch q.kind {
	case groupDN:
		return "group " + q.text
	case groupName:
		return "group " + q.text + " under " + q.base
	}
	return "filter " + q.text
}

// answer is yes or no if there is no error.
type answer struct {
	yes bool
	err error
}

// parallel is how many questions are asked at the same time.
const parallel = 8

func newLook(dir Directory, user account.Account) *look {
	return &look{directory: dir, user: user, answers: map[question]*answer{}}
}

// questions are what a role depends on, besides users and other roles.
func (r *Role) questions() []question {
	var all []question
	for _, dn := range r.GroupDNs {
		all = append(all, question{kind: groupDN, text: dn, nested: r.Nested})
	}
	for _, name := range r.Groups {
		all = append(all, question{kind: groupName, text: name, base: r.GroupBase, nested: r.Nested})
	}
	for _, text := range r.Filters {
		all = append(all, question{kind: filter, text: text})
	}
	return all
}

// note takes up what the role depends on.
func (l *look) note(role Role) {
	for _, q := range role.questions() {
		l.nested = l.nested || q.nested
		l.answers[q] = &answer{err: errNotAsked}
	}
}

// findOut asks all questions, several at a time.
func (l *look) findOut(ctx context.Context) {
	if len(l.answers) == 0 {
		return
	}
	above, aboveErr := l.groupsAbove(ctx)
	var group errgroup.Group
	group.SetLimit(parallel)
	for q, a := range l.answers {
		group.Go(func() error {
			a.yes, a.err = guarded(func() (bool, error) {
				if !q.nested {
					return l.ask(ctx, q, nil)
				}
				yes, err := l.ask(ctx, q, above)
				if !yes && err == nil { // whoever is in the group itself is in it whatever is above
					err = aboveErr
				}
				return yes, err
			})
			return nil
		})
	}
	_ = group.Wait() // each answer has its own error
}

// groupsAbove is asked for once, however many groups it is about.
func (l *look) groupsAbove(ctx context.Context) (above []string, err error) {
	if !l.nested {
		return nil, nil
	}
	return guarded(func() ([]string, error) { return l.directory.GroupsAbove(ctx, l.user) })
}

func (l *look) ask(ctx context.Context, q question, above []string) (bool, error) {
	switch q.kind {
	case groupDN:
		return l.directory.InGroup(ctx, l.user, q.text, above)
	case filter:
		return l.directory.Matches(ctx, l.user.DN, q.text)
	}
	dn, err := l.directory.GroupDN(ctx, q.base, q.text)
	if err != nil || dn == "" {
		return false, err
	}
	return l.directory.InGroup(ctx, l.user, dn, above)
}

// guarded makes an error of a panic: nobody's recover is below a goroutine.
func guarded[V any](ask func() (V, error)) (value V, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("a bug: %v\n%s", reason, debug.Stack())
		}
	}()
	return ask()
}
