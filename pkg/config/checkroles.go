package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// checkRoles checks the [[role]] and [[service]] tables.
func (d *draft) checkRoles() {
	if names := strings.Join(d.roleNames(), ","); len(names) > maxRoleNames {
		d.fail("role", "", "has names of %d bytes together; they must fit into GOLDAP_ROLES, which has %d", len(names), maxRoleNames)
		return // what follows compares each with each
	}
	for i := range d.cfg.Roles {
		role, at := &d.cfg.Roles[i], index("role", i)
		d.checkRoleName(role.Name, at, d.cfg.Roles[:i])
		d.checkRoleDirectories(role, at)
		d.checkRoleUsers(role, at)
		d.checkRoleGroups(role, at)
		for j, filter := range role.Filters {
			d.checkText(index(at+".filters", j), filter, checkFilter)
		}
		d.checkRoleNames(at+".roles", role.Roles)
		if len(role.Users)+len(role.GroupDNs)+len(role.Groups)+len(role.Filters)+len(role.Roles) == 0 {
			d.fail(at, role.Name, "is a role that nobody can have: give it users, group_dns, groups, filters or roles")
		}
		d.checkRoleGID(role, at, d.cfg.Roles[:i])
	}
	d.checkRoleCycles()
	d.checkServiceRules()
}

// roleNames returns the names of all roles.
func (d *draft) roleNames() []string {
	var names []string
	for _, role := range d.cfg.Roles {
		names = append(names, role.Name)
	}
	return names
}

// checkRoleNames checks a list of roles.
func (d *draft) checkRoleNames(at string, names []string) {
	d.checkNames(at, names, d.roleNames(), "a role")
}

// checkNames checks a list of names of what there is.
func (d *draft) checkNames(at string, names, known []string, what string) {
	seen := map[string]bool{}
	for i, name := range names {
		switch {
		case d.isFull():
			return
		case !slices.Contains(known, name):
			d.fail(index(at, i), name, "is not the name of %s%s", what, didYouMean(name, known))
		case seen[name]:
			d.fail(index(at, i), name, "is named twice")
		}
		seen[name] = true
	}
}

// maxRoleNames is how long GOLDAP_ROLES can be, in bytes (docs/protocol.md has
// the limit of the environment as a whole).
const maxRoleNames = 4000

// maxRoleName is the longest name of a role, in bytes: that of a group for the
// programs of the shadow suite, groupadd(8).
const maxRoleName = 32

// checkRoleName checks a name, which stands in an environment variable between
// commas, and may become that of a group.
func (d *draft) checkRoleName(name, at string, before []Role) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	switch {
	case name == "":
		d.fail(at+".name", "", "is missing: services and GOLDAP_ROLES need a name for the role")
	case strings.Trim(name, allowed) != "" || strings.ContainsAny(name[:1], "-."):
		d.fail(at+".name", name, "is not a name for a role: it may have letters, digits, points, hyphens and underscores, and begins with none of the points and hyphens")
	case len(name) > maxRoleName:
		d.fail(at+".name", name, "is longer than %d bytes", maxRoleName)
	case slices.ContainsFunc(before, func(other Role) bool { return strings.EqualFold(other.Name, name) }):
		d.fail(at+".name", name, "is the name of another role, too; upper and lower case count as the same")
	}
}

func (d *draft) checkRoleDirectories(role *Role, at string) {
	known := make([]string, 0, len(d.cfg.Directories))
	for _, dir := range d.cfg.Directories {
		known = append(known, dir.Name)
	}
	if len(role.Directories) == 0 && len(known) > 1 {
		d.fail(at+".directories", "", "is missing: there is more than one directory, and the users of one must not get the rights of another's by chance; "+
			"name those whose users can have the role: %s", strings.Join(known, ", "))
	}
	d.checkNames(at+".directories", role.Directories, known, "a directory")
}

// checkRoleUsers refuses names that no user can have: nobody would notice.
func (d *draft) checkRoleUsers(role *Role, at string) {
	for i, user := range role.Users {
		switch {
		case user == "":
			d.fail(index(at+".users", i), "", "is empty: write the name of a user, or remove it")
		case !d.isValidName(user):
			d.fail(index(at+".users", i), user, "is not the name of a user: accounts.valid_names refuses it")
		}
	}
}

// isValidName reports whether accounts.valid_names allows a name.
func (d *draft) isValidName(name string) bool {
	valid := d.cfg.Accounts.ValidNames
	return valid == nil || valid.Regexp == nil || valid.MatchString(name)
}

func (d *draft) checkRoleGroups(role *Role, at string) {
	for i, dn := range role.GroupDNs {
		d.checkText(index(at+".group_dns", i), dn, checkGroupDN)
	}
	for i, name := range role.Groups {
		if name == "" || len(name) > maxSearchedName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
			d.fail(index(at+".groups", i), name, "is not the name of a group")
		}
	}
	switch {
	case role.GroupBase != "":
		d.checkText(at+".group_base", role.GroupBase, checkDN)
		if len(role.Groups) == 0 {
			d.warn(at+".group_base", role.GroupBase, "has no effect without groups")
		}
	case len(role.Groups) > 0:
		d.fail(at+".group_base", "", "is missing: say where the groups are, or name them by group_dns; "+
			"otherwise whoever may write anywhere in the directory could make such a group")
	}
	if role.Nested && len(role.Groups)+len(role.GroupDNs) == 0 {
		d.warn(at+".nested", "", "has no effect without groups or group_dns")
	}
}

// maxSearchedName is the longest name that is searched for, in bytes.
const maxSearchedName = 255

func checkGroupDN(dn string) error {
	if dn == "" {
		return fmt.Errorf("is empty: write the DN of a group, or remove it")
	}
	return checkDN(dn)
}

// checkRoleGID checks the gid of a role's group: one that a directory could give.
func (d *draft) checkRoleGID(role *Role, at string, before []Role) {
	a := d.cfg.Accounts
	other := slices.IndexFunc(before, func(other Role) bool { return other.GID == role.GID })
	switch {
	case role.GID == 0:
	case role.GID < a.MinGID || role.GID > a.MaxGID:
		d.fail(at+".gid", fmt.Sprint(role.GID), "is not between accounts.min_gid and max_gid, which are %d and %d", a.MinGID, a.MaxGID)
	case other >= 0:
		d.fail(at+".gid", fmt.Sprint(role.GID), "is the gid of role %s, too", before[other].Name)
	case !d.isValidName(role.Name):
		d.fail(at+".name", role.Name, "cannot be the name of a group: accounts.valid_names refuses it")
	}
}

// checkRoleCycles refuses roles that include themselves by way of others.
func (d *draft) checkRoleCycles() {
	includes := map[string][]string{}
	for _, role := range d.cfg.Roles {
		includes[role.Name] = role.Roles
	}
	reported := map[string]bool{}
	for i, role := range d.cfg.Roles {
		cycle := cycleFrom(role.Name, includes)
		if cycle == nil || reported[role.Name] {
			continue
		}
		for _, name := range cycle {
			reported[name] = true
		}
		d.fail(index("role", i)+".roles", "", "include each other in a circle: %s", strings.Join(append(cycle, role.Name), " -> "))
	}
}

// cycleFrom returns the shortest way from a role back to itself, nil if there
// is none.
func cycleFrom(start string, includes map[string][]string) []string {
	from, queue := map[string]string{}, []string{start}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, next := range includes[name] {
			if next == start {
				return wayTo(name, start, from)
			}
			if _, seen := from[next]; !seen {
				from[next] = name
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// wayTo returns the names from start to the last one.
func wayTo(last, start string, from map[string]string) []string {
	way := []string{last}
	for name := last; name != start; {
		name = from[name]
		way = append(way, name)
	}
	slices.Reverse(way)
	return way
}

func (d *draft) checkServiceRules() {
	seen := map[string]bool{}
	for i := range d.cfg.Services {
		service, at := &d.cfg.Services[i], index("service", i)
		if len(service.Names) == 0 {
			d.fail(at+".names", "", "is missing: name the PAM services that the rule is about")
		}
		for j, name := range service.Names {
			path := index(at+".names", j)
			if seen[name] {
				d.fail(path, name, "has a rule already: a service is named once")
			}
			seen[name] = true
			d.checkText(path, name, checkServiceName)
		}
		d.checkRoleNames(at+".admit", service.Admit)
		d.checkRoleNames(at+".refuse", service.Refuse)
		for j, name := range service.Admit {
			if d.isFull() {
				return
			}
			if slices.Contains(service.Refuse, name) {
				d.fail(index(at+".admit", j), name, "is refused by the same service, so it admits nobody")
			}
		}
	}
	d.checkOtherServices()
}

// checkServiceName checks the name of a file in /etc/pam.d, as libpam spells it.
func checkServiceName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("is empty: write the name of a PAM service")
	case strings.ContainsAny(name, "/\x00 \t\r\n"):
		return fmt.Errorf("is not the name of a PAM service: that is the name of a file in /etc/pam.d")
	case strings.ToLower(name) != name:
		return fmt.Errorf("has a capital letter: libpam changes the names of services to lower case, so this one never comes")
	}
	return nil
}

func (d *draft) checkOtherServices() {
	const path = "login.other_services"
	other := d.cfg.Login.OtherServices
	switch {
	case other == "" && len(d.cfg.Services) > 0:
		d.fail(path, "", "is missing: there is a [[service]], so say what holds for services that none names: admit or refuse")
	case other == "":
	case other == "refuse" && len(d.cfg.Services) == 0:
		d.fail(path, other, "refuses every login, because there is no [[service]]")
	default:
		d.checkChoice(path, other, "admit", "refuse")
	}
}
