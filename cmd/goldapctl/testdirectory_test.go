package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/test/scripted"
)

// twoDirectories writes a configuration with the directories staff, which has
// alice, and guests, which has alice and bob.
func twoDirectories(t *testing.T) (config string, staff *scripted.Server) {
	t.Helper()
	var text strings.Builder
	for name, users := range map[string][]string{"staff": {"alice"}, "guests": {"alice", "bob"}} {
		base := "dc=" + name
		server := scripted.New(t)
		server.Add(scripted.Entry{DN: base, Attributes: map[string][]string{"objectClass": {"domain"}}})
		for i, user := range users {
			server.Add(scripted.Entry{DN: "uid=" + user + "," + base, Attributes: map[string][]string{
				"objectClass": {"posixAccount"}, "uid": {user}, "uidNumber": {fmt.Sprint(5001 + i)}, "gidNumber": {"5000"},
				"homeDirectory": {"/home/" + user}, "userPassword": {"secret of " + name},
			}})
		}
		table := fmt.Sprintf("[[directory]]\nname = %q\nuris = [\"ldap://%s\"]\nbase = %q\n[directory.tls]\nmode = \"off\"\nallow_clear_text = true\n",
			name, server.Listen(t), base)
		if name == "staff" {
			staff = server
			table, text = table+text.String(), strings.Builder{}
		}
		text.WriteString(table)
	}
	config = filepath.Join(t.TempDir(), "goldap.toml")
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, staff
}

// TestTestDirectoryOfSeveral: the first that has the user decides, and one that
// does not answer ends the trial, as it ends a login.
func TestTestDirectoryOfSeveral(t *testing.T) {
	config, staff := twoDirectories(t)
	try := func(want int, args string, said ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		args = "test directory " + args + " --password --config " + config
		status := execute(t.Context(), strings.Fields(args), strings.NewReader("secret of guests\n"), &out, &errOut)
		if status != want {
			t.Errorf("%s: status %d, want %d: %s%s", args, status, want, out.String(), errOut.String())
		}
		for _, text := range said {
			if absent, not := strings.CutPrefix(text, "!"); not == strings.Contains(out.String()+errOut.String(), absent) {
				t.Errorf("%s: %q in\n%s%s", args, text, out.String(), errOut.String())
			}
		}
	}
	try(0, "bob", "directory staff\n", "find: FAILED: no entry matches\n", "directory guests\n", "dn: uid=bob,dc=guests", "code: 0",
		"version: none: what is sent can be read on the way")
	try(1, "alice", "dn: uid=alice,dc=staff", "result code 49", "!directory guests\n")
	try(0, "alice --directory guests", "dn: uid=alice,dc=guests", "!directory staff\n", "!outcome: ")
	try(1, "carol", "directory staff\n", "directory guests\n", `test directory "carol": no entry matches`)
	if n := len(staff.Binds()); n != 1 {
		t.Errorf("the password was sent to the other directory: %d binds", n)
	}
	staff.Close()
	try(3, "bob", "connect: FAILED: dial tcp ", "!directory guests\n")
}
