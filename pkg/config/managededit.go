package config

import (
	"path/filepath"
	"slices"
)

// SetDirectory puts a directory in the place of the one of its name, or behind
// all. now is the configuration in force. What has no password keeps the one that
// it had, if the identity is the same: that of the managed file, or by way of Load
// that of the administrator's.
func (m *Managed) SetDirectory(dir Directory, now *Config) {
	if i := slices.IndexFunc(now.Directories, func(d Directory) bool { return d.Name == dir.Name }); i >= 0 {
		dir.forgetInherited(&now.Directories[i])
	}
	if i := m.directory(dir.Name); i >= 0 {
		dir.inherit(&m.Directories[i])
		m.Directories[i] = dir
		return
	}
	m.Directories = append(m.Directories, dir)
}

// forgetInherited removes the names of password files that are as they are in
// force: Load finds them again where they come from.
func (d *Directory) forgetInherited(now *Directory) {
	forget := func(file *string, inForce string, same bool) {
		if same && filepath.IsAbs(*file) && *file == inForce {
			*file = ""
		}
	}
	forget(&d.BindPasswordFile, now.BindPasswordFile, d.BindDN == now.BindDN)
	forget(&d.RootBindPasswordFile, now.RootBindPasswordFile, d.RootBindDN == now.RootBindDN)
	for i := range d.Servers {
		s := &d.Servers[i]
		j := slices.IndexFunc(now.Servers, func(o Server) bool { return o.URI == s.URI })
		if j >= 0 {
			forget(&s.BindPasswordFile, now.Servers[j].BindPasswordFile, s.BindDN == now.Servers[j].BindDN)
		}
	}
}

// directory returns the index of the managed directory of that name, or -1.
func (m *Managed) directory(name string) int {
	return slices.IndexFunc(m.Directories, func(d Directory) bool { return directoryName(&d) == name })
}

// RemoveDirectory removes the directory of that name from the configuration.
func (m *Managed) RemoveDirectory(name string) {
	if i := m.directory(name); i >= 0 {
		m.Directories = slices.Delete(m.Directories, i, i+1)
	}
	m.DirectoryOrder = without(m.DirectoryOrder, name)
	if slices.Contains(m.ownDirectories, name) && !slices.Contains(m.RemovedDirectories, name) {
		m.RemovedDirectories = append(m.RemovedDirectories, name)
	}
}

// ResetDirectory goes back to the administrator's directory of that name, and
// reports whether there is one.
func (m *Managed) ResetDirectory(name string) bool {
	if !slices.Contains(m.ownDirectories, name) {
		return false
	}
	if i := m.directory(name); i >= 0 {
		m.Directories = slices.Delete(m.Directories, i, i+1)
	}
	m.RemovedDirectories = without(m.RemovedDirectories, name)
	return true
}

// MoveDirectory makes the directory of that name the one at position, from 1 on;
// one behind the last is the last.
func (m *Managed) MoveDirectory(name string, position int, now *Config) {
	order := without(namesOf(now.Directories, directoryName), name)
	m.DirectoryOrder = slices.Insert(order, min(position-1, len(order)), name)
}

// SetRole puts a role in the place of the one of its name, or behind all.
func (m *Managed) SetRole(role Role) {
	if i := m.role(role.Name); i >= 0 {
		m.Roles[i] = role
		return
	}
	m.Roles = append(m.Roles, role)
}

// RemoveRole removes the role of that name from the configuration.
func (m *Managed) RemoveRole(name string) {
	if i := m.role(name); i >= 0 {
		m.Roles = slices.Delete(m.Roles, i, i+1)
	}
	if slices.Contains(m.ownRoles, name) && !slices.Contains(m.RemovedRoles, name) {
		m.RemovedRoles = append(m.RemovedRoles, name)
	}
}

// ResetRole goes back to the administrator's role of that name, and reports
// whether there is one.
func (m *Managed) ResetRole(name string) bool {
	if !slices.Contains(m.ownRoles, name) {
		return false
	}
	if i := m.role(name); i >= 0 {
		m.Roles = slices.Delete(m.Roles, i, i+1)
	}
	m.RemovedRoles = without(m.RemovedRoles, name)
	return true
}

func (m *Managed) role(name string) int {
	return slices.IndexFunc(m.Roles, func(r Role) bool { return r.Name == name })
}

// HasDirectory reports whether the directory of that name is in the managed file.
func (m *Managed) HasDirectory(name string) bool { return m.directory(name) >= 0 }

// HasRole reports whether the role of that name is in the managed file.
func (m *Managed) HasRole(name string) bool { return m.role(name) >= 0 }

// without returns a copy of the list without the text.
func without(list []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == text })
}
