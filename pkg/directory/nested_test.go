package directory_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

const groupsDN = "ou=groups," + baseDN

func groupDN(name string) string { return "cn=" + name + "," + groupsDN }

func userDN(name string) string { return "uid=" + name + "," + peopleDN }

// unnamed is a user whose DN does not say the user name.
func unnamed(name string) scripted.Entry {
	entry := person(name, nil)
	entry.DN = "cn=" + name + " of example," + peopleDN
	return entry
}

func withNested(cfg *config.Directory) { cfg.NestedGroups = true }

// groupNames returns the names of the groups of a user, sorted.
func groupNames(t *testing.T, d *directory.Directory, name, dn string) []string {
	t.Helper()
	groups, err := d.GroupsOfMember(within(t, 10*time.Second), name, dn)
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, group := range groups {
		names = append(names, group.Name)
	}
	slices.Sort(names)
	return names
}

// memberNames returns the members of a group, sorted.
func memberNames(t *testing.T, d *directory.Directory, name string) []string {
	t.Helper()
	group, err := d.GroupByName(within(t, 10*time.Second), name)
	if err != nil {
		t.Error(err)
	}
	slices.Sort(group.Members)
	return group.Members
}

func checkNames(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q instead of %q", what, got, want)
	}
}

// addNested adds: all has dev, ops and itself; dev has alice and ops;
// ops has carol, whose DN does not say it, and all again.
func addNested(server *scripted.Server) {
	server.Add(unnamed("carol"),
		group("all", map[string][]string{"member": {groupDN("dev"), groupDN("ops"), groupDN("all")}, "memberUid": {"root1"}, "gidNumber": {"1"}}),
		group("dev", map[string][]string{"member": {aliceDN, groupDN("ops")}, "gidNumber": {"2"}}),
		group("ops", map[string][]string{"uniqueMember": {"cn=carol of example," + peopleDN, groupDN("all")}, "gidNumber": {"3"}}),
		group("other", map[string][]string{"member": {"cn=nobody," + peopleDN}, "gidNumber": {"4"}}))
}

func TestNestedGroups(t *testing.T) {
	server := newServer(t)
	addNested(server)
	d := configured(t, server, withNested)
	checkNames(t, "members of all", memberNames(t, d, "all"), "alice", "carol", "root1")
	checkNames(t, "members of dev", memberNames(t, d, "dev"), "alice", "carol", "root1")
	checkNames(t, "members of other", memberNames(t, d, "other"))
	checkNames(t, "groups of alice", groupNames(t, d, "alice", aliceDN), "all", "dev", "ops")
	checkNames(t, "groups of carol", groupNames(t, d, "carol", "cn=carol of example,"+peopleDN), "all", "dev", "ops")
	checkNames(t, "groups of root1", groupNames(t, d, "root1", ""), "all", "dev", "ops")

	server.Add(group("spelled", map[string][]string{"member": {"CN=Dev, OU=Groups ," + baseDN}}))
	checkNames(t, "members by another spelling", memberNames(t, d, "spelled"), "alice", "carol", "root1")

	flat := configured(t, server, func(*config.Directory) {})
	checkNames(t, "flat members of all", memberNames(t, flat, "all"), "root1")
	checkNames(t, "flat groups of alice", groupNames(t, flat, "alice", aliceDN), "dev")
}

// The depth is bounded in both directions, and beyond it nobody is a member.
func TestNestedGroupDepth(t *testing.T) {
	server := newServer(t)
	const length = 6
	for i := range length { // g0 has g1, g1 has g2, ...; the last has alice
		below := groupDN(fmt.Sprint("g", i+1))
		if i == length-1 {
			below = aliceDN
		}
		server.Add(group(fmt.Sprint("g", i), map[string][]string{"member": {below}, "gidNumber": {fmt.Sprint(i + 1)}}))
	}
	for depth, want := range map[int]int{1: 2, 4: 5, 5: 6, 6: 6, 0: 6} {
		d := configured(t, server, func(cfg *config.Directory) { cfg.NestedGroups, cfg.NestedGroupDepth = true, depth })
		if got := groupNames(t, d, "alice", aliceDN); len(got) != want {
			t.Errorf("depth %d: groups %q", depth, got)
		}
		if got := memberNames(t, d, "g0"); (len(got) == 1) != (want == length) {
			t.Errorf("depth %d: members %q", depth, got)
		}
	}
}

// TestNestedGroupDepthIsLogged once, and not with every lookup.
func TestNestedGroupDepthIsLogged(t *testing.T) {
	server := newServer(t)
	server.Add(group("a", map[string][]string{"member": {groupDN("b")}}), group("b", map[string][]string{"member": {groupDN("c")}, "gidNumber": {"2"}}),
		group("c", map[string][]string{"member": {aliceDN}, "gidNumber": {"3"}}))
	cfg := plainConfig("ldap://one.example")
	cfg.NestedGroups, cfg.NestedGroupDepth = true, 1
	log := &bytes.Buffer{}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial, Logger: slog.New(slog.NewTextHandler(log, nil))})
	for range 3 {
		checkNames(t, "members of a", memberNames(t, d, "a"))
		checkNames(t, "groups of alice", groupNames(t, d, "alice", aliceDN), "b", "c")
	}
	if n := strings.Count(log.String(), "nested_group_depth=1"); n != 2 {
		t.Errorf("logged %d times:\n%s", n, log)
	}
}

// TestTooManyNestedGroups are an error and not a shorter list. The server makes
// them up: each group has two more in it.
func TestTooManyNestedGroups(t *testing.T) {
	server := newServer(t)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		for _, name := range regexp.MustCompile(`\(cn=g(\d+)\)`).FindAllStringSubmatch(r.Filter.String(), -1) {
			number, _ := strconv.Atoi(name[1])
			c.Send(scripted.EntryMessage(r.ID, group("g"+name[1], map[string][]string{
				"member": {groupDN(fmt.Sprint("g", 2*number)), groupDN(fmt.Sprint("g", 2*number+1))},
			})))
		}
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, ""))
	}})
	for depth, want := range map[int]error{5: nil, 50: directory.ErrRefused} {
		d := configured(t, server, func(cfg *config.Directory) { cfg.NestedGroups, cfg.NestedGroupDepth = true, depth })
		got, err := d.GroupByName(within(t, 20*time.Second), "g1")
		if !errors.Is(err, want) || len(got.Members) > 0 || want != nil && !strings.Contains(err.Error(), "more than 10000 groups in it") {
			t.Errorf("depth %d: %d members, %v", depth, len(got.Members), err)
		}
	}
}

// TestRandomGroups: graphs with loops and equal names, against a model.
func TestRandomGroups(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		server := newServer(t)
		const groups, users = 12, 6
		below := make([][]int, groups)
		direct := make([][]int, groups)
		gdn := func(i int) string { return fmt.Sprintf("cn=g%d,ou=%d,%s", i/2, i, groupsDN) } // two of each name
		for i := range groups {
			var members []string
			for j := range groups {
				if random.IntN(5) == 0 {
					below[i] = append(below[i], j)
					members = append(members, gdn(j))
				}
			}
			for j := range users {
				if random.IntN(4) == 0 {
					direct[i] = append(direct[i], j)
					members = append(members, userDN(fmt.Sprint("u", j)))
				}
			}
			server.Add(scripted.Entry{DN: gdn(i), Attributes: map[string][]string{"objectClass": {"posixGroup"},
				"cn": {fmt.Sprint("g", i/2)}, "gidNumber": {fmt.Sprint(100 + i)}, "member": members}})
		}
		reach := func(from int) map[int]bool {
			seen, queue := map[int]bool{from: true}, []int{from}
			for len(queue) > 0 {
				for _, next := range below[queue[0]] {
					if !seen[next] {
						seen[next], queue = true, append(queue, next)
					}
				}
				queue = queue[1:]
			}
			return seen
		}
		members := make([]map[int]bool, groups)
		for i := range groups {
			members[i] = map[int]bool{}
			for j := range reach(i) {
				for _, user := range direct[j] {
					members[i][user] = true
				}
			}
		}
		d := configured(t, server, withNested)
		for i := range groups {
			got, err := d.GroupByGID(within(t, 5*time.Second), uint32(100+i))
			if err != nil || len(got.Members) != len(members[i]) {
				t.Errorf("round %d, group %d: %v, %v, want %v", round, i, got.Members, err, members[i])
			}
		}
		for user := range users {
			name := fmt.Sprint("u", user)
			got, err := d.GroupsOfMember(within(t, 5*time.Second), name, userDN(name))
			var want, gids []uint32
			for i := range groups {
				if members[i][user] {
					want = append(want, uint32(100+i))
				}
			}
			for _, group := range got {
				gids = append(gids, group.GID)
			}
			if slices.Sort(gids); err != nil || !slices.Equal(gids, want) {
				t.Errorf("round %d, %s: %v, %v, want %v", round, name, gids, err, want)
			}
		}
	}
}

// TestManyGroups: of one user, by searches for membership only, a few.
func TestManyGroups(t *testing.T) {
	server := newServer(t)
	const many = 1000
	for i := range many {
		server.Add(group(fmt.Sprint("g", i), map[string][]string{"member": {aliceDN}, "gidNumber": {fmt.Sprint(i + 1)}}))
	}
	server.Add(group("top", map[string][]string{"member": {groupDN("g999")}, "gidNumber": {"2000"}}))
	d := configured(t, server, withNested)
	if got := groupNames(t, d, "alice", aliceDN); len(got) != many+1 {
		t.Errorf("%d groups", len(got))
	}
	if n := len(server.Searches()); n > 2*many/200+8 {
		t.Errorf("%d searches", n)
	}
	for _, search := range server.Searches() {
		if slices.Contains(search.Attributes, "member") || !strings.Contains(search.Filter, "ember=") {
			t.Errorf("search %+v", search)
		}
	}
}

func TestGroupsByMemberOf(t *testing.T) {
	server := newServer(t)
	server.Add(
		person("bob", map[string][]string{"memberOf": {groupDN("dev"), "CN=Ops, ou=groups," + baseDN, "cn=plain,ou=elsewhere," + baseDN, groupDN("gone"), "not a DN", ""}}),
		group("dev", map[string][]string{"gidNumber": {"2"}, "memberOf": {groupDN("all")}}),
		group("ops", map[string][]string{"gidNumber": {"3"}}),
		group("all", map[string][]string{"gidNumber": {"4"}, "memberOf": {groupDN("dev")}}),
		group("others", map[string][]string{"gidNumber": {"5"}, "member": {userDN("bob")}}),
		scripted.Entry{DN: "cn=plain,ou=elsewhere," + baseDN, Attributes: map[string][]string{"objectClass": {"posixGroup"}, "cn": {"plain"}, "gidNumber": {"6"}}},
		scripted.Entry{DN: groupsDN},
	)
	byMemberOf := func(cfg *config.Directory) {
		cfg.GroupsOfUser = "member_of"
		cfg.Group.Bases = []config.SearchBase{{DN: groupsDN}}
	}
	d := configured(t, server, byMemberOf)
	checkNames(t, "groups of bob", groupNames(t, d, "bob", userDN("bob")), "dev", "ops")
	checkNames(t, "groups of alice", groupNames(t, d, "alice", aliceDN))
	checkNames(t, "without a DN", groupNames(t, d, "bob", ""))
	checkNames(t, "of somebody who is gone", groupNames(t, d, "gone", userDN("gone")))
	d = configured(t, server, func(cfg *config.Directory) { byMemberOf(cfg); withNested(cfg) })
	checkNames(t, "nested groups of bob", groupNames(t, d, "bob", userDN("bob")), "all", "dev", "ops")
	server.Refuse(true)
	away := configured(t, server, byMemberOf)
	_, err := away.GroupsOfMember(within(t, time.Second), "bob", userDN("bob"))
	wantError(t, err, directory.ErrUnavailable)
}

// Values of uniqueMember may have a bit string behind the DN.
func TestUniqueMembers(t *testing.T) {
	server := newServer(t)
	server.Add(unnamed("carol"), group("staff", map[string][]string{"uniqueMember": {
		aliceDN + "#'0101'B", "cn=carol of example," + peopleDN + "#''B", userDN("dave") + "#'2'B", userDN("eve#'1'B"),
	}}))
	checkNames(t, "members", memberNames(t, piped(t, server), "staff"), "alice", "carol", "dave", "eve#'1'B")

	renamed := configured(t, server, func(cfg *config.Directory) {
		cfg.Group.Attributes = map[string]string{"member": "uniquemember"}
	})
	checkNames(t, "renamed", memberNames(t, renamed, "staff"), "alice", "carol", "dave", "eve#'1'B")
	groupNames(t, renamed, "alice", aliceDN)
	searches := server.Searches()
	if got := searches[len(searches)-1].Filter; got != "(&(objectClass=posixGroup)(|(memberUid=alice)(uniquemember="+aliceDN+")))" {
		t.Errorf("filter %s", got)
	}
	off := configured(t, server, func(cfg *config.Directory) { cfg.Group.Attributes = map[string]string{"member": ""} })
	checkNames(t, "without members by DN", memberNames(t, off, "staff"))
}

func TestSkipMembers(t *testing.T) {
	server := newServer(t)
	addNested(server)
	cfg := plainConfig("ldap://one.example")
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial, SkipMembers: true})
	checkNames(t, "members", memberNames(t, d, "all"))
	for _, attribute := range server.Searches()[0].Attributes {
		if strings.Contains(strings.ToLower(attribute), "member") {
			t.Errorf("%s is asked for", attribute)
		}
	}
	checkNames(t, "groups", groupNames(t, d, "alice", aliceDN), "dev")
}

// TestMembersAreRemembered as long as the configuration says, those who are no
// users for another time, and until the cache is emptied.
func TestMembersAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.Add(unnamed("carol"), group("staff", map[string][]string{"member": {"CN=Carol of Example, " + peopleDN, "cn=printer," + peopleDN}}))
		d := newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: server.Dial, MemberTTL: time.Hour, MemberNegativeTTL: time.Minute})
		asked := 0
		look := func(what string, want int) {
			t.Helper()
			checkNames(t, what, memberNames(t, d, "staff"), "carol")
			now := len(server.Searches())
			if got := now - asked - 1; got != want {
				t.Errorf("%s: %d searches for members instead of %d", what, got, want)
			}
			asked = now
		}
		const searchBoth, readPrinter = 1, 1 // those in a batch, and who is left
		look("first", searchBoth+readPrinter)
		look("again", 0)
		time.Sleep(time.Minute + time.Second)
		look("after the negative time", 1+readPrinter)
		time.Sleep(time.Hour)
		look("after the positive time", searchBoth+readPrinter)
		d.Forget()
		look("after Forget", searchBoth+readPrinter)
	})
}

// TestVeryManyMembersByDN: all users are read once, in pages; where the server
// does not let one, the members are looked for in batches.
func TestVeryManyMembersByDN(t *testing.T) {
	server := newServer(t)
	const many = 1500
	var dns, want []string
	for i := range many {
		entry := person(fmt.Sprint("u", i), map[string][]string{"cn": {fmt.Sprint(i)}})
		entry.DN = fmt.Sprintf("cn=%d,%s", i, peopleDN)
		server.Add(entry)
		dns, want = append(dns, entry.DN), append(want, fmt.Sprint("u", i))
	}
	server.Add(group("huge", map[string][]string{"member": append(dns, "cn=printer,"+peopleDN)}))
	cfg := plainConfig("ldap://one.example")
	cfg.PageSize = 500
	look := func(what string) []scripted.Search {
		before := len(server.Searches())
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		got, err := d.GroupByName(within(t, 20*time.Second), "huge")
		if err != nil || !slices.Equal(got.Members, want) {
			t.Errorf("%s: %d members, %v", what, len(got.Members), err)
		}
		return server.Searches()[before+1:]
	}
	if searches := look("in pages"); len(searches) > many/500+1 || !slices.Equal(searches[0].Attributes, []string{"uid"}) {
		t.Errorf("%d searches, the first %+v", len(searches), searches[0])
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if r.Filter.String() == "(objectClass=posixAccount)" && r.Scope == 2 {
			c.Send(scripted.EntryMessage(r.ID, person("u1", nil)), scripted.Result(r.ID, scripted.SearchDone, 4, "size limit"))
			return
		}
		c.DefaultSearch(r)
	}})
	if searches := look("in batches"); len(searches) > 1+many/200+2 {
		t.Errorf("%d searches", len(searches))
	}
}

func TestDeniedMembersAreAnError(t *testing.T) {
	server := newServer(t)
	server.Add(unnamed("carol"), group("staff", map[string][]string{"member": {"cn=carol of example," + peopleDN}}))
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if strings.Contains(r.Filter.String(), "posixAccount") {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no"))
			return
		}
		c.DefaultSearch(r)
	}})
	_, err := piped(t, server).GroupByName(within(t, time.Second), "staff")
	wantError(t, err, directory.ErrRefused)
}
