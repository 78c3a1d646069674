package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

func TestLoginSearches(t *testing.T) {
	server := newServer(t)
	server.Add(
		scripted.Entry{DN: "cn=ssh,dc=other", Attributes: map[string][]string{"cn": {"sshd"}, "allow": {"alice"}}},
		scripted.Entry{DN: "dc=other"},
	)
	cfg := plainConfig("ldap://one.example")
	cfg.Bases = []config.SearchBase{{DN: "dc=missing"}, {DN: "dc=other"}}
	cfg.LoginSearches = []string{"(&(objectClass=posixAccount)(uid=$username))", "(&(cn=$service)(allow=$uid))"}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	for name, tt := range map[string]struct {
		v    directory.LoginVariables
		want string
	}{
		"all match":     {directory.LoginVariables{Username: "alice", Service: "sshd"}, ""},
		"second fails":  {directory.LoginVariables{Username: "alice", Service: "su"}, cfg.LoginSearches[1]},
		"first fails":   {directory.LoginVariables{Username: "bob", Service: "sshd"}, cfg.LoginSearches[0]},
		"no wildcard":   {directory.LoginVariables{Username: "*", Service: "*"}, cfg.LoginSearches[0]},
		"nothing known": {directory.LoginVariables{}, cfg.LoginSearches[0]},
	} {
		t.Run(name, func(t *testing.T) {
			if failed, err := d.MatchesLoginSearches(within(t, time.Second), tt.v); err != nil || failed != tt.want {
				t.Errorf("failed %q, %v; want %q", failed, err, tt.want)
			}
		})
	}
	for _, search := range server.Searches() {
		if search.BoundAs != serviceDN || search.Scope != 2 || search.SizeLimit != 1 {
			t.Errorf("search %+v", search)
		}
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no"))
	}})
	failed, err := d.MatchesLoginSearches(within(t, time.Second), directory.LoginVariables{Username: "alice", Service: "sshd"})
	wantError(t, err, directory.ErrRefused)
	if failed != "" {
		t.Errorf("failed %q", failed)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) { c.Close() }})
	_, err = d.MatchesLoginSearches(within(t, time.Second), directory.LoginVariables{Username: "alice"})
	wantError(t, err, directory.ErrUnavailable)
}

// One match is enough, and the rest need not be counted.
func TestLoginSearchWithManyMatches(t *testing.T) {
	server := newServer(t)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.EntryMessage(r.ID, person("bob", nil)), scripted.Result(r.ID, scripted.SearchDone, 4, "size limit"))
	}})
	cfg := plainConfig("ldap://one.example")
	cfg.LoginSearches = []string{"(objectClass=*)"}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	if failed, err := d.MatchesLoginSearches(within(t, time.Second), directory.LoginVariables{}); err != nil || failed != "" {
		t.Errorf("failed %q, %v", failed, err)
	}
	if searches, bind := d.HasLoginSearches(); !searches || bind {
		t.Errorf("searches %v, bind %v", searches, bind)
	}
}

func TestLoginSearchesAreChecked(t *testing.T) {
	for name, change := range map[string]func(*config.Directory){
		"variable": func(c *config.Directory) { c.LoginSearches = []string{"(uid=$name)"} },
		"filter":   func(c *config.Directory) { c.LoginBindSearch = "(uid=$username" },
		"no base": func(c *config.Directory) {
			c.LoginSearches, c.Base = []string{"(uid=$username)"}, ""
			at := config.Map{Bases: []config.SearchBase{{DN: baseDN}}}
			c.Passwd, c.Group, c.Shadow = at, at, at
		},
	} {
		cfg := plainConfig("ldap://one.example")
		change(&cfg)
		if _, err := directory.New(cfg, directory.Options{}); err == nil || !strings.Contains(err.Error(), "login_") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBindAndSearch(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://one.example")
	cfg.LoginBindSearch = "(&(objectClass=posixAccount)(uid=$username))"
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	ask := func(user, password string) (directory.Reply, bool, error) {
		return d.BindAndSearch(within(t, time.Second), aliceDN, secret.FromString(password), directory.LoginVariables{Username: user})
	}
	for name, tt := range map[string]struct {
		user, password string
		code           int
		found          bool
	}{
		"right":          {"alice", alicePass, 0, true},
		"no match":       {"bob", alicePass, 0, false},
		"wrong password": {"alice", "wrong", 49, false},
	} {
		if reply, found, err := ask(tt.user, tt.password); err != nil || reply.Code != tt.code || found != tt.found {
			t.Errorf("%s: %+v, %v, %v", name, reply, found, err)
		}
	}
	for _, search := range server.Searches() {
		if search.BoundAs != aliceDN {
			t.Errorf("search as %q", search.BoundAs)
		}
	}
	if _, found, err := ask("alice", ""); err == nil || found {
		t.Errorf("empty password: %v, %v", found, err)
	}
	server.Add(person("alice", map[string][]string{"cn": {"another"}}))
	if _, found, err := ask("alice", alicePass); err != nil || !found { // the same DN counts once
		t.Errorf("same DN: %v, %v", found, err)
	}
	other := person("alice", nil)
	other.DN = "uid=alice,ou=elsewhere," + baseDN
	server.Add(other)
	if reply, found, err := ask("alice", alicePass); err != nil || found || reply.Code != 0 {
		t.Errorf("two entries: %v, %v", found, err)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no"))
	}})
	if reply, found, err := ask("alice", alicePass); err != nil || found || reply.Code != 0 {
		t.Errorf("refused: %v, %v", found, err)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) { c.Close() }})
	_, found, err := ask("alice", alicePass)
	wantError(t, err, directory.ErrUnavailable)
	if found {
		t.Error("found although nobody answered")
	}
}

// A user who must change the password may do nothing else, so nothing is
// searched.
func TestBindAndSearchWithExpiredPassword(t *testing.T) {
	server := newServer(t)
	server.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
		if r.DN != aliceDN {
			c.DefaultBind(r)
			return
		}
		c.Send(scripted.Result(r.ID, scripted.BindResponse, 0, "", scripted.Policy(-1, -1, 2)))
	}})
	cfg := plainConfig("ldap://one.example")
	cfg.LoginBindSearch = "(uid=$username)"
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	reply, found, err := d.BindAndSearch(within(t, time.Second), aliceDN, secret.FromString("x"), directory.LoginVariables{Username: "alice"})
	if err != nil || !found || reply.Policy.Error != 2 || len(server.Searches()) != 0 {
		t.Errorf("%+v, %v, %v, %d searches", reply, found, err, len(server.Searches()))
	}
}
