package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/config"
)

const passwdText = `root:x:0:0:root:/root:/bin/bash
#nslcd:x:1:1::/:
short:x:5
nslcd:x:101:102:nslcd name service LDAP connection daemon,,,:/run/nslcd:/usr/sbin/nologin
goldap:x:999:998::/:/bin/false
broken:x:-5:1::/:
12:x:13:14::/:
`

const groupText = `root:x:0:
ssl-cert:x:110:other,nslcd
adm:x:4:nslcd
nslcd:x:102:nslcd
nslcd2:x:103:
`

func TestFindIdentity(t *testing.T) {
	self := os.Getuid()
	for name, test := range map[string]struct {
		user, group string
		want        *identity
		err         string
	}{
		"nothing":          {"", "", nil, ""},
		"user":             {"goldap", "", &identity{999, 998, []int{998}}, ""},
		"user with groups": {"nslcd", "", &identity{101, 102, []int{110, 4, 102}}, ""},
		"both":             {"nslcd", "nslcd2", &identity{101, 103, []int{110, 4, 102, 103}}, ""},
		"numbers":          {"101", "110", &identity{101, 110, []int{110, 4, 102}}, ""},
		"name of digits":   {"12", "", &identity{13, 14, []int{14}}, ""},
		"group only":       {"", "adm", &identity{self, 4, []int{4}}, ""},
		"root":             {"root", "", &identity{0, 0, []int{0}}, ""},
		"unknown user":     {"nslcd3", "", nil, `user "nslcd3" (daemon.user, uid) is not in /etc/passwd: `},
		"unknown number":   {"77", "", nil, `user "77" `},
		"unknown group":    {"nslcd", "staff", nil, `group "staff" (daemon.group, gid) is not in /etc/group`},
		"no number":        {"broken", "", nil, `user "broken" `},
		"comment":          {"#nslcd", "", nil, `user "#nslcd" `},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := findIdentity(config.Daemon{User: test.user, Group: test.group}, []byte(passwdText), []byte(groupText))
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(identity{})); diff != "" && err == nil {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilesThatTheUserCannotRead(t *testing.T) {
	path := configFile(t, "goldap.toml", "")
	self := identity{os.Getuid(), os.Getgid(), []int{os.Getgid()}}
	for name, test := range map[string]struct {
		id   *identity
		mode os.FileMode
		open bool
	}{
		"stays":        {nil, 0o600, true},
		"root":         {&identity{0, 0, nil}, 0o600, true},
		"other":        {&identity{self.uid + 1, self.gid + 1, []int{self.gid + 1}}, 0o640, false},
		"others":       {&identity{self.uid + 1, self.gid + 1, []int{self.gid + 1}}, 0o644, true},
		"group":        {&identity{self.uid + 1, self.gid, []int{5, self.gid}}, 0o640, true},
		"closed group": {&identity{self.uid + 1, self.gid, []int{self.gid}}, 0o604, false},
	} {
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		if closed := test.id.cannotRead([]string{path, "/nonexistent"}); (len(closed) == 0) != test.open {
			t.Errorf("%s: %v", name, closed)
		}
	}
}
