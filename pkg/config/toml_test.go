package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/secret"
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
		"unknown key":          {minimal + "bnid_dn = \"" + marker + "\"", "goldap.toml:4: directory.bnid_dn: is not a key of [[directory]]; did you mean bind_dn?"},
		"unknown table":        {minimal + "[deamon]\n", "goldap.toml:4: deamon: is not a key of the top level; did you mean daemon?"},
		"key of other table":   {"base_dn = \"\"\nmin_uid = 1\n" + minimal, "goldap.toml:2: min_uid: is not a key of the top level; it belongs into the table [accounts]"},
		"control character":    {"\"a\\nb\" = 1\n" + minimal, "goldap.toml:1: a\ufffdb: is not a key"},
		"minus":                {"- = 1\n" + minimal, "goldap.toml:1: -: is not a key of the top level"},
		"nothing near":         {minimal + "[daemon]\nfrobnicate = 1", "goldap.toml:5: daemon.frobnicate: is not a key of [daemon]"},
		"second directory":     {minimal + "\n[[directory]]\nbase = 5\n", "goldap.toml:6: directory.base: \"5\" must be a text in quotes"},
		"missing in second":    {minimal + "\n[[directory]]\nbase = \"dc=b\"\n", "goldap.toml:5: directory.uris: is missing: name the servers"},
		"no directory":         {"", "goldap.toml: directory: is missing: write a [[directory]] table with uris and base"},
		"directory a table":    {"[directory]\nbase = \"dc=x\"\n", "goldap.toml:1: directory: must be a list of tables: [[directory]]"},
		"no base":              {"[[directory]]\nuris = [\"ldaps://a\"]", "goldap.toml:1: directory.base: is missing: say where users and groups are"},
		"no base for shadow":   {"[[directory]]\nuris = [\"ldaps://a\"]\npasswd.bases = [{dn = \"dc=x\"}]\ngroup.bases = [{dn = \"dc=x\"}]", "directory.base: is missing"},
		"text":                 {minimal + "scope = true", `goldap.toml:4: directory.scope: "true" must be a text in quotes`},
		"secret number":        {minimal + "bind_password = 98765", "goldap.toml:4: directory.bind_password: must be a text in quotes"},
		"bool":                 {minimal + "[directory.tls]\nallow_clear_text = \"yes\"", `goldap.toml:5: directory.tls.allow_clear_text: "yes" must be true or false, without quotes`},
		"number":               {minimal + "page_size = \"10\"", `directory.page_size: "10" must be a whole number, without quotes`},
		"fraction":             {minimal + "page_size = 1.5", `directory.page_size: "1.5" must be a whole number, without quotes`},
		"negative":             {minimal + "page_size = -1", `directory.page_size: "-1" is out of range`},
		"too large":            {minimal + "page_size = 4294967296", `directory.page_size: "4294967296" is out of range`},
		"group":                {minimal + "login_group_dn = \"ops\"", `goldap.toml:4: directory.login_group_dn: "ops" is not a DN`},
		"group blank":          {minimal + "login_group_dn = \" \"", `goldap.toml:4: directory.login_group_dn: " " is not a DN`},
		"group by name":        {minimal + "login_group_dn = \"cn=a\"\nlogin_member_attribute = \"memberUid\"", `goldap.toml:5: directory.login_member_attribute: "memberUid" holds user names`},
		"key attribute":        {minimal + "ssh_key_attribute = \"a=b\"", `goldap.toml:4: directory.ssh_key_attribute: "a=b" is not`},
		"no member attribute":  {minimal + "login_group_dn = \"cn=a\"\nlogin_member_attribute = \"\"", "goldap.toml:5: directory.login_member_attribute: is empty"},
		"check":                {minimal + "login_check_host = \"yes\"", `goldap.toml:4: directory.login_check_host: "yes" must be true or false, without quotes`},
		"int range":            {minimal + "bind_connections = 0", `goldap.toml:4: directory.bind_connections: "0" is not between 1 and 1024`},
		"duration number":      {minimal + "search_timeout = 5", `directory.search_timeout: "5" is not a duration: write a number and its unit in quotes, such as "5s" or "500ms"`},
		"duration text":        {minimal + "search_timeout = \"5\"", `directory.search_timeout: "5" is not a duration`},
		"duration zero":        {minimal + "search_timeout = \"0s\"", `directory.search_timeout: "0s" is not between 10ms and 1h`},
		"timeout":              {minimal + "timeout = \"0s\"", `goldap.toml:4: directory.timeout: "0s" is not between 10ms and 1h`},
		"duration negative":    {minimal + "connect_timeout = \"-1s\"", `directory.connect_timeout: "-1s" is not between`},
		"lookup timeout":       {minimal + "[lookups]\ntimeout = \"2h\"", `goldap.toml:5: lookups.timeout: "2h0m0s" is not between`},
		"login timeout":        {minimal + "[login]\ntimeout = \"2h\"", `goldap.toml:5: login.timeout: "2h0m0s" is not between`},
		"cache_ttl":            {minimal + "[lookups]\ncache_ttl = \"48h\"", `lookups.cache_ttl: "48h0m0s" is not between 0s and 24h`},
		"cache_entries":        {minimal + "[lookups]\ncache_entries = -1", `lookups.cache_entries: "-1" is not between 0 and 10000000`},
		"list":                 {minimal + "[daemon]\nsockets = \"/a\"", `daemon.sockets: "/a" must be a list of texts: ["...", "..."]`},
		"element":              {minimal + "[daemon]\nsockets = [\"/a\",\n 5]", `goldap.toml:6: daemon.sockets: "5" must be a text in quotes`},
		"table":                {minimal + "tls = \"on\"", `directory.tls: "on" must be a table: [directory.tls]`},
		"map":                  {minimal + "passwd.attributes = 5", `directory.passwd.attributes: "5" must be a table of texts: [directory.passwd.attributes]`},
		"map value":            {minimal + "passwd.attributes.uid = 5", `goldap.toml:4: directory.passwd.attributes.uid: "5" must be a text in quotes`},
		"date":                 {minimal + "name = 2020-01-01", `directory.name: "2020-01-01`},
		"syntax":               {minimal + "scope = sub", "goldap.toml:4: is not TOML: expected value but found (not shown) instead"},
		"syntax secret":        {minimal + "bind_password = " + marker, "goldap.toml:4: is not TOML: "},
		"syntax float":         {minimal + "bind_password = 1.S3cret-Marker", "goldap.toml:4: is not TOML: "},
		"syntax range":         {minimal + "bind_password = 99999999999999999999", "goldap.toml:4: is not TOML: a number is out of range"},
		"syntax date":          {minimal + "bind_password = 2020-99-99", "goldap.toml:4: is not TOML: invalid datetime: (not shown)"},
		"twice":                {minimal + "scope = \"sub\"\nscope = \"one\"", "goldap.toml:5: is not TOML: Key "},
		"no end":               {minimal + "bind_password = \"" + marker, "goldap.toml:4: is not TOML: "},
		"NUL":                  {"a\x00", "goldap.toml:1: is not TOML: "},
		"sockets empty":        {minimal + "[daemon]\nsockets = []", "daemon.sockets: is empty"},
		"socket relative":      {minimal + "[daemon]\nsockets = [\"a/b\"]", `daemon.sockets: "a/b" is not a clean absolute path`},
		"socket dots":          {minimal + "[daemon]\nsockets = [\"/a/../b\"]", `daemon.sockets: "/a/../b" is not a clean absolute path`},
		"socket long":          {minimal + "[daemon]\nsockets = [\"/" + strings.Repeat("x", 107) + "\"]", "is too long: the path of a Unix socket has at most 107 bytes"},
		"socket NUL":           {minimal + "[daemon]\nsockets = [\"/\\u0000\"]", "has a NUL byte in it"},
		"socket twice":         {minimal + "[daemon]\nsockets = [\"/a\", \"/a\"]", `daemon.sockets: "/a" is named twice`},
		"max_connections":      {minimal + "[daemon]\nmax_connections = 0", `daemon.max_connections: "0" is not between 1 and 1048576`},
		"per uid":              {minimal + "[daemon]\nmax_connections_per_uid = 0", `daemon.max_connections_per_uid: "0" is not between`},
		"log_level":            {minimal + "[daemon]\nlog_level = \"warning\"", `daemon.log_level: "warning" is none of error, warn, info, debug`},
		"log_level empty":      {minimal + "[daemon]\nlog_level = \"\"", "daemon.log_level: is empty; it must be one of error, warn, info, debug"},
		"failures":             {minimal + "[login.throttle]\nfailures = -1", `login.throttle.failures: "-1" is not between 0 and 1000`},
		"user_failures":        {minimal + "[login.throttle]\nuser_failures = 0", `login.throttle.user_failures: "0" is not between 1 and 100000`},
		"host_failures":        {minimal + "[login.throttle]\nhost_failures = 0", `login.throttle.host_failures: "0" is not between`},
		"caller_failures":      {minimal + "[login.throttle]\ncaller_failures = 0", `login.throttle.caller_failures: "0" is not between`},
		"delay":                {minimal + "[login.throttle]\ndelay = \"0s\"", `login.throttle.delay: "0s" is not between 10ms and 1m`},
		"max_delay":            {minimal + "[login.throttle]\ndelay = \"20s\"", `login.throttle.delay: "20s" is longer than max_delay, which is 16s`},
		"max_delay long":       {minimal + "[login.throttle]\nmax_delay = \"2h\"", `login.throttle.max_delay: "2h0m0s" is not between 10ms and 1h`},
		"forget_after":         {minimal + "[login.throttle]\nforget_after = \"10s\"", `login.throttle.forget_after: "10s" is shorter than max_delay, which is 16s`},
		"lockout":              {minimal + "lockout_failures = 1", `directory.lockout_failures: "1" would have goldap never ask`},
		"lockout negative":     {minimal + "lockout_failures = -1", `directory.lockout_failures: "-1" is not between 0 and 1000`},
		"lockout_interval":     {minimal + "lockout_failures = 5\nlockout_interval = \"0s\"", `directory.lockout_interval: "0s" is not between 1s and 720h`},
		"uid 0":                {minimal + "[accounts]\nmin_uid = 0", `goldap.toml:5: accounts.min_uid: "0" is not between 1 and 4294967294`},
		"gid 0":                {minimal + "[accounts]\nmin_gid = 0", `accounts.min_gid: "0" is not between`},
		"no id":                {minimal + "[accounts]\nmax_uid = 4294967295", `accounts.max_uid: "4294967295" is not between`},
		"uid window":           {minimal + "[accounts]\nmin_uid = 20\nmax_uid = 10", `accounts.min_uid: "20" is larger than max_uid, which is 10`},
		"gid window":           {minimal + "[accounts]\nmin_gid = 20\nmax_gid = 10", `accounts.min_gid: "20" is larger than max_gid, which is 10`},
		"valid_names":          {minimal + "[accounts]\nvalid_names = \"^[a$\"", `goldap.toml:5: accounts.valid_names: "^[a$" is not a usable regular expression: error parsing regexp`},
		"valid_names trick":    {minimal + "[accounts]\nvalid_names = \"^a)|(b$\"", `is not a usable regular expression`},
		"valid_names part":     {minimal + "[accounts]\nvalid_names = \"[a-z]+\"", `is not a usable regular expression: must begin with ^ and end with $`},
		"mode":                 {minimal + "tls.mode = \"starttls\"", `goldap.toml:4: directory.tls.mode: "starttls" is none of start_tls, ldaps, off; did you mean start_tls?`},
		"clear text":           {minimal + "tls.mode = \"off\"", `goldap.toml:4: directory.tls.mode: "off" would send every password in clear text to ldap:// servers: use start_tls`},
		"verify":               {minimal + "tls.verify = \"allow\"", `directory.tls.verify: "allow" is none of demand, never`},
		"cipher":               {minimal + "tls.ciphers = [\"ECDHE-RSA-AES128-GCM-SHA256\"]", `directory.tls.ciphers: "ECDHE-RSA-AES128-GCM-SHA256" is not a cipher suite of Go's for TLS 1.2`},
		"cert alone":           {minimal + "tls.cert_file = \"/dev/null\"", "directory.tls.cert_file: needs tls.key_file beside it"},
		"ca_file":              {minimal + "tls.ca_file = \"missing.pem\"", "missing.pem\" cannot be read: no such file or directory"},
		"scheme":               {"[[directory]]\nuris = [\n\"ldaps://a\",\n\"http://b\"]\nbase = \"dc=x\"", `goldap.toml:4: directory.uris: "http://b" must begin with ldap://, ldaps:// or ldapi://`},
		"uri twice":            {"[[directory]]\nuris = [\"ldaps://a\", \"ldaps://a\"]\nbase = \"dc=x\"", `"ldaps://a" is named twice`},
		"ad without TLS":       {"[[directory]]\nuris = [\"ldap://localhost\"]\nbase = \"dc=b\"\ntls = {mode = \"off\", allow_clear_text = true}\npassword_change = \"ad\"", `goldap.toml:5: directory.password_change: "ad" needs TLS, and ldap://localhost is asked without it`},
		"ad at a writer":       {minimal + "write_uris = [\"ldap://w\"]\npassword_change = \"ad\"\n[[directory.server]]\nuri = \"ldap://w\"\ntls = {mode = \"off\", allow_clear_text = true}", `password_change: "ad" needs TLS, and ldap://w is asked without it`},
		"writer":               {minimal + "write_uris = [\"http://b\"]", `directory.write_uris: "http://b" must begin with ldap://`},
		"writer twice":         {minimal + "write_uris = [\"ldaps://b\", \"ldaps://b\"]", `"ldaps://b" is named twice`},
		"writer in clear":      {"[[directory]]\nuris = [\"ldaps://a\"]\nwrite_uris = [\"ldap://b\"]\nbase = \"dc=b\"\ntls.mode = \"off\"", `directory.tls.mode: "off" would send every password in clear text to ldap:// servers`},
		"name twice":           {minimal + minimal, `directory.name: "dc=example,dc=com" is the name of another directory, too`},
		"bind_dn alone":        {minimal + "bind_dn = \"cn=a\"", `directory.bind_dn: "cn=a" has no password, so the server would take it for anonymous: add bind_password`},
		"bind_password alone":  {minimal + "bind_password = \"" + marker + "\"", "directory.bind_password: belongs to nobody: add bind_dn"},
		"root alone":           {minimal + "root_bind_password = \"" + marker + "\"", "directory.root_bind_password: belongs to nobody: add root_bind_dn"},
		"login_max_uid":        {minimal + "login_min_uid = 9\nlogin_max_uid = 8", "goldap.toml:4: directory.login_min_uid: is larger than login_max_uid"},
		"login_filter":         {minimal + "login_filter = \"a=b\"", `directory.login_filter: "a=b" is not a filter: there should be an opening parenthesis before "a=b"`},
		"password_change":      {minimal + "password_change = \"des\"", `directory.password_change: "des" is none of exop,`},
		"object_class":         {minimal + "group.object_class = \"\"", "directory.group.object_class: is empty"},
		"filter":               {minimal + "group.filter = \"(a=b\"", `directory.group.filter: "(a=b" is not a filter: a closing parenthesis is missing`},
		"base filter":          {minimal + "[[directory.group.bases]]\ndn = \"ou=g\"\nfilter = \"()\"", `goldap.toml:6: directory.group.bases.filter: "()" is not a filter`},
		"base scope":           {minimal + "[[directory.group.bases]]\ndn = \"ou=g\"\nscope = \"tree\"", `goldap.toml:6: directory.group.bases.scope: "tree" is none of sub, one, base`},
		"base dn":              {minimal + "[[directory.group.bases]]\nscope = \"sub\"", "goldap.toml:4: directory.group.bases.dn: is missing"},
		"attribute":            {minimal + "group.attributes.memberUID = \"x\"", "directory.group.attributes.memberUID: is not an attribute of this map; did you mean memberUid?"},
		"no attribute":         {minimal + "passwd.attributes.uid = \"\"", `goldap.toml:4: directory.passwd.attributes.uid: is "", but without it nothing could be found in this map`},
		"SID":                  {minimal + "passwd.attributes.uidNumber = \"objectSid:S-1\"", `directory.passwd.attributes.uidNumber: "objectSid:S-1" is not of the form objectSid:S-1-5-21-1-2-3`},
		"SID of a name":        {minimal + "group.attributes.cn = \"objectSid:S-1-5-21-1-2-3\"", `is a SID, of which only uidNumber and gidNumber can be made`},
		"expression":           {minimal + "passwd.expressions.gecos = \"${cn\"", `goldap.toml:4: directory.passwd.expressions.gecos: "${cn" is not an expression: `},
		"expression of what":   {minimal + "passwd.expressions.geckos = \"$cn\"", `goldap.toml:4: directory.passwd.expressions.geckos: is not an attribute of this map; did you mean gecos?`},
		"expression of a key":  {minimal + "group.expressions.cn = \"$cn\"", `goldap.toml:4: directory.group.expressions.cn: cannot be computed, because entries are searched by it`},
		"expression twice":     {minimal + "passwd.attributes.gecos = \"a\"\npasswd.expressions.gecos = \"$cn\"", `goldap.toml:5: directory.passwd.expressions.gecos: is computed and renamed: keep one`},
		"server uri":           {minimal + "[[directory.server]]\nbase = \"dc=b\"", `goldap.toml:4: directory.server.uri: is missing: say where the server is`},
		"server uri wrong":     {minimal + "[[directory.server]]\nuri = \"http://a\"", `goldap.toml:5: directory.server.uri: "http://a" must begin with ldap://`},
		"server uri secret":    {minimal + "[[directory.server]]\nuri = \"ldaps://a:" + marker + "@b\"", `goldap.toml:5: directory.server.uri: must not hold a user name or a password`},
		"server twice":         {minimal + "[[directory.server]]\nuri = \"ldap://ldap.example.com\"", `goldap.toml:5: directory.server.uri: "ldap://ldap.example.com" is named twice`},
		"server base":          {minimal + "[[directory.server]]\nuri = \"ldaps://b\"\nbase = \"b\"", `goldap.toml:6: directory.server.base: "b" is not a DN`},
		"server base of none":  {"[[directory]]\nbases = [{dn = \"\"}]\n[[directory.server]]\nuri = \"ldaps://b\"\nbase = \"dc=b\"", `goldap.toml:5: directory.server.base: "dc=b" replaces the base of the directory, but that has none`},
		"server bind_dn":       {minimal + "[[directory.server]]\nuri = \"ldaps://b\"\nbind_dn = \"cn=b\"", `goldap.toml:6: directory.server.bind_dn: "cn=b" has no password of its own: add bind_password`},
		"server password":      {minimal + "[[directory.server]]\nuri = \"ldaps://b\"\nbind_password = \"" + marker + "\"", `goldap.toml:6: directory.server.bind_password: belongs to nobody: add bind_dn`},
		"server mode":          {minimal + "[[directory.server]]\nuri = \"ldap://b\"\ntls.mode = \"off\"", `goldap.toml:6: directory.server.tls.mode: "off" would send every password in clear text`},
		"server TLS":           {minimal + "[[directory.server]]\nuri = \"ldap://b\"\ntls.ca_file = \"/dev/null\"", `goldap.toml:6: directory.server.tls: has no mode, so the directory's TLS would count instead of it: add mode`},
		"server ca_file":       {minimal + "[[directory.server]]\nuri = \"ldap://b\"\n[directory.server.tls]\nmode = \"start_tls\"\nca_file = \"/missing\"", `goldap.toml:8: directory.server.tls.ca_file: "/missing" cannot be read`},
		"server clear text":    {"[[directory]]\nbase = \"dc=x\"\ntls.mode = \"off\"\n[[directory.server]]\nuri = \"ldap://b\"", `goldap.toml:3: directory.tls.mode: "off" would send every password in clear text`},
		"server timeout":       {minimal + "[[directory.server]]\nuri = \"ldaps://b\"\nconnect_timeout = \"-1s\"\nsearch_timeout = \"2h\"", `goldap.toml:7: directory.server.search_timeout: "2h0m0s" is not between`},
		"server secret file":   {minimal + "[[directory.server]]\nuri = \"ldaps://b\"\nbind_dn = \"cn=b\"\nbind_password_file = \"missing\"", `goldap.toml:7: directory.server.bind_password_file: "missing" `},
		"crl_check":            {minimal + "tls.crl_check = \"peers\"", `directory.tls.crl_check: "peers" is none of none, peer, all; did you mean peer?`},
		"crl_check alone":      {minimal + "tls.crl_check = \"all\"", `directory.tls.crl_check: "all" needs tls.crl_file`},
		"crl of anything":      {minimal + "tls.crl_check = \"all\"\ntls.crl_file = \"/dev/null\"\ntls.verify = \"never\"", `makes no sense where any certificate is accepted (tls.verify)`},
		"crl_file":             {minimal + "tls.crl_check = \"all\"\ntls.crl_file = \"/missing\"", `goldap.toml:5: directory.tls.crl_file: "/missing" cannot be read`},
		"mechanism":            {minimal + "sasl.mechanism = \"PLAIN\"", `goldap.toml:4: directory.sasl.mechanism: "PLAIN" is a mechanism that goldap does not have`},
		"EXTERNAL to a writer": {"[[directory]]\nuris = [\"ldapi://%2Fa\"]\nwrite_uris = [\"ldaps://b\"]\nbase = \"dc=x\"\nsasl.mechanism = \"EXTERNAL\"", `goldap.toml:5: directory.sasl.mechanism: "EXTERNAL" proves nothing to ldaps://b`},
		"EXTERNAL":             {"[[directory]]\nuris = [\"ldapi://%2Fa\"]\nbase = \"dc=x\"\nsasl.mechanism = \"EXTERNAL\"\n[[directory.server]]\nuri = \"ldaps://b\"", `goldap.toml:4: directory.sasl.mechanism: "EXTERNAL" proves nothing to ldaps://b`},
		"two credentials":      {minimal + "[directory.sasl]\nmechanism = \"GSSAPI\"\nkeytab = \"/dev/null\"\ncredential_cache = \"/dev/null\"\nkerberos_config = \"/dev/null\"", `goldap.toml:6: directory.sasl.keytab: "/dev/null" is given although sasl.credential_cache is, too`},
		"no principal":         {minimal + "[directory.sasl]\nmechanism = \"GSSAPI\"\nkeytab = \"/dev/null\"\nkerberos_config = \"/dev/null\"", `goldap.toml:6: directory.sasl.keytab: "/dev/null" needs the name of its principal: add sasl.principal`},
		"no krb5.conf":         {minimal + "[directory.sasl]\nmechanism = \"GSSAPI\"\nprincipal = \"a\"\nkeytab = \"/missing\"\nkerberos_config = \"/missing\"", `goldap.toml:8: directory.sasl.kerberos_config: "/missing" cannot be read`},
		"idle_timeout":         {minimal + "idle_timeout = \"0s\"", `directory.idle_timeout: "0s" is not between 1s and 168h`},
		"retry":                {minimal + "retry_min = \"10s\"\nretry_max = \"5s\"", `goldap.toml:4: directory.retry_min: "10s" is longer than retry_max, which is 5s`},
		"retry_max":            {minimal + "retry_max = \"2h\"", `directory.retry_max: "2h0m0s" is not between`},
		"deref":                {minimal + "deref = \"no\"", `directory.deref: "no" is none of never, searching, finding, always`},
		"groups_of_user":       {minimal + "groups_of_user = \"memberof\"", `directory.groups_of_user: "memberof" is none of members, member_of; did you mean member_of?`},
		"offset":               {minimal + "gid_offset = 2147483648", `directory.gid_offset: "2147483648" is not between 0 and 2147483647`},
		"depth":                {minimal + "nested_group_depth = 0", `directory.nested_group_depth: "0" is not between 1 and 1000`},
		"referral":             {minimal + "follow_referrals = true\nreferral_uris = [\"DNS:x\"]", `goldap.toml:5: directory.referral_uris: "DNS:x" must be the URI of a server`},
		"referral uri":         {minimal + "follow_referrals = true\nreferral_uris = [\"a\"]", `goldap.toml:5: directory.referral_uris: "a" must begin with`},
		"login search":         {minimal + "login_searches = [\"(a=b)\",\n\"\"]", `goldap.toml:5: directory.login_searches: is empty: write a filter`},
		"search variable":      {minimal + "login_bind_search = \"(uid=$usrname)\"", `goldap.toml:4: directory.login_bind_search: "(uid=$usrname)" has the variable $usrname, which nothing is known of; there are $username, $uid, $service, $ruser, $rhost, $tty, $hostname, $fqdn, $domain, $dn; did you mean username?`},
		"search without base":  {"[[directory]]\nuris = [\"ldaps://a\"]\npasswd.bases = [{dn = \"dc=x\"}]\ngroup.bases = [{dn = \"dc=x\"}]\nshadow.bases = [{dn = \"dc=x\"}]\nlogin_searches = [\"(a=b)\"]", `goldap.toml:1: directory.base: is missing: login_searches and login_bind_search search under the base DN of the directory`},
		"bases":                {minimal + "bases = [{dn = \"a\"}]", `goldap.toml:4: directory.bases.dn: "a" is not a DN`},
		"bases scope":          {minimal + "bases = [{dn = \"dc=a\", scope = \"x\"}]", `directory.bases.scope: "x" is none of sub, one, base, children`},
		"stale_ttl":            {minimal + "[lookups]\nstale_ttl = \"721h\"", `lookups.stale_ttl: "721h0m0s" is not between 0s and 720h`},
		"negative_ttl":         {minimal + "[lookups]\nnegative_ttl = \"-1s\"", `lookups.negative_ttl: "-1s" is not between 0s and 24h`},
		"member_ttl":           {minimal + "[lookups]\nmember_ttl = \"-1s\"", `lookups.member_ttl: "-1s" is not between 0s and 720h`},
		"member_negative_ttl":  {minimal + "[lookups]\nmember_negative_ttl = \"-1s\"", `lookups.member_negative_ttl: "-1s" is not between`},
		"login cache_ttl":      {minimal + "[login]\ncache_ttl = \"2h\"", `login.cache_ttl: "2h0m0s" is not between 0s and 1h`},
		"no_groups_for":        {minimal + "[lookups]\nno_groups_for = [\"a\", \"\"]", `goldap.toml:5: lookups.no_groups_for: is empty: write the name of a user`},
		"log target":           {minimal + "[[daemon.log]]\nlevel = \"info\"", `goldap.toml:4: daemon.log.target: is missing: write stderr, syslog, none or the path of a file`},
		"log file":             {minimal + "[[daemon.log]]\ntarget = \"log/x\"", `goldap.toml:5: daemon.log.target: "log/x" is none of stderr, syslog and none`},
		"level of a log":       {minimal + "[[daemon.log]]\ntarget = \"syslog\"\nlevel = \"err\"", `goldap.toml:6: daemon.log.level: "err" is none of error, warn, info, debug`},
		"user":                 {minimal + "[daemon]\nuser = \"a b\"", `goldap.toml:5: daemon.user: "a b" is neither the name nor the number of a user or group of this machine`},
		"group of the daemon":  {minimal + "[daemon]\ngroup = \"-a\"", `goldap.toml:5: daemon.group: "-a" is neither the name`},
		"invalidate":           {minimal + "[daemon]\ninvalidate = [\"passwd\",\n\"pwd\"]", `goldap.toml:6: daemon.invalidate: "pwd" is none of passwd, group, shadow,`},
		"attribute name":       {minimal + "group.attributes.memberUid = \"x y\"", `directory.group.attributes.memberUid: "x y" is not a name`},
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

// TestServersWithTheirOwn loads servers that have everything of their own, with
// a password in the file and one in a file of its own.
func TestServersWithTheirOwn(t *testing.T) {
	path := write(t, "goldap.toml", "[[directory]]\nbase = \"dc=a\"\n"+
		"[[directory.server]]\nuri = \"ldap://a\"\nbind_dn = \"cn=a\"\nbind_password = \""+marker+"\"\nconnect_timeout = \"2s\"\n"+
		"[[directory.server]]\nuri = \"ldap://b\"\nbase = \"dc=b\"\nbind_dn = \"cn=b\"\nbind_password_file = \"b.secret\"\n[directory.server.tls]\nmode = \"start_tls\"\nca_file = \"b.secret\"\n")
	secretFile := filepath.Join(filepath.Dir(path), "b.secret")
	if err := os.WriteFile(secretFile, []byte("b's "+marker+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := cfg.Directories[0].Servers[0], cfg.Directories[0].Servers[1]
	if string(a.BindPassword.Bytes()) != marker || a.TLS.Mode != "" || a.ConnectTimeout != 2*time.Second {
		t.Errorf("%+v", a)
	}
	wantTLS := DefaultTLS()
	wantTLS.CAFile = secretFile
	if string(b.BindPassword.Bytes()) != "b's "+marker || b.BindPasswordFile != secretFile || !reflect.DeepEqual(b.TLS, wantTLS) || b.Base != "dc=b" {
		t.Errorf("%+v", b)
	}
	if !slices.Equal(cfg.Files, []string{path, secretFile}) || len(cfg.Warnings) > 0 {
		t.Errorf("files %v, warnings %v", cfg.Files, cfg.Warnings)
	}
	for file, want := range map[string]string{
		path:       "goldap.toml:6: directory.server.bind_password: stands in a file that others may read: chmod 0640 ",
		secretFile: "goldap.toml:12: directory.server.bind_password_file: \"b.secret\" is a secret file that others may read: chmod 0640 ",
	} {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil {
			t.Fatalf("%s may be read by others", file)
		}
		contains(t, err.Error(), want)
		noMarker(t, err.Error())
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that is refused leaves no password behind.
func TestRefusedFilesAreWiped(t *testing.T) {
	d := parse("goldap.toml", []byte(minimal+"scope = \"x\"\nbind_dn = \"cn=a\"\nbind_password = \""+marker+"\"\n"+
		"[[directory.server]]\nuri = \"ldap://b\"\nbind_dn = \"cn=b\"\nbind_password = \""+marker+"\"\n"))
	dir := d.cfg.Directories[0]
	d.check()
	if _, err := d.result(); err == nil {
		t.Fatal("accepted")
	}
	for _, password := range []secret.Secret{dir.BindPassword, dir.Servers[0].BindPassword} {
		if password.IsEmpty() || strings.Trim(string(password.Bytes()), "\x00") != "" {
			t.Error("a password was not wiped")
		}
	}
}

// TestTwoAdministrators: each directory may have one.
func TestTwoAdministrators(t *testing.T) {
	cfg := load(t, "goldap.toml", minimal+"root_bind_dn = \"cn=a\"\n[[directory]]\nuris = [\"ldaps://b\"]\nbase = \"dc=b\"\nroot_bind_dn = \"cn=b\"")
	if cfg.Directories[0].RootBindDN != "cn=a" || cfg.Directories[1].RootBindDN != "cn=b" || len(cfg.Warnings) > 0 {
		t.Errorf("%+v", cfg)
	}
}

func TestTOMLWarnings(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"crl_file":      {"tls.crl_file = \"/dev/null\"", "goldap.toml:4: directory.tls.crl_file: has no effect without tls.crl_check"},
		"referral_uris": {"referral_uris = [\"ldaps://b\"]", "goldap.toml:4: directory.referral_uris: has no effect without follow_referrals"},
		"local":         {"[[directory.server]]\nuri = \"ldap://[::1]\"\ntls = {mode = \"off\", allow_clear_text = true}", ""},
		"clear text":    {"[[directory.server]]\nuri = \"ldap://b\"\ntls = {mode = \"off\", allow_clear_text = true}", "goldap.toml:6: directory.server.tls.mode: passwords travel in clear text: everybody on the way can read them"},
		"pass over":     {"login_pass_over = true\n[[directory]]\nuris = [\"ldaps://b\"]\nbase = \"dc=b\"", ""},
		"nothing after": {"login_pass_over = true", `goldap.toml:4: directory.login_pass_over: "true" has no effect: there is no directory after this one`},
		"any member":    {"group.attributes = {memberUid = \"\"}", ""},
		"daemon":        {"[daemon]\nuser = \"goldap\"\ngroup = \"0\"\ninvalidate = [\"passwd\", \"nfsidmap\"]", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := problems(load(t, "goldap.toml", minimal+test.file).Warnings); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
