package roles_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/roles"
	"github.com/goldap/goldap/pkg/trace"
)

// facts is a directory that knows one user.
type facts struct {
	name    string
	in      map[string]bool // groups by DN
	above   []string        // groups of these
	matches map[string]bool
	broken  map[string]bool // what cannot be asked: a DN, a name, a filter, "above"

	mu    sync.Mutex
	asked map[string]int
}

var errBroken = errors.New("nobody answers")

func (f *facts) ask(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = map[string]int{}
	}
	f.asked[what]++
	if f.broken[what] {
		return errBroken
	}
	return nil
}

func (f *facts) Name() string { return f.name }

func (f *facts) GroupsAbove(context.Context, account.Account) ([]string, error) {
	return f.above, f.ask("above")
}

func (f *facts) InGroup(_ context.Context, _ account.Account, dn string, above []string) (bool, error) {
	if dn == "cn=bug" {
		panic("a bug")
	}
	return f.in[dn] || slices.Contains(above, dn), f.ask(dn)
}

func (f *facts) GroupDN(_ context.Context, base, name string) (string, error) {
	if name == "gone" {
		return "", nil
	}
	return "cn=" + name + "," + base, f.ask(name)
}

func (f *facts) Matches(_ context.Context, dn, filter string) (bool, error) {
	return f.matches[filter] && dn == "uid=alice", f.ask(filter)
}

var alice = account.Account{Name: "alice", DN: "uid=alice"}

func newSet(t *testing.T, all ...roles.Role) *roles.Set {
	t.Helper()
	set, err := roles.New(all, false)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestWhoHasARole is each way to have one, and to be near to having one.
func TestWhoHasARole(t *testing.T) {
	known := func() *facts {
		return &facts{
			name: "one", in: map[string]bool{"cn=staff": true, "cn=ops,ou=groups": true}, above: []string{"cn=all"},
			matches: map[string]bool{"(a=b)": true}, broken: map[string]bool{"cn=away": true, "(away=*)": true, "away": true},
		}
	}
	list := func(names ...string) []string { return names }
	tests := map[string]struct {
		role roles.Role
		want bool
		err  string
	}{
		"nobody":                   {roles.Role{}, false, ""},
		"user":                     {roles.Role{Users: list("bob", "alice")}, true, ""},
		"another user":             {roles.Role{Users: list("bob", "Alice", "alic", "")}, false, ""},
		"group":                    {roles.Role{GroupDNs: list("cn=other", "cn=staff")}, true, ""},
		"another group":            {roles.Role{GroupDNs: list("cn=other")}, false, ""},
		"group above, not nested":  {roles.Role{GroupDNs: list("cn=all")}, false, ""},
		"group above, nested":      {roles.Role{GroupDNs: list("cn=all"), Nested: true}, true, ""},
		"group by name":            {roles.Role{Groups: list("ops"), GroupBase: "ou=groups"}, true, ""},
		"same name, other base":    {roles.Role{Groups: list("ops"), GroupBase: "ou=projects"}, false, ""},
		"no such group":            {roles.Role{Groups: list("gone"), GroupBase: "ou=groups"}, false, ""},
		"filter":                   {roles.Role{Filters: list("(x=y)", "(a=b)")}, true, ""},
		"another filter":           {roles.Role{Filters: list("(x=y)")}, false, ""},
		"group cannot be asked":    {roles.Role{GroupDNs: list("cn=away", "cn=other")}, false, "role r: group cn=away: nobody answers"},
		"name cannot be asked":     {roles.Role{Groups: list("away"), GroupBase: "ou=groups"}, false, "role r: group away under ou=groups: nobody answers"},
		"filter cannot be asked":   {roles.Role{Filters: list("(away=*)")}, false, "role r: filter (away=*): nobody answers"},
		"one reason is enough":     {roles.Role{GroupDNs: list("cn=away", "cn=staff")}, true, ""},
		"user, rest unknown":       {roles.Role{Users: list("alice"), GroupDNs: list("cn=away")}, true, ""},
		"a bug is no yes":          {roles.Role{GroupDNs: list("cn=bug")}, false, "role r: group cn=bug: a bug: a bug"},
		"directory":                {roles.Role{Users: list("alice"), Directories: list("two", "one")}, true, ""},
		"another directory":        {roles.Role{Users: list("alice"), Directories: list("two")}, false, ""},
		"another one, not asked":   {roles.Role{GroupDNs: list("cn=away"), Directories: list("two")}, false, ""},
		"by another role":          {roles.Role{Roles: list("staff")}, true, ""},
		"by a role of another one": {roles.Role{Roles: list("of two")}, false, ""},
		"other role is unknown":    {roles.Role{Roles: list("away")}, false, "role r: role away: group cn=away: nobody answers"},
		"one of the other roles":   {roles.Role{Roles: list("away", "staff")}, true, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.role.Name = "r"
			set := newSet(t, tt.role,
				roles.Role{Name: "staff", GroupDNs: list("cn=staff")}, roles.Role{Name: "away", GroupDNs: list("cn=away")},
				roles.Role{Name: "of two", Users: list("alice"), Directories: list("two")})
			held := set.Of(context.Background(), known(), alice)
			got, err := held.Has("r")
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("%v, %v; want %v, %q", got, err, tt.want, tt.err)
			}
			if slices.Contains(held.Names(), "r") != tt.want {
				t.Errorf("roles %q", held.Names())
			}
		})
	}
}

// TestNestedGroupsCannotBeAsked: who is in a group itself is in it all the same,
// and of others it is not known.
func TestNestedGroupsCannotBeAsked(t *testing.T) {
	f := &facts{in: map[string]bool{"cn=staff": true}, broken: map[string]bool{"above": true}}
	set := newSet(t, roles.Role{Name: "direct", GroupDNs: []string{"cn=staff"}, Nested: true},
		roles.Role{Name: "flat", GroupDNs: []string{"cn=other"}}, roles.Role{Name: "nested", GroupDNs: []string{"cn=other"}, Nested: true})
	held := set.Of(context.Background(), f, alice)
	if names := held.Names(); !reflect.DeepEqual(names, []string{"direct"}) {
		t.Errorf("roles %q", names)
	}
	if unknown := held.Unknown(); len(unknown) != 1 || !errors.Is(unknown[0], errBroken) {
		t.Errorf("not known: %v", unknown)
	}
}

// TestEachQuestionIsAskedOnce, however many roles depend on it; and none that
// does not matter.
func TestEachQuestionIsAskedOnce(t *testing.T) {
	f := &facts{name: "one"}
	base := roles.Role{GroupDNs: []string{"cn=staff"}, Groups: []string{"ops"}, GroupBase: "ou=groups", Filters: []string{"(a=b)"}, Nested: true}
	var all []roles.Role
	for i := range 5 {
		role := base
		role.Name = fmt.Sprint("r", i)
		all = append(all, role)
	}
	all = append(all, roles.Role{Name: "named", Users: []string{"alice"}, GroupDNs: []string{"cn=needless"}},
		roles.Role{Name: "elsewhere", Directories: []string{"two"}, GroupDNs: []string{"cn=elsewhere"}})
	set := newSet(t, all...)
	set.Of(context.Background(), f, alice)
	want := map[string]int{"above": 1, "cn=staff": 1, "ops": 1, "cn=ops,ou=groups": 1, "(a=b)": 1}
	if !reflect.DeepEqual(f.asked, want) {
		t.Errorf("asked %v, want %v", f.asked, want)
	}
	f.asked = nil
	held := set.Of(context.Background(), f, alice, "named", "elsewhere")
	if len(f.asked) > 0 || !reflect.DeepEqual(held.Names(), []string{"named"}) {
		t.Errorf("asked %v, roles %q", f.asked, held.Names())
	}
	if _, err := held.Has("r1"); err == nil {
		t.Error("a role that nobody asked for is no error")
	}
}

func TestOtherNamesOfAUser(t *testing.T) {
	set, err := roles.New([]roles.Role{{Name: "r", Users: []string{"Bob"}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"bob": true, "BOB": true, "b\u00f6b": false, "robert": false} {
		held := set.Of(context.Background(), &facts{}, account.Account{Name: name})
		if got, _ := held.Has("r"); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	held := set.Of(context.Background(), &facts{}, account.Account{Name: "robert", Names: []string{"bob", "robert"}})
	if got, _ := held.Has("r"); !got {
		t.Error("not known by another of the names")
	}
}

func TestSetsThatCannotBe(t *testing.T) {
	for want, all := range map[string][]roles.Role{
		`two roles are called "a"`:             {{Name: "a"}, {Name: "a"}},
		`there is no role "b"`:                 {{Name: "a", Roles: []string{"b"}}},
		"roles include each other: a, a":       {{Name: "a", Roles: []string{"a"}}},
		"roles include each other: a, b, c, a": {{Name: "a", Roles: []string{"b"}}, {Name: "b", Roles: []string{"c"}}, {Name: "c", Roles: []string{"a"}}},
	} {
		if _, err := roles.New(all, false); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestNoRoles(t *testing.T) {
	var none *roles.Set
	held := none.Of(context.Background(), &facts{broken: map[string]bool{"above": true}}, alice)
	if !none.Empty() || held.Names() != nil || held.Unknown() != nil || none.WithGroups() != nil {
		t.Errorf("%+v", held)
	}
	if _, err := held.Has("r"); err == nil {
		t.Error("a role that does not exist is no error")
	}
}

func TestTrace(t *testing.T) {
	record := trace.New()
	set := newSet(t, roles.Role{Name: "a", GroupDNs: []string{"cn=staff"}}, roles.Role{Name: "b", Filters: []string{"(x=y)"}})
	f := &facts{in: map[string]bool{"cn=staff": true}, broken: map[string]bool{"(x=y)": true}}
	set.Of(trace.With(context.Background(), record), f, alice)
	steps, _ := record.Steps()
	if got := fmt.Sprint(steps[0].Facts, steps[1].Facts); len(steps) != 2 ||
		got != "[{name a} {held yes} {by group cn=staff}] [{name b} {held not known: role b: filter (x=y): nobody answers} {by }]" {
		t.Error(got)
	}
}

// TestAgainstTheModel: random roles that include each other, with facts of which
// some are not known, against a plain definition: a role is held if any part of
// it is true, and not known if none is and one is not known.
func TestAgainstTheModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const many, groups = 8, 6
	for round := range 500 {
		f := &facts{name: "one", in: map[string]bool{}, broken: map[string]bool{}}
		for g := range groups {
			f.in[fmt.Sprint("cn=", g)] = random.IntN(3) == 0
			f.broken[fmt.Sprint("cn=", g)] = random.IntN(4) == 0
		}
		all := make([]roles.Role, many)
		for i := range all {
			all[i].Name = fmt.Sprint("r", i)
			if random.IntN(6) == 0 {
				all[i].Directories = []string{"two"}
			}
			if random.IntN(10) == 0 {
				all[i].Users = []string{"alice"}
			}
			for g := range groups {
				if random.IntN(5) == 0 {
					all[i].GroupDNs = append(all[i].GroupDNs, fmt.Sprint("cn=", g))
				}
			}
			for j := range i { // no circles
				if random.IntN(5) == 0 {
					all[i].Roles = append(all[i].Roles, fmt.Sprint("r", j))
				}
			}
		}
		yes, unknown := make([]bool, many), make([]bool, many)
		for i, role := range all {
			if role.Directories != nil {
				continue
			}
			yes[i] = len(role.Users) > 0
			for _, dn := range role.GroupDNs {
				yes[i] = yes[i] || f.in[dn] && !f.broken[dn]
				unknown[i] = unknown[i] || f.broken[dn]
			}
			for _, included := range role.Roles {
				j := int(included[1] - '0')
				yes[i], unknown[i] = yes[i] || yes[j], unknown[i] || unknown[j]
			}
			unknown[i] = unknown[i] && !yes[i]
		}
		order := random.Perm(many)
		shuffled := make([]roles.Role, many)
		for to, from := range order {
			shuffled[to] = all[from]
		}
		held := newSet(t, shuffled...).Of(context.Background(), f, alice)
		for i, role := range all {
			if got, err := held.Has(role.Name); got != yes[i] || (err != nil) != unknown[i] {
				t.Fatalf("round %d, %+v: %v, %v; want %v, unknown %v", round, role, got, err, yes[i], unknown[i])
			}
		}
	}
}
