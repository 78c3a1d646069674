package main

import (
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
)

// memberships has the ways into ada's groups.
func memberships(q nslcd.Request, r *nslcd.Response) error {
	if q.Name != "ada" {
		return nil
	}
	for _, m := range []account.Membership{
		{Group: account.Group{Name: "engineers", GID: 5010}, Path: []string{"engineers"}},
		{Group: account.Group{Name: "staff", GID: 5011}, Path: []string{"engineers", "staff"}},
		{Group: account.Group{Name: "all", GID: 5012}, Path: []string{"engineers", "sta\x1bff", "all"}},
		{Group: account.Group{Name: "ops", GID: 7001}},
	} {
		if err := r.Membership(m); err != nil {
			return err
		}
	}
	return nil
}

// keys has two keys of ada.
func keys(q nslcd.Request, r *nslcd.Response) error {
	switch q.Name {
	case "ada":
		return r.SSHKeys([]string{"ssh-ed25519 AAAA ada", `command="true" ssh-ed25519 BBBB ada`})
	case "loner":
		return r.SSHKeys(nil)
	}
	return nil
}

func TestGroups(t *testing.T) {
	socket := serve(t)
	for args, want := range map[string]struct {
		status int
		out    string
	}{
		"groups ada": {0, `(no name) 5000: primary group
engineers 5010: member
staff 5011: member of engineers, which is in staff
all 5012: member of engineers, which is in "sta\x1bff", which is in all
ops 7001: by a role
`},
		"groups stock": {0, "engineers 5010: primary group\npioneers 5011\n"}, // an nslcd does not know more
		"groups loner": {0, "(no name) 0: primary group\n"},
		"groups stock --json": {0, `[
  {
    "name": "engineers",
    "gid": 5010,
    "primary": true,
    "member": true,
    "path": null
  },
  {
    "name": "pioneers",
    "gid": 5011,
    "primary": false,
    "member": true,
    "path": null
  }
]
`},
		"groups eve":    {1, ""},
		"groups gone":   {3, ""},
		"groups":        {2, ""},
		"groups a b":    {2, ""},
		"ssh-keys ada":  {0, "ssh-ed25519 AAAA ada\ncommand=\"true\" ssh-ed25519 BBBB ada\n"},
		"ssh-keys eve":  {0, ""},
		"ssh-keys gone": {3, ""}, "ssh-keys stock": {3, ""},
		"ssh-keys loner": {0, ""},
		"ssh-keys":       {2, ""},
	} {
		status, out, errOut := run(t, strings.Fields(args+" --socket "+socket)...)
		if status != want.status || out != want.out || (errOut == "") != (status == 0) {
			t.Errorf("%s: status %d, want %d; printed\n%s\nwant\n%s\nerrors: %s", args, status, want.status, out, want.out, errOut)
		}
	}
}
