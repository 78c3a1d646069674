package config

import "slices"

// accountMaps returns the names of the maps that logins need.
func accountMaps() []string { return []string{"passwd", "group", "shadow"} }

// mapNames returns the names of the maps that a directory has.
func mapNames() []string {
	return append(accountMaps(), "aliases", "ethers", "hosts", "netgroup", "networks", "protocols", "rpc", "services")
}

// mapNamed returns the map of that name.
func (d *Directory) mapNamed(name string) *Map {
	return map[string]*Map{
		"passwd": &d.Passwd, "group": &d.Group, "shadow": &d.Shadow,
		"aliases": &d.Aliases, "ethers": &d.Ethers, "hosts": &d.Hosts, "netgroup": &d.Netgroup,
		"networks": &d.Networks, "protocols": &d.Protocols, "rpc": &d.RPC, "services": &d.Services,
	}[name]
}

// mapAttributes returns the attributes of a map that can be renamed, as the
// schema (RFC 2307) spells them.
func mapAttributes(name string) []string {
	return map[string][]string{
		"passwd": {"uid", "userPassword", "uidNumber", "gidNumber", "cn", "gecos", "homeDirectory", "loginShell"},
		"group":  {"cn", "userPassword", "gidNumber", "memberUid", "member"},
		"shadow": {"uid", "userPassword", "shadowLastChange", "shadowMin", "shadowMax", "shadowWarning",
			"shadowInactive", "shadowExpire", "shadowFlag"},
		"aliases":   {"cn", "rfc822MailMember"},
		"ethers":    {"cn", "macAddress"},
		"hosts":     {"cn", "ipHostNumber"},
		"netgroup":  {"cn", "nisNetgroupTriple", "memberNisNetgroup"},
		"networks":  {"cn", "ipNetworkNumber"},
		"protocols": {"cn", "ipProtocolNumber"},
		"rpc":       {"cn", "oncRpcNumber"},
		"services":  {"cn", "ipServicePort", "ipServiceProtocol"},
	}[name]
}

// passwordChanges returns the values of password_change.
func passwordChanges() []string {
	return []string{"exop", "exop_send_old", "clear", "clear_remove_old", "crypt", "md5", "sha", "ssha", "nds", "racf", "ad"}
}

// computedAttributes returns the attributes of a map that an expression may
// compute: those that nothing is searched by (nslcd.conf(5)).
func computedAttributes(name string) []string {
	return map[string][]string{
		"passwd": {"userPassword", "gidNumber", "gecos", "homeDirectory", "loginShell"},
		"group":  {"userPassword"},
		"shadow": {"userPassword", "shadowLastChange", "shadowMin", "shadowMax", "shadowWarning",
			"shadowInactive", "shadowExpire", "shadowFlag"},
	}[name]
}

// isOptional reports whether a directory may be without an attribute of a map.
func isOptional(name, attribute string) bool {
	optional := map[string][]string{
		"passwd":   {"userPassword", "cn", "gecos", "loginShell"},
		"group":    {"userPassword", "memberUid", "member"},
		"shadow":   computedAttributes("shadow"),
		"aliases":  {"rfc822MailMember"},
		"netgroup": {"nisNetgroupTriple", "memberNisNetgroup"},
	}[name]
	return slices.Contains(optional, attribute)
}

// sidAttributes returns the attributes of a map that may be the last number of
// a SID.
func sidAttributes(name string) []string {
	return map[string][]string{"passwd": {"uidNumber", "gidNumber"}, "group": {"gidNumber"}}[name]
}
