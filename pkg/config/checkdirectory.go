package config

import (
	"cmp"
	"math"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

func (d *draft) checkDirectories() {
	if len(d.cfg.Directories) == 0 {
		d.fail("directory", "", "is missing: write a [[directory]] table with uris and base")
	}
	seen := map[string]bool{}
	for i := range d.cfg.Directories {
		dir, at := &d.cfg.Directories[i], index("directory", i)
		d.checkDirectory(dir, at)
		if dir.Name != "" && seen[dir.Name] {
			d.fail(at+".name", dir.Name, "is the name of another directory, too: give each a name of its own")
		}
		seen[dir.Name] = true
		if dir.LoginPassOver && i == len(d.cfg.Directories)-1 {
			d.warn(at+".login_pass_over", "true", "has no effect: there is no directory after this one")
		}
	}
}

func (d *draft) checkDirectory(dir *Directory, at string) {
	d.checkServers(dir, at)
	d.checkBind(dir, at)
	d.checkBases(dir, at)
	d.checkLimits(dir, at)
	d.checkLoginRules(dir, at)
	for _, name := range mapNames() {
		d.checkMap(dir.mapNamed(name), at+"."+name, name)
	}
	if dir.Name == "" {
		dir.Name = cmp.Or(firstBase(dir), "root")
	}
}

// firstBase returns the DN that stands for a directory without a name; that of
// the root is empty.
func firstBase(dir *Directory) string {
	if dir.Base != "" {
		return dir.Base
	}
	if len(dir.Bases) > 0 {
		return dir.Bases[0].DN
	}
	for _, name := range mapNames() {
		if bases := dir.mapNamed(name).Bases; len(bases) > 0 {
			return bases[0].DN
		}
	}
	return ""
}

// givenPassword returns the path of the key that gives a password, or "" if
// none does.
func givenPassword(path string, password secret.Secret, file string) string {
	switch {
	case file != "":
		return path + "_file"
	case !password.IsEmpty():
		return path
	default:
		return ""
	}
}

func (d *draft) checkLimits(dir *Directory, at string) {
	d.checkDuration(at+".timeout", dir.Timeout)
	d.checkDuration(at+".connect_timeout", dir.ConnectTimeout)
	d.checkDuration(at+".search_timeout", dir.SearchTimeout)
	d.checkTime(at+".idle_timeout", dir.IdleTimeout, time.Second, 7*day)
	d.checkDuration(at+".retry_min", dir.RetryMin)
	d.checkDuration(at+".retry_max", dir.RetryMax)
	if dir.RetryMin > dir.RetryMax {
		d.fail(at+".retry_min", dir.RetryMin.String(), "is longer than %s, which is %v", d.name("retry_max"), dir.RetryMax)
	}
	d.checkNumber(at+".page_size", int64(dir.PageSize), 0, math.MaxInt32)
	d.checkNumber(at+".search_connections", int64(dir.SearchConnections), 1, 1024)
	d.checkNumber(at+".bind_connections", int64(dir.BindConnections), 1, 1024)
	d.checkNumber(at+".uid_offset", int64(dir.UIDOffset), 0, math.MaxInt32)
	d.checkNumber(at+".gid_offset", int64(dir.GIDOffset), 0, math.MaxInt32)
	d.checkNumber(at+".nested_group_depth", int64(dir.NestedGroupDepth), 1, 1000)
	d.checkChoice(at+".scope", dir.Scope, scopes()...)
	d.checkChoice(at+".deref", dir.Deref, "never", "searching", "finding", "always")
	d.checkChoice(at+".groups_of_user", dir.GroupsOfUser, "members", "member_of")
}
