package directory_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

const opsDN = "cn=ops,ou=groups," + baseDN

// checking returns a directory with access rules, behind net.Pipe.
func checking(t *testing.T, server *scripted.Server, change func(*config.Directory)) *directory.Directory {
	t.Helper()
	cfg := plainConfig("ldap://one.example")
	change(&cfg)
	return newDirectory(t, cfg, directory.Options{Dial: server.Dial})
}

func TestIsGroupMember(t *testing.T) {
	server := newServer(t)
	server.Add(
		group("ops", map[string][]string{"uniqueMember": {"", strings.ToUpper(aliceDN), "uid=b*b," + peopleDN}, "member": {"uid=carol," + peopleDN}}),
		group("empty", nil),
	)
	tests := map[string]struct {
		group, attribute, dn string
		want                 bool
	}{
		"member":                  {opsDN, "uniqueMember", aliceDN, true},
		"not a member":            {opsDN, "uniqueMember", "uid=carol," + peopleDN, false},
		"other attribute":         {opsDN, "member", "uid=carol," + peopleDN, true},
		"not in that attribute":   {opsDN, "member", aliceDN, false},
		"the attribute's default": {opsDN, "", aliceDN, true},
		"no such attribute":       {opsDN, "owner", aliceDN, false},
		"group without members":   {"cn=empty,ou=groups," + baseDN, "uniqueMember", aliceDN, false},
		"no such group":           {"cn=gone,ou=groups," + baseDN, "uniqueMember", aliceDN, false},
		"group above the group":   {"ou=groups," + baseDN, "uniqueMember", aliceDN, false},
		"RDN of a group alone":    {"cn=ops", "uniqueMember", aliceDN, false},
		"a star is no wildcard":   {opsDN, "uniqueMember", "*", false},
		"a star in a name":        {opsDN, "uniqueMember", "uid=b*b," + peopleDN, true},
		"filter for a DN":         {opsDN, "uniqueMember", "x)(cn=ops", false},
		"no DN":                   {opsDN, "uniqueMember", "", false},
		"no rule":                 {"", "uniqueMember", aliceDN, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := checking(t, server, func(c *config.Directory) { c.LoginGroupDN, c.LoginMemberAttribute = tt.group, tt.attribute })
			if got, err := d.IsGroupMember(within(t, time.Second), tt.dn); err != nil || got != tt.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// TestGroupSearch is that the group is asked for by its DN alone: what the
// base of the directory is does not matter.
func TestGroupSearch(t *testing.T) {
	server := newServer(t)
	server.Add(group("ops", map[string][]string{"member": {aliceDN}}))
	d := checking(t, server, func(c *config.Directory) {
		c.LoginGroupDN, c.LoginMemberAttribute, c.Base = opsDN, "member", "dc=elsewhere"
	})
	if got, err := d.IsGroupMember(within(t, time.Second), aliceDN); err != nil || !got {
		t.Fatalf("%v, %v", got, err)
	}
	searches := server.Searches()
	if len(searches) != 1 {
		t.Fatalf("%d searches", len(searches))
	}
	got := searches[0]
	if got.Base != opsDN || got.Scope != 0 || got.Filter != "(member="+aliceDN+")" || !reflect.DeepEqual(got.Attributes, []string{"1.1"}) || got.BoundAs != serviceDN {
		t.Errorf("%+v", got)
	}
}

func TestGroupCannotBeAsked(t *testing.T) {
	server := newServer(t)
	server.Add(group("ops", map[string][]string{"uniqueMember": {aliceDN}}))
	ask := func(want error, attribute string) {
		t.Helper()
		d := checking(t, server, func(c *config.Directory) { c.LoginGroupDN, c.LoginMemberAttribute = opsDN, attribute })
		got, err := d.IsGroupMember(within(t, time.Second), aliceDN)
		wantError(t, err, want)
		if got {
			t.Error("a member of a group that could not be asked")
		}
	}
	ask(directory.ErrRefused, "cn=ops)(cn")
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no access"))
	}})
	ask(directory.ErrRefused, "uniqueMember")
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) { c.Close() }})
	ask(directory.ErrUnavailable, "uniqueMember")
	server.Refuse(true)
	ask(directory.ErrUnavailable, "uniqueMember")
}

func TestLoginAttributes(t *testing.T) {
	server := newServer(t)
	server.Add(
		person("bob", map[string][]string{"authorizedservice": {"sshd", "!su"}, "Host": {"*"}}),
		person("carol", nil),
	)
	tests := map[string]struct {
		service, host bool
		dn            string
		want          directory.LoginAttributes
		asked         []string
	}{
		"both":         {true, true, "uid=bob," + peopleDN, directory.LoginAttributes{Services: []string{"sshd", "!su"}, Hosts: []string{"*"}}, []string{"authorizedService", "host"}},
		"service":      {true, false, "uid=bob," + peopleDN, directory.LoginAttributes{Services: []string{"sshd", "!su"}}, []string{"authorizedService"}},
		"host":         {false, true, "uid=bob," + peopleDN, directory.LoginAttributes{Hosts: []string{"*"}}, []string{"host"}},
		"no check":     {false, false, "uid=bob," + peopleDN, directory.LoginAttributes{}, nil},
		"no values":    {true, true, "uid=carol," + peopleDN, directory.LoginAttributes{}, []string{"authorizedService", "host"}},
		"entry gone":   {true, true, "uid=gone," + peopleDN, directory.LoginAttributes{}, []string{"authorizedService", "host"}},
		"empty DN":     {true, true, "", directory.LoginAttributes{}, nil},
		"entry's base": {true, true, peopleDN, directory.LoginAttributes{}, []string{"authorizedService", "host"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := checking(t, server, func(c *config.Directory) { c.LoginCheckService, c.LoginCheckHost = tt.service, tt.host })
			if service, host := d.LoginChecks(); service != tt.service || host != tt.host {
				t.Errorf("checks %v, %v", service, host)
			}
			before := len(server.Searches())
			got, err := d.LoginAttributes(within(t, time.Second), tt.dn)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v", got, err)
			}
			var asked []string
			for _, search := range server.Searches()[before:] {
				asked = append(asked, search.Attributes...)
				if search.Scope != 0 || search.Base != tt.dn {
					t.Errorf("%+v", search)
				}
			}
			if !reflect.DeepEqual(asked, tt.asked) {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

// TestLoginAttributesInRanges: a value that keeps out is found behind the
// first range, and a list that breaks off is no list.
func TestLoginAttributesInRanges(t *testing.T) {
	server := newServer(t)
	answer := func(c *scripted.Conn, r *scripted.Request, name string, values ...string) {
		c.Send(scripted.EntryMessage(r.ID, scripted.Entry{DN: aliceDN, Attributes: map[string][]string{name: values}}),
			scripted.Result(r.ID, scripted.SearchDone, 0, ""))
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if r.Attributes[0] == "host" {
			answer(c, r, "host;range=0-0", "*")
			return
		}
		answer(c, r, "host;range=1-*", "!here")
	}})
	d := checking(t, server, func(c *config.Directory) { c.LoginCheckHost = true })
	got, err := d.LoginAttributes(within(t, time.Second), aliceDN)
	if err != nil || !reflect.DeepEqual(got.Hosts, []string{"*", "!here"}) {
		t.Errorf("%+v, %v", got, err)
	}
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if r.Attributes[0] == "host" {
			answer(c, r, "host;range=0-0", "*")
			return
		}
		answer(c, r, "cn", "alice")
	}})
	got, err = d.LoginAttributes(within(t, time.Second), aliceDN)
	wantError(t, err, directory.ErrBadEntry)
	if got.Hosts != nil {
		t.Errorf("%+v", got)
	}
}

func TestLoginAttributesUnavailable(t *testing.T) {
	server := newServer(t)
	d := checking(t, server, func(c *config.Directory) { c.LoginCheckHost = true })
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no access"))
	}})
	_, err := d.LoginAttributes(within(t, time.Second), aliceDN)
	wantError(t, err, directory.ErrRefused)
	server.Drop()
	server.Refuse(true)
	_, err = d.LoginAttributes(within(t, time.Second), aliceDN)
	wantError(t, err, directory.ErrUnavailable)
}
