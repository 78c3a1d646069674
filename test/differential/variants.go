package differential

import (
	"slices"
	"strings"

	"github.com/goldap/goldap/test/root/slapd"
)

// Variant is one configuration: the lines that it adds to nslcd.conf, and what
// is asked under it.
type Variant struct {
	Name      string
	Lines     []string
	Questions []Question
	// People asks about slapd.People instead of the odd entries.
	People bool
	// Root asks as root instead of as an ordinary user.
	Root bool
	// Getent compares what getent prints, too, with both name-service modules.
	Getent bool
}

// Caller is the uid of whoever asks.
func (v Variant) Caller() uint32 {
	if v.Root {
		return 0
	}
	const nobody = 65534
	return nobody
}

const (
	people = "ou=people," + slapd.Base
	groups = "ou=groups," + slapd.Base
)

// Variants are all of them.
func Variants() []Variant {
	return slices.Concat(plainVariants(), loginVariants(), searchVariants(), attributeVariants(), nameVariants())
}

// plainVariants ask everything.
func plainVariants() []Variant {
	return []Variant{
		{Name: "default", Questions: everything(), Getent: true},
		{Name: "root",
			Questions: slices.Concat(Names("passwd", "alice", "shadowfull"), Names("shadow", "shadowfull"), Names("group", "hashed")), Root: true},
		{Name: "password changes", Questions: ProhibitMessage()},
		{Name: "no password changes", Lines: []string{`pam_password_prohibit_message "Ask the  \"help\" desk"`}, Questions: ProhibitMessage()},
		{Name: "ambiguous ids", Questions: slices.Concat(Numbers("passwd", 10015), Numbers("group", 10116, 10109))},
		// Nothing in here is odd, so whole lists can be compared.
		{Name: "tame", Getent: true, Questions: All(Maps...), Lines: []string{
			"filter passwd (|(uid=alice)(uid=bob)(uid=MixedCase))", "filter shadow (|(uid=shadowfull)(uid=shadownone))",
			"filter group (|(cn=dev)(cn=both)(cn=dupes))", "filter ethers (|(cn=etherone)(cn=ethertwo))",
			"filter hosts (|(cn=hostone)(cn=hostboth))", "filter protocols (|(cn=proto)(cn=ProtoCase))", "filter rpc (cn=rpcone)",
			"filter services (|(cn=svc)(cn=svctop))", "filter networks (|(cn=lan)(cn=nettwo))", "filter aliases (cn=postmaster)",
			"filter netgroup (|(cn=admins)(cn=others))",
		}},
	}
}

// loginVariants are about logins. Users are left out whose answers count
// something down: grace logins, hours.
func loginVariants() []Variant {
	users := []string{"alice", "carol", "expired", "locked", "aged", "mustchange", "twin", "toor", "lowuid", "12345", "st*r", "two words", "müller", "localuser"}
	var all []Question
	for _, user := range users {
		all = append(all, Authenticate(user, "the right password", slapd.Find(user).Password))
	}
	for _, user := range []string{"alice", "expired", "mustchange", "ALICE", "nobody-here", "", "*", "root", "x\ny", strings.Repeat("n", 255)} {
		all = append(all, Authenticate(user, "a wrong password", "Not-the-one-04"))
	}
	all = append(all, Authenticate("alice", "no password", ""), Authenticate("ALICE", "the right password", slapd.Find("alice").Password))
	all = append(all, Authorize(append(users, "ALICE", "nobody-here", "", "root")...)...)
	return []Variant{
		{Name: "logins", People: true, Questions: all},
		{Name: "logins, no search as the user", People: true, Lines: []string{"pam_authc_search NONE"}, Questions: all[:14]},
		{Name: "logins, no policy", People: true, Lines: []string{"pam_authc_ppolicy no"}, Questions: all[:14]},
		{Name: "logins with a rule", People: true,
			Lines:     []string{"pam_authz_search (&(objectClass=posixGroup)(memberUid=$username))"},
			Questions: append(Authorize("alice", "carol", "expired"), Authenticate("carol", "the right password", slapd.Find("carol").Password))},
		{Name: "logins with bad rules", People: true,
			Lines:     []string{"pam_authz_search (uid=$username)", "pam_authz_search (|(host=$hostname)(host=\\\\*))"},
			Questions: Authorize("alice")},
	}
}

// searchVariants are about where and how entries are searched.
func searchVariants() []Variant {
	whom := slices.Concat(Names("passwd", "alice", "twin", "deep", "nobody-here"), Numbers("passwd", 10012, 10013, 10014), All("passwd"))
	where := slices.Concat(whom, Names("group", "dev", "nobody-here"), GroupsOf("alice", "twin"))
	tame := []string{"filter passwd (&(objectClass=posixAccount)(uidNumber<=10014)(uidNumber>=10001)(!(uid=numbers))(!(uid=groups)))",
		"filter group (&(objectClass=posixGroup)(|(cn=dev)(cn=dn)(cn=both)))"}
	with := func(lines ...string) []string { return append(lines, tame...) }
	return []Variant{
		{Name: "two bases", Lines: with("base passwd ou=contractors,"+slapd.Base, "base passwd "+people, "base group "+groups), Questions: where},
		{Name: "first base missing", Lines: with("base passwd ou=missing,"+slapd.Base, "base passwd "+people), Questions: where},
		{Name: "last base missing", Lines: with("base passwd "+people, "base passwd ou=missing,"+slapd.Base), Questions: where},
		{Name: "only base missing", Lines: with("base passwd ou=missing," + slapd.Base), Questions: where},
		{Name: "scope one", Lines: with("scope one", "base passwd "+people, "base group "+groups), Questions: where},
		{Name: "scope base", Lines: with("scope passwd base", "base passwd uid=alice,"+people), Questions: where},
		{Name: "scope children", Lines: with("scope passwd children", "base passwd ou=deep,"+people), Questions: where},
		{Name: "aliases of the tree, not followed", Lines: with("base passwd ou=things,"+slapd.Base, "deref never"), Questions: whom},
		{Name: "aliases of the tree, followed", Lines: with("base passwd ou=things,"+slapd.Base, "deref always"), Questions: whom},
		{Name: "alias as the base, found", Lines: with("base passwd cn=pointer,ou=things,"+slapd.Base, "deref finding"), Questions: whom},
		{Name: "alias as the base, searched", Lines: with("base passwd cn=pointer,ou=things,"+slapd.Base, "deref searching"), Questions: whom},
		{Name: "filter",
			Lines:     []string{"filter passwd (&(objectClass=posixAccount)(uidNumber>=10002)(uidNumber<=10007))", "filter group (&(cn=d*)(!(cn=dev))(memberUid=*))"},
			Questions: where},
		{Name: "pagesize", Lines: with("pagesize 3"), Questions: slices.Concat(where, All("group", "protocols"))},
		{Name: "size limit",
			Lines:     []string{"binddn " + slapd.LimitedDN},
			Questions: slices.Concat(Names("passwd", "alice"), Numbers("passwd", 10001), Names("group", "dev"), GroupsOf("alice"), All("passwd", "protocols"))},
		{Name: "no enumeration",
			Lines:     []string{"nss_disable_enumeration yes"},
			Questions: slices.Concat(All("passwd", "group", "shadow", "rpc"), Names("passwd", "alice"))},
	}
}

// attributeVariants are about what attributes mean.
func attributeVariants() []Variant {
	some := slices.Concat(Names("passwd", "alice", "bob", "carol", "dave", "erin", "MixedCase", "manyone", "numbers", "noshell", "nohome", "nogid", "nocn",
		"gecosmany", "groups", "nonumber"), Numbers("passwd", 10001, 10002, 10003, 10004, 10005, 10008))
	hashes := slices.Concat(Names("passwd", "alice", "bob", "carol", "dave", "erin", "shadowfull"), Names("shadow", "shadowfull", "shadownone"), Names("group", "hashed", "dev"))
	mapped := []string{"map passwd userPassword userPassword", "map shadow userPassword userPassword", "map group userPassword userPassword"}
	return []Variant{
		{Name: "hashes, root asks", Lines: mapped, Questions: hashes, Root: true},
		{Name: "hashes", Lines: mapped, Questions: hashes},
		{Name: "expressions", Questions: some, Lines: []string{
			`map passwd gecos "${gecos:-$cn} <${mail:+$mail}>"`, `map passwd homeDirectory "${homeDirectory:-/nethome/$uid}"`,
			`map passwd loginShell "${loginShell:-/bin/bash}"`, `map passwd gidNumber "${gidNumber:-100}"`,
		}},
		{Name: "more expressions", Questions: some, Lines: []string{
			`map passwd gecos "${cn#Person }|${cn#P?rson}|${cn:3:4}|${cn:30:4}|\$x|${description}|$dn"`,
			`map passwd homeDirectory "/home/${uid:0:1}/$uid"`, `map passwd loginShell "${mail:+/bin/mail}${mail:-/bin/sh}"`,
		}},
		{Name: "empty expressions",
			Questions: some,
			Lines:     []string{`map passwd homeDirectory ""`, `map passwd loginShell "$nothing"`, `map passwd gecos ""`, `map passwd gidNumber "$nothing"`}},
		{Name: "shadow expressions",
			Lines:     []string{`map shadow shadowMax "${shadowMax:-77}"`, `map shadow shadowExpire "12"`, `map shadow shadowMin "$uid"`},
			Questions: Names("shadow", "shadowfull", "shadownone", "shadowneg", "shadowbig")},
		{Name: "renamed",
			Lines:     []string{"map passwd uid sAMAccountName", "map shadow uid sAMAccountName", "map passwd gecos description", "map group member uniqueMember", "map group cn cn"},
			Questions: slices.Concat(Names("passwd", "ALICE.S", "alice.s", "alice", "bob"), Numbers("passwd", 10001, 10002), Names("group", "unique", "dn"), GroupsOf("ALICE.S", "bob"))},
		{Name: "numbers as text", Lines: []string{"map passwd uidNumber employeeNumber"}, Questions: some},
		{Name: "sid", Questions: slices.Concat(Names("passwd", "sid", "sidelsewhere", "alice"), Numbers("passwd", 1601, 1602, 10001),
			Names("group", "sidgroup", "sidbuiltin", "dev"), Numbers("group", 1701, 545, 10100), GroupsOf("sid")),
			Lines: []string{"map passwd uidNumber objectSid:" + slapd.DomainSID, "map group gidNumber objectSid:" + slapd.DomainSID}},
		{Name: "active directory's dates", Lines: []string{"map shadow shadowLastChange pwdLastSet", "map shadow shadowFlag userAccountControl"},
			Questions: Names("shadow", "shadowad", "shadowadplain", "shadowadzero", "shadownone", "shadowfull")},
		{Name: "offsets", Lines: []string{"nss_uid_offset 1000", "nss_gid_offset 500"},
			Questions: slices.Concat(some, Numbers("passwd", 11001, 999, 0), Names("group", "dev", "gid65535"), Numbers("group", 10600, 10100, 100), GroupsOf("alice"))},
	}
}

// nameVariants are about names, groups and who exists.
func nameVariants() []Variant {
	names := slices.Concat(Names("passwd", "alice", "ALICE", "MixedCase", "mixedcase", "manythree", "UPPER", "upper", "two words", "12345", "müller", "MÜLLER"),
		Names("group", "dev", "DEV", "mixedgroup", "badnames", "dupes", "case"), Names("shadow", "shadowcase", "ShadowCase"), GroupsOf("alice", "ALICE", "bob", "BOB"),
		Names("protocols", "protocase", "ProtoCase"), Names("rpc", "rpccase"), Names("services", "svccase", "svccase/tcp"), Names("netgroup", "netcase"),
		Names("hosts", "hostcase"), Names("ethers", "ETHERONE"), Names("aliases", "mixedalias"), Names("networks", "LAN"))
	members := slices.Concat(Names("group", "dev", "dn", "both", "gone", "inner", "middle", "outer", "loopa", "loopb", "selfish", "viaplain", "multirdn", "case"),
		GroupsOf("alice", "bob", "carol", "dave", "erin", "charlie", "deep"), Numbers("group", 10503))
	few := "filter group (&(objectClass=posixGroup)(gidNumber>=10100)(gidNumber<=10600)(!(description=*))" +
		"(!(cn=daemon))(!(cn=two*))(!(cn=par*))(!(cn=back*))(!(cn=54321))(!(cn=unique))(!(cn=samegid*)))"
	return []Variant{
		{Name: "ignorecase", Lines: []string{few, "ignorecase yes"}, Questions: names},
		{Name: "validnames", Lines: []string{few, "validnames /^[a-z]+$/"}, Questions: names},
		{Name: "validnames of any case", Lines: []string{few, "validnames /^[a-z ]+$/i"}, Questions: names},
		{Name: "nested groups", Lines: []string{few, "nss_nested_groups yes"}, Questions: members},
		{Name: "no nested groups", Lines: []string{few}, Questions: members},
		{Name: "no members by dn", Lines: []string{few, `map group member ""`}, Questions: members},
		{Name: "skip members", Lines: []string{few, "nss_getgrent_skipmembers yes"}, Questions: members},
		{Name: "small uids",
			Lines:     []string{"nss_min_uid 500"},
			Questions: slices.Concat(Names("passwd", "id500", "localid", "gid500", "id0"), Names("group", "gid500"))},
		{Name: "minimum uid",
			Lines:     []string{few, "nss_min_uid 10003"},
			Questions: slices.Concat(Names("passwd", "alice", "carol", "id500"), Numbers("passwd", 10001, 10003, 500), Names("shadow", "shadowfull"), GroupsOf("alice", "carol"))},
		{Name: "ignored users",
			Lines:     []string{few, "nss_initgroups_ignoreusers alice,carol"},
			Questions: slices.Concat(GroupsOf("alice", "bob", "carol", "root"), Names("passwd", "alice"))},
		{Name: "ignored local users", Lines: []string{few, "nss_initgroups_ignoreusers ALLLOCAL"}, Questions: GroupsOf("alice", "root", "daemon")},
	}
}

// Maps are the names of all maps.
var Maps = []string{"aliases", "ethers", "group", "hosts", "netgroup", "networks", "passwd", "protocols", "rpc", "services", "shadow"}

// hostile are keys that no entry has, and some that one has.
var hostile = []string{"", " ", "*", "a*", "(", ")", `\`, `\2a`, "-", "--", ":", "x\ny", "é", "\xff", "12345", "..", "/", strings.Repeat("l", 254),
	strings.Repeat("l", 255), strings.Repeat("m", 256), strings.Repeat("n", 5000), "nobody-here"}

// everything is every map by every key.
func everything() []Question {
	return slices.Concat(accountQuestions(), groupQuestions(), mapQuestions())
}

func accountQuestions() []Question {
	names := slices.Concat(hostile, []string{"alice", "ALICE", "MixedCase", "mixedcase", "manyone", "manytwo", "ManyThree", "numbers", "groups", "charlie",
		"Charlie Brown", "twin", "sameone", "sametwo", "daemon", "root", "localid",
		"two words", " blank", "blank", "col:on", "new\nline", "st*r", "par(en)", "(open", `back\slash`, "-dash", "müller", "a/b", "comma,name", "do$ar", "at@home",
		"tilde~", "under_", "UPPER", "plus+", "hash#", "quote'", "tab\there",
		"nocn", "nonumber", "nogid", "nohome", "noshell", "gecoscolon", "gecosline", "gecosutf", "gecosmany", "homecolon", "homerelative", "hometwo", "shellcolon",
		"shellline", "gecoslong", "homelong", "shelllong", "homelatin", "gecosblank", "id0", "id500", "id65535", "id4294967295", "id4294967296", "id-1",
		"id2147483648", "id61184", "gid0", "gid65535", "gid-1", "gid4294967296"})
	return slices.Concat(
		Names("passwd", names...),
		Numbers("passwd", 0, 1, 500, 999, 10001, 10008, 10009, 10011, 10015, 10016, 65533, 65534, 65535, 61184, 65519, 524288,
			2147483647, 2147483648, 4294967293, 4294967294, 4294967295, 10302, 77777),
		Names("shadow", slices.Concat(hostile, []string{"alice", "shadowfull", "shadownone", "shadowneg", "shadowbig", "shadowtwo", "shadowmany", "shadowalso",
			"ShadowCase", "shadowcase", "shadowbigflag", "root"})...),
		All("passwd", "shadow"))
}

func groupQuestions() []Question {
	return slices.Concat(
		Names("group", slices.Concat(hostile, []string{"everybody", "dev", "DEV", "dn", "both", "dupes", "gone", "badnames", "nogid", "twogids", "namesone", "namestwo",
			"MixedGroup", "mixedgroup", "unique", "case", "multirdn", "daemon", "localdaemon", "hashed", "samegidone", "inner", "middle", "outer", "loopa", "selfish",
			"two words", "col:on", "st*r", "par(en)", `back\slash`, "-gdash", "54321", "größe", "gid0", "gid500", "gid65534", "gid-1", "gid4294967296", "gid61184"})...),
		Numbers("group", 0, 1, 500, 10100, 10107, 10108, 10109, 10116, 65534, 65535, 2147483648, 4294967294, 4294967295, 77777),
		GroupsOf(slices.Concat(hostile, []string{"alice", "ALICE", "bob", "BOB", "carol", "dave", "erin", "charlie", "deep", "twin", "manyone", "manytwo", "ok",
			"a:b", "two words", "root", "daemon", "id0", "id500"})...),
		All("group"))
}

func mapQuestions() []Question {
	return slices.Concat(
		Names("aliases", slices.Concat(hostile, []string{"postmaster", "POSTMASTER", "lonely", "aliasone", "aliastwo", "MixedAlias", "mixedalias", "two words"})...),
		Names("ethers", slices.Concat(hostile, []string{"etherone", "ETHERONE", "ethertwo", "ethermany", "etheralso", "ethernone"})...),
		Ethers("00:18:8a:54:1a:0e", "00:18:8a:54:1a:0f", "00:00:00:00:00:01", "00:00:00:00:00:02", "00:18:8a:54:1a:10", "ff:ff:ff:ff:ff:ff"),
		Names("hosts", slices.Concat(hostile, []string{"hostone", "hostone.mydomain.com", "HOSTONE", "hostsix", "hostboth", "hostbad", "hostworse", "hostnone", "hostcase",
			"hostlong6", "hostdupa", "hostzeros", "host blank"})...),
		Addresses("hosts", "10.20.0.1", "10.20.0.2", "10.20.0.3", "2001:db8::2", "2001:db8::6", "2001:db8::8", "10.20.0.9", "10.20.0.11", "10.20.0.4", "10.20.0.99",
			"::ffff:10.20.0.1"),
		Names("netgroup", slices.Concat(hostile, []string{"admins", "ADMINS", "others", "netbad", "ringone", "netempty", "netnames", "netalso", "NetCase", "netcase"})...),
		Names("networks", slices.Concat(hostile, []string{"lan", "LAN", "lanalias", "nettwo", "netshort", "netsix", "netnone"})...),
		Addresses("networks", "10.20.0.0", "10.21.0.0", "10.22.0.0", "10.23.0.0", "10.24.0.0"),
		Names("protocols", slices.Concat(hostile, []string{"proto", "palias", "PROTO", "protomany", "protobig", "protoneg", "protonone", "ProtoCase", "protocase"})...),
		Numbers("protocols", 222, 223, 224, 225, 0, 255, 256, 4294967295),
		Names("rpc", slices.Concat(hostile, []string{"rpcone", "rpcalias", "RPCONE", "rpcmany", "rpcbig", "rpcneg", "rpcnone", "RpcCase", "rpccase"})...),
		Numbers("rpc", 150999, 151000, 151001, 0, 4294967295, 4294967291),
		Names("services", slices.Concat(hostile[:5], []string{"svc", "svc/tcp", "svc/udp", "svc/sctp", "svcalias", "svcalias/udp", "SVC", "svc/TCP", "svcports", "svczero",
			"svcbig", "svctop", "svcneg", "svcnoproto", "svcnoport", "SvcCase", "svccase", "SvcCase/tcp", "nobody-here"})...),
		Ports("4242", "4242/tcp", "4242/udp", "4242/sctp", "4243", "4244", "65535", "0", "4245", "4246/TCP", "4246/tcp", "77"),
		All("aliases", "ethers", "hosts", "netgroup", "networks", "protocols", "rpc", "services"))
}
