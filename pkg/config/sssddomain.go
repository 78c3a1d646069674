package config

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/secret"
)

// read carries a domain over. What depends on the schema comes behind it, and
// what is made of several keys comes last.
func (x *sssdDomain) read() {
	x.readSchema()
	for _, key := range x.section.keys {
		x.setKey(key)
	}
	x.readServers()
	x.readBases()
	x.readBind()
	x.readSASL()
	x.readIDMapping()
	x.readNesting()
	x.readPasswd()
	x.readFiltered()
	x.readShared()
	x.readAccess()
	x.readPasswords()
}

// setKey finds a key in the table and carries its value over.
func (x *sssdDomain) setKey(key iniKey) {
	rows := sssdKeywords()
	i := slices.IndexFunc(rows, func(k sssdKeyword) bool { return k.name == key.name })
	if i < 0 {
		x.leave(inDomain, key)
		return
	}
	if rows[i].path != "" {
		x.places[x.path+rows[i].path] = key.at
	}
	if rows[i].set != nil {
		rows[i].set(x, key)
	}
}

// value returns the value of a key, "" if there is none.
func (x *sssdDomain) value(name string) string {
	key, _ := x.section.get(name)
	return key.value
}

// at returns where a key stands, or the section if it does not.
func (x *sssdDomain) at(name string) place {
	if key, given := x.section.get(name); given {
		return key.at
	}
	return place{key: name, line: x.header.line, file: x.header.file}
}

// readSchema reads ldap_schema: the names that the attributes have unless keys
// say otherwise (sssd-ldap(5) and sssd-ldap-attributes(5)).
func (x *sssdDomain) readSchema() {
	x.schema = "rfc2307"
	if x.provider == "ad" {
		x.schema = "ad"
	}
	if key, given := x.section.get("ldap_schema"); given {
		schema, err := choice(key.value, "rfc2307", "rfc2307", "rfc2307bis", "rfc2307bis", "ipa", "ipa", "ad", "ad")
		if err != nil {
			x.failAt(key.at, key.value, err.Error())
			return
		}
		x.schema = schema
	}
	d := x.dir
	switch at := x.at("ldap_schema"); x.schema {
	case "rfc2307":
		x.rename(at, "group", "member", "")
	case "rfc2307bis", "ipa":
		x.rename(at, "group", "member", "member")
		x.rename(at, "group", "memberUid", "")
	case "ad":
		d.Passwd.ObjectClass, d.Shadow.ObjectClass, d.Group.ObjectClass = "user", "user", "group"
		for _, m := range []string{"passwd", "shadow"} {
			x.rename(at, m, "uid", "sAMAccountName")
		}
		x.rename(at, "passwd", "homeDirectory", "unixHomeDirectory")
		x.rename(at, "passwd", "cn", "name")
		x.rename(at, "group", "cn", "sAMAccountName")
		x.rename(at, "group", "member", "member")
		x.rename(at, "group", "memberUid", "")
	}
}

// readNesting has groups in groups followed, as SSSD does with every schema but
// rfc2307.
func (x *sssdDomain) readNesting() {
	level, key, given := x.number("ldap_group_nesting_level")
	if x.schema == "rfc2307" {
		return
	}
	x.dir.NestedGroups = !given || level > 0
	if given && level > 0 {
		x.dir.NestedGroupDepth = int(min(level, 1000))
		x.places[x.path+"nested_group_depth"] = key.at
	}
}

// readBind reads the identity that searches.
func (x *sssdDomain) readBind() {
	key, given := x.section.get("ldap_default_authtok")
	kind := strings.ToLower(x.value("ldap_default_authtok_type"))
	switch {
	case kind == "obfuscated_password":
		x.failAt(x.at("ldap_default_authtok_type"), "", "is not read: the key lies in the obfuscated password itself, so it hides nothing. "+
			"Write the password into a copy of the file as ldap_default_authtok, with ldap_default_authtok_type = password, and convert that")
		// Said once is enough.
		x.dir.BindDN = ""
	case kind != "" && kind != "password":
		x.failAt(x.at("ldap_default_authtok_type"), "", "is neither password nor obfuscated_password")
	case given:
		x.dir.BindPassword = secret.FromString(key.value)
		x.secrets = append(x.secrets, x.path+"bind_password")
	}
}

// systemKeytab is where Kerberos keeps the keys of the machine.
const systemKeytab = "/etc/krb5.keytab"

// readSASL reads how SSSD itself binds with SASL; the provider ad always does.
func (x *sssdDomain) readSASL() {
	mechanism := strings.ToUpper(x.value("ldap_sasl_mech"))
	if x.provider == "ad" && x.dir.BindDN == "" {
		mechanism = cmp.Or(mechanism, "GSSAPI")
	}
	at := x.at("ldap_sasl_mech")
	if mechanism == "GSS-SPNEGO" {
		x.warnAt(at, "", "becomes GSSAPI, which proves the same with the same keytab")
		mechanism = "GSSAPI"
	}
	s := &x.dir.SASL
	if s.Mechanism = mechanism; mechanism != "GSSAPI" {
		return
	}
	s.Keytab = cmp.Or(x.value("ldap_krb5_keytab"), x.value("krb5_keytab"), systemKeytab)
	s.Principal = cmp.Or(x.value("ldap_sasl_authid"), accountOf(x.value("ad_hostname")))
	s.Realm = cmp.Or(x.value("ldap_sasl_realm"), x.value("krb5_realm"))
	if x.provider == "ad" {
		s.Realm = cmp.Or(s.Realm, strings.ToUpper(x.adDomain()))
	}
	if strings.Contains(s.Principal, "@") {
		s.Realm = "" // the principal has it
	}
	if s.Principal == "" {
		x.failAt(x.at("ldap_sasl_authid"), "", "is missing: SSSD takes the first principal that fits from the keytab, goldap wants to be told; klist -k lists them")
		s.Principal = "?" // said once is enough
	}
	if key, given := x.section.get("ldap_krb5_init_creds"); given && !x.flag("ldap_krb5_init_creds", true) {
		x.failAt(key.at, "", "is not carried over: goldap takes its own tickets with the keytab, or those of a file that sasl.credential_cache names; remove the line")
	}
	x.warnAt(at, "", "goldapd must be able to read the keytab "+s.Keytab+", and runs as its own user: give it a keytab of its own")
}

// accountOf returns the name of the account that Active Directory has for a
// machine.
func accountOf(hostname string) string {
	short, _, _ := strings.Cut(hostname, ".")
	if short == "" {
		return ""
	}
	return strings.ToUpper(short) + "$"
}

// readIDMapping reads whether uids are made of SIDs. SSSD's slices can be known
// only where a line says which domain has the first.
func (x *sssdDomain) readIDMapping() {
	if !x.flag("ldap_id_mapping", x.provider == "ad") {
		return
	}
	sid := x.value("ldap_idmap_default_domain_sid")
	if sid == "" {
		x.failAt(x.at("ldap_id_mapping"), "", "makes uids by an algorithm of SSSD's, which goldap does not have, and a wrong guess would give files to other users. "+
			"Either give the users uidNumber and gidNumber in the directory, and write ldap_id_mapping = false; "+
			"or write ldap_idmap_default_domain_sid = S-1-5-21-... and as ldap_idmap_range_min what is left of a uid that SSSD shows without the last number of the user's SID")
		return
	}
	offset, _, given := x.number("ldap_idmap_range_min")
	if !given {
		offset = 200_000
	}
	x.dir.UIDOffset, x.dir.GIDOffset = offset, offset
	at := x.at("ldap_idmap_default_domain_sid")
	x.rename(at, "passwd", "uidNumber", "objectSid:"+sid)
	x.rename(at, "passwd", "gidNumber", cmp.Or(x.value("ldap_user_primary_group"), "primaryGroupID"))
	x.rename(at, "group", "gidNumber", "objectSid:"+sid)
	x.warnAt(at, "", "uids are the last number of the SID and "+decimal(offset)+", as SSSD has it for this domain up to ldap_idmap_range_size; compare one before you rely on it")
}

// widest is the largest id that goldap takes from a directory.
const widest = math.MaxInt32

// finishIDs makes one window for ids of those that the domains have.
func (r *sssdReader) finishIDs() {
	a := &r.cfg.Accounts
	lowest, highest := uint32(math.MaxUint32), uint32(0)
	for i, x := range r.domains {
		low, high, at := x.idWindow()
		if i > 0 && (low != lowest || high != highest) {
			r.warnAt(at, "", "goldap has one window of ids for all domains: it becomes the widest")
		}
		lowest, highest = min(lowest, low), max(highest, high)
	}
	if len(r.domains) > 0 {
		a.MinUID, a.MinGID, a.MaxUID, a.MaxGID = lowest, lowest, highest, highest
	}
}

// idWindow returns the ids that SSSD lets through. Without a min_id that is all; a
// directory that may give any uid can become any user of the machine, so goldap's
// default stands there.
func (x *sssdDomain) idWindow() (low, high uint32, at place) {
	low, high, at = Default().Accounts.MinUID, widest, x.header
	min1, key1, given1 := x.number("min_id")
	min2, key2, given2 := x.number("ldap_min_id")
	if given1 || given2 {
		low, at = max(min1, min2, 1), cmp.Or(key1.at, key2.at)
	} else {
		x.warnAt(x.at("min_id"), "", "is missing, and goldap takes no ids below "+decimal(low)+", where SSSD takes all: users, and groups such as users (100), that are lower do not exist; write min_id if they should")
	}
	for _, name := range []string{"max_id", "ldap_max_id"} {
		n, key, given := x.number(name)
		switch {
		case !given || n == 0:
		case n > widest:
			x.warnAt(key.at, key.value, "becomes "+decimal(widest)+", which is the largest that goldap allows")
		default:
			high, at = min(high, n), key.at
		}
	}
	for _, name := range []string{"min_uid", "max_uid", "min_gid", "max_gid"} {
		x.places["accounts."+name] = at
	}
	return low, high, at
}
