package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// Whom a user becomes is in the entry or in the configuration. With it, an entry
// without any id is an account for a login; one with a part of them never is.
func TestTemplateUser(t *testing.T) {
	posix := map[string][]string{"uidNumber": {"5000"}, "gidNumber": {"5000"}, "homeDirectory": {"/home/x"}}
	none := map[string][]string{}
	for name, test := range map[string]struct {
		login, attribute string
		entry            map[string][]string
		host             []string // the value of the attribute
		template         string
		uid              uint32
		bad              bool
	}{
		"no template":              {entry: posix, host: []string{"kiosk"}, uid: 5000},
		"no template, no ids":      {entry: none, bad: true},
		"for all":                  {login: "kiosk", entry: posix, template: "kiosk", uid: 5000},
		"for all, no ids":          {login: "kiosk", entry: none, template: "kiosk", uid: account.NoID},
		"own":                      {login: "kiosk", attribute: "host", entry: posix, host: []string{"guest"}, template: "guest", uid: 5000},
		"own, no ids":              {attribute: "host", entry: none, host: []string{"guest"}, template: "guest", uid: account.NoID},
		"none of their own":        {login: "kiosk", attribute: "host", entry: posix, template: "kiosk", uid: 5000},
		"only own, none":           {attribute: "host", entry: posix, uid: 5000},
		"only own, none, no ids":   {attribute: "host", entry: none, bad: true},
		"two":                      {login: "kiosk", attribute: "host", entry: posix, host: []string{"a", "b"}, bad: true},
		"a part: uid":              {login: "kiosk", entry: map[string][]string{"uidNumber": {"5000"}}, bad: true},
		"a part: home":             {login: "kiosk", entry: map[string][]string{"homeDirectory": {"/"}}, bad: true},
		"a part: no home":          {login: "kiosk", entry: map[string][]string{"uidNumber": {"5000"}, "gidNumber": {"5000"}}, bad: true},
		"uid is no number":         {login: "kiosk", entry: map[string][]string{"uidNumber": {"x"}, "gidNumber": {"1"}, "homeDirectory": {"/"}}, bad: true},
		"uid is nobody's":          {login: "kiosk", entry: map[string][]string{"uidNumber": {"4294967295"}, "gidNumber": {"1"}, "homeDirectory": {"/"}}, bad: true},
		"uid twice, template also": {login: "kiosk", entry: map[string][]string{"uidNumber": {"5000", "5001"}, "gidNumber": {"1"}, "homeDirectory": {"/"}}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			attributes := map[string][]string{"objectClass": {"posixAccount"}, "uid": {"visitor"}}
			for attribute, values := range test.entry {
				attributes[attribute] = values
			}
			if test.host != nil {
				attributes["host"] = test.host
			}
			server.Add(scripted.Entry{DN: "uid=visitor,ou=people,dc=example,dc=com", Attributes: attributes})
			cfg := plainConfig("ldap://" + server.Listen(t))
			cfg.TemplateLogin, cfg.TemplateLoginAttribute = test.login, test.attribute
			d := newDirectory(t, cfg, directory.Options{})
			got, err := d.LoginAccount(within(t, 5*time.Second), "visitor")
			if errors.Is(err, directory.ErrBadEntry) != test.bad || err != nil && !test.bad || got.Template != test.template || got.UID != test.uid {
				t.Errorf("%+v, %v", got, err)
			}
			if !test.bad && got.HasID() != (test.uid != account.NoID) {
				t.Errorf("uid %d, gid %d", got.UID, got.GID)
			}
			if got, err := d.AccountByName(within(t, 5*time.Second), "visitor"); got.Template != "" || (err == nil) != (len(test.entry["homeDirectory"]) > 0 && got.UID == 5000) {
				t.Errorf("a lookup: %+v, %v", got, err)
			}
		})
	}
}
