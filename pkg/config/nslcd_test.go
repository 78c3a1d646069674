package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// nslcdSite is a file that is complete; the keyword tests add lines to it.
const nslcdSite = "uri ldaps://ldap.example.com\nbase dc=example,dc=com\n"

// nslcdRest has a line of every kind.
const nslcdRest = `threads 5
uid nslcd
gid nslcd
log syslog info
log /var/log/goldap.log debug
scope group one
deref finding
referrals yes
filter passwd (&(objectClass=posixAccount)(!(host=old)))
map passwd homeDirectory "/home/$uid"
map shadow shadowLastChange pwdLastSet
rootpwmoddn cn=admin
rootpwmodpw x
nss_uid_offset 100000
nss_gid_offset 200000
nss_nested_groups yes
cache dn2uid 1h 5m
reconnect_invalidate passwd,group nfsidmap
pam_authz_search (&(objectClass=x)(member=$dn)(host=${fqdn:-$hostname}))
pam_authc_search (uid=$username)
`

func TestNSLCDKeywords(t *testing.T) {
	daemon := func(c *Config) any {
		return []any{c.Daemon.User, c.Daemon.Group, c.Daemon.Logs, c.Daemon.Invalidate}
	}
	uris := dir(func(d Directory) any { return d.URIs })
	mode := dir(func(d Directory) any { return []any{d.TLS.Mode, d.TLS.AllowClearText} })
	bases := dir(func(d Directory) any { return []any{d.Base, d.Bases} })
	passwd := dir(func(d Directory) any { return d.Passwd.Bases })
	attributes := dir(func(d Directory) any { return []any{d.Passwd.Attributes, d.Passwd.Expressions} })
	times := dir(func(d Directory) any { return []time.Duration{d.ConnectTimeout, d.SearchTimeout, d.IdleTimeout} })
	retry := dir(func(d Directory) any { return []time.Duration{d.RetryMin, d.RetryMax} })
	member := func(c *Config) any { return []time.Duration{c.Lookups.MemberTTL, c.Lookups.MemberNegativeTTL} }
	searches := dir(func(d Directory) any { return d.LoginSearches })
	bindSearch := dir(func(d Directory) any { return d.LoginBindSearch })
	policy := dir(func(d Directory) any { return d.PasswordPolicy })
	verify := dir(func(d Directory) any { return d.TLS.Verify })
	lookups := func(c *Config) any { return []bool{c.Lookups.Enumerate, c.Lookups.GroupMembers} }
	const base = "base dc=example,dc=com\n"
	second := time.Second

	tests := map[string]struct {
		file string
		get  field
		want any
	}{
		"sockets":               {nslcdSite, func(c *Config) any { return c.Daemon.Sockets }, []string{"/run/goldap/socket", "/run/nslcd/socket"}},
		"leading blanks":        {" uri ldaps://a\n\t\tbase dc=x", bases, []any{"dc=x", []SearchBase(nil)}},
		"comments":              {"# x\n\n#uri y\n \t\n" + nslcdSite, uris, []string{"ldaps://ldap.example.com"}},
		"CRLF":                  {"uri ldaps://a\r\nbase dc=x\r\n", uris, []string{"ldaps://a"}},
		"no newline at the end": {"uri ldaps://a\nbase dc=x", uris, []string{"ldaps://a"}},
		"upper case":            {"URI ldaps://a\nBASE dc=x\nThreads 5", uris, []string{"ldaps://a"}},
		"4095 bytes":            {nslcdSite + "filter passwd (a=" + strings.Repeat("x", 4095-18) + ")", uris, []string{"ldaps://ldap.example.com"}},
		"uris add up":           {base + "uri ldaps://a ldaps://b\nuri ldaps://c", uris, []string{"ldaps://a", "ldaps://b", "ldaps://c"}},
		"uri twice":             {base + "uri ldaps://a\nuri ldaps://a", uris, []string{"ldaps://a"}},
		"uri DNS":               {base + "ssl start_tls\nuri dns:example.com DNS DNSLDAPS:b.example dnsldaps", uris, []string{"DNS:example.com", "DNS", "DNSLDAPS:b.example", "DNSLDAPS"}},
		"uri DNS ssl on":        {base + "ssl on\nuri dns:example.com", uris, []string{"DNSLDAPS:example.com"}},
		"ssl on":                {base + "ssl on\nuri ldap://a", uris, []string{"ldaps://a"}},
		"ssl start_tls":         {base + "ssl start_tls\nuri ldap://a ldaps://b", mode, []any{"start_tls", false}},
		"ssl off":               {base + "ssl off\nuri ldap://a", mode, []any{"off", true}},
		"no ssl, ldaps":         {base + "uri ldaps://a", mode, []any{"start_tls", false}},
		"no ssl, ldapi":         {base + "uri ldapi://%2Frun%2Fldapi", mode, []any{"start_tls", false}},
		"no ssl, this machine":  {base + "uri ldap://127.0.0.1/ ldap://localhost:389 ldap://[::1]", mode, []any{"off", true}},
		"bases":                 {"uri ldaps://a\nbase dc=x\nbase ou=y,dc=z z", bases, []any{"dc=x", []SearchBase{{DN: "ou=y,dc=z z"}}}},
		"base of the root":      {"uri ldaps://a\nbase \"\"", bases, []any{"", []SearchBase{{}}}},
		"root second":           {"uri ldaps://a\nbase dc=x\nbase \"\"", bases, []any{"dc=x", []SearchBase{{}}}},
		"base of a map":         {nslcdSite + "base passwd ou=a\nbase PASSWD ou=b", passwd, []SearchBase{{DN: "ou=a"}, {DN: "ou=b"}}},
		"singular":              {nslcdSite + "base host ou=a", dir(func(d Directory) any { return d.Hosts.Bases }), []SearchBase{{DN: "ou=a"}}},
		"scope":                 {nslcdSite + "scope CHILDREN", dir(func(d Directory) any { return d.Scope }), "children"},
		"scope of a map":        {"scope passwd one\n" + nslcdSite + "base ou=b", passwd, []SearchBase{{DN: "dc=example,dc=com", Scope: "one"}, {DN: "ou=b", Scope: "one"}}},
		"scope and base":        {nslcdSite + "scope passwd onelevel\nbase passwd ou=a", passwd, []SearchBase{{DN: "ou=a", Scope: "one"}}},
		"filter":                {nslcdSite + "filter passwd (objectClass=user)", dir(func(d Directory) any { return d.Passwd.Filter }), "(objectClass=user)"},
		"map":                   {nslcdSite + "map passwd UID sAMAccountName", attributes, []any{map[string]string{"uid": "sAMAccountName"}, map[string]string(nil)}},
		"map SID":               {nslcdSite + "map passwd uidNumber objectSid:S-1-5-21-3623811015-3361044348-30300820", attributes, []any{map[string]string{"uidNumber": "objectSid:S-1-5-21-3623811015-3361044348-30300820"}, map[string]string(nil)}},
		"map expression":        {nslcdSite + `map passwd gecos "${gecos:-$cn $sn}"`, attributes, []any{map[string]string(nil), map[string]string{"gecos": "${gecos:-$cn $sn}"}}},
		"map nothing":           {nslcdSite + `map passwd gecos ""`, attributes, []any{map[string]string(nil), map[string]string{"gecos": ""}}},
		"last map counts":       {nslcdSite + "map passwd gecos \"x\"\nmap passwd gecos y", attributes, []any{map[string]string{"gecos": "y"}, map[string]string{}}},
		"no member":             {nslcdSite + `map group member ""`, dir(func(d Directory) any { return d.Group.Attributes }), map[string]string{"member": ""}},
		"only member":           {nslcdSite, dir(func(d Directory) any { return d.Group.Attributes }), map[string]string{"member": "member"}},
		"uniqueMember":          {nslcdSite + "map group member uniqueMember", dir(func(d Directory) any { return d.Group.Attributes }), map[string]string{"member": "uniqueMember"}},
		"AD date":               {nslcdSite + "map shadow shadowLastChange pwdLastSet", dir(func(d Directory) any { return d.Shadow.Attributes }), map[string]string{"shadowLastChange": "pwdLastSet"}},
		"bindpw":                {nslcdSite + "binddn cn=a b\nbindpw  a # b \t", dir(func(d Directory) any { return d.BindDN + string(d.BindPassword.Bytes()) }), "cn=a ba # b"},
		"rootpwmodpw":           {nslcdSite + "rootpwmoddn cn=a b\nrootpwmodpw x y", dir(func(d Directory) any { return d.RootBindDN + string(d.RootBindPassword.Bytes()) }), "cn=a bx y"},
		"times":                 {nslcdSite + "bind_timelimit 3\ntimelimit 2m\nidle_timelimit 1H", times, []time.Duration{3 * second, 2 * time.Minute, time.Hour}},
		"no times":              {nslcdSite + "bind_timelimit 0\ntimelimit off\nidle_timelimit 0s", times, []time.Duration{5 * second, 5 * second, 5 * time.Minute}},
		"retry":                 {nslcdSite + "reconnect_sleeptime 2\nreconnect_retrytime 20", retry, []time.Duration{2 * second, 20 * second}},
		"retry the wrong way":   {nslcdSite + "reconnect_retrytime 1\nreconnect_sleeptime 5", retry, []time.Duration{5 * second, 5 * second}},
		"pagesize":              {nslcdSite + "pagesize 0", dir(func(d Directory) any { return d.PageSize }), uint32(0)},
		"deref":                 {nslcdSite + "deref Finding", dir(func(d Directory) any { return d.Deref }), "finding"},
		"referrals":             {nslcdSite + "referrals 1", dir(func(d Directory) any { return d.FollowReferrals }), true},
		"tls_reqcert no":        {nslcdSite + "tls_reqcert no", verify, "never"},
		"tls_reqcert yes":       {nslcdSite + "tls_reqcert yes", verify, "demand"},
		"tls_ciphers":           {nslcdSite + "tls_ciphers HIGH : ECDHE-RSA-AES128-GCM-SHA256", dir(func(d Directory) any { return d.TLS.Ciphers }), []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}},
		"tls_crlcheck":          {nslcdSite + "tls_crlcheck peer\ntls_crlfile /dev/null", dir(func(d Directory) any { return d.TLS.CRLCheck + d.TLS.CRLFile }), "peer/dev/null"},
		"ldapi of slapd":        {base + "uri ldapi:/// LDAPI://", uris, []string{slapdURI}},
		"threads":               {nslcdSite + "threads 5", lookups, []bool{true, true}},
		"daemon":                {nslcdSite + nslcdRest, daemon, []any{"nslcd", "nslcd", []Log{{"syslog", "info"}, {"/var/log/goldap.log", "debug"}}, []string{"passwd", "group", "nfsidmap"}}},
		"log none":              {nslcdSite + "log NONE\nlog syslog\nlog syslog crit\nlog syslog warning", func(c *Config) any { return c.Daemon.Logs }, []Log{{"none", ""}, {"syslog", ""}, {"syslog", "error"}, {"syslog", "warn"}}},
		"offsets":               {nslcdSite + nslcdRest, dir(func(d Directory) any { return []any{d.UIDOffset, d.GIDOffset, d.NestedGroups} }), []any{uint32(100000), uint32(200000), true}},
		"nss_min_uid":           {nslcdSite + "nss_min_uid 500", func(c *Config) any { return []uint32{c.Accounts.MinUID, c.Accounts.MinGID} }, []uint32{500, 1000}},
		"nss_min_uid 0":         {nslcdSite + "nss_min_uid 0", func(c *Config) any { return c.Accounts.MinUID }, uint32(1)},
		"ignorecase":            {nslcdSite + "ignorecase yes", func(c *Config) any { return c.Accounts.IgnoreCase }, true},
		"no enumeration":        {nslcdSite + "nss_disable_enumeration yes", lookups, []bool{false, true}},
		"no members":            {nslcdSite + "nss_getgrent_skipmembers TRUE", lookups, []bool{true, false}},
		"ignoreusers":           {nslcdSite + "nss_initgroups_ignoreusers a,b\nnss_initgroups_ignoreusers ALLLOCAL, c", func(c *Config) any { return c.Lookups.NoGroupsFor }, []string{"a", "b", "c"}},
		"cache":                 {nslcdSite + "cache DN2UID 10m 5s", member, []time.Duration{10 * time.Minute, 5 * second}},
		"cache one time":        {nslcdSite + "cache dn2uid 2d", member, []time.Duration{48 * time.Hour, 48 * time.Hour}},
		"cache off":             {nslcdSite + "cache dn2uid off", member, []time.Duration{0, 0}},
		"pam_authc_ppolicy":     {nslcdSite + "pam_authc_ppolicy no", policy, false},
		"pam_authc_search BASE": {nslcdSite + "pam_authc_search base", bindSearch, ""},
		"pam_authc_search NONE": {nslcdSite + "pam_authc_search (a=b)\npam_authc_search NONE", bindSearch, ""},
		"pam_authc_search":      {nslcdSite + "pam_authc_search (uid=$uid)", bindSearch, "(uid=$uid)"},
		"pam_authz_search":      {nslcdSite + "pam_authz_search (a=$service)\n" + `pam_authz_search (|(host=$fqdn)(host=\\*))`, searches, []string{"(a=$service)", `(|(host=$fqdn)(host=\\*))`}},
		"pam_authz_search all":  {nslcdSite + "pam_authz_search (a=$username$uid$service$ruser$rhost$tty$hostname$fqdn$domain$dn)", searches, []string{"(a=$username$uid$service$ruser$rhost$tty$hostname$fqdn$domain$dn)"}},
		"prohibit message":      {nslcdSite + `pam_password_prohibit_message "Ask  the helpdesk."`, func(c *Config) any { return c.Login.PasswordProhibitMessage }, "Ask  the helpdesk."},
		"validnames":            {nslcdSite + `validnames /^[a-z][a-z ]*$/`, validates("ann", "a b", "Ann", "ann9"), []bool{true, true, false, false}},
		"validnames of nslcd":   {nslcdSite + `validnames /^[a-z0-9._@$()]([a-z0-9._@$() \\~-]*[a-z0-9._@$()~-])?$/i`, validates("Ann", `dom\ann`, "a-", "-a", "ß", "\u017f", "\u212a"), []bool{true, true, true, false, false, false, false}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.get(load(t, "nslcd.conf", test.file)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %#v\nwant %#v", got, test.want)
			}
		})
	}
}

// validates says which of the names are valid.
func validates(names ...string) field {
	return func(c *Config) any {
		var valid []bool
		for _, name := range names {
			valid = append(valid, c.Accounts.ValidNames.MatchString(name))
		}
		return valid
	}
}

// TestNSLCDSASL looks at no files: there need not be a krb5.conf.
func TestNSLCDSASL(t *testing.T) {
	const base = "base dc=x\n"
	tests := map[string]struct {
		file     string
		want     SASL
		problems string
	}{
		"EXTERNAL":     {base + "uri ldapi:///\nsasl_mech external\nsasl_authzid dn:cn=a b", SASL{Mechanism: "EXTERNAL", AuthzID: "dn:cn=a b"}, ""},
		"certificate":  {base + "uri ldaps://a\nsasl_mech EXTERNAL\ntls_cert /c\ntls_key /k", SASL{Mechanism: "EXTERNAL"}, ""},
		"nothing":      {base + "uri ldaps://a\nsasl_mech EXTERNAL", SASL{}, "nslcd.conf:3: sasl_mech: \"EXTERNAL\" proves nothing to ldaps://a: it needs an ldapi:// server, or TLS with a certificate (tls_cert)"},
		"no TLS":       {base + "uri ldap://127.0.0.1\nsasl_mech EXTERNAL\ntls_cert /c\ntls_key /k", SASL{}, "nslcd.conf:3: sasl_mech: \"EXTERNAL\" proves nothing to ldap://127.0.0.1"},
		"GSSAPI":       {base + "uri ldaps://a\nsasl_mech GSSAPI\nsasl_realm X\nsasl_authcid host/a\nkrb5_ccname file:/t", SASL{Mechanism: "GSSAPI", Realm: "X", Principal: "host/a", CredentialCache: "/t"}, ""},
		"bare name":    {base + "uri ldaps://a\nsasl_mech GSSAPI\nkrb5_ccname /t", SASL{Mechanism: "GSSAPI", CredentialCache: "/t"}, ""},
		"no tickets":   {base + "uri ldaps://a\nsasl_mech GSSAPI", SASL{}, "nslcd.conf:3: sasl_mech: \"GSSAPI\" needs Kerberos credentials: add krb5_ccname"},
		"other cache":  {base + "uri ldaps://a\nsasl_mech GSSAPI\nkrb5_ccname KEYRING:x", SASL{}, "nslcd.conf:4: krb5_ccname: \"KEYRING:x\" is not a file: goldap reads Kerberos credentials from files only"},
		"other":        {base + "uri ldaps://a\nsasl_mech DIGEST-MD5\nsasl_authcid a\nbindpw " + marker, SASL{}, "nslcd.conf:3: sasl_mech: \"DIGEST-MD5\" is a mechanism that goldap does not have: it has EXTERNAL and GSSAPI; with a password, use a simple bind over TLS (binddn and bindpw)"},
		"authzid":      {base + "uri ldapi:///\nsasl_mech EXTERNAL\nsasl_authzid cn=a", SASL{}, "nslcd.conf:4: sasl_authzid: \"cn=a\" must begin with dn: or u:"},
		"not used":     {base + "uri ldapi:///\nsasl_mech EXTERNAL\nsasl_realm X\nbinddn cn=a", SASL{Mechanism: "EXTERNAL", Realm: "X"}, "nslcd.conf:4: sasl_realm: has no effect with EXTERNAL\nnslcd.conf:5: binddn: has no effect with sasl_mech"},
		"no mechanism": {base + "uri ldapi:///\nsasl_realm X", SASL{Realm: "X"}, "nslcd.conf:3: sasl_realm: has no effect without sasl_mech"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := parse("nslcd.conf", []byte(test.file))
			d.check()
			cfg, err := d.result()
			found := problems(d.warnings)
			if err != nil {
				found = err.Error()
			}
			noMarker(t, found)
			if contains(t, found, test.problems); err == nil != (test.want != SASL{}) || err == nil && test.problems == "" && found != "" {
				t.Errorf("%v\n%s", err, found)
			}
			if test.want.KerberosConfig = "/etc/krb5.conf"; err == nil && cfg.Directories[0].SASL != test.want {
				t.Errorf("got %+v", cfg.Directories[0].SASL)
			}
		})
	}
}

func TestNSLCDErrors(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"unknown keyword":       {nslcdSite + "bindn cn=a", "nslcd.conf:3: bindn: is not a keyword; did you mean binddn?"},
		"misspelt bindpw":       {nslcdSite + "bindpwd " + marker, "nslcd.conf:3: bindpwd: is not a keyword; did you mean bindpw?"},
		"misspelt rootpwmodpw":  {nslcdSite + "rootpwmodpwd " + marker, "nslcd.conf:3: rootpwmodpwd: is not a keyword; did you mean rootpwmodpw?"},
		"wrapped secret":        {nslcdSite + "binddn cn=a\nbindpw\n  " + marker, "nslcd.conf:5: the line does not begin with a keyword, and no line goes on from the one above"},
		"indented and misspelt": {nslcdSite + "\tbindpwd " + marker, "nslcd.conf:3: bindpwd: is not a keyword; did you mean bindpw?"},
		"bindpw of nobody":      {nslcdSite + "bindpw " + marker, "nslcd.conf:3: bindpw: belongs to nobody: add binddn"},
		"rootpwmodpw of nobody": {nslcdSite + "rootpwmodpw " + marker, "nslcd.conf:3: rootpwmodpw: belongs to nobody: add rootpwmoddn"},
		"binddn alone":          {nslcdSite + "binddn cn=a", "nslcd.conf:3: binddn: \"cn=a\" has no password, so the server would take it for anonymous: add bindpw"},
		"PADL's":                {nslcdSite + "rootbinddn cn=a", "nslcd.conf:3: rootbinddn: is not a keyword of nslcd's, only of pam_ldap.conf"},
		"host":                  {nslcdSite + "host a", "nslcd.conf:3: host: is not a keyword of nslcd's, only of pam_ldap.conf"},
		"indented comment":      {nslcdSite + " # x", "nslcd.conf:3: a comment begins in the first column"},
		"4096 bytes":            {nslcdSite + "filter passwd (a=" + strings.Repeat("x", 4096-18) + ")", "nslcd.conf:3: the line is longer than 4095 bytes"},
		"two words":             {nslcdSite + "uid nslcd # me", `nslcd.conf:3: uid: "nslcd # me" is more than one word, of which nslcd takes one; a comment needs a line of its own`},
		"no value":              {nslcdSite + "base", "nslcd.conf:3: base: has no value"},
		"only a map":            {nslcdSite + "base passwd", `nslcd.conf:3: base: "passwd" is the name of a map with no base DN behind it`},
		"base of a map":         {nslcdSite + "base passwd ou", `nslcd.conf:3: base: "ou" is not a DN`},
		"second base":           {nslcdSite + "base ou", `nslcd.conf:3: base: "ou" is not a DN`},
		"no base":               {"uri ldaps://a", "nslcd.conf: base: is missing: say where users and groups are"},
		"no uri":                {"base dc=x", "nslcd.conf: uri: is missing"},
		"no ssl":                {"base dc=x\nuri ldap://a", `nslcd.conf:2: ssl: is missing, and passwords would travel in clear text: write "ssl start_tls", or "ssl off" if that is meant`},
		"no ssl, one is far":    {"base dc=x\nuri ldap://127.0.0.1 ldap://a", `nslcd.conf:2: ssl: is missing`},
		"no ssl, DNS":           {"base dc=x\nuri DNS", `nslcd.conf:2: ssl: is missing`},
		"uri":                   {"base dc=x\nuri ldaps://b\nuri ldaps://a:0", `nslcd.conf:3: uri: "ldaps://a:0" has a port`},
		"uri DNS:":              {"base dc=x\nuri DNS:a/b\nssl on", `nslcd.conf:2: uri: "DNSLDAPS:a/b" names no domain such as example.com`},
		"password in the uri":   {"base dc=x\nuri ldaps://a:" + marker + "@b", "nslcd.conf:2: uri: must not hold a user name or a password"},
		"scope":                 {nslcdSite + "scope passwd tree", `scope: "passwd tree" is none of sub, one, base, children, subtree, onelevel`},
		"filter without map":    {nslcdSite + "filter (a=b)", `nslcd.conf:3: filter: "(a=b)" does not begin with the name of a map, such as passwd`},
		"filter":                {nslcdSite + "filter passwd a=b", `nslcd.conf:3: filter: "a=b" is not a filter`},
		"map":                   {nslcdSite + "map passwort uid x", `nslcd.conf:3: map: "passwort uid x" does not begin with the name of a map`},
		"map attribute":         {nslcdSite + "map passwd homeDirectroy x", `nslcd.conf:3: map: "passwd homeDirectroy x" names an attribute that the map passwd does not have; did you mean homeDirectory?`},
		"map of one":            {nslcdSite + "map passwd uid", `nslcd.conf:3: map: "passwd uid" must be three words`},
		"map of four":           {nslcdSite + "map passwd uid a b", `nslcd.conf:3: map: "passwd uid a b" is more than one word`},
		"map to no attribute":   {nslcdSite + "map passwd gecos a*b", `nslcd.conf:3: map: "a*b" is not a name`},
		"open quote":            {nslcdSite + `map passwd gecos "x`, `has an expression without a closing quote`},
		"expression":            {nslcdSite + `map passwd gecos "${x"`, `nslcd.conf:3: map: "${x" is not an expression: `},
		"expression of a name":  {nslcdSite + `map passwd uid "$x"`, `nslcd.conf:3: map: cannot be computed, because entries are searched by it`},
		"no uid":                {nslcdSite + `map passwd uid ""`, `nslcd.conf:3: map: cannot be computed`},
		"SID of a name":         {nslcdSite + `map passwd uid objectSid:S-1-5-21-1-2-3`, `is a SID, of which only uidNumber and gidNumber can be made`},
		"SID":                   {nslcdSite + `map passwd uidNumber objectSid:S-1-5-21-1-2-x`, `"objectSid:S-1-5-21-1-2-x" is not of the form objectSid:S-1-5-21-1-2-3`},
		"SID of all bits":       {nslcdSite + `map group gidNumber objectSid:S-1-5-4294967296`, `is not of the form objectSid:S-1-5-21-1-2-3`},
		"boolean":               {nslcdSite + "ignorecase maybe", `nslcd.conf:3: ignorecase: "maybe" is none of yes, no, on, off, true, false, 1, 0`},
		"number":                {nslcdSite + "pagesize abc", `nslcd.conf:3: pagesize: "abc" is not a whole number`},
		"threads":               {nslcdSite + "threads many", `nslcd.conf:3: threads: "many" is not a whole number`},
		"time":                  {nslcdSite + "timelimit 5x", `nslcd.conf:3: timelimit: "5x" is not a time`},
		"time, only a unit":     {nslcdSite + "timelimit s", `nslcd.conf:3: timelimit: "s" is not a time`},
		"time too long":         {nslcdSite + "timelimit 2h", `nslcd.conf:3: timelimit: "2h0m0s" is not between 10ms and 1h`},
		"offset":                {nslcdSite + "nss_uid_offset -1", `nslcd.conf:3: nss_uid_offset: "-1" is not a whole number`},
		"cache":                 {nslcdSite + "cache users 5", `nslcd.conf:3: cache: "users 5" does not begin with dn2uid`},
		"cache of none":         {nslcdSite + "cache dn2uid", `cache: "dn2uid" must be dn2uid and one or two times`},
		"cache of three":        {nslcdSite + "cache dn2uid 1 2 3", `must be dn2uid and one or two times`},
		"cache time":            {nslcdSite + "cache dn2uid x 5", `is not a time`},
		"log":                   {nslcdSite + "log file debug", `nslcd.conf:3: log: "file" is none of stderr, syslog and none, and not the absolute path of a file`},
		"log level":             {nslcdSite + "log syslog loud", `nslcd.conf:3: log: "syslog loud" has a level that is none of crit,`},
		"log path":              {nslcdSite + "log /var/../x", `nslcd.conf:3: log: "/var/../x" is not a clean absolute path`},
		"invalidate":            {nslcdSite + "reconnect_invalidate passwd\nreconnect_invalidate pasword", `nslcd.conf:4: reconnect_invalidate: "pasword" is none of passwd,`},
		"user":                  {nslcdSite + "uid a:b", `nslcd.conf:3: uid: "a:b" is neither the name nor the number of a user`},
		"deref":                 {nslcdSite + "deref yes", `deref: "yes" is none of never, searching, finding, always`},
		"crlcheck":              {nslcdSite + "tls_crlcheck peer", `nslcd.conf:3: tls_crlcheck: "peer" needs tls_crlfile`},
		"crlfile":               {nslcdSite + "tls_crlcheck peer\ntls_crlfile /nonexistent", `nslcd.conf:4: tls_crlfile: "/nonexistent" cannot be read: no such file or directory`},
		"variable":              {nslcdSite + "pam_authz_search (a=b)\npam_authz_search (uid=$user)", `nslcd.conf:4: pam_authz_search: "(uid=$user)" has the variable $user, which nothing is known of; there are $username, $uid, $service, $ruser, $rhost, $tty, $hostname, $fqdn, $domain, $dn`},
		"variable of a bind":    {nslcdSite + "pam_authc_search (uid=$name)", `nslcd.conf:3: pam_authc_search: "(uid=$name)" has the variable $name`},
		"variable as attribute": {nslcdSite + "pam_authz_search ($uid=x)", `nslcd.conf:3: pam_authz_search: "($uid=x)" is not a filter`},
		"search":                {nslcdSite + "pam_authz_search (uid=$uid", `nslcd.conf:3: pam_authz_search: "(uid=$uid" is not a filter: a closing parenthesis is missing`},
		"search expression":     {nslcdSite + "pam_authz_search (uid=${uid)", `nslcd.conf:3: pam_authz_search: "(uid=${uid)" is not a filter with variables: `},
		"nine searches":         {nslcdSite + strings.Repeat("pam_authz_search (a=b)\n", 9), `nslcd.conf:11: pam_authz_search: is one too many: there may be 8`},
		"validnames":            {nslcdSite + "validnames ^a$", `nslcd.conf:3: validnames: "^a$" is not of the form /REGEX/ or /REGEX/i`},
		"validnames flag":       {nslcdSite + "validnames /^a$/g", `is not of the form /REGEX/ or /REGEX/i`},
		"validnames part":       {nslcdSite + "validnames /a/", `nslcd.conf:3: validnames: "/a/" is not a usable regular expression: must begin with ^ and end with $`},
		"validnames syntax":     {nslcdSite + "validnames /^[a$/", `is not a usable regular expression: a ] is missing`},
		"control character":     {nslcdSite + "base dc=\x00", "nslcd.conf:3: base: has a value that is not UTF-8 or has control characters in it"},
		"byte order mark":       {"\xef\xbb\xbf" + nslcdSite, "nslcd.conf:1: begins with a byte order mark"},
		"TOML":                  {"[daemon]\n", "nslcd.conf:1: looks like TOML: the name of a TOML file must end in .toml"},
		"empty":                 {"", "nslcd.conf: uri: is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			contains(t, loadBad(t, "nslcd.conf", test.file), test.want)
		})
	}
}

// TestNSLCDWarnings holds what a good file is told, and what it is not.
func TestNSLCDWarnings(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"nothing":      {nslcdSite + nslcdRest, ""},
		"this machine": {"uri ldap://127.0.0.1/\nbase dc=x", ""},
		"repeated":     {nslcdSite + "pagesize 1\npagesize 2", "nslcd.conf:4: pagesize: stands in line 3, too; the last one counts"},
		"uri twice":    {nslcdSite + "uri ldaps://ldap.example.com", `nslcd.conf:3: uri: "ldaps://ldap.example.com" is named twice; the second does nothing`},
		"clear text":   {"uri ldap://a\nssl off\nbase dc=x", "nslcd.conf:2: ssl: passwords travel in clear text: everybody on the way can read them"},
		"never":        {nslcdSite + "tls_reqcert allow", "nslcd.conf:3: tls_reqcert: any certificate is accepted: everybody on the way can pose as the server and read passwords"},
		"not honoured": {nslcdSite + "tls_randfile /dev/random\ntls_reqsan demand\ntls_reqsan try", "nslcd.conf:3: tls_randfile: is not honoured: " + whyTLS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := problems(load(t, "nslcd.conf", test.file).Warnings); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestDebianFile reads what Debian's installer writes if it is told nothing.
func TestDebianFile(t *testing.T) {
	cfg := load(t, "nslcd.conf", `# /etc/nslcd.conf
# nslcd configuration file. See nslcd.conf(5)
# for details.

# The user and group nslcd should run as.
uid nslcd
gid nslcd

# The location at which the LDAP server(s) should be reachable.
uri ldap://127.0.0.1/

# The search base that will be used for all queries.
base dc=example,dc=net

# SSL options
#ssl off
#tls_reqcert never
tls_cacertfile /dev/null

# The search scope.
#scope sub

`)
	if len(cfg.Warnings) > 0 || cfg.Daemon.User != "nslcd" || cfg.Directories[0].Base != "dc=example,dc=net" {
		t.Errorf("%+v", cfg)
	}
}

func TestDomainDN(t *testing.T) {
	for host, want := range map[string]string{"a.example.com": "dc=example,dc=com", "a.b.": "dc=b", "a": "", "": ""} {
		if got := domainDN(host); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

func TestFromPOSIX(t *testing.T) {
	tests := map[string]struct {
		expression string
		fold       bool
		yes, no    string // words
	}{
		"backslash in brackets": {`^[a\]+$`, false, `a \ a\`, "b"},
		"bracket first":         {`^[]a]+$`, false, "] a]", "b"},
		"not":                   {`^[^]a]+$`, false, "b", "] a"},
		"hyphens":               {`^[-a][a-]$`, false, "-- aa", "b"},
		"class":                 {`^[[:digit:]_]+$`, false, "0_", "a"},
		"class without case":    {`^[[:upper:]]+$`, true, "aA", "0 ſ"},
		"range without case":    {`^[k-s]+x$`, true, "kKx SX", "jx Kx"},
		"mixed range":           {`^[X-c]+$`, true, "XYZabcABCxyz", "d D"},
		"escapes":               {`^\.\$a\-$`, false, ".$a-", "x$a-"},
		"count":                 {`^a{2}(bc){1,2}$`, false, "aabc aabcbc", "abc aab"},
		"branches":              {`^a|b$`, false, "a b", "ab xb"},
		"not ASCII":             {`^[ä]ö$`, true, "äö", "a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			translated, err := fromPOSIX(test.expression, test.fold)
			if err != nil {
				t.Fatal(err)
			}
			r := mustRegexp(translated)
			for _, word := range strings.Fields(test.yes) {
				if !r.MatchString(word) {
					t.Errorf("%s does not match %q", translated, word)
				}
			}
			for _, word := range strings.Fields(test.no) {
				if r.MatchString(word) {
					t.Errorf("%s matches %q", translated, word)
				}
			}
		})
	}
	for _, bad := range []string{"*a", "a**", "a+?", "(?i)a", "(*a)", "|*", `\1`, `\w`, `\<a`, `\`, "[a", "[", "[[.a.]]", "[[=a=]]", "[[:alpha]", "[[:]", "[b-a]", "a{,2}", "a{x}", "a{2"} {
		if translated, err := fromPOSIX(bad, false); err == nil {
			t.Errorf("%q becomes %q", bad, translated)
		}
	}
}
