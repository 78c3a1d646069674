package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// minimal is the shortest TOML file that is complete.
const minimal = "[[directory]]\nuris = [\"ldap://ldap.example.com\"]\nbase = \"dc=example,dc=com\"\n"

func TestTOMLDefaults(t *testing.T) {
	cfg := load(t, "goldap.toml", minimal)
	want := Default()
	directory := DefaultDirectory()
	directory.Name = "dc=example,dc=com"
	directory.URIs = []string{"ldap://ldap.example.com"}
	directory.Base = "dc=example,dc=com"
	want.Directories = []Directory{directory}
	want.Files = cfg.Files
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestTOMLKeys(t *testing.T) {
	cfg := load(t, "goldap.toml", `[daemon]
sockets = ["/run/goldap/socket", "/run/nslcd/socket"]
max_connections = 10
max_connections_per_uid = 2
log_level = "warn"
[accounts]
min_uid = 2000
max_uid = 4294967294
valid_names = "^[a-z]+|x$"
[lookups]
timeout = "1m30s"
cache_ttl = "0s"
[login]
password_prohibit_message = "Ask."
[[directory]]
name = "first"
uris = ["ldap://a", "ldaps://b:1636"]
bind_dn = "cn=goldap"
bind_password = "`+marker+`"
base = "dc=a"
tls = { mode = "off", allow_clear_text = true, ciphers = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"] }
page_size = 0
login_group_dn = "cn=ops,dc=a"
login_member_attribute = "member"
login_check_service = true
login_check_host = true
[directory.passwd]
filter = "(a=b)"
attributes = { uid = "sAMAccountName" }
[[directory.passwd.bases]]
dn = "ou=p,dc=a"
scope = "one"
[[directory.passwd.bases]]
dn = "ou=q,dc=a"
filter = "(c=d)"
[[directory]]
uris = ["ldapi://%2Frun%2Fldapi"]
passwd.bases = [{ dn = "ou=people,dc=b" }]
group.bases = [{ dn = "ou=groups,dc=b" }]
shadow.bases = [{ dn = "ou=people,dc=b" }]
`)
	first, second := cfg.Directories[0], cfg.Directories[1]
	checks := map[string]struct{ got, want any }{
		"sockets":      {cfg.Daemon.Sockets, []string{"/run/goldap/socket", "/run/nslcd/socket"}},
		"daemon":       {[]any{cfg.Daemon.MaxConnections, cfg.Daemon.MaxConnectionsPerUID, cfg.Daemon.LogLevel}, []any{10, 2, "warn"}},
		"accounts":     {[]uint32{cfg.Accounts.MinUID, cfg.Accounts.MaxUID, cfg.Accounts.MinGID}, []uint32{2000, 4294967294, 1000}},
		"names":        {[]bool{cfg.Accounts.ValidNames.MatchString("abc"), cfg.Accounts.ValidNames.MatchString("a b x")}, []bool{true, false}},
		"lookups":      {[]time.Duration{cfg.Lookups.Timeout, cfg.Lookups.CacheTTL}, []time.Duration{90 * time.Second, 0}},
		"message":      {cfg.Login.PasswordProhibitMessage, "Ask."},
		"names of dir": {[]string{first.Name, second.Name}, []string{"first", "ou=people,dc=b"}},
		"password":     {string(first.BindPassword.Bytes()), marker},
		"tls":          {first.TLS, TLS{Mode: "off", AllowClearText: true, Verify: "demand", Ciphers: []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, CRLCheck: "none"}},
		"login group":  {[]string{first.LoginGroupDN, first.LoginMemberAttribute, second.LoginGroupDN, second.LoginMemberAttribute}, []string{"cn=ops,dc=a", "member", "", "uniqueMember"}},
		"login checks": {[]bool{first.LoginCheckService, first.LoginCheckHost, second.LoginCheckService, second.LoginCheckHost}, []bool{true, true, false, false}},
		"page size":    {[]uint32{first.PageSize, second.PageSize}, []uint32{0, 1000}},
		"passwd": {first.Passwd, Map{
			Bases:       []SearchBase{{DN: "ou=p,dc=a", Scope: "one"}, {DN: "ou=q,dc=a", Filter: "(c=d)"}},
			ObjectClass: "posixAccount", Filter: "(a=b)", Attributes: map[string]string{"uid": "sAMAccountName"},
		}},
		"group": {second.Group, Map{Bases: []SearchBase{{DN: "ou=groups,dc=b"}}, ObjectClass: "posixGroup"}},
	}
	for name, check := range checks {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("%s: got %+v, want %+v", name, check.got, check.want)
		}
	}
	contains(t, problems(cfg.Warnings), "goldap.toml:21: directory.tls.mode: passwords travel in clear text")
}

func TestTOMLErrors(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"unknown key":         {minimal + "bnid_dn = \"" + marker + "\"", "goldap.toml:4: directory.bnid_dn: is not a key of [[directory]]; did you mean bind_dn?"},
		"unknown table":       {minimal + "[deamon]\n", "goldap.toml:4: deamon: is not a key of the top level; did you mean daemon?"},
		"key of other table":  {"base_dn = \"\"\nmin_uid = 1\n" + minimal, "goldap.toml:2: min_uid: is not a key of the top level; it belongs into the table [accounts]"},
		"control character":   {"\"a\\nb\" = 1\n" + minimal, "goldap.toml:1: a\ufffdb: is not a key"},
		"minus":               {"- = 1\n" + minimal, "goldap.toml:1: -: is not a key of the top level"},
		"nothing near":        {minimal + "[daemon]\nfrobnicate = 1", "goldap.toml:5: daemon.frobnicate: is not a key of [daemon]"},
		"second directory":    {minimal + "\n[[directory]]\nbase = 5\n", "goldap.toml:6: directory.base: \"5\" must be a text in quotes"},
		"missing in second":   {minimal + "\n[[directory]]\nbase = \"dc=b\"\n", "goldap.toml:5: directory.uris: is missing: name the servers"},
		"no directory":        {"", "goldap.toml: directory: is missing: write a [[directory]] table with uris and base"},
		"directory a table":   {"[directory]\nbase = \"dc=x\"\n", "goldap.toml:1: directory: must be a list of tables: [[directory]]"},
		"no base":             {"[[directory]]\nuris = [\"ldaps://a\"]", "goldap.toml:1: directory.base: is missing: say where users and groups are"},
		"no base for shadow":  {"[[directory]]\nuris = [\"ldaps://a\"]\npasswd.bases = [{dn = \"dc=x\"}]\ngroup.bases = [{dn = \"dc=x\"}]", "directory.base: is missing"},
		"text":                {minimal + "scope = true", `goldap.toml:4: directory.scope: "true" must be a text in quotes`},
		"secret number":       {minimal + "bind_password = 98765", "goldap.toml:4: directory.bind_password: must be a text in quotes"},
		"bool":                {minimal + "[directory.tls]\nallow_clear_text = \"yes\"", `goldap.toml:5: directory.tls.allow_clear_text: "yes" must be true or false, without quotes`},
		"number":              {minimal + "page_size = \"10\"", `directory.page_size: "10" must be a whole number, without quotes`},
		"fraction":            {minimal + "page_size = 1.5", `directory.page_size: "1.5" must be a whole number, without quotes`},
		"negative":            {minimal + "page_size = -1", `directory.page_size: "-1" is out of range`},
		"too large":           {minimal + "page_size = 4294967296", `directory.page_size: "4294967296" is out of range`},
		"group":               {minimal + "login_group_dn = \"ops\"", `goldap.toml:4: directory.login_group_dn: "ops" is not a DN`},
		"group blank":         {minimal + "login_group_dn = \" \"", `goldap.toml:4: directory.login_group_dn: " " is not a DN`},
		"group by name":       {minimal + "login_group_dn = \"cn=a\"\nlogin_member_attribute = \"memberUid\"", `goldap.toml:5: directory.login_member_attribute: "memberUid" holds user names`},
		"no member attribute": {minimal + "login_group_dn = \"cn=a\"\nlogin_member_attribute = \"\"", "goldap.toml:5: directory.login_member_attribute: is empty"},
		"check":               {minimal + "login_check_host = \"yes\"", `goldap.toml:4: directory.login_check_host: "yes" must be true or false, without quotes`},
		"int range":           {minimal + "bind_connections = 0", `goldap.toml:4: directory.bind_connections: "0" is not between 1 and 1024`},
		"duration number":     {minimal + "search_timeout = 5", `directory.search_timeout: "5" is not a duration: write a number and its unit in quotes, such as "5s" or "500ms"`},
		"duration text":       {minimal + "search_timeout = \"5\"", `directory.search_timeout: "5" is not a duration`},
		"duration zero":       {minimal + "search_timeout = \"0s\"", `directory.search_timeout: "0s" is not between 10ms and 1h`},
		"duration negative":   {minimal + "connect_timeout = \"-1s\"", `directory.connect_timeout: "-1s" is not between`},
		"lookup timeout":      {minimal + "[lookups]\ntimeout = \"2h\"", `goldap.toml:5: lookups.timeout: "2h0m0s" is not between`},
		"login timeout":       {minimal + "[login]\ntimeout = \"2h\"", `goldap.toml:5: login.timeout: "2h0m0s" is not between`},
		"cache_ttl":           {minimal + "[lookups]\ncache_ttl = \"48h\"", `lookups.cache_ttl: "48h0m0s" is not between 0s and 24h`},
		"cache_entries":       {minimal + "[lookups]\ncache_entries = -1", `lookups.cache_entries: "-1" is not between 0 and 10000000`},
		"list":                {minimal + "[daemon]\nsockets = \"/a\"", `daemon.sockets: "/a" must be a list of texts: ["...", "..."]`},
		"element":             {minimal + "[daemon]\nsockets = [\"/a\",\n 5]", `goldap.toml:6: daemon.sockets: "5" must be a text in quotes`},
		"table":               {minimal + "tls = \"on\"", `directory.tls: "on" must be a table: [directory.tls]`},
		"map":                 {minimal + "passwd.attributes = 5", `directory.passwd.attributes: "5" must be a table of texts: [directory.passwd.attributes]`},
		"map value":           {minimal + "passwd.attributes.uid = 5", `goldap.toml:4: directory.passwd.attributes.uid: "5" must be a text in quotes`},
		"date":                {minimal + "name = 2020-01-01", `directory.name: "2020-01-01`},
		"syntax":              {minimal + "scope = sub", "goldap.toml:4: is not TOML: expected value but found (not shown) instead"},
		"syntax secret":       {minimal + "bind_password = " + marker, "goldap.toml:4: is not TOML: "},
		"syntax float":        {minimal + "bind_password = 1.S3cret-Marker", "goldap.toml:4: is not TOML: "},
		"syntax range":        {minimal + "bind_password = 99999999999999999999", "goldap.toml:4: is not TOML: a number is out of range"},
		"syntax date":         {minimal + "bind_password = 2020-99-99", "goldap.toml:4: is not TOML: invalid datetime: (not shown)"},
		"twice":               {minimal + "scope = \"sub\"\nscope = \"one\"", "goldap.toml:5: is not TOML: Key "},
		"no end":              {minimal + "bind_password = \"" + marker, "goldap.toml:4: is not TOML: "},
		"NUL":                 {"a\x00", "goldap.toml:1: is not TOML: "},
		"sockets empty":       {minimal + "[daemon]\nsockets = []", "daemon.sockets: is empty"},
		"socket relative":     {minimal + "[daemon]\nsockets = [\"a/b\"]", `daemon.sockets: "a/b" is not a clean absolute path`},
		"socket dots":         {minimal + "[daemon]\nsockets = [\"/a/../b\"]", `daemon.sockets: "/a/../b" is not a clean absolute path`},
		"socket long":         {minimal + "[daemon]\nsockets = [\"/" + strings.Repeat("x", 107) + "\"]", "is too long: the path of a Unix socket has at most 107 bytes"},
		"socket NUL":          {minimal + "[daemon]\nsockets = [\"/\\u0000\"]", "has a NUL byte in it"},
		"socket twice":        {minimal + "[daemon]\nsockets = [\"/a\", \"/a\"]", `daemon.sockets: "/a" is named twice`},
		"max_connections":     {minimal + "[daemon]\nmax_connections = 0", `daemon.max_connections: "0" is not between 1 and 1048576`},
		"per uid":             {minimal + "[daemon]\nmax_connections_per_uid = 0", `daemon.max_connections_per_uid: "0" is not between`},
		"log_level":           {minimal + "[daemon]\nlog_level = \"warning\"", `daemon.log_level: "warning" is none of error, warn, info, debug`},
		"log_level empty":     {minimal + "[daemon]\nlog_level = \"\"", "daemon.log_level: is empty; it must be one of error, warn, info, debug"},
		"uid 0":               {minimal + "[accounts]\nmin_uid = 0", `goldap.toml:5: accounts.min_uid: "0" is not between 1 and 4294967294`},
		"gid 0":               {minimal + "[accounts]\nmin_gid = 0", `accounts.min_gid: "0" is not between`},
		"no id":               {minimal + "[accounts]\nmax_uid = 4294967295", `accounts.max_uid: "4294967295" is not between`},
		"uid window":          {minimal + "[accounts]\nmin_uid = 20\nmax_uid = 10", `accounts.min_uid: "20" is larger than max_uid, which is 10`},
		"gid window":          {minimal + "[accounts]\nmin_gid = 20\nmax_gid = 10", `accounts.min_gid: "20" is larger than max_gid, which is 10`},
		"valid_names":         {minimal + "[accounts]\nvalid_names = \"^[a$\"", `goldap.toml:5: accounts.valid_names: "^[a$" is not a usable regular expression: error parsing regexp`},
		"valid_names trick":   {minimal + "[accounts]\nvalid_names = \"^a)|(b$\"", `is not a usable regular expression`},
		"valid_names part":    {minimal + "[accounts]\nvalid_names = \"[a-z]+\"", `is not a usable regular expression: must begin with ^ and end with $`},
		"mode":                {minimal + "tls.mode = \"starttls\"", `goldap.toml:4: directory.tls.mode: "starttls" is none of start_tls, ldaps, off; did you mean start_tls?`},
		"clear text":          {minimal + "tls.mode = \"off\"", `goldap.toml:4: directory.tls.mode: "off" would send every password in clear text to ldap:// servers: use start_tls`},
		"verify":              {minimal + "tls.verify = \"allow\"", `directory.tls.verify: "allow" is none of demand, never`},
		"cipher":              {minimal + "tls.ciphers = [\"ECDHE-RSA-AES128-GCM-SHA256\"]", `directory.tls.ciphers: "ECDHE-RSA-AES128-GCM-SHA256" is not a cipher suite of Go's for TLS 1.2`},
		"cert alone":          {minimal + "tls.cert_file = \"/dev/null\"", "directory.tls.cert_file: needs tls.key_file beside it"},
		"ca_file":             {minimal + "tls.ca_file = \"missing.pem\"", "missing.pem\" cannot be read: no such file or directory"},
		"scheme":              {"[[directory]]\nuris = [\n\"ldaps://a\",\n\"http://b\"]\nbase = \"dc=x\"", `goldap.toml:4: directory.uris: "http://b" must begin with ldap://, ldaps:// or ldapi://`},
		"uri twice":           {"[[directory]]\nuris = [\"ldaps://a\", \"ldaps://a\"]\nbase = \"dc=x\"", `"ldaps://a" is named twice`},
		"two administrators":  {minimal + "root_bind_dn = \"cn=a\"\n[[directory]]\nuris = [\"ldaps://b\"]\nbase = \"dc=b\"\nroot_bind_dn = \"cn=b\"", `root_bind_dn: "cn=b" is a second administrator`},
		"name twice":          {minimal + minimal, `directory.name: "dc=example,dc=com" is the name of another directory, too`},
		"bind_dn alone":       {minimal + "bind_dn = \"cn=a\"", `directory.bind_dn: "cn=a" has no password, so the server would take it for anonymous: add bind_password`},
		"bind_password alone": {minimal + "bind_password = \"" + marker + "\"", "directory.bind_password: belongs to nobody: add bind_dn"},
		"root alone":          {minimal + "root_bind_password = \"" + marker + "\"", "directory.root_bind_password: belongs to nobody: add root_bind_dn"},
		"login_max_uid":       {minimal + "login_min_uid = 9\nlogin_max_uid = 8", "goldap.toml:4: directory.login_min_uid: is larger than login_max_uid"},
		"login_filter":        {minimal + "login_filter = \"a=b\"", `directory.login_filter: "a=b" is not a filter: there should be an opening parenthesis before "a=b"`},
		"password_change":     {minimal + "password_change = \"sha\"", `directory.password_change: "sha" is none of exop,`},
		"object_class":        {minimal + "group.object_class = \"\"", "directory.group.object_class: is empty"},
		"filter":              {minimal + "group.filter = \"(a=b\"", `directory.group.filter: "(a=b" is not a filter: a closing parenthesis is missing`},
		"base filter":         {minimal + "[[directory.group.bases]]\ndn = \"ou=g\"\nfilter = \"()\"", `goldap.toml:6: directory.group.bases.filter: "()" is not a filter`},
		"base scope":          {minimal + "[[directory.group.bases]]\ndn = \"ou=g\"\nscope = \"tree\"", `goldap.toml:6: directory.group.bases.scope: "tree" is none of sub, one, base`},
		"base dn":             {minimal + "[[directory.group.bases]]\nscope = \"sub\"", "goldap.toml:4: directory.group.bases.dn: is missing"},
		"attribute":           {minimal + "group.attributes.memberUID = \"x\"", "directory.group.attributes.memberUID: is not an attribute of this map; did you mean memberUid?"},
		"attribute name":      {minimal + "group.attributes.memberUid = \"x y\"", `directory.group.attributes.memberUid: "x y" is not a name`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			contains(t, loadBad(t, "goldap.toml", test.file), test.want)
		})
	}
}

func TestTOMLTLSWarnings(t *testing.T) {
	cfg := load(t, "goldap.toml", minimal+"tls.verify = \"never\"\ntls.allow_clear_text = true\n")
	want := "goldap.toml:4: directory.tls.verify: any certificate is accepted: everybody on the way can pose as the server and read passwords\n" +
		"goldap.toml:5: directory.tls.allow_clear_text: has no effect: all connections use TLS or stay on this machine"
	if got := problems(cfg.Warnings); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLocateTOML(t *testing.T) {
	const file = "\xef\xbb\xbf# comment [x]\r\n" +
		"a.b = 1 # b\r\n" + // 2
		"\"c d\" = '''\n'''''\n" + // 3, 4
		"e = [ # [\n 1,\n [2, \"]\"], { f = 3,\n g = {h = 4} },\n]\n" + // 5 to 9
		"i = \"\\\"#\"\n" + // 10
		"[ j . 'k.l' ]\n" + // 11
		"m = \"\"\"\\\"\"\"\\\n x\"\"\"\"\n" + // 12, 13
		"[[n]]\no = 2020-01-01 00:00:00 # x\n[n.p]\nq=+1_0\n[[n.r]]\n[[n.r]]\ns=true\n[[n]]\no=1" // 14 to 22
	want := map[string]int{"a": 2, "a.b": 2, "c d": 3, "e": 5, "e[0]": 6, "e[1]": 7, "e[1][0]": 7, "e[1][1]": 7,
		"e[2]": 7, "e[2].f": 7, "e[2].g": 8, "e[2].g.h": 8, "i": 10, "j.k.l": 11, "j.k.l.m": 12, "n": 21,
		"n[0]": 14, "n[0].o": 15, "n[0].p": 16, "n[0].p.q": 17, "n[0].r": 19, "n[0].r[0]": 18, "n[0].r[1]": 19,
		"n[0].r[1].s": 20, "n[1]": 21, "n[1].o": 22}
	d := newDraft("test.toml", spellTOML)
	d.readTOML([]byte(file))
	if d.stopped {
		t.Fatal(d.errors)
	}
	if got := locateTOML(file); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestRootOfTheTree must be meant.
func TestRootOfTheTree(t *testing.T) {
	const head = "[[directory]]\nuris = [\"ldaps://a\"]\n"
	dir := load(t, "goldap.toml", head+"bases = [{dn = \"\", scope = \"one\"}]\n").Directories[0]
	if len(dir.Bases) != 1 || dir.Name != "root" {
		t.Errorf("%+v", dir)
	}
	contains(t, loadBad(t, "goldap.toml", head+"bases = [{scope = \"one\"}]\n"), "goldap.toml:3: directory.bases.dn: is missing: say where to search")
	contains(t, loadBad(t, "goldap.toml", head+"[directory.passwd]\nbases = [{scope = \"one\"}]\n"), "goldap.toml:4: directory.passwd.bases.dn: is missing: say where to search")
}
