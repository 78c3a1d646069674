package names_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Enumerations show what lookups would find: nothing local, nothing refused.
func TestEnumerationsKeepTheRules(t *testing.T) {
	accounts := []account.Account{
		user("ada", 5001, 5000), user("local", 5002, 5000), user("thief", 2001, 5000),
		user("root2", 0, 5000), user("-bad", 5003, 5000), user("bob", 5004, 5000),
	}
	groups := []account.Group{
		group("staff", 6001, "ada", "-rf", "bob"), group("wheel", 6002), group("admins", 3001), group("low", 10),
	}
	s := newSite(t, 0, &fake{accounts: accounts, groups: groups}, &fake{accounts: []account.Account{user("eve", 5005, 5000)}})
	var names []string
	for acct, err := range s.Passwds(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, acct.Name)
	}
	for shadow, err := range s.Shadows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, shadow.Name)
	}
	want := []string{"ada", "bob", "eve", "ada", "thief", "root2", "bob", "eve"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for g, err := range s.Groups(t.Context()) {
		if err != nil || cmp.Diff(group("staff", 6001, "ada", "bob"), g) != "" {
			t.Errorf("%+v, %v", g, err)
		}
	}
	if !strings.Contains(s.log.String(), "cn=odd") || !strings.Contains(s.log.String(), "uid=thief") {
		t.Errorf("the refused entries are not in the log: %s", s.log)
	}
}

// A directory that breaks ends the enumeration, and no other is asked.
func TestEnumerationEndsWithTheFirstError(t *testing.T) {
	away := &fake{accounts: []account.Account{user("ada", 5001, 5000)}, err: directory.ErrUnavailable}
	s := newSite(t, 0, away, &fake{accounts: []account.Account{user("eve", 5005, 5000)}})
	var seen []string
	var last error
	for acct, err := range s.Passwds(t.Context()) {
		seen, last = append(seen, acct.Name), err
	}
	if diff := cmp.Diff([]string{"ada", ""}, seen); diff != "" || !errors.Is(last, directory.ErrUnavailable) {
		t.Error(diff, last)
	}
}
