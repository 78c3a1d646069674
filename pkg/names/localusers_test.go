package names_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// localPasswd has users of this machine of every kind.
const localPasswd = `root:x:0:0:root:/root:/bin/sh
toor:x:0:0:root:/root:/bin/sh
alice:x:5000:5000::/:
moved:x:5001:5001::/:
twice:x:5002:5002::/:
twice:x:0:0::/:
broken:x:x:5003::/:
daemon:x:2:2::/:
Mixed:x:5004:5004::/:
renamed:x:5005:5005::/:
`

// newLocalUsers is a site whose directory claims all of them, and more.
func newLocalUsers(t *testing.T, allowed bool) *site {
	t.Helper()
	wrong := user("moved", 5999, 5001)
	d := &fake{accounts: []account.Account{
		user("root", 5100, 5100), user("toor", 5101, 5100), user("alice", 5000, 100), wrong, user("twice", 5002, 5002),
		user("broken", 5003, 5003), user("daemon", 2, 5000), user("Mixed", 5004, 5004), user("bob", 5200, 5200), user("thief", 5000, 5000),
		user("mallory", 5300, 5300),
	}, logins: map[string]account.Account{
		"renamed": user("mallory", 5300, 5300), "mail": user("alice", 5000, 5000),
	}}
	s := newSiteWith(t, func(o *names.Options) { remember(o); o.LocalUsers = allowed }, d)
	write(t, s.passwd, localPasswd)
	return s
}

// A local user logs in with the password of the directory only where that is
// allowed, with the same name and uid; root never does, and nobody as root.
func TestLocalUsers(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		s := newLocalUsers(t, allowed)
		for name, test := range map[string]struct {
			uid  uint32
			says string // if it is allowed to local users
		}{
			"alice":   {5000, ""},
			"bob":     {5200, ""}, // is not local
			"root":    {0, "root never logs in"},
			"toor":    {0, "is root"},
			"moved":   {0, "has uid 5999 there and 5001 on this machine (login.local_users)"},
			"twice":   {0, "not clearly one user"},
			"broken":  {0, "not clearly one user"},
			"daemon":  {0, "uid 2 is outside"},
			"Mixed":   {5004, ""},
			"mixed":   {0, ""},
			"thief":   {0, "is local"},
			"renamed": {0, "is not that of the local user"}, // mallory's login name is that of a local user
			"mail":    {0, "is not that of the local user"},
		} {
			want := test.uid
			if !allowed && name != "bob" {
				want = 0
			}
			got, _, err := s.LoginAccount(t.Context(), name, false)
			unknown := errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrBadEntry)
			if got.UID != want || (err == nil) != (want > 0) || err != nil && !unknown {
				t.Errorf("allowed %v: %s: uid %d, %v; want %d", allowed, name, got.UID, err, want)
			}
			if allowed && err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v; want a text with %q", name, err, test.says)
			}
			if _, err := s.PasswdByName(t.Context(), name); err == nil && name != "bob" {
				t.Errorf("%s: a lookup is answered", name)
			}
		}
		if _, err := s.GroupsOfMember(t.Context(), "alice"); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("groups of a local user: %v", err)
		}
	}
}

// What is remembered of a login does not outlast a change of the local user.
func TestLocalUserChanges(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newLocalUsers(t, true)
		s.wantLogin(t, "alice", 5000, 0, nil)
		write(t, s.passwd, strings.Replace(localPasswd, "alice:x:5000", "alice:x:5009", 1))
		s.wantLogin(t, "alice", 0, 0, directory.ErrBadEntry)
		write(t, s.passwd, strings.Replace(localPasswd, "alice:x:5000", "alice:x:0", 1))
		s.wantLogin(t, "alice", 0, 0, directory.ErrNotFound)
	})
}

// An entry without ids is there for the login of a user who becomes another, and
// for nothing else.
func TestAccountWithoutIDs(t *testing.T) {
	guest := account.Account{DN: "uid=guest1,dc=test", Name: "guest1", UID: account.NoID, GID: account.NoID, Template: "local"}
	lost := guest
	lost.Name, lost.Template = "lost", ""
	odd := guest
	odd.Name = "-odd"
	d := &fake{accounts: []account.Account{guest, lost}, logins: map[string]account.Account{"odd": odd}}
	s := newMemory(t, d)
	if a, _, err := s.LoginAccount(t.Context(), "guest1", false); err != nil || a.Template != "local" || a.UID != account.NoID {
		t.Errorf("%+v, %v", a, err)
	}
	for _, name := range []string{"lost", "odd"} {
		if a, _, err := s.LoginAccount(t.Context(), name, false); !errors.Is(err, directory.ErrBadEntry) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	s.want(t, "guest1", 0, directory.ErrBadEntry)
	s.wantUID(t, account.NoID, "", directory.ErrNotFound)
	for acct, err := range s.Passwds(t.Context()) {
		if err == nil {
			t.Errorf("listed: %+v", acct)
		}
	}
}

func TestCheckTemplate(t *testing.T) {
	s := newLocalUsers(t, false)
	for name, says := range map[string]string{
		"alice": "", "daemon": "uid 2 is outside", "root": "is root", "toor": "is root", "ROOT": "is not in /etc/passwd", "bob": "is not in /etc/passwd",
		"twice": "not clearly one user", "broken": "not clearly one user", "": "accounts.valid_names", "a:b": "accounts.valid_names", "5000": "accounts.valid_names",
	} {
		err := s.CheckTemplate(name)
		if (err == nil) != (says == "") || err != nil && (!errors.Is(err, names.ErrNoTemplate) || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", name, err, says)
		}
	}
}
