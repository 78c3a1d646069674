package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// twoDirectories are called one and two.
const twoDirectories = "[[directory]]\nname = \"one\"\nuris = [\"ldaps://a\"]\nbase = \"dc=a\"\n" +
	"[[directory]]\nname = \"two\"\nuris = [\"ldaps://b\"]\nbase = \"dc=b\"\n"

const staffRole = "[[role]]\nname = \"staff\"\ngroup_dns = [\"cn=staff,dc=a\"]\n"

func TestRoles(t *testing.T) {
	cfg := load(t, "goldap.toml", twoDirectories+`
[login]
other_services = "refuse"
[[role]]
name = "Staff.1"
directories = ["one", "two"]
users = ["alice"]
group_dns = ["cn=staff,ou=groups,dc=a"]
groups = ["staff"]
group_base = "ou=groups,dc=b"
nested = true
filters = ["(employeeType=internal)"]
roles = ["admins"]
gid = 5000
[[role]]
name = "admins"
directories = ["two"]
users = ["bob"]
[[service]]
names = ["sshd", "login"]
admit = ["Staff.1"]
refuse = ["admins"]
[[service]]
names = ["sudo"]
`)
	want := []Role{{
		Name: "Staff.1", Directories: []string{"one", "two"}, Users: []string{"alice"}, GroupDNs: []string{"cn=staff,ou=groups,dc=a"},
		Groups: []string{"staff"}, GroupBase: "ou=groups,dc=b", Nested: true, Filters: []string{"(employeeType=internal)"},
		Roles: []string{"admins"}, GID: 5000,
	}, {Name: "admins", Directories: []string{"two"}, Users: []string{"bob"}}}
	if !reflect.DeepEqual(cfg.Roles, want) {
		t.Errorf("roles %+v", cfg.Roles)
	}
	services := []Service{{Names: []string{"sshd", "login"}, Admit: []string{"Staff.1"}, Refuse: []string{"admins"}}, {Names: []string{"sudo"}}}
	if !reflect.DeepEqual(cfg.Services, services) || cfg.Login.OtherServices != "refuse" || len(cfg.Warnings) > 0 {
		t.Errorf("services %+v, others %q, warnings %v", cfg.Services, cfg.Login.OtherServices, cfg.Warnings)
	}
}

// manyRoles are roles with names of 30 bytes.
func manyRoles(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "[[role]]\nname = \"%030d\"\nusers = [\"a\"]\n", i)
	}
	return b.String()
}

func TestRoleErrors(t *testing.T) {
	role := func(lines string) string { return minimal + "[[role]]\n" + lines }
	service := func(lines string) string {
		return minimal + staffRole + "[login]\nother_services = \"admit\"\n[[service]]\n" + lines
	}
	tests := map[string]struct{ file, want string }{
		"no name":           {role(`users = ["a"]`), "goldap.toml:4: role.name: is missing: services and GOLDAP_ROLES need"},
		"blank in the name": {role("name = \"a b\"\nusers = [\"a\"]"), `goldap.toml:5: role.name: "a b" is not a name for a role`},
		"comma in the name": {role("name = \"a,b\"\nusers = [\"a\"]"), `role.name: "a,b" is not a name for a role`},
		"hyphen first":      {role("name = \"-a\"\nusers = [\"a\"]"), `role.name: "-a" is not a name for a role`},
		"umlaut":            {role("name = \"ä\"\nusers = [\"a\"]"), `role.name: "ä" is not a name for a role`},
		"long name":         {role("name = \"" + strings.Repeat("a", 33) + "\"\nusers = [\"a\"]"), "is longer than 32 bytes"},
		"long together":     {minimal + manyRoles(150), "role: has names of 4649 bytes together; they must fit into GOLDAP_ROLES, which has 4000"},
		"same name":         {minimal + staffRole + "[[role]]\nname = \"STAFF\"\nusers = [\"a\"]", `goldap.toml:8: role.name: "STAFF" is the name of another role, too`},
		"empty":             {role(`name = "a"`), `goldap.toml:4: role: "a" is a role that nobody can have: give it users, group_dns, groups, filters or roles`},
		"empty user":        {role("name = \"a\"\nusers = [\"\"]"), "goldap.toml:6: role.users: is empty: write the name of a user"},
		"impossible user":   {role("name = \"a\"\nusers = [\"a:b\"]"), `role.users: "a:b" is not the name of a user: accounts.valid_names refuses it`},
		"no DN":             {role("name = \"a\"\ngroup_dns = [\"staff\"]"), `goldap.toml:6: role.group_dns: "staff" is not a DN`},
		"empty DN":          {role("name = \"a\"\ngroup_dns = [\"\"]"), "role.group_dns: is empty: write the DN of a group"},
		"groups, no base":   {role("name = \"a\"\ngroups = [\"staff\"]"), "goldap.toml:4: role.group_base: is missing: say where the groups are, or name them by group_dns; otherwise whoever may write anywhere"},
		"base is no DN":     {role("name = \"a\"\ngroups = [\"staff\"]\ngroup_base = \"groups\""), `role.group_base: "groups" is not a DN`},
		"empty group":       {role("name = \"a\"\ngroups = [\"\"]\ngroup_base = \"dc=a\""), "role.groups: is not the name of a group"},
		"long group":        {role("name = \"a\"\ngroups = [\"" + strings.Repeat("g", 256) + "\"]\ngroup_base = \"dc=a\""), "is not the name of a group"},
		"no filter":         {role("name = \"a\"\nfilters = [\"uid=a\"]"), `goldap.toml:6: role.filters: "uid=a" is not a filter`},
		"empty filter":      {role("name = \"a\"\nfilters = [\"\"]"), "role.filters: is"},
		"unknown role":      {minimal + staffRole + "[[role]]\nname = \"a\"\nroles = [\"staf\"]", `goldap.toml:9: role.roles: "staf" is not the name of a role; did you mean staff?`},
		"role twice":        {minimal + staffRole + "[[role]]\nname = \"a\"\nroles = [\"staff\", \"staff\"]", `role.roles: "staff" is named twice`},
		"itself":            {role("name = \"a\"\nroles = [\"a\"]"), "goldap.toml:6: role.roles: include each other in a circle: a -> a"},
		"circle": {role("name = \"a\"\nroles = [\"b\"]\n[[role]]\nname = \"b\"\nusers = [\"x\"]\nroles = [\"c\"]\n[[role]]\nname = \"c\"\nroles = [\"a\"]"),
			"goldap.toml:6: role.roles: include each other in a circle: a -> b -> c -> a"},
		"circle not at the start": {role("name = \"a\"\nroles = [\"b\"]\n[[role]]\nname = \"b\"\nroles = [\"c\"]\n[[role]]\nname = \"c\"\nroles = [\"b\"]"),
			"goldap.toml:9: role.roles: include each other in a circle: b -> c -> b"},
		"small gid":         {role("name = \"a\"\nusers = [\"a\"]\ngid = 27"), `goldap.toml:7: role.gid: "27" is not between accounts.min_gid and max_gid`},
		"same gid":          {role("name = \"a\"\nusers = [\"a\"]\ngid = 5000\n[[role]]\nname = \"b\"\nusers = [\"b\"]\ngid = 5000"), `goldap.toml:11: role.gid: "5000" is the gid of role a, too`},
		"name no group has": {"[accounts]\nvalid_names = \"^[a-z]+$\"\n" + role("name = \"a.b\"\nusers = [\"a\"]\ngid = 5000"), `role.name: "a.b" cannot be the name of a group: accounts.valid_names refuses it`},
		"which directory":   {twoDirectories + staffRole, "role.directories: is missing: there is more than one directory, and the users of one must not get the rights of another's by chance; name those whose users can have the role: one, two"},
		"unknown directory": {twoDirectories + staffRole + `directories = ["tow"]`, `role.directories: "tow" is not the name of a directory; did you mean two?`},
		"directory twice":   {twoDirectories + staffRole + `directories = ["one", "one"]`, `role.directories: "one" is named twice`},
		"one directory":     {minimal + staffRole + `directories = ["other"]`, `role.directories: "other" is not the name of a directory`},

		"service without a name": {service(`admit = ["staff"]`), "goldap.toml:9: service.names: is missing: name the PAM services"},
		"empty service":          {service(`names = [""]`), "goldap.toml:10: service.names: is empty"},
		"path":                   {service(`names = ["/etc/pam.d/sshd"]`), `service.names: "/etc/pam.d/sshd" is not the name of a PAM service`},
		"capital letters":        {service(`names = ["SSHD"]`), `service.names: "SSHD" has a capital letter: libpam changes the names of services to lower case`},
		"twice in a list":        {service(`names = ["sshd", "sshd"]`), `service.names: "sshd" has a rule already`},
		"twice":                  {service("names = [\"sshd\"]\n[[service]]\nnames = [\"su\", \"sshd\"]"), `goldap.toml:12: service.names: "sshd" has a rule already`},
		"unknown admit":          {service("names = [\"sshd\"]\nadmit = [\"stuff\"]"), `service.admit: "stuff" is not the name of a role; did you mean staff?`},
		"unknown refuse":         {service("names = [\"sshd\"]\nrefuse = [\"nobody\"]"), `service.refuse: "nobody" is not the name of a role`},
		"both":                   {service("names = [\"sshd\"]\nadmit = [\"staff\"]\nrefuse = [\"staff\"]"), `service.admit: "staff" is refused by the same service`},
		"others not said":        {minimal + staffRole + "[[service]]\nnames = [\"sshd\"]", "login.other_services: is missing: there is a [[service]], so say what holds"},
		"others odd":             {minimal + staffRole + "[login]\nother_services = \"deny\"\n[[service]]\nnames = [\"sshd\"]", `login.other_services: "deny" is none of admit, refuse`},
		"nothing left":           {minimal + "[login]\nother_services = \"refuse\"", `login.other_services: "refuse" refuses every login`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { contains(t, loadBad(t, "goldap.toml", tt.file), tt.want) })
	}
}

// TestOneCircleIsOneError, however many roles are in it or lead to it.
func TestOneCircleIsOneError(t *testing.T) {
	got := loadBad(t, "goldap.toml", minimal+"[[role]]\nname = \"x\"\nroles = [\"a\"]\n"+
		"[[role]]\nname = \"a\"\nroles = [\"b\"]\n[[role]]\nname = \"b\"\nroles = [\"a\"]\n")
	if strings.Count(got, "circle") != 1 || !strings.Contains(got, "a -> b -> a") {
		t.Errorf("errors:\n%s", got)
	}
}

func TestRoleWarnings(t *testing.T) {
	cfg := load(t, "goldap.toml", minimal+"[login]\nother_services = \"admit\"\n[[role]]\nname = \"a\"\nusers = [\"a\"]\ngroup_base = \"dc=a\"\nnested = true\n")
	contains(t, problems(cfg.Warnings),
		`goldap.toml:9: role.group_base: "dc=a" has no effect without groups`,
		"goldap.toml:10: role.nested: has no effect without groups or group_dns")
}
