package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/test/scripted"
)

// accessExamples returns the blocks of TOML in docs/access.md by their first
// line.
func accessExamples(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]string{}
	for _, match := range regexp.MustCompile("(?ms)^```toml\n# (.*?)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		examples[match[1]] = match[2]
	}
	return examples
}

const exampleBase = "dc=example,dc=com"

// examplePerson is a user below base.
func examplePerson(name, base string, more map[string][]string) scripted.Entry {
	e := scripted.Entry{DN: "uid=" + name + ",ou=people," + base, Attributes: map[string][]string{
		"objectClass": {"posixAccount"}, "uid": {name}, "cn": {name}, "uidNumber": {fmt.Sprint(20000 + len(name)*100 + int(name[0]))},
		"gidNumber": {"20000"}, "homeDirectory": {"/home/" + name},
	}}
	for key, values := range more {
		e.Attributes[key] = values
	}
	return e
}

func exampleGroup(name string, members ...string) scripted.Entry {
	e := scripted.Entry{DN: "cn=" + name + ",ou=groups," + exampleBase, Attributes: map[string][]string{"objectClass": {"groupOfNames"}, "cn": {name}}}
	for _, member := range members {
		if !strings.Contains(member, "=") {
			member = "uid=" + member + ",ou=people"
		}
		e.Attributes["member"] = append(e.Attributes["member"], member+","+exampleBase)
	}
	return e
}

// exampleDirectory has alice, bob, mallory and sue in staff, of whom alice is an
// administrator by way of a group in a group and sue is suspended; carol, who runs
// the web servers, in operations; dave in nothing.
func exampleDirectory(t *testing.T) *scripted.Server {
	t.Helper()
	ldap := scripted.New(t)
	for _, name := range []string{"alice", "bob", "mallory", "carol", "dave"} {
		ldap.Add(examplePerson(name, exampleBase, nil))
	}
	ldap.Add(examplePerson("sue", exampleBase, map[string][]string{"employeeType": {"suspended"}}),
		exampleGroup("staff", "alice", "bob", "mallory", "sue"), exampleGroup("operations", "carol"), exampleGroup("web", "carol"),
		exampleGroup("admins", "cn=leads,ou=groups"), exampleGroup("leads", "alice"))
	return ldap
}

// serveExample starts a server with an example; its directories are the given
// ones, in order.
func serveExample(t *testing.T, example string, directories ...*scripted.Server) *client.Client {
	t.Helper()
	if !strings.Contains(example, "[[directory]]") {
		example += "[[directory]]\nuris = [\"ldap://ldap.example.com\"]\nbase = \"" + exampleBase + "\"\n"
	}
	for _, ldap := range directories {
		uri := regexp.MustCompile(`uris = \["ldap://[a-z.0-9]*example.com"\]`).FindString(example)
		example = strings.Replace(example, uri, "uris = [\"ldap://"+ldap.Listen(t)+"\"]\ntls = { mode = \"off\", allow_clear_text = true }", 1)
	}
	path := filepath.Join(t.TempDir(), "goldap.toml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, example)
	}
	return (&lab{cfg: *cfg}).serveConfigured(t)
}

// TestExamplesOfAccess lets users in, and keeps others out, by what docs/access.md
// has as examples.
func TestExamplesOfAccess(t *testing.T) {
	customers := func() *scripted.Server {
		ldap := scripted.New(t)
		base := "dc=customers," + exampleBase
		ldap.Add(examplePerson("zoe", base, nil), examplePerson("alice", base, nil))
		return ldap
	}
	ad := func() *scripted.Server {
		const base = "dc=ad,dc=example,dc=com"
		ldap := scripted.New(t)
		groups := func(cn string, memberOf ...string) scripted.Entry {
			return scripted.Entry{DN: "cn=" + cn + ",ou=groups," + base, Attributes: map[string][]string{"objectClass": {"group"}, "cn": {cn}, "memberOf": memberOf}}
		}
		user := func(name string, memberOf ...string) scripted.Entry {
			return examplePerson(name, base, map[string][]string{"objectClass": {"user"}, "uid": nil, "sAMAccountName": {name}, "unixHomeDirectory": {"/home/" + name}, "memberOf": memberOf})
		}
		ldap.Add(user("alice", "CN=Linux Admins,OU=groups,"+base), user("bob", "cn=Team,ou=groups,"+base), user("dave"),
			groups("Team", "cn=Linux Users,ou=groups,"+base), groups("Linux Users"), groups("Linux Admins"))
		return ldap
	}
	tests := map[string]struct {
		directories []func() *scripted.Server
		admitted    map[string][]string // users by service
		users       []string            // all others of them are refused
	}{
		"Only staff may log in by ssh.": {nil, map[string][]string{
			"sshd": {"alice", "bob", "mallory", "sue"}, "login": {"alice", "bob", "mallory", "sue", "carol", "dave"},
		}, nil},
		"Staff may use what is listed, and nobody who is suspended; nothing else is open.": {nil, map[string][]string{
			"sshd": {"alice", "bob", "carol"}, "cron": {"alice", "bob", "carol"}, "vsftpd": nil,
		}, nil},
		"Only administrators may use sudo.": {nil, map[string][]string{
			"sudo": {"alice"}, "sudo-i": {"alice"}, "sshd": {"alice", "bob", "mallory", "sue", "carol", "dave"},
		}, nil},
		"Customers may use the web application, and nothing else.": {[]func() *scripted.Server{nil, customers}, map[string][]string{
			"sshd": {"alice", "dave"}, "webapplication": {"alice", "dave", "zoe"}, "cron": nil,
		}, []string{"alice", "dave", "zoe"}},
		"Active Directory: groups in groups by memberOf, and one by a rule of the server's.": {[]func() *scripted.Server{ad}, map[string][]string{
			"sshd": {"alice", "bob"}, "sudo": {"alice"}, "cron": nil,
		}, []string{"alice", "bob", "dave"}},
		"Whoever runs the web servers is in the group web-admins on this machine.": {nil, map[string][]string{
			"sshd": {"alice", "bob", "mallory", "sue", "carol", "dave"},
		}, nil},
	}
	examples := accessExamples(t)
	for title := range examples {
		if _, ok := tests[title]; !ok {
			t.Errorf("nobody tests %q", title)
		}
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			if examples[title] == "" {
				t.Fatal("there is no such example")
			}
			if tt.directories == nil {
				tt.directories = []func() *scripted.Server{nil}
			}
			var directories []*scripted.Server
			for _, make := range tt.directories {
				if make == nil {
					make = func() *scripted.Server { return exampleDirectory(t) }
				}
				directories = append(directories, make())
			}
			// The scripted server knows no matching rules: the group itself, not
			// those in it.
			c := serveExample(t, strings.ReplaceAll(examples[title], "memberOf:1.2.840.113556.1.4.1941:=", "memberOf="), directories...)
			users := tt.users
			if users == nil {
				users = []string{"alice", "bob", "mallory", "sue", "carol", "dave"}
			}
			for service, admitted := range tt.admitted {
				for _, user := range users {
					want := nslcd.CodePermDenied
					if slices.Contains(admitted, user) {
						want = nslcd.CodeSuccess
					}
					v, err := c.Authorize(t.Context(), nslcd.PAM{User: user, Service: service})
					if err != nil || v.Code != want {
						t.Errorf("%s, %s: %v, %v; want %v", service, user, v, err, want)
					}
				}
			}
		})
	}
}

// TestExampleOfAGroup: the users of the role have the group, and it has no list.
func TestExampleOfAGroup(t *testing.T) {
	c := serveExample(t, accessExamples(t)["Whoever runs the web servers is in the group web-admins on this machine."], exampleDirectory(t))
	for user, want := range map[string]bool{"alice": true, "carol": true, "bob": false} {
		groups, err := c.GroupsOfMember(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		if has := slices.ContainsFunc(groups, func(g account.Group) bool { return g.Name == "web-admins" && g.GID == 5000 }); has != want {
			t.Errorf("%s: %+v", user, groups)
		}
	}
}

// TestSearchesForRoles: without a role a login searches for nothing but the
// account, with one for its group, too.
func TestSearchesForRoles(t *testing.T) {
	for example, want := range map[string]int{"": 1, accessExamples(t)["Only staff may log in by ssh."]: 2} {
		ldap := exampleDirectory(t)
		c := serveExample(t, example, ldap)
		if v, err := c.Authorize(t.Context(), nslcd.PAM{User: "alice", Service: "sshd"}); err != nil || v.Code != nslcd.CodeSuccess {
			t.Errorf("%+v, %v", v, err)
		}
		if got := len(ldap.Searches()); got != want {
			t.Errorf("%d searches, want %d:\n%+v", got, want, ldap.Searches())
		}
	}
}
