package directory_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// pathTexts are the ways into the groups of a user, sorted.
func pathTexts(t *testing.T, d *directory.Directory, name, dn string) []string {
	t.Helper()
	memberships, err := d.GroupPaths(within(t, 10*time.Second), name, dn)
	if err != nil {
		t.Error(err)
	}
	var texts []string
	for _, m := range memberships {
		texts = append(texts, fmt.Sprintf("%s %d %s", m.Group.Name, m.Group.GID, strings.Join(m.Path, ">")))
	}
	slices.Sort(texts)
	return texts
}

func TestGroupPaths(t *testing.T) {
	server := newServer(t)
	addNested(server)
	d := configured(t, server, withNested)
	checkNames(t, "alice", pathTexts(t, d, "alice", aliceDN), "all 1 dev>all", "dev 2 dev", "ops 3 dev>all>ops")
	checkNames(t, "carol", pathTexts(t, d, "carol", "cn=carol of example,"+peopleDN), "all 1 ops>all", "dev 2 ops>dev", "ops 3 ops")
	checkNames(t, "root1", pathTexts(t, d, "root1", ""), "all 1 all", "dev 2 all>ops>dev", "ops 3 all>ops")
	checkNames(t, "nobody", pathTexts(t, d, "nobody", ""))
	flat := configured(t, server, func(*config.Directory) {})
	checkNames(t, "flat", pathTexts(t, flat, "alice", aliceDN), "dev 2 dev")
	_, err := d.GroupPaths(within(t, time.Second), "", "")
	wantError(t, err, directory.ErrNotFound)
}

// TestGroupPathsByMemberOf, through a group that has no name.
func TestGroupPathsByMemberOf(t *testing.T) {
	server := newServer(t)
	nameless := group("x", map[string][]string{"memberOf": {groupDN("top")}, "gidNumber": {"3"}})
	nameless.Attributes["cn"] = []string{"x:y"}
	nameless.DN = "cn=x:y," + groupsDN
	server.Add(
		person("bob", map[string][]string{"memberOf": {groupDN("dev"), nameless.DN}}),
		group("dev", map[string][]string{"gidNumber": {"2"}, "memberOf": {groupDN("all")}}),
		group("all", map[string][]string{"gidNumber": {"4"}, "memberOf": {groupDN("dev"), groupDN("top")}}),
		group("top", map[string][]string{"gidNumber": {"5"}}), nameless,
	)
	d := configured(t, server, func(cfg *config.Directory) { cfg.GroupsOfUser = "member_of"; withNested(cfg) })
	checkNames(t, "bob", pathTexts(t, d, "bob", userDN("bob")), "all 4 dev>all", "dev 2 dev", "top 5 ?>top")
}

// TestRandomGroupPaths: every path is one that there is, and none is shorter.
func TestRandomGroupPaths(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const groups = 15
	for round := range 15 {
		server := newServer(t)
		has := map[[2]int]bool{} // group, group
		direct := map[int]bool{}
		for i := range groups {
			var members []string
			for j := range groups {
				if random.IntN(8) == 0 {
					has[[2]int{i, j}] = true
					members = append(members, groupDN(fmt.Sprint("g", j)))
				}
			}
			if random.IntN(6) == 0 {
				direct[i] = true
				members = append(members, aliceDN)
			}
			server.Add(group(fmt.Sprint("g", i), map[string][]string{"gidNumber": {fmt.Sprint(i + 1)}, "member": members}))
		}
		// The lengths of the shortest ways, by as many rounds as there are groups.
		shortest := map[int]int{}
		for i := range direct {
			shortest[i] = 1
		}
		for range groups {
			for pair := range has {
				if below := shortest[pair[1]]; below > 0 && (shortest[pair[0]] == 0 || shortest[pair[0]] > below+1) {
					shortest[pair[0]] = below + 1
				}
			}
		}
		memberships, err := configured(t, server, withNested).GroupPaths(within(t, 5*time.Second), "alice", aliceDN)
		if err != nil || len(memberships) != len(shortest) {
			t.Errorf("round %d: %d groups, %v, want %d", round, len(memberships), err, len(shortest))
		}
		for _, m := range memberships {
			last := -1
			for _, name := range m.Path {
				var number int
				_, _ = fmt.Sscanf(name, "g%d", &number)
				if last == -1 && !direct[number] || last != -1 && !has[[2]int{number, last}] {
					t.Errorf("round %d: %s by way of %q, which is none", round, m.Group.Name, m.Path)
				}
				last = number
			}
			if uint32(last+1) != m.Group.GID || len(m.Path) != shortest[last] {
				t.Errorf("round %d: %s by way of %q, want %d steps", round, m.Group.Name, m.Path, shortest[last])
			}
		}
	}
}

func TestGroupPathsOfNoAnswer(t *testing.T) {
	server := newServer(t)
	addNested(server)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if strings.Contains(r.Filter.String(), "member="+groupDN("dev")) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no"))
			return
		}
		c.DefaultSearch(r)
	}})
	_, err := configured(t, server, withNested).GroupPaths(within(t, time.Second), "alice", aliceDN)
	wantError(t, err, directory.ErrRefused)
}

func TestSSHKeys(t *testing.T) {
	server := newServer(t)
	server.Add(person("carol", map[string][]string{"sshPublicKey": {"ssh-ed25519 one", "ssh-ed25519 two"}, "otherKey": {"x"}}),
		person("bad", map[string][]string{"uidNumber": nil, "sshPublicKey": {"ssh-ed25519 one"}}))
	for attribute, want := range map[string][]string{"sshPublicKey": {"ssh-ed25519 one", "ssh-ed25519 two"}, "OTHERKEY": {"x"}, "": nil} {
		d := configured(t, server, func(cfg *config.Directory) { cfg.SSHKeyAttribute = attribute })
		keys, err := d.SSHKeys(within(t, time.Second), "carol")
		if err != nil || !slices.Equal(keys.Lines, want) || keys.Account.Name != "carol" || keys.Account.UID != 10001 {
			t.Errorf("%q: %+v, %v", attribute, keys, err)
		}
		for name, want := range map[string]error{"nobody": directory.ErrNotFound, "Carol": directory.ErrNotFound, "bad": directory.ErrBadEntry, "": directory.ErrNotFound} {
			keys, err := d.SSHKeys(within(t, time.Second), name)
			if wantError(t, err, want); len(keys.Lines) > 0 {
				t.Errorf("%s has %q", name, keys.Lines)
			}
		}
	}
}
