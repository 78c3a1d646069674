package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// TestTwentyDirectories: nothing bounds their number. Each has a user of its own
// and a shared one, whom the first decides about, and the last is found while all others are away.
func TestTwentyDirectories(t *testing.T) {
	const count = 20
	var file strings.Builder
	var servers []*scripted.Server
	for i := range count {
		base := fmt.Sprintf("dc=d%d", i)
		fmt.Fprintf(&file, "[[directory]]\nname = \"d%d\"\nuris = [\"ldap://d%d.example.com\"]\nbase = %q\n", i, i, base)
		ldap := scripted.New(t)
		for j, name := range []string{fmt.Sprint("user", i), "shared"} {
			ldap.Add(examplePerson(name, base, map[string][]string{"uidNumber": {fmt.Sprint(30000 + 1000*j + i)}, "userPassword": {fmt.Sprint("password ", i)}}))
		}
		servers = append(servers, ldap)
	}
	c := serveExample(t, file.String(), servers...)
	logsIn := func(name, password string) bool {
		a, err := c.Authenticate(t.Context(), nslcd.PAM{User: name, Service: "sshd"}, secret.FromString(password))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return a.Code == nslcd.CodeSuccess && a.Authorization == nslcd.CodeSuccess
	}
	for i := range count {
		name := fmt.Sprint("user", i)
		if p, err := c.PasswdByName(t.Context(), name); err != nil || p.UID != uint32(30000+i) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if !logsIn(name, fmt.Sprint("password ", i)) || logsIn(name, "wrong") {
			t.Errorf("%s does not log in, or with any password", name)
		}
		if logsIn("shared", fmt.Sprint("password ", i)) != (i == 0) {
			t.Errorf("shared logs in with the password of directory %d: want %v", i, i == 0)
		}
	}
	if _, err := c.PasswdByName(t.Context(), "nobody-here"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	for _, ldap := range servers[:count-1] {
		ldap.Refuse(true)
		ldap.Drop()
	}
	if p, err := c.PasswdByUID(t.Context(), 30000+count-1); err != nil || p.Name != "user19" {
		t.Errorf("with all others away: %+v, %v", p, err)
	}
	if !logsIn("user19", "password 19") { // found a moment ago: the bind decides
		t.Error("user19, who is remembered, does not log in")
	}
}
