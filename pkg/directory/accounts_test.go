package directory_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// TestAccountEntries: what an entry must have, and what becomes of it.
func TestAccountEntries(t *testing.T) {
	good := account.Account{Shadowed: true, DN: "uid=bob," + peopleDN, Name: "bob", UID: 10001, GID: 10000, Gecos: "bob of example", Home: "/home/bob", Shell: "/bin/sh"}
	with := func(change func(*account.Account)) account.Account {
		result := good
		change(&result)
		return result
	}
	for name, test := range map[string]struct {
		attributes map[string][]string
		want       account.Account
		bad        string // the attribute that an ErrBadEntry names
	}{
		"complete":              {nil, good, ""},
		"gecos":                 {map[string][]string{"gecos": {"Bob,1,2,3"}}, with(func(a *account.Account) { a.Gecos = "Bob,1,2,3" }), ""},
		"gecos with field ends": {map[string][]string{"gecos": {"a:b\nc\x00d"}}, with(func(a *account.Account) { a.Gecos = "a b c d" }), ""},
		"no gecos nor cn":       {map[string][]string{"cn": nil}, with(func(a *account.Account) { a.Gecos = "" }), ""},
		"no shell":              {map[string][]string{"loginShell": nil}, with(func(a *account.Account) { a.Shell = "" }), ""},
		"home is the root":      {map[string][]string{"homeDirectory": {"/"}}, with(func(a *account.Account) { a.Home = "/" }), ""},
		"no home":               {map[string][]string{"homeDirectory": nil}, account.Account{}, "homeDirectory"},
		"empty home":            {map[string][]string{"homeDirectory": {""}}, account.Account{}, "homeDirectory"},
		"relative home":         {map[string][]string{"homeDirectory": {"home/bob"}}, account.Account{}, "homeDirectory"},
		"home behind a blank":   {map[string][]string{"homeDirectory": {" /home/bob"}}, account.Account{}, "homeDirectory"},
		"several names":         {map[string][]string{"uid": {"robert", "bob"}}, with(func(a *account.Account) { a.Names = []string{"bob", "robert"} }), ""},
		"largest id":            {map[string][]string{"uidNumber": {"4294967294"}}, with(func(a *account.Account) { a.UID = 4294967294 }), ""},
		"uid 0":                 {map[string][]string{"uidNumber": {"0"}}, with(func(a *account.Account) { a.UID = 0 }), ""},
		"no uidNumber":          {map[string][]string{"uidNumber": nil}, account.Account{}, "uidNumber"},
		"no gidNumber":          {map[string][]string{"gidNumber": nil}, account.Account{}, "gidNumber"},
		"two uidNumbers":        {map[string][]string{"uidNumber": {"1", "2"}}, account.Account{}, "uidNumber"},
		"empty uidNumber":       {map[string][]string{"uidNumber": {""}}, account.Account{}, "uidNumber"},
		"negative":              {map[string][]string{"uidNumber": {"-1"}}, account.Account{}, "uidNumber"},
		"signed":                {map[string][]string{"uidNumber": {"+1000"}}, account.Account{}, "uidNumber"},
		"blank":                 {map[string][]string{"uidNumber": {" 1000"}}, account.Account{}, "uidNumber"},
		"hexadecimal":           {map[string][]string{"uidNumber": {"0x3e8"}}, account.Account{}, "uidNumber"},
		"2^32":                  {map[string][]string{"gidNumber": {"4294967296"}}, account.Account{}, "gidNumber"},
		"2^32-1":                {map[string][]string{"uidNumber": {"4294967295"}}, account.Account{}, "uidNumber"},
		"2^64":                  {map[string][]string{"uidNumber": {"18446744073709551616"}}, account.Account{}, "uidNumber"},
		"home with newline":     {map[string][]string{"homeDirectory": {"/home/bob\nroot:x:0:0"}}, account.Account{}, "homeDirectory"},
		"shell with colon":      {map[string][]string{"loginShell": {"/bin/sh:x"}}, account.Account{}, "loginShell"},
		"home with NUL":         {map[string][]string{"homeDirectory": {"/\x00home"}}, account.Account{}, "homeDirectory"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Add(person("bob", test.attributes))
			d := piped(t, server)
			got, err := d.AccountByName(within(t, time.Second), "bob")
			if test.bad != "" {
				wantError(t, err, directory.ErrBadEntry)
				if err == nil || !strings.Contains(err.Error(), "attribute "+test.bad) {
					t.Errorf("the error does not name %s: %v", test.bad, err)
				}
				test.want = account.Account{}
			} else if err != nil {
				t.Error(err)
			}
			if !cmp.Equal(got, test.want) {
				t.Errorf("account %+v instead of %+v", got, test.want)
			}
		})
	}
}

// hostileNames cannot be names; a search for them is not even sent.
var hostileNames = []string{"", "a\x00b", "\x00", strings.Repeat("x", 256), strings.Repeat("x", 300), "a\xff", "\xc3"}

func TestNamesThatCannotExist(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	for _, name := range hostileNames {
		_, err := d.AccountByName(within(t, time.Second), name)
		wantError(t, err, directory.ErrNotFound)
		_, err = d.LoginAccount(within(t, time.Second), name)
		wantError(t, err, directory.ErrNotFound)
		_, err = d.GroupByName(within(t, time.Second), name)
		wantError(t, err, directory.ErrNotFound)
		_, err = d.ShadowByName(within(t, time.Second), name)
		wantError(t, err, directory.ErrNotFound)
		_, err = d.GroupsOfMember(within(t, time.Second), name, "")
		wantError(t, err, directory.ErrNotFound)
	}
	if n := server.Connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestStrangeNames are searched for, as one value.
func TestStrangeNames(t *testing.T) {
	for _, name := range []string{
		"*", "a*", "al)(uid=*", "alice)(objectClass=*", "alice\\", "\\2a", "a\nb", "-rf", "12345", " alice", "alice ",
		"é", "(", ")", "&", "|", "!", "=", "a=b", "alice)(|(uid=*", strings.Repeat("x", 255),
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			d := piped(t, server)
			_, err := d.AccountByName(within(t, time.Second), name)
			wantError(t, err, directory.ErrNotFound)
			server.Add(person(name, map[string][]string{"homeDirectory": {"/home/x"}}))
			if got, err := d.AccountByName(within(t, time.Second), name); err != nil || got.Name != name {
				t.Errorf("%+v, %v", got, err)
			}
			for _, search := range server.Searches() {
				if want := "(&(objectClass=posixAccount)(uid=" + name + "))"; search.Filter != want {
					t.Errorf("filter %q instead of %q", search.Filter, want)
				}
			}
		})
	}
}

func TestSpelling(t *testing.T) {
	server := newServer(t)
	server.Add(group("staff", nil))
	d := piped(t, server)
	for _, name := range []string{"Alice", "ALICE"} {
		_, err := d.AccountByName(within(t, time.Second), name)
		wantError(t, err, directory.ErrNotFound)
		_, err = d.ShadowByName(within(t, time.Second), name)
		wantError(t, err, directory.ErrNotFound)
	}
	_, err := d.GroupByName(within(t, time.Second), "Staff")
	wantError(t, err, directory.ErrNotFound)
	_, err = d.AccountByName(within(t, time.Second), "nobody-here")
	wantError(t, err, directory.ErrNotFound)
}

func TestTwoEntriesForOneName(t *testing.T) {
	for n := 2; n <= 4; n++ {
		server := newServer(t)
		for i := range n {
			entry := person("bob", nil)
			entry.DN = fmt.Sprintf("uid=bob,ou=%d,%s", i, peopleDN)
			server.Add(entry)
		}
		d := piped(t, server)
		_, err := d.AccountByName(within(t, time.Second), "bob")
		wantError(t, err, directory.ErrNotUnique)
		_, err = d.AccountByUID(within(t, time.Second), 10001)
		wantError(t, err, directory.ErrNotUnique)
	}
}

func TestServersSizeLimit(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	for entries, want := range []error{directory.ErrRefused, directory.ErrNotUnique} {
		server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
			for range entries {
				c.Send(scripted.EntryMessage(r.ID, person("alice", nil)))
			}
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 4, ""))
		}})
		_, err := d.AccountByName(within(t, time.Second), "alice")
		wantError(t, err, want)
	}
}

func TestAccountByUID(t *testing.T) {
	server := newServer(t)
	server.Add(person("bob", map[string][]string{"uidNumber": {"7"}, "uid": {"robert", "bob"}}))
	d := piped(t, server)
	if got, err := d.AccountByUID(within(t, time.Second), 7); err != nil || got.Name != "bob" || got.UID != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := d.AccountByUID(within(t, time.Second), 8)
	wantError(t, err, directory.ErrNotFound)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		c.Send(scripted.EntryMessage(r.ID, person("bob", map[string][]string{"uidNumber": {"0"}})), scripted.Result(r.ID, scripted.SearchDone, 0, ""))
	}})
	_, err = d.AccountByUID(within(t, time.Second), 8)
	wantError(t, err, directory.ErrBadEntry)
}

// TestRequests: what exactly is asked.
func TestRequests(t *testing.T) {
	server := newServer(t)
	cfg := plainConfig("ldap://one.example")
	cfg.SearchTimeout = 3 * time.Second
	cfg.PageSize = 100
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	_, _ = d.AccountByName(within(t, 10*time.Second), "alice")
	_, _ = d.GroupsOfMember(within(t, 10*time.Second), "alice", aliceDN)
	searches := server.Searches()
	one, many := searches[0], searches[1]
	if one.SizeLimit != 2 || one.Paged || one.TimeLimit != 3 || one.Base != baseDN || one.Scope != 2 || one.BoundAs != serviceDN {
		t.Errorf("search for one entry: %+v", one)
	}
	for _, attribute := range one.Attributes {
		if strings.EqualFold(attribute, "userPassword") {
			t.Error("userPassword is asked for")
		}
	}
	want := "(&(objectClass=posixGroup)(|(memberUid=alice)(member=" + aliceDN + ")(uniqueMember=" + aliceDN + ")))"
	if !many.Paged || many.Filter != want {
		t.Errorf("search for groups: %+v", many)
	}
}

// TestRenamedAttributes: attributes, classes and filters of another schema.
func TestRenamedAttributes(t *testing.T) {
	server := newServer(t)
	server.Add(scripted.Entry{DN: "cn=Bob,cn=Users," + baseDN, Attributes: map[string][]string{
		"objectClass": {"user"}, "sAMAccountName": {"bob"}, "userPrincipalName": {"bob@example.com"}, "uidnumber": {"5001"}, "primaryGroupID": {"5000"},
		"unixHomeDirectory": {"/home/bob"}, "LOGINSHELL": {"/bin/bash"}, "displayName": {"Bob"}, "cn": {"not this"}, "department": {"it"},
	}})
	cfg := plainConfig("ldap://one.example")
	cfg.Passwd = config.Map{Filter: "(&(objectClass=user)(!(objectClass=computer)))", Attributes: map[string]string{
		"uid": "sAMAccountName", "gidNumber": "primaryGroupID", "homedirectory": "unixHomeDirectory", "gecos": "displayName",
	}}
	cfg.LoginAttribute = "userPrincipalName"
	cfg.LoginFilter = "department=it"
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	want := account.Account{DN: "cn=Bob,cn=Users," + baseDN, Name: "bob", UID: 5001, GID: 5000, Gecos: "Bob", Home: "/home/bob", Shell: "/bin/bash"}
	if got, err := d.AccountByName(within(t, time.Second), "bob"); err != nil || !cmp.Equal(got, want) {
		t.Errorf("by name: %+v, %v", got, err)
	}
	if got, err := d.LoginAccount(within(t, time.Second), "bob@example.com"); err != nil || got.Name != "bob" || got.UID != 5001 {
		t.Errorf("by login name: %+v, %v", got, err)
	}
	_, err := d.LoginAccount(within(t, time.Second), "bob")
	wantError(t, err, directory.ErrNotFound)
	for dn, want := range map[string]bool{want.DN: true, aliceDN: false, "cn=nobody," + baseDN: false} {
		if got, err := d.MatchesLoginFilter(within(t, time.Second), dn); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s matches the login filter: %v, %v", dn, got, err)
		}
	}
}

func TestNoLoginFilter(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	if got, err := d.MatchesLoginFilter(within(t, time.Second), aliceDN); err != nil || !got || server.Connections() > 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLoginFilterUnavailable(t *testing.T) {
	server := newServer(t)
	server.Refuse(true)
	cfg := plainConfig("ldap://one.example")
	cfg.LoginFilter = "(department=it)"
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	got, err := d.MatchesLoginFilter(within(t, time.Second), aliceDN)
	wantError(t, err, directory.ErrUnavailable)
	if got {
		t.Error("a filter that could not be asked matches")
	}
}

func TestSeveralBases(t *testing.T) {
	server := newServer(t)
	server.Add(person("bob", map[string][]string{"department": {"it"}}))
	staff := person("carol", nil)
	staff.DN = "uid=carol,ou=staff," + baseDN
	server.Add(staff)
	cfg := plainConfig("ldap://one.example")
	cfg.Passwd.Bases = []config.SearchBase{
		{DN: "ou=missing," + baseDN},
		{DN: peopleDN, Scope: "one", Filter: "(department=it)"},
		{DN: "ou=staff," + baseDN},
		{DN: "ou=staff," + baseDN, Scope: "sub"},
		{DN: "ou=gone," + baseDN},
	}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	for name, want := range map[string]error{"bob": nil, "carol": nil, "alice": directory.ErrNotFound} {
		_, err := d.AccountByName(within(t, time.Second), name)
		if want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if want != nil {
			wantError(t, err, want)
		}
	}
	if got, want := server.Searches()[1].Filter, "(&(&(objectClass=posixAccount)(department=it))(uid="; !strings.HasPrefix(got, want) {
		t.Errorf("filter %s", got)
	}
}

// TestMissingBaseIsLoggedOnce, not at every lookup.
func TestMissingBaseIsLoggedOnce(t *testing.T) {
	server := newServer(t)
	log := &bytes.Buffer{}
	cfg := plainConfig("ldap://one.example")
	cfg.Base = "dc=missing"
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial, Logger: slog.New(slog.NewTextHandler(log, nil))})
	for range 3 {
		_, err := d.AccountByName(within(t, time.Second), "alice")
		wantError(t, err, directory.ErrNotFound)
	}
	if n := strings.Count(log.String(), "dc=missing"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log)
	}
}

func TestShadow(t *testing.T) {
	server := newServer(t)
	server.Add(person("bob", map[string][]string{
		"shadowLastChange": {"19000"}, "shadowMin": {"0"}, "shadowMax": {"99999"}, "shadowWarning": {"seven"},
		"shadowInactive": {"-1"}, "shadowExpire": {"99999999999"}, "shadowFlag": {"", "1"},
	}))
	d := piped(t, server)
	want := account.Shadow{Name: "bob", LastChange: 19000, Min: 0, Max: 99999, Warn: -1, Inactive: -1, Expire: -1, Flag: 0}
	if got, err := d.ShadowByName(within(t, time.Second), "bob"); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	none := account.Shadow{Name: "alice", LastChange: -1, Min: -1, Max: -1, Warn: -1, Inactive: -1, Expire: -1, Flag: 0}
	if got, err := d.ShadowByName(within(t, time.Second), "alice"); err != nil || got != none {
		t.Errorf("%+v, %v", got, err)
	}
}
