package names_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/sshkey"
)

const goodKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyG9g6gUd940AXQ/7j8PU4thxwLURQhAj53KnPP6zgB ada"

func TestSSHKeys(t *testing.T) {
	forced := `restrict,command="rsync --server" ` + goodKey
	d := &fake{
		accounts: []account.Account{user("alice", 2000, 2000), user("zero", 0, 2000), user("shared", 2001, 2000)},
		keys: []string{
			goodKey, forced, goodKey + "\r\n", "# " + goodKey, "", "ssh-ed25519 AAAA broken", goodKey + "\n" + goodKey,
			"x\x00" + goodKey, goodKey + "\x1b[2J", goodKey + strings.Repeat("x", 16<<10), "ssh-new " + strings.Fields(goodKey)[1],
		},
	}
	if keys, err := newMemory(t, d).SSHKeys(t.Context(), "alice"); !errors.Is(err, directory.ErrUnavailable) || len(keys) > 0 {
		t.Errorf("without a check: %q, %v", keys, err)
	}
	s := newSiteWith(t, func(o *names.Options) {
		remember(o)
		o.CheckSSHKey = sshkey.Check
	}, d)
	got, err := s.SSHKeys(t.Context(), "alice")
	if diff := cmp.Diff([]string{goodKey, forced, goodKey}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	s.wantRefusals(t, map[names.Reason]uint64{names.BadKey: 8})
	for _, want := range []string{"uid=alice,dc=test: ssh key 5: not a public key", "ssh key 7: has a line end", "ssh key 10: longer than 16384 bytes"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, s.log)
		}
	}
	for name, want := range map[string]error{
		"local": directory.ErrNotFound, "root": directory.ErrNotFound, "a b": directory.ErrNotFound, "nobody": directory.ErrNotFound,
		"zero": directory.ErrBadEntry, "shared": directory.ErrBadEntry, // ids of this machine
	} {
		if keys, err := s.SSHKeys(t.Context(), name); !errors.Is(err, want) || len(keys) > 0 {
			t.Errorf("%s: %q, %v, want %v", name, keys, err, want)
		}
	}
	d.keys = nil
	if keys, err := s.SSHKeys(t.Context(), "alice"); err != nil || len(keys) > 0 {
		t.Errorf("a key that was removed is remembered: %q, %v", keys, err)
	}
	for i := range 105 {
		d.keys = append(d.keys, goodKey+fmt.Sprint(i))
	}
	if keys, err := s.SSHKeys(t.Context(), "alice"); err != nil || len(keys) != 100 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	d.err = directory.ErrUnavailable
	if keys, err := s.SSHKeys(t.Context(), "alice"); !errors.Is(err, directory.ErrUnavailable) || len(keys) > 0 {
		t.Errorf("without an answer: %q, %v", keys, err)
	}
}

// TestSSHKeysOfTheDirectoryThatDecides: a directory that does not answer is not
// passed over, unless a login may do so, and never for one of its users.
func TestSSHKeysOfTheDirectoryThatDecides(t *testing.T) {
	for _, mayPass := range []bool{false, true} {
		first := &fake{accounts: []account.Account{user("alice", 2000, 2000)}, keys: []string{goodKey}}
		second := &fake{accounts: []account.Account{user("alice", 3000, 2000), user("bob", 3002, 2000)}, keys: []string{goodKey + "2"}}
		s := newSiteWith(t, func(o *names.Options) {
			remember(o)
			o.CheckSSHKey = sshkey.Check
			o.Limits = []names.Limit{{LoginPassOver: mayPass}, {}}
		}, first, second)
		for user, want := range map[string]string{"alice": goodKey, "bob": goodKey + "2"} {
			if keys, err := s.SSHKeys(t.Context(), user); err != nil || len(keys) != 1 || keys[0] != want {
				t.Errorf("%s: %q, %v", user, keys, err)
			}
		}
		if _, err := s.PasswdByName(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		first.err = directory.ErrUnavailable
		if keys, err := s.SSHKeys(t.Context(), "bob"); (err == nil) != mayPass {
			t.Errorf("pass over %v: %q, %v", mayPass, keys, err)
		}
		if keys, err := s.SSHKeys(t.Context(), "alice"); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("pass over %v: keys of another alice: %q, %v", mayPass, keys, err)
		}
	}
}
