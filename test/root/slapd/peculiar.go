package slapd

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// LimitedDN is a second identity that may read what the pseudouser may, but
// gets no more than LimitedSize entries from a search. Its password is the
// pseudouser's.
const (
	LimitedDN   = "uid=limited,ou=pseudousers," + Base
	LimitedSize = 5
)

// DomainSID is the domain of the objectSid values.
const DomainSID = "S-1-5-21-1111-2222-3333"

// peculiar are entries with everything that a directory can hold and a
// name service must cope with: missing, doubled and absurd values. Few of them
// would pass a look at the schema.
func peculiar() []entry {
	p := &peculiarTree{}
	limited := p.entry(LimitedDN, "account", "simpleSecurityObject")
	limited.add("uid", "limited")
	limited.add("userPassword", hash(PseudouserPassword))
	for _, ou := range []string{"things", "deep,ou=people"} {
		first, _, _ := strings.Cut(ou, ",")
		p.entry("ou="+ou+","+Base, "organizationalUnit").add("ou", first)
	}
	pointer := p.entry("cn=pointer,ou=things,"+Base, "alias", "extensibleObject")
	pointer.add("cn", "pointer")
	pointer.add("aliasedObjectName", Person{Name: "alice"}.DN())
	p.accounts()
	p.names()
	p.ids()
	p.fields()
	p.shadows()
	p.groups()
	p.nested()
	p.domain()
	p.aliases()
	p.ethers()
	p.hosts()
	p.networks()
	p.netgroups()
	p.protocols()
	p.services()
	return p.entries()
}

// peculiarTree collects entries.
type peculiarTree struct{ all []*entry }

func (p *peculiarTree) entries() []entry {
	all := make([]entry, len(p.all))
	for i, e := range p.all {
		all[i] = *e
	}
	return all
}

func (p *peculiarTree) entry(dn string, classes ...string) *entry {
	e := &entry{dn: dn}
	e.add("objectClass", classes...)
	p.all = append(p.all, e)
	return e
}

// set adds to e the values "name=value"; a first value for a name replaces
// what is there by default, and "-name" takes it away.
func (e *entry) set(defaults []attribute, changes ...string) {
	changed := map[string]bool{}
	var values []attribute
	for _, change := range changes {
		if name, gone := strings.CutPrefix(change, "-"); gone {
			changed[name] = true
			continue
		}
		name, value, _ := strings.Cut(change, "=")
		changed[name] = true
		values = append(values, attribute{name, value})
	}
	for _, d := range defaults {
		if !changed[d.name] {
			e.attributes = append(e.attributes, d)
		}
	}
	e.attributes = append(e.attributes, values...)
}

// account adds a user below people.
func (p *peculiarTree) account(name string, uid int64, changes ...string) {
	p.accountAt(rdn("uid", name)+","+peopleDN, []attribute{
		{"uid", name}, {"cn", "Person " + name}, {"sn", "Person"}, {"uidNumber", strconv.FormatInt(uid, 10)},
		{"gidNumber", "10000"}, {"homeDirectory", "/home/x"}, {"loginShell", "/bin/sh"},
	}, changes...)
}

// rdn names an entry after one of its values, if that is short enough for an
// RDN in slapd's database.
func rdn(attribute, value string) string {
	if len(value) > 200 {
		return fmt.Sprintf("description=%s of %d bytes", attribute, len(value))
	}
	return attribute + "=" + dnEscaper.Replace(value)
}

func (p *peculiarTree) accountAt(dn string, values []attribute, changes ...string) {
	p.entry(dn, "inetOrgPerson", "posixAccount").set(values, changes...)
}

// group adds a group below groups.
func (p *peculiarTree) group(name string, gid int64, changes ...string) {
	dn := rdn("cn", name) + "," + groupsDN
	p.entry(dn, "groupOfNames", "posixGroup").set([]attribute{{"cn", name}, {"gidNumber", strconv.FormatInt(gid, 10)}}, changes...)
}

// thing adds an entry of a map that has nothing to do with logins.
func (p *peculiarTree) thing(class, cn string, changes ...string) {
	dn := "cn=" + dnEscaper.Replace(cn) + ",ou=things," + Base
	p.entry(dn, class).set([]attribute{{"cn", cn}}, changes...)
}

func (p *peculiarTree) accounts() {
	p.account("alice", 10001, "gecos=Alice,Room 1,,", "userPassword={CRYPT}$6$salt$abcdefgh", "sAMAccountName=ALICE.S", "employeeNumber=10001")
	p.account("bob", 10002, "userPassword={SSHA}c2VjcmV0c2VjcmV0c2VjcmV0", "mail=bob@mydomain.com", "employeeNumber=+10002")
	p.account("carol", 10003, "userPassword=in clear", "employeeNumber=0010003", "description=first", "description=second")
	p.account("dave", 10004, "userPassword=crypt$1$old", "userPassword={crypt}second", "employeeNumber= 10004")
	p.account("erin", 10005, "employeeNumber=10005x")
	p.account("MixedCase", 10006, "uid=MixedCase", "employeeNumber=0x2716")
	p.account("manyone", 10007, "uid=manyone", "uid=manytwo", "uid=ManyThree", "employeeNumber=")
	p.account("numbers", 10008, "uidNumber=10008", "uidNumber=10009", "employeeNumber=10008.0")
	p.account("groups", 10010, "gidNumber=10100", "gidNumber=10101")
	p.accountAt("cn=Charlie Brown,"+peopleDN, []attribute{
		{"uid", "charlie"}, {"cn", "Charlie Brown"}, {"uidNumber", "10011"}, {"gidNumber", "10000"},
		{"homeDirectory", "/home/charlie"}, {"loginShell", "/bin/sh"},
	})
	p.accountAt("uid=twin,ou=contractors,"+Base, []attribute{
		{"uid", "twin"}, {"cn", "Other twin"}, {"uidNumber", "10013"}, {"gidNumber", "10000"},
		{"homeDirectory", "/home/twin2"}, {"loginShell", "/bin/sh"},
	})
	p.account("twin", 10012)
	p.accountAt("uid=deep,ou=deep,"+peopleDN, []attribute{
		{"uid", "deep"}, {"cn", "Deep"}, {"uidNumber", "10014"}, {"gidNumber", "10000"},
		{"homeDirectory", "/home/deep"}, {"loginShell", "/bin/sh"},
	})
	p.account("sameone", 10015)
	p.account("sametwo", 10015)
	p.account("daemon", 10016)
	p.account("localid", 1)
}

// names are users whose names need escaping, or must not exist.
func (p *peculiarTree) names() {
	for i, name := range hostileNames() {
		p.account(name, int64(10100+i))
	}
}

// hostileNames are the names of entries that not every machine can bear.
func hostileNames() []string {
	return []string{
		"two words", " blank", "col:on", "new\nline", "st*r", "par(en)", "(open", `back\slash`, "-dash", "12345", "müller",
		"a/b", "..", "comma,name", "do$ar", "at@home", "tilde~", "under_", "UPPER", "plus+", "hash#", "quote'",
		strings.Repeat("l", 255), strings.Repeat("m", 256), "root", "tab\there",
	}
}

// ids are users with numbers at the edges.
func (p *peculiarTree) ids() {
	for _, id := range []int64{0, 500, 999, 65533, 65534, 65535, 61184, 65519, 524288, 2147483647, 2147483648,
		4294967293, 4294967294, 4294967295, 4294967296, 4294977297, 99999999999, -1, -2} {
		p.account(fmt.Sprintf("id%d", id), id)
		p.account(fmt.Sprintf("gid%d", id), 10200+id%97, fmt.Sprintf("gidNumber=%d", id))
	}
}

// fields are users with odd or missing values.
func (p *peculiarTree) fields() {
	p.account("nocn", 10301, "-cn")
	p.account("nonumber", 10302, "-uidNumber")
	p.account("nogid", 10303, "-gidNumber")
	p.account("nohome", 10304, "-homeDirectory")
	p.account("noshell", 10305, "-loginShell")
	p.account("gecoscolon", 10306, "gecos=a:b")
	p.account("gecosline", 10307, "gecos=a\nb")
	p.account("gecosutf", 10308, "cn=Zoë Ünal")
	p.account("gecosmany", 10309, "cn=One", "cn=Two")
	p.account("homecolon", 10310, "homeDirectory=/home/a:b")
	p.account("homerelative", 10311, "homeDirectory=home/rel")
	p.account("hometwo", 10312, "homeDirectory=/home/one", "homeDirectory=/home/two")
	p.account("shellcolon", 10313, "loginShell=/bin/a:b")
	p.account("shellline", 10314, "loginShell=/bin/sh\nroot::0:0")
	p.account("gecoslong", 10315, "gecos="+strings.Repeat("g", 1100))
	p.account("homelong", 10316, "homeDirectory=/"+strings.Repeat("h", 300))
	p.account("shelllong", 10317, "loginShell=/"+strings.Repeat("s", 80))
	p.account("homelatin", 10318, "homeDirectory=/home/ z")
	p.account("gecosblank", 10319, "gecos= ")
}

// shadows are users with ageing; those above have none.
func (p *peculiarTree) shadows() {
	shadow := func(name string, uid int64, changes ...string) {
		p.account(name, uid, changes...)
		p.all[len(p.all)-1].add("objectClass", "shadowAccount")
	}
	shadow("shadowfull", 10401, "shadowLastChange=19000", "shadowMin=1", "shadowMax=90", "shadowWarning=7",
		"shadowInactive=30", "shadowExpire=20000", "shadowFlag=1", "userPassword={CRYPT}$6$full")
	shadow("shadownone", 10402)
	shadow("shadowneg", 10403, "shadowLastChange=-1", "shadowMax=-5", "shadowFlag=-1")
	shadow("shadowbig", 10404, "shadowMax=99999", "shadowExpire=99999999999")
	shadow("shadowtwo", 10405, "shadowMax=10", "shadowMax=20")
	shadow("shadowmany", 10406, "uid=shadowmany", "uid=shadowalso", "shadowMax=5")
	shadow("ShadowCase", 10407, "uid=ShadowCase", "shadowMax=6")
	shadow("shadowad", 10408, "pwdLastSet=132000000000000000", "userAccountControl=66048", "shadowMax=42")
	shadow("shadowadzero", 10409, "pwdLastSet=0", "userAccountControl=512", "shadowMax=42")
	shadow("shadowadplain", 10411, "pwdLastSet=132000000000000000", "userAccountControl=512", "shadowMax=42")
	shadow("shadowbigflag", 10410, "shadowFlag=4294967295")
}

func (p *peculiarTree) groups() {
	p.group("everybody", 10000)
	p.group("dev", 10100, "memberUid=alice", "memberUid=bob")
	p.group("dn", 10101, "member="+Person{Name: "alice"}.DN(), "member=cn=Charlie Brown,"+peopleDN)
	p.group("both", 10102, "memberUid=alice", "memberUid=erin", "member="+Person{Name: "alice"}.DN(), "member="+Person{Name: "dave"}.DN())
	p.group("dupes", 10103, "memberUid=bob", "memberUid=BOB", "memberUid=bob")
	p.group("gone", 10104, "member="+Person{Name: "nobody-here"}.DN(), "member=cn=Nobody,"+peopleDN, "member="+Base)
	p.group("badnames", 10105, "memberUid=ok", "memberUid=two words", "memberUid=a:b", "memberUid=-dash", "memberUid=new\nline",
		"memberUid=müller", "memberUid=com,ma", "memberUid=", "memberUid= x")
	p.group("nogid", 0, "-gidNumber", "memberUid=alice")
	p.group("twogids", 0, "gidNumber=10107", "gidNumber=10108", "memberUid=bob")
	p.group("namesone", 10109, "cn=namesone", "cn=namestwo", "memberUid=carol")
	p.group("MixedGroup", 10110, "memberUid=alice")
	p.group("unique", 10111, "uniqueMember="+Person{Name: "bob"}.DN())
	p.group("case", 10112, "memberUid=ALICE", "member=UID=Bob,OU=People,"+Base)
	p.group("multirdn", 10113, "member=uid=manytwo,"+peopleDN, "member=uid=deep,ou=deep,"+peopleDN)
	p.group("localdaemon", 1, "memberUid=alice")
	p.group("daemon", 10114, "memberUid=alice")
	p.group("hashed", 10115, "userPassword={CRYPT}xyz", "memberUid=erin")
	p.group("samegidone", 10116, "memberUid=alice")
	p.group("samegidtwo", 10116, "memberUid=bob")
	for i, name := range []string{"two words", "col:on", "st*r", "par(en)", `back\slash`, "-gdash", "54321", "größe", strings.Repeat("l", 255)} {
		p.group(name, int64(10150+i), "memberUid=alice")
	}
	for _, id := range []int64{0, 500, 65534, 65535, 61184, 2147483648, 4294967294, 4294967295, 4294967296, -1} {
		p.group(fmt.Sprintf("gid%d", id), id, "memberUid=erin")
	}
}

// nested are groups in groups, with a loop.
func (p *peculiarTree) nested() {
	dn := func(name string) string { return "member=cn=" + name + "," + groupsDN }
	p.group("inner", 10501, "memberUid=bob", "member="+Person{Name: "carol"}.DN())
	p.group("middle", 10502, dn("inner"), "memberUid=dave")
	p.group("outer", 10503, dn("middle"))
	p.group("loopa", 10504, dn("loopb"), "memberUid=alice")
	p.group("loopb", 10505, dn("loopa"), "memberUid=erin")
	p.group("selfish", 10506, dn("selfish"), "memberUid=bob")
	p.entry("cn=plaingroup,"+groupsDN, "groupOfNames").set([]attribute{{"cn", "plaingroup"}}, "member="+Person{Name: "erin"}.DN())
	p.group("viaplain", 10507, dn("plaingroup"))
}

// domain are users and groups of Active Directory.
func (p *peculiarTree) domain() {
	p.account("sid", 10601, "-uidNumber", "objectSid="+sid(21, 1111, 2222, 3333, 1601))
	p.account("sidelsewhere", 10602, "-uidNumber", "objectSid="+sid(21, 4, 5, 6, 1602))
	p.account("sidshort", 10603, "-uidNumber", "objectSid=\x01\x05")
	p.group("sidgroup", 0, "-gidNumber", "objectSid="+sid(21, 1111, 2222, 3333, 1701), "memberUid=sid")
	p.group("sidbuiltin", 0, "-gidNumber", "objectSid="+sid(32, 545), "memberUid=sid")
}

// sid returns a binary SID of the NT authority ([MS-DTYP], 2.4.2.2).
func sid(parts ...uint32) string {
	raw := []byte{1, byte(len(parts)), 0, 0, 0, 0, 0, 5}
	for _, part := range parts {
		raw = binary.LittleEndian.AppendUint32(raw, part)
	}
	return string(raw)
}

func (p *peculiarTree) aliases() {
	p.thing("nisMailAlias", "postmaster", "rfc822MailMember=alice", "rfc822MailMember=bob@mydomain.com")
	p.thing("nisMailAlias", "lonely")
	p.thing("nisMailAlias", "aliasone", "cn=aliasone", "cn=aliastwo", "rfc822MailMember=carol")
	p.thing("nisMailAlias", "MixedAlias", "rfc822MailMember=dave")
	p.thing("nisMailAlias", "two words", "rfc822MailMember=|/bin/prog arg", "rfc822MailMember=")
}

// ethers have no address that is none: nslcd answers with what its memory held.
func (p *peculiarTree) ethers() {
	p.thing("ieee802Device", "etherone", "macAddress=0:18:8a:54:1a:e")
	p.thing("ieee802Device", "ethertwo", "macAddress=00:18:8A:54:1A:0F")
	p.thing("ieee802Device", "ethermany", "cn=ethermany", "cn=etheralso", "macAddress=0:0:0:0:0:1", "macAddress=0:0:0:0:0:2")
	p.thing("ieee802Device", "ethernone")
}

func (p *peculiarTree) hosts() {
	p.thing("ipHost", "hostone.mydomain.com", "cn=hostone", "cn=hostone.mydomain.com", "ipHostNumber=10.20.0.1")
	p.thing("ipHost", "hostsix", "ipHostNumber=2001:db8::6")
	p.thing("ipHost", "hostboth", "ipHostNumber=10.20.0.2", "ipHostNumber=2001:db8::2", "ipHostNumber=10.20.0.3")
	p.thing("ipHost", "hostbad", "ipHostNumber=10.20.0.999", "ipHostNumber=10.20.0.4")
	p.thing("ipHost", "hostworse", "ipHostNumber=nonsense")
	p.thing("ipHost", "hostnone")
	p.thing("ipHost", "HostCase", "ipHostNumber=10.20.0.7")
	p.thing("ipHost", "hostlong6", "ipHostNumber=2001:0DB8:0:0:0:0:0:8")
	p.thing("ipHost", "hostdupa", "ipHostNumber=10.20.0.9")
	p.thing("ipHost", "hostdupb", "ipHostNumber=10.20.0.9")
	p.thing("ipHost", "hostzeros", "ipHostNumber=010.020.000.011")
	p.thing("ipHost", "host blank", "ipHostNumber=10.20.0.12")
}

func (p *peculiarTree) networks() {
	p.thing("ipNetwork", "lan", "cn=lan", "cn=lanalias", "ipNetworkNumber=10.20.0.0", "ipNetmaskNumber=255.255.0.0")
	p.thing("ipNetwork", "nettwo", "ipNetworkNumber=10.21.0.0", "ipNetworkNumber=10.22.0.0")
	p.thing("ipNetwork", "netshort", "ipNetworkNumber=10.23")
	p.thing("ipNetwork", "netsix", "ipNetworkNumber=2001:db8::")
	p.thing("ipNetwork", "netnone")
}

func (p *peculiarTree) netgroups() {
	p.thing("nisNetgroup", "admins", "nisNetgroupTriple=(hostone,alice,mydomain)", "nisNetgroupTriple=(-,bob,)", "memberNisNetgroup=others")
	p.thing("nisNetgroup", "others", "nisNetgroupTriple=( hostsix , carol , )", "nisNetgroupTriple=(,,)")
	p.thing("nisNetgroup", "netbad", "nisNetgroupTriple=hostone,alice,", "nisNetgroupTriple=(a,b)", "nisNetgroupTriple=(a,b,c,d)",
		"nisNetgroupTriple=(good,one,)", "nisNetgroupTriple=(x,y,z) ", "nisNetgroupTriple= (p,q,r)")
	p.thing("nisNetgroup", "ringone", "nisNetgroupTriple=(one,,)", "memberNisNetgroup=ringtwo")
	p.thing("nisNetgroup", "ringtwo", "nisNetgroupTriple=(two,,)", "memberNisNetgroup=ringone")
	p.thing("nisNetgroup", "netempty")
	p.thing("nisNetgroup", "netnames", "cn=netnames", "cn=netalso", "memberNisNetgroup=missing")
	p.thing("nisNetgroup", "NetCase", "nisNetgroupTriple=(mixed,,)")
}

func (p *peculiarTree) protocols() {
	p.thing("ipProtocol", "proto", "cn=palias", "cn=proto", "ipProtocolNumber=222")
	p.thing("ipProtocol", "protomany", "ipProtocolNumber=223", "ipProtocolNumber=224")
	p.thing("ipProtocol", "protobig", "ipProtocolNumber=256")
	p.thing("ipProtocol", "protoneg", "ipProtocolNumber=-1")
	p.thing("ipProtocol", "protonone")
	p.thing("ipProtocol", "ProtoCase", "ipProtocolNumber=225")
	p.thing("oncRpc", "rpcone", "cn=rpcone", "cn=rpcalias", "oncRpcNumber=150999")
	p.thing("oncRpc", "rpcmany", "oncRpcNumber=151000", "oncRpcNumber=151001")
	p.thing("oncRpc", "rpcbig", "oncRpcNumber=4294967296")
	p.thing("oncRpc", "rpcneg", "oncRpcNumber=-5")
	p.thing("oncRpc", "rpcnone")
	p.thing("oncRpc", "RpcCase", "oncRpcNumber=151002")
}

func (p *peculiarTree) services() {
	p.thing("ipService", "svc", "cn=svcalias", "cn=svc", "ipServicePort=4242", "ipServiceProtocol=tcp", "ipServiceProtocol=udp")
	p.thing("ipService", "svcports", "ipServicePort=4243", "ipServicePort=4244", "ipServiceProtocol=tcp")
	p.thing("ipService", "svczero", "ipServicePort=0", "ipServiceProtocol=tcp")
	p.thing("ipService", "svcbig", "ipServicePort=65536", "ipServiceProtocol=tcp")
	p.thing("ipService", "svctop", "ipServicePort=65535", "ipServiceProtocol=tcp")
	p.thing("ipService", "svcneg", "ipServicePort=-1", "ipServiceProtocol=tcp")
	p.thing("ipService", "svcnoproto", "ipServicePort=4245")
	p.thing("ipService", "svcnoport", "ipServiceProtocol=tcp")
	p.thing("ipService", "SvcCase", "ipServicePort=4246", "ipServiceProtocol=TCP")
}
