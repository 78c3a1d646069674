package config

// mapNames returns the names of the maps that a directory has.
func mapNames() []string { return []string{"passwd", "group", "shadow"} }

// mapNamed returns the map of that name.
func (d *Directory) mapNamed(name string) *Map {
	switch name {
	case "passwd":
		return &d.Passwd
	case "group":
		return &d.Group
	default:
		return &d.Shadow
	}
}

// mapAttributes returns the attributes of a map that can be renamed, as the
// schema (RFC 2307) spells them.
func mapAttributes(name string) []string {
	switch name {
	case "passwd":
		return []string{"uid", "userPassword", "uidNumber", "gidNumber", "cn", "gecos", "homeDirectory", "loginShell"}
	case "group":
		return []string{"cn", "userPassword", "gidNumber", "memberUid", "member"}
	default:
		return []string{"uid", "userPassword", "shadowLastChange", "shadowMin", "shadowMax", "shadowWarning",
			"shadowInactive", "shadowExpire", "shadowFlag"}
	}
}

// passwordChanges returns the values of password_change.
func passwordChanges() []string {
	return []string{"exop", "exop_send_old", "clear", "clear_remove_old", "crypt", "md5", "nds", "racf", "ad"}
}
