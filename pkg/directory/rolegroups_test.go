package directory_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// aliceAccount is the account of the user in newServer.
func aliceAccount() account.Account {
	return account.Account{Name: "alice", DN: aliceDN, GID: 10000}
}

// inGroup asks without groups in groups, and with them.
func inGroup(t *testing.T, d *directory.Directory, user account.Account, dn string) (flat, nested bool) {
	t.Helper()
	flat, err := d.InGroup(within(t, 5*time.Second), user, dn, nil)
	if err != nil {
		t.Errorf("%s: %v", dn, err)
	}
	above, err := d.GroupsAbove(within(t, 5*time.Second), user)
	if err == nil {
		nested, err = d.InGroup(within(t, 5*time.Second), user, dn, above)
	}
	if err != nil {
		t.Errorf("%s, nested: %v", dn, err)
	}
	return flat, nested
}

func ofClass(name, class string, attributes map[string][]string) scripted.Entry {
	e := scripted.Entry{DN: groupDN(name), Attributes: map[string][]string{"objectClass": {class}, "cn": {name}}}
	for key, values := range attributes {
		e.Attributes[key] = values
	}
	return e
}

// TestInGroup is each style of group.
func TestInGroup(t *testing.T) {
	members := func(cfg *config.Directory) {}
	memberOf := func(cfg *config.Directory) { cfg.GroupsOfUser = "member_of" }
	only := func(attribute string) func(*config.Directory) {
		return func(cfg *config.Directory) { cfg.Group.Attributes = map[string]string{"member": attribute} }
	}
	outside := "cn=outside,ou=elsewhere,o=other"
	tests := map[string]struct {
		change       func(*config.Directory)
		group        string
		flat, nested bool
	}{
		"memberUid":                    {members, groupDN("byname"), true, true},
		"memberUid of an alias":        {members, groupDN("byalias"), true, true},
		"member":                       {members, groupDN("bydn"), true, true},
		"member spelled otherwise":     {members, "CN=ByDN,OU=Groups," + baseDN, true, true},
		"uniqueMember":                 {members, groupDN("unique"), true, true},
		"primary gid":                  {members, groupDN("primary"), true, true},
		"gidNumber without the class":  {members, groupDN("gidonly"), false, false},
		"group in a group":             {members, groupDN("all"), false, true},
		"two levels":                   {members, groupDN("top"), false, true},
		"above the primary group":      {members, groupDN("overprimary"), false, true},
		"outside the base":             {members, outside, false, true},
		"circle":                       {members, groupDN("circle"), false, false},
		"nobody":                       {members, groupDN("others"), false, false},
		"does not exist":               {members, groupDN("gone"), false, false},
		"above a group there is":       {members, groupsDN, false, false},
		"same name elsewhere":          {members, "cn=bydn,ou=projects," + baseDN, false, false},
		"the named attribute":          {only("member"), groupDN("bydn"), true, true},
		"not in the named attribute":   {only("uniqueMember"), groupDN("bydn"), false, false},
		"memberOf":                     {memberOf, groupDN("claimed"), true, true},
		"memberOf spelled otherwise":   {memberOf, "cn=CLAIMED,ou=Groups," + baseDN, true, true},
		"memberOf does not exist":      {memberOf, groupDN("gone"), false, false},
		"member without memberOf":      {memberOf, groupDN("bydn"), false, false},
		"memberOf of a memberOf":       {memberOf, groupDN("overclaimed"), false, true},
		"lists a memberOf":             {memberOf, groupDN("listsclaimed"), false, true},
		"primary gid and memberOf":     {memberOf, groupDN("primary"), true, true},
		"above that":                   {memberOf, groupDN("overprimary"), false, true},
		"memberUid does not count now": {memberOf, groupDN("byname"), false, false},
	}
	server := newServer(t)
	server.Add(
		person("ann", map[string][]string{"memberOf": {groupDN("claimed"), groupDN("gone2"), "no DN"}}),
		ofClass("byname", "posixGroup", map[string][]string{"memberUid": {"bob", "ann"}, "gidNumber": {"1"}}),
		ofClass("byalias", "posixGroup", map[string][]string{"memberUid": {"an"}, "gidNumber": {"2"}}),
		ofClass("bydn", "groupOfNames", map[string][]string{"member": {"cn=x", strings.ToUpper(userDN("ann"))}}),
		ofClass("unique", "groupOfUniqueNames", map[string][]string{"uniqueMember": {userDN("ann")}}),
		ofClass("primary", "posixGroup", map[string][]string{"gidNumber": {"10000"}, "member": {"cn=x"}, "memberOf": {groupDN("overprimary")}}),
		ofClass("gidonly", "device", map[string][]string{"gidNumber": {"10000"}}),
		ofClass("all", "groupOfNames", map[string][]string{"member": {groupDN("bydn"), groupDN("byname")}}),
		ofClass("top", "groupOfUniqueNames", map[string][]string{"uniqueMember": {groupDN("all"), groupDN("top")}}),
		ofClass("overprimary", "groupOfNames", map[string][]string{"member": {groupDN("primary")}, "memberOf": {groupDN("x")}}),
		ofClass("circle", "groupOfNames", map[string][]string{"member": {groupDN("circle"), groupDN("others")}}),
		ofClass("others", "groupOfNames", map[string][]string{"member": {groupDN("circle"), userDN("bob")}}),
		ofClass("claimed", "groupOfNames", map[string][]string{"memberOf": {groupDN("overclaimed")}}),
		ofClass("overclaimed", "groupOfNames", nil),
		ofClass("listsclaimed", "groupOfNames", map[string][]string{"member": {groupDN("claimed")}}),
		scripted.Entry{DN: groupsDN},
		scripted.Entry{DN: "cn=bydn,ou=projects," + baseDN, Attributes: map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"bydn"}, "member": {"cn=x"}}},
		scripted.Entry{DN: outside, Attributes: map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"outside"}, "member": {groupDN("bydn"), groupDN("claimed")}}},
	)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			user := account.Account{Name: "ann", Names: []string{"an", "ann"}, DN: userDN("ann"), GID: 10000}
			flat, nested := inGroup(t, configured(t, server, tt.change), user, tt.group)
			if flat != tt.flat || nested != tt.nested {
				t.Errorf("%v, nested %v; want %v, %v", flat, nested, tt.flat, tt.nested)
			}
		})
	}
}

// TestSameNameIsNotTheSameGroup: groups in groups go by DN, whatever the groups
// between are called.
func TestSameNameIsNotTheSameGroup(t *testing.T) {
	server := newServer(t)
	twin := func(ou string, members ...string) scripted.Entry {
		return scripted.Entry{DN: "cn=staff,ou=" + ou + "," + baseDN, Attributes: map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"staff"}, "member": members}}
	}
	server.Add(twin("anybody", aliceDN), twin("trusted", "cn=x"), ofClass("admins", "groupOfNames", map[string][]string{"member": {"cn=staff,ou=trusted," + baseDN}}))
	flat, nested := inGroup(t, configured(t, server, func(*config.Directory) {}), aliceAccount(), groupDN("admins"))
	if flat || nested {
		t.Errorf("%v, %v", flat, nested)
	}
}

// TestRandomRoleGroups against a model: who is in a group by any way.
func TestRandomRoleGroups(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 20 {
		server := newServer(t)
		const groups = 10
		gdn := func(i int) string { return fmt.Sprintf("cn=g%d,ou=%d,%s", i/2, i, groupsDN) } // two of each name
		in := make([]bool, groups)
		lists := make([][]int, groups)
		for i := range groups {
			members := []string{"cn=nobody"}
			for j := range groups {
				if random.IntN(5) == 0 {
					lists[i], members = append(lists[i], j), append(members, gdn(j))
				}
			}
			attributes := map[string][]string{"objectClass": {"groupOfNames"}, "cn": {fmt.Sprint("g", i/2)}}
			if in[i] = random.IntN(4) == 0; in[i] {
				members = append(members, aliceDN)
			}
			attributes[[]string{"member", "uniqueMember"}[random.IntN(2)]] = members
			server.Add(scripted.Entry{DN: gdn(i), Attributes: attributes})
		}
		direct := slices.Clone(in)
		for range groups {
			for i, below := range lists {
				in[i] = in[i] || slices.ContainsFunc(below, func(j int) bool { return in[j] })
			}
		}
		d := configured(t, server, func(*config.Directory) {})
		for i := range groups {
			if flat, nested := inGroup(t, d, aliceAccount(), gdn(i)); flat != direct[i] || nested != in[i] {
				t.Errorf("round %d, group %d: %v, %v; want %v, %v", round, i, flat, nested, direct[i], in[i])
			}
		}
	}
}

// TestGroupsThatAreTooDeep are an error, where a lookup has a shorter list.
func TestGroupsThatAreTooDeep(t *testing.T) {
	server := newServer(t)
	server.Add(ofClass("a", "groupOfNames", map[string][]string{"member": {aliceDN}}), ofClass("b", "groupOfNames", map[string][]string{"member": {groupDN("a")}}),
		ofClass("c", "groupOfNames", map[string][]string{"member": {groupDN("b")}}))
	for depth, want := range map[int]error{1: directory.ErrRefused, 2: nil} {
		d := configured(t, server, func(cfg *config.Directory) { cfg.NestedGroupDepth = depth })
		above, err := d.GroupsAbove(within(t, time.Second), aliceAccount())
		wantError(t, err, want)
		if err == nil && len(above) != 3 || err != nil && (above != nil || !strings.Contains(err.Error(), "deeper than nested_group_depth")) {
			t.Errorf("depth %d: %q, %v", depth, above, err)
		}
	}
}

// TestMissingBaseOfGroupsAbove is an error, where a lookup has no groups: there
// may be some that the pseudouser may not see.
func TestMissingBaseOfGroupsAbove(t *testing.T) {
	for _, style := range []string{"members", "member_of"} {
		d := configured(t, newServer(t), func(cfg *config.Directory) {
			cfg.GroupsOfUser = style
			cfg.Group.Bases = []config.SearchBase{{DN: "ou=gone," + baseDN}}
		})
		above, err := d.GroupsAbove(within(t, time.Second), aliceAccount())
		wantError(t, err, directory.ErrRefused)
		if above != nil {
			t.Errorf("%q", above)
		}
	}
}

func TestGroupDN(t *testing.T) {
	server := newServer(t)
	server.Add(
		scripted.Entry{DN: groupsDN}, scripted.Entry{DN: "ou=other," + baseDN},
		ofClass("staff", "groupOfNames", nil), ofClass("people", "organizationalUnit", nil),
		ofClass("Web", "group", nil),
		scripted.Entry{DN: "cn=staff,ou=other," + baseDN, Attributes: map[string][]string{"objectClass": {"posixGroup"}, "cn": {"staff"}}},
	)
	tests := map[string]struct {
		base, name, want string
		err              error
	}{
		"one":                    {groupsDN, "staff", groupDN("staff"), nil},
		"another base":           {"ou=other," + baseDN, "staff", "cn=staff,ou=other," + baseDN, nil},
		"two":                    {baseDN, "staff", "", directory.ErrNotUnique},
		"none":                   {groupsDN, "gone", "", nil},
		"no group":               {groupsDN, "people", "", nil},
		"as the server compares": {groupsDN, "web", groupDN("Web"), nil},
		"a star":                 {groupsDN, "st*", "", nil},
		"no base":                {"ou=gone," + baseDN, "staff", "", directory.ErrRefused},
		"no name":                {groupsDN, "", "", directory.ErrRefused},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := configured(t, server, func(*config.Directory) {})
			got, err := d.GroupDN(within(t, time.Second), tt.base, tt.name)
			wantError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	server := newServer(t)
	d := configured(t, server, func(*config.Directory) {})
	for filter, want := range map[string]bool{"(uid=alice)": true, "(&(objectClass=posixAccount)(cn=alice of example))": true, "(uid=bob)": false} {
		if got, err := d.Matches(within(t, time.Second), aliceDN, filter); err != nil || got != want {
			t.Errorf("%s: %v, %v", filter, got, err)
		}
	}
	for dn, filter := range map[string]string{"": "(uid=alice)", userDN("gone"): "(uid=gone)"} {
		if got, err := d.Matches(within(t, time.Second), dn, filter); got || err != nil {
			t.Errorf("%q: %v, %v", dn, got, err)
		}
	}
	for _, bad := range []string{"", "(uid=", "(|(a=b)"} {
		got, err := d.Matches(within(t, time.Second), aliceDN, bad)
		wantError(t, err, directory.ErrRefused)
		if got || bad != "" && directory.CheckFilter(bad) == nil {
			t.Errorf("%q matches or is good", bad)
		}
	}
}

// TestRoleQuestionsThatFail: what a directory did not say is an error and never
// "yes".
func TestRoleQuestionsThatFail(t *testing.T) {
	faults := map[string]struct {
		script scripted.Script
		want   error
	}{
		"no access": {scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no access"))
		}}, directory.ErrRefused},
		"entry, then no access": {scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.EntryMessage(r.ID, group("staff", nil)))
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no access"))
		}}, directory.ErrRefused},
		"closes": {scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) { c.Close() }}, directory.ErrUnavailable},
		"busy": {scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 51, "busy"))
		}}, directory.ErrUnavailable},
	}
	for name, fault := range faults {
		for _, style := range []string{"members", "member_of"} {
			t.Run(name+" "+style, func(t *testing.T) {
				server := newServer(t)
				server.Script(fault.script)
				d := configured(t, server, func(cfg *config.Directory) { cfg.GroupsOfUser = style })
				yes, err := d.InGroup(within(t, time.Second), aliceAccount(), groupDN("staff"), nil)
				wantError(t, err, fault.want)
				above, err := d.GroupsAbove(within(t, time.Second), aliceAccount())
				wantError(t, err, fault.want)
				dn, err := d.GroupDN(within(t, time.Second), groupsDN, "staff")
				wantError(t, err, fault.want)
				matches, err := d.Matches(within(t, time.Second), aliceDN, "(a=b)")
				wantError(t, err, fault.want)
				if yes || above != nil || dn != "" || matches {
					t.Errorf("%v, %q, %q, %v", yes, above, dn, matches)
				}
			})
		}
	}
}

// TestMissingRoleGroupIsLoggedOnce, for each group, however many ask.
func TestMissingRoleGroupIsLoggedOnce(t *testing.T) {
	server := newServer(t)
	server.Add(scripted.Entry{DN: groupsDN}, ofClass("there", "groupOfNames", nil))
	log := &bytes.Buffer{}
	d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: server.Dial, Logger: slog.New(slog.NewTextHandler(log, nil))})
	for range 3 {
		for _, name := range []string{"gone", "there", "missing"} {
			if yes, err := d.InGroup(within(t, time.Second), aliceAccount(), groupDN(name), nil); yes || err != nil {
				t.Errorf("%s: %v, %v", name, yes, err)
			}
		}
		if dn, err := d.GroupDN(within(t, time.Second), groupsDN, "lost"); dn != "" || err != nil {
			t.Errorf("%q, %v", dn, err)
		}
	}
	if got := strings.Count(log.String(), "nobody is in it"); got != 3 || strings.Contains(log.String(), "there,") {
		t.Errorf("logged %d times:\n%s", got, log)
	}
}

// TestRoleSearches is that a group is asked for by its DN alone, and how many
// searches it takes.
func TestRoleSearches(t *testing.T) {
	server := newServer(t)
	server.Add(ofClass("staff", "groupOfNames", map[string][]string{"member": {aliceDN}}))
	d := configured(t, server, func(*config.Directory) {})
	if flat, _ := d.InGroup(within(t, time.Second), aliceAccount(), groupDN("staff"), nil); !flat {
		t.Error("not in it")
	}
	searches := server.Searches()
	want := "(|(member=" + aliceDN + ")(uniqueMember=" + aliceDN + ")(memberUid=alice)(&(objectClass=posixGroup)(gidNumber=10000)))"
	if len(searches) != 1 || searches[0].Base != groupDN("staff") || searches[0].Scope != 0 || searches[0].Filter != want ||
		!slices.Equal(searches[0].Attributes, []string{"1.1"}) {
		t.Errorf("%+v", searches)
	}
}
