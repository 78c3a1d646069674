//go:build integration

package integration

import (
	"encoding/base64"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// The directory of these tests has, for alice, description "foobar", title
// "?oo*", the SID S-1-5-21-1-2-3-10001 and no roomNumber; and audit and ops are
// members of each other.
func withDescribedAlice(t *testing.T) {
	t.Helper()
	change := func(dn, text string) { must(t, server.Modify(within(t, 10*time.Second), dn+","+slapd.Base, text)) }
	const alice, ops, audit = "uid=alice,ou=people", "cn=ops,ou=groups", "cn=audit,ou=groups"
	sid := base64.StdEncoding.EncodeToString([]byte("\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x11\x27\x00\x00"))
	change(alice, "add: description\ndescription: foobar\n-\nadd: title\ntitle: ?oo*\n-\n"+
		"add: objectClass\nobjectClass: extensibleObject\n-\nadd: objectSid\nobjectSid:: "+sid+"\n-\n"+
		"add: pwdLastSet\npwdLastSet: 133500000000000000\n-\nadd: userAccountControl\nuserAccountControl: 66048\n")
	change(ops, "add: member\nmember: "+audit+","+slapd.Base+"\n")
	change(audit, "add: member\nmember: "+ops+","+slapd.Base+"\n")
	t.Cleanup(func() {
		change(alice, "delete: description\n-\ndelete: title\n-\ndelete: objectSid\n-\ndelete: pwdLastSet\n-\ndelete: userAccountControl\n-\n"+
			"delete: objectClass\nobjectClass: extensibleObject\n")
		change(ops, "delete: member\nmember: "+audit+","+slapd.Base+"\n")
		change(audit, "delete: member\nmember: "+ops+","+slapd.Base+"\n")
	})
}

// mappingExpressions are given to both daemons, three at a time.
var mappingExpressions = []string{
	"$description", "${description}", "$description-x", "${description}x", "$roomNumber.", "a${roomNumber}b",
	"${roomNumber:-word}", "${description:-word}", "${roomNumber:+word}", "${description:+word}", "${roomNumber:-$uid}",
	"a${description}b${description:+${roomNumber:-d$description}e}c", "${description:+a${title:+b${uid:+c}d}e}",
	"${description#foo}", "${description#?oo}", `${description#f\?o}`, "${description#bar}", "${description#}", "${description#foobar}", "${description#foobarbaz}",
	"${title#?}", `${title#\?}`, `${title#\?oo}`, "${title#*}", "${title#???*}", "${description#*}",
	"${description:3:6}", "${description:0:3}", "${description:0:0}", "${description:6:1}", "${description:9:1}", "${description:5:99}",
	`\$uid`, `a\\b`, `x\}y`, `${roomNumber:-a\}b}`, "{}", "100%", "$dn", "${dn:4:5}",
}

// onBothDaemons asks the stock nslcd and goldapd, which have the same
// nslcd.conf, the same question.
func onBothDaemons(t *testing.T, ask func(t *testing.T, c *client.Client) any, lines ...string) (stock, ours any) {
	t.Helper()
	must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, lines...))
	one := func(start func() (*daemon.Daemon, error)) any {
		t.Helper()
		must(t, os.RemoveAll(daemon.NslcdSocket))
		d, err := start()
		must(t, err)
		answer := ask(t, client.New(daemon.NslcdSocket))
		must(t, d.Stop())
		return answer
	}
	stock = one(func() (*daemon.Daemon, error) {
		return daemon.StartNslcd(within(t, 20*time.Second), logFile(t, "nslcd"))
	})
	ours = one(func() (*daemon.Daemon, error) {
		return daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.NslcdConfig, daemon.NslcdSocket)
	})
	return stock, ours
}

func askAlice(t *testing.T, c *client.Client) any {
	t.Helper()
	a, err := c.PasswdByName(within(t, 10*time.Second), "alice")
	must(t, err)
	return a
}

// TestExpressionsLikeNslcd: expressions have the values that the stock nslcd
// gives them.
func TestExpressionsLikeNslcd(t *testing.T) {
	showLogsOnFailure(t)
	withDescribedAlice(t)
	for three := range slices.Chunk(mappingExpressions, 3) {
		lines := make([]string, 0, 3)
		for i, attribute := range []string{"gecos \"", "homeDirectory \"/", "loginShell \"/"} {
			if i < len(three) {
				lines = append(lines, "map passwd "+attribute+three[i]+`"`)
			}
		}
		stock, ours := onBothDaemons(t, askAlice, lines...)
		if difference := cmp.Diff(stock, ours); difference != "" {
			t.Errorf("%q: nslcd and goldapd differ:\n%s", three, difference)
		}
	}
}

// mappingAnswers are what both daemons say of somebody.
type mappingAnswers struct {
	Passwd        account.Account
	Shadow        account.Shadow
	Group, Audit  account.Group
	Groups        []string
	ByUID, ByGID  string
	NoSuch, Upper bool
}

// TestMappingsLikeNslcd: offsets, scopes, other attributes, nested groups and
// case, as the stock nslcd has them.
func TestMappingsLikeNslcd(t *testing.T) {
	showLogsOnFailure(t)
	withDescribedAlice(t)
	for name, lines := range map[string][]string{
		"nothing":         nil,
		"renamed gecos":   {"map passwd gecos description"},
		"missing gecos":   {"map passwd gecos roomNumber"},
		"no members":      {`map group member ""`},
		"renamed member":  {"map group member uniqueMember"},
		"gid":             {`map passwd gidNumber "${roomNumber:-10102}"`},
		"shadow":          {`map shadow shadowMax "42"`, `map shadow shadowFlag roomNumber`, `map shadow shadowLastChange "${roomNumber:-17}"`},
		"offsets":         {"nss_uid_offset 5000", "nss_gid_offset 7000"},
		"nested":          {"nss_nested_groups yes"},
		"ignore case":     {"ignorecase yes"},
		"SIDs":            {"map passwd uidNumber objectSid:S-1-5-21-1-2-3", "map passwd gidNumber objectSid:S-1-5-21-1-2-3"},
		"times":           {"map shadow shadowLastChange pwdLastSet", "map shadow shadowFlag userAccountControl", `map shadow shadowMax "42"`},
		"one level":       {"base passwd ou=people,dc=mydomain,dc=com", "base group ou=groups,dc=mydomain,dc=com", "base shadow ou=people,dc=mydomain,dc=com", "scope one"},
		"several bases":   {"base passwd ou=groups,dc=mydomain,dc=com", "base passwd ou=people,dc=mydomain,dc=com"},
		"filter":          {"filter group (&(objectClass=posixGroup)(!(cn=dev)))"},
		"backslash":       {`filter passwd (&(objectClass=posixAccount)(!(title=\*x)))`},
		"no group lookup": {"nss_initgroups_ignoreusers alice"},
		"no members seen": {"nss_getgrent_skipmembers yes"},
	} {
		t.Run(name, func(t *testing.T) {
			stock, ours := onBothDaemons(t, askMappings, lines...)
			if difference := cmp.Diff(stock, ours); difference != "" {
				t.Errorf("nslcd and goldapd differ:\n%s", difference)
			}
		})
	}
}

func askMappings(t *testing.T, c *client.Client) any {
	t.Helper()
	ctx := within(t, 20*time.Second)
	var a mappingAnswers
	a.Passwd, _ = c.PasswdByName(ctx, "alice")
	a.Shadow, _ = c.ShadowByName(ctx, "alice")
	a.Group, _ = c.GroupByName(ctx, "ops")
	slices.Sort(a.Group.Members)
	a.Audit, _ = c.GroupByName(ctx, "audit")
	slices.Sort(a.Audit.Members)
	groups, err := c.GroupsOfMember(ctx, "alice")
	must(t, err)
	for _, group := range groups {
		a.Groups = append(a.Groups, group.Name)
	}
	slices.Sort(a.Groups)
	byUID, _ := c.PasswdByUID(ctx, a.Passwd.UID)
	byGID, _ := c.GroupByGID(ctx, a.Group.GID)
	a.ByUID, a.ByGID = byUID.Name, byGID.Name
	_, err = c.PasswdByName(ctx, "nobody-at-all")
	a.NoSuch = err != nil
	_, err = c.PasswdByName(ctx, "ALICE")
	a.Upper = err == nil
	return a
}
