package config

import (
	"cmp"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Managed is the part of a configuration that programs change, through the admin
// API of goldapd. It is in a file of its own, which Load reads over the
// administrator's: that one is never written, so its comments stay.
type Managed struct {
	// Authentication takes the place of [accounts], [login] and [[service]] of the
	// administrator's file. nil leaves them.
	Authentication *Authentication `toml:"authentication"`
	// DirectoryOrder are the names of directories in the order in which they are
	// asked. Others come after them.
	DirectoryOrder []string `toml:"directory_order"`
	// RemovedDirectories are the names of directories of the administrator's file
	// that are not used.
	RemovedDirectories []string `toml:"removed_directories"`
	// RemovedRoles are the same for roles.
	RemovedRoles []string `toml:"removed_roles"`
	// Directories come in the place of those of the same name, or after all.
	Directories []Directory `toml:"directory"`
	// Roles come in the place of those of the same name, or after all.
	Roles []Role `toml:"role"`

	// ownDirectories and ownRoles are the names in the administrator's file.
	ownDirectories, ownRoles []string
	// sameServers are the names of directories that lead where the
	// administrator's of the same name do.
	sameServers []string
}

// Authentication is what decides who may log in and who exists, but for the
// directories and the roles.
type Authentication struct {
	Accounts Accounts  `toml:"accounts"`
	Login    Login     `toml:"login"`
	Services []Service `toml:"service"`
}

// DefaultAuthentication returns what an empty [authentication] table means.
func DefaultAuthentication() Authentication {
	usual := Default()
	return Authentication{Accounts: usual.Accounts, Login: usual.Login}
}

// ManagedPath returns the path of the managed file that belongs to a
// configuration: DIR/managed/NAME.toml for DIR/NAME or DIR/NAME.toml. /etc is no
// place for a folder that goldapd may write to, so that of a file there is in
// /etc/goldap.
func ManagedPath(path string) string {
	dir, name := filepath.Split(path)
	if filepath.Clean(dir) == "/etc" {
		dir = "/etc/goldap"
	}
	return filepath.Join(dir, "managed", strings.TrimSuffix(name, ".toml")+".toml")
}

// parseManaged reads the contents of a managed file. base is the configuration
// that it belongs to.
func parseManaged(path, base string, data []byte) (*draft, *Managed) {
	d, m := newDraft(path, spellTOML), &Managed{}
	root := d.decodeTOML(data)
	if d.stopped {
		return d, m
	}
	if _, given := root["authentication"]; given {
		authentication := DefaultAuthentication()
		m.Authentication = &authentication
	}
	d.fillStruct(reflect.ValueOf(m).Elem(), "", root)
	for i := range m.Directories {
		d.checkManagedSecrets(&m.Directories[i], index("directory", i), managedBeside(base))
	}
	return d, m
}

// overlay puts a managed file over the administrator's.
func (d *draft) overlay(m *Managed, from *draft) {
	from.checkManagedFiles(m, d)
	d.untrusted = from.untrusted
	d.errors = append(d.errors, from.errors...)
	places := map[string]place{}
	for path, at := range from.places {
		at.file = from.file
		places[managedPath(path)] = at
	}
	if m.Authentication != nil {
		d.forgetPlaces("accounts", "login", "service")
		d.cfg.Accounts, d.cfg.Login, d.cfg.Services = m.Authentication.Accounts, m.Authentication.Login, m.Authentication.Services
		d.movePlaces(places, "accounts", "login", "service")
	}
	d.overlayDirectories(m, places)
	d.overlayRoles(m, places)
	d.refuseTwice(from, "directory", namesOf(m.Directories, directoryName), m.ownDirectories)
	d.refuseTwice(from, "role", namesOf(m.Roles, func(r *Role) string { return r.Name }), m.ownRoles)
	d.warnOfGhosts(from, "removed_directories", m.RemovedDirectories, m.ownDirectories)
	d.warnOfGhosts(from, "removed_roles", m.RemovedRoles, m.ownRoles)
	d.cfg.Managed = m
}

// refuseTwice refuses a name that two managed items have, of which one would be in
// the place of the administrator's. (Where there is none, it is found as it is in
// any file.)
func (d *draft) refuseTwice(from *draft, list string, names, own []string) {
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] && slices.Contains(own, name) {
			d.add(from.problem(index(list, i)+".name", name, "is the name of another "+list+", too"))
		}
		seen[name] = true
	}
}

// warnOfGhosts warns of names that were removed and are not in the administrator's
// file: what has another name there by now is used again.
func (d *draft) warnOfGhosts(from *draft, key string, removed, own []string) {
	for i, name := range removed {
		if !slices.Contains(own, name) && i < maxProblems {
			d.warnings = append(d.warnings, from.problem(index(key, i), name, "is not in "+d.file+" any more: if it was renamed there, it is used again, under its new name"))
		}
	}
}

// managedPath is the path in the whole configuration of a path in a managed file.
// Those of lists are not right yet.
func managedPath(path string) string { return strings.TrimPrefix(path, "authentication.") }

// item is an element of one of two lists: the administrator's or the managed one.
type item struct {
	name    string
	index   int
	managed bool
}

// merge returns what is left of the administrator's items, with the managed ones
// in their places or behind them.
func merge(own, managed, removed []string) []item {
	var merged []item
	for i, name := range own {
		if !slices.Contains(removed, name) && !slices.Contains(managed, name) {
			merged = append(merged, item{name: name, index: i})
			continue
		}
		if j := slices.Index(managed, name); j >= 0 {
			merged = append(merged, item{name: name, index: j, managed: true})
		}
	}
	for j, name := range managed {
		if !slices.Contains(own, name) {
			merged = append(merged, item{name: name, index: j, managed: true})
		}
	}
	return merged
}

func (d *draft) overlayDirectories(m *Managed, places map[string]place) {
	own := namesOf(d.cfg.Directories, directoryName)
	m.ownDirectories = own
	items := merge(own, namesOf(m.Directories, directoryName), m.RemovedDirectories)
	rank := ranks(m.DirectoryOrder)
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(rank(a.name), rank(b.name)) })
	merged := make([]Directory, 0, len(items))
	for _, it := range items {
		if !it.managed {
			merged = append(merged, d.cfg.Directories[it.index])
			continue
		}
		dir := m.Directories[it.index]
		dir.Servers = slices.Clone(dir.Servers) // what they inherit is not for the managed file
		if i := slices.Index(own, it.name); i >= 0 {
			if d.leadsTo(dir, d.cfg.Directories[i]) {
				m.sameServers = append(m.sameServers, it.name)
			}
			dir.inherit(&d.cfg.Directories[i])
		}
		merged = append(merged, dir)
	}
	d.cfg.Directories = merged
	d.moveItems("directory", items, places)
}

func (d *draft) overlayRoles(m *Managed, places map[string]place) {
	name := func(r *Role) string { return r.Name }
	m.ownRoles = namesOf(d.cfg.Roles, name)
	items := merge(m.ownRoles, namesOf(m.Roles, name), m.RemovedRoles)
	merged := make([]Role, 0, len(items))
	for _, it := range items {
		if it.managed {
			merged = append(merged, m.Roles[it.index])
		} else {
			merged = append(merged, d.cfg.Roles[it.index])
		}
	}
	d.cfg.Roles = merged
	d.moveItems("role", items, places)
}

func namesOf[T any](list []T, name func(*T) string) []string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = name(&list[i])
	}
	return names
}

// directoryName is the name that a directory has or will have.
func directoryName(d *Directory) string { return cmp.Or(d.Name, firstBase(d), "root") }

// ranks returns the place of a name in order; what is not in it comes last.
func ranks(order []string) func(name string) int {
	places := map[string]int{}
	for i, name := range slices.Backward(order) {
		places[name] = i
	}
	return func(name string) int {
		if i, found := places[name]; found {
			return i
		}
		return len(order)
	}
}

// inherit takes over the passwords of the administrator's directory of the same
// name, for the same identities, if the managed one has none: they stay where the
// administrator keeps them.
func (d *Directory) inherit(own *Directory) {
	if d.BindDN == own.BindDN && d.BindPassword.IsEmpty() && d.BindPasswordFile == "" {
		d.BindPassword, d.BindPasswordFile = own.BindPassword, own.BindPasswordFile
	}
	if d.RootBindDN == own.RootBindDN && d.RootBindPassword.IsEmpty() && d.RootBindPasswordFile == "" {
		d.RootBindPassword, d.RootBindPasswordFile = own.RootBindPassword, own.RootBindPasswordFile
	}
	for i := range d.Servers {
		s := &d.Servers[i]
		j := slices.IndexFunc(own.Servers, func(o Server) bool { return o.URI == s.URI && o.BindDN == s.BindDN })
		if j >= 0 && s.BindPassword.IsEmpty() && s.BindPasswordFile == "" {
			s.BindPassword, s.BindPasswordFile = own.Servers[j].BindPassword, own.Servers[j].BindPasswordFile
		}
	}
}

// moveItems gives the elements of a list the places that belong to them: their
// own, under the index that they have now.
func (d *draft) moveItems(list string, items []item, managed map[string]place) {
	own := d.forgetPlaces(list)
	if at, ok := own[list]; ok && len(items) > 0 {
		d.places[list] = at
	}
	for i, it := range items {
		from, places := index(list, it.index), own
		if it.managed {
			places = managed
		}
		for path, at := range places {
			if rest, found := cutPath(path, from); found {
				d.places[index(list, i)+rest] = at
			}
		}
	}
}

// forgetPlaces removes the places of these keys and of what is in them, and
// returns them.
func (d *draft) forgetPlaces(keys ...string) map[string]place {
	forgotten := map[string]place{}
	for path, at := range d.places {
		if slices.ContainsFunc(keys, func(key string) bool { return isWithin(path, key) }) {
			forgotten[path] = at
			delete(d.places, path)
		}
	}
	return forgotten
}

// movePlaces takes places of these keys over.
func (d *draft) movePlaces(from map[string]place, keys ...string) {
	for path, at := range from {
		if slices.ContainsFunc(keys, func(key string) bool { return isWithin(path, key) }) {
			d.places[path] = at
		}
	}
}

func isWithin(path, key string) bool {
	_, found := cutPath(path, key)
	return found
}

// cutPath returns what follows key in a path that is key or within it.
func cutPath(path, key string) (rest string, found bool) {
	rest, found = strings.CutPrefix(path, key)
	return rest, found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Decode carries plain values, as [Plain] makes them and JSON has them, into a part
// of the model, which dst points to. Keys that are not given stay as they are.
// Passwords are taken, too. The error is of type [Errors], one for each key that
// is unknown or whose value is of the wrong type; whether the values make sense is
// known only to LoadWith. Whole numbers may be int64 or json.Number.
func Decode(dst any, table map[string]any) error {
	d := newDraft("", spellTOML)
	d.fillStruct(reflect.ValueOf(dst).Elem(), "", table)
	if len(d.errors) > 0 {
		return Errors(d.errors)
	}
	return nil
}
