package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// site is a file that is complete; the keyword tests add lines to it.
const site = "uri ldaps://ldap.example.com\nbase dc=example,dc=com\n"

func TestSiteFile(t *testing.T) {
	cfg := load(t, "pam_ldap.conf", `host ldap.mydomain.com
base dc=mydomain,dc=com
binddn uid=app_backtraceio,ou=pseudousers,dc=mydomain,dc=com
bindpw Password1234!
ssl start_tls
`)
	if len(cfg.Warnings) > 0 {
		t.Errorf("warnings:\n%s", problems(cfg.Warnings))
	}
	want := DefaultDirectory()
	want.Name = "dc=mydomain,dc=com"
	want.URIs = []string{"ldap://ldap.mydomain.com"}
	want.Base = "dc=mydomain,dc=com"
	want.BindDN = "uid=app_backtraceio,ou=pseudousers,dc=mydomain,dc=com"
	got := cfg.Directories[0]
	if string(got.BindPassword.Bytes()) != "Password1234!" {
		t.Errorf("bind password has %d bytes", got.BindPassword.Len())
	}
	got.BindPassword = want.BindPassword
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if defaults := Default(); !reflect.DeepEqual(cfg.Accounts.MinUID, defaults.Accounts.MinUID) || !reflect.DeepEqual(cfg.Daemon, defaults.Daemon) {
		t.Errorf("other tables: %+v %+v", cfg.Accounts, cfg.Daemon)
	}
}

// field is what a line of a PADL file must have done: a value of the model.
type field func(*Config) any

func dir(get func(Directory) any) field {
	return func(c *Config) any { return get(c.Directories[0]) }
}

func TestKeywords(t *testing.T) {
	uris := dir(func(d Directory) any { return d.URIs })
	mode := dir(func(d Directory) any { return d.TLS.Mode })
	clear := dir(func(d Directory) any { return d.TLS.AllowClearText })
	verify := dir(func(d Directory) any { return d.TLS.Verify })
	ciphers := dir(func(d Directory) any { return d.TLS.Ciphers })
	scope := dir(func(d Directory) any { return d.Scope })
	search := dir(func(d Directory) any { return d.SearchTimeout })
	connect := dir(func(d Directory) any { return d.ConnectTimeout })
	passwd := dir(func(d Directory) any { return d.Passwd.Bases })
	filter := dir(func(d Directory) any { return d.LoginFilter })
	change := dir(func(d Directory) any { return d.PasswordChange })
	group := dir(func(d Directory) any { return []string{d.LoginGroupDN, d.LoginMemberAttribute} })
	checks := dir(func(d Directory) any { return []bool{d.LoginCheckService, d.LoginCheckHost} })
	level := func(c *Config) any { return c.Daemon.LogLevel }
	shell := dir(func(d Directory) any { return []any{d.Passwd.Attributes, d.Passwd.Expressions} })
	policy := dir(func(d Directory) any { return d.PasswordPolicy })
	const base = "base dc=example,dc=com\n"

	tests := map[string]struct {
		file string
		get  field
		want any
	}{
		"host":                   {base + "ssl start_tls\nhost a b:1389 ::1 [::1]:1389", uris, []string{"ldap://a", "ldap://b:1389", "ldap://[::1]", "ldap://[::1]:1389"}},
		"host port":              {base + "ssl start_tls\nport 3389\nhost a b:1389 ::1 [::2]", uris, []string{"ldap://a:3389", "ldap://b:1389", "ldap://[::1]:3389", "ldap://[::2]:3389"}},
		"host ssl on":            {base + "ssl on\nhost a", uris, []string{"ldaps://a"}},
		"uri":                    {base + "uri ldaps://a\tldapi://%2Frun%2Fldapi", uris, []string{"ldaps://a", "ldapi://%2Frun%2Fldapi"}},
		"uri ssl on":             {base + "ssl on\nuri LDAP://a:390 ldapi://%2Frun%2Fldapi", uris, []string{"ldaps://a:390", "ldapi://%2Frun%2Fldapi"}},
		"uri wins over host":     {base + "host b\nuri ldaps://a", uris, []string{"ldaps://a"}},
		"last uri counts":        {base + "uri ldaps://b\nuri ldaps://a", uris, []string{"ldaps://a"}},
		"ssl start_tls":          {base + "uri ldap://a\nssl START_TLS", mode, "start_tls"},
		"ssl starttls":           {base + "uri ldap://a\nssl starttls", mode, "start_tls"},
		"ssl on":                 {base + "uri ldap://a\nssl on", mode, "ldaps"},
		"ssl yes":                {base + "uri ldap://a\nssl yes", mode, "ldaps"},
		"ssl off":                {base + "uri ldap://a\nssl off", mode, "off"},
		"ssl off is meant":       {base + "uri ldap://a\nssl no", clear, true},
		"ssl off without need":   {base + "uri ldaps://a\nssl off", clear, false},
		"no ssl with ldaps":      {base + "uri ldaps://a ldapi://%2Frun%2Fldapi", clear, false},
		"base":                   {site, dir(func(d Directory) any { return d.Base }), "dc=example,dc=com"},
		"upper case":             {"URI ldaps://a\nBASE dc=x", uris, []string{"ldaps://a"}},
		"scope":                  {site + "scope ONE", scope, "one"},
		"scope subtree":          {site + "scope subtree", scope, "sub"},
		"scope base":             {site + "scope base", scope, "base"},
		"binddn":                 {site + "binddn cn=a b,dc=example\nbindpw x", dir(func(d Directory) any { return d.BindDN }), "cn=a b,dc=example"},
		"bindpw":                 {site + "binddn cn=a\nbindpw  a # b \t", dir(func(d Directory) any { return string(d.BindPassword.Bytes()) }), "a # b"},
		"bindpw not UTF-8":       {site + "binddn cn=a\nbindpw \xff", dir(func(d Directory) any { return string(d.BindPassword.Bytes()) }), "\xff"},
		"rootbinddn":             {site + "rootbinddn cn=root", dir(func(d Directory) any { return d.RootBindDN }), "cn=root"},
		"timelimit":              {site + "timelimit 30", search, 30 * time.Second},
		"timelimit 0":            {site + "timelimit 0", search, 5 * time.Second},
		"bind_timelimit":         {site + "bind_timelimit 3", connect, 3 * time.Second},
		"bind_timelimit 0":       {site + "bind_timelimit 0", connect, 5 * time.Second},
		"pagesize":               {site + "pagesize 500", dir(func(d Directory) any { return d.PageSize }), uint32(500)},
		"ldap_version":           {site + "ldap_version 3", scope, "sub"},
		"debug":                  {site + "debug 255", level, "debug"},
		"debug 0":                {site + "debug 0", level, "info"},
		"tls_reqcert":            {site + "tls_reqcert never", verify, "never"},
		"tls_reqcert allow":      {site + "tls_reqcert allow", verify, "never"},
		"tls_reqcert try":        {site + "tls_reqcert try", verify, "demand"},
		"tls_reqcert hard":       {site + "tls_reqcert hard", verify, "demand"},
		"tls_checkpeer no":       {site + "tls_checkpeer no", verify, "never"},
		"tls_checkpeer yes":      {site + "tls_checkpeer yes", verify, "demand"},
		"tls_ciphers":            {site + "tls_ciphers HIGH:ECDHE-RSA-AES128-GCM-SHA256", ciphers, []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}},
		"tls_cipher_suite":       {site + "tls_cipher_suite SECURE256", ciphers, []string(nil)},
		"nss_base_passwd":        {site + "nss_base_passwd ou=people,dc=x?one?objectClass=person", passwd, []SearchBase{{"ou=people,dc=x", "one", "(objectClass=person)"}}},
		"nss_base_passwd comma":  {site + "nss_base_passwd ou=people,", passwd, []SearchBase{{DN: "ou=people,dc=example,dc=com"}}},
		"nss_base_passwd twice":  {site + "nss_base_passwd ou=a,??&(a=b)(c=d)\nnss_base_passwd ou=b?sub", passwd, []SearchBase{{"ou=a,dc=example,dc=com", "", "(&(a=b)(c=d))"}, {"ou=b", "sub", ""}}},
		"nss_base_group":         {site + "nss_base_group ou=groups,", dir(func(d Directory) any { return d.Group.Bases }), []SearchBase{{DN: "ou=groups,dc=example,dc=com"}}},
		"nss_base_shadow":        {site + "nss_base_shadow ou=people,?base", dir(func(d Directory) any { return d.Shadow.Bases }), []SearchBase{{DN: "ou=people,dc=example,dc=com", Scope: "base"}}},
		"nss_map_attribute":      {site + "nss_map_attribute uid sAMAccountName", dir(func(d Directory) any { return []any{d.Passwd.Attributes, d.Shadow.Attributes, d.Group.Attributes} }), []any{map[string]string{"uid": "sAMAccountName"}, map[string]string{"uid": "sAMAccountName"}, map[string]string(nil)}},
		"nss_map_attribute map":  {site + "nss_map_attribute passwd:UID  name", dir(func(d Directory) any { return []any{d.Passwd.Attributes, d.Shadow.Attributes} }), []any{map[string]string{"uid": "name"}, map[string]string(nil)}},
		"nss_map_attribute bis":  {site + "nss_map_attribute uniqueMember member", dir(func(d Directory) any { return d.Group.Attributes }), map[string]string{"member": "member"}},
		"nss_map_objectclass":    {site + "nss_map_objectclass posixaccount User", dir(func(d Directory) any { return d.Passwd.ObjectClass }), "User"},
		"nss_map_objectclass 2":  {site + "nss_map_objectclass posixGroup group", dir(func(d Directory) any { return d.Group.ObjectClass }), "group"},
		"nss_map_objectclass 3":  {site + "nss_map_objectclass shadowAccount user", dir(func(d Directory) any { return d.Shadow.ObjectClass }), "user"},
		"pam_filter":             {site + "pam_filter objectClass=posixAccount", filter, "(objectClass=posixAccount)"},
		"pam_filter or":          {site + "pam_filter |(host=a)(host=\\2a)", filter, "(|(host=a)(host=\\2a))"},
		"pam_filter parentheses": {site + "pam_filter (host=a)", filter, "(host=a)"},
		"pam_login_attribute":    {site + "pam_login_attribute mail", dir(func(d Directory) any { return d.LoginAttribute }), "mail"},
		"pam_min_uid":            {site + "pam_min_uid 500", dir(func(d Directory) any { return d.LoginMinUID }), uint32(500)},
		"pam_max_uid":            {site + "pam_max_uid 0", dir(func(d Directory) any { return d.LoginMaxUID }), uint32(0)},
		"window untouched":       {site + "pam_min_uid 500\npam_max_uid 600", func(c *Config) any { return []uint32{c.Accounts.MinUID, c.Accounts.MaxUID} }, []uint32{1000, 2147483647}},
		"pam_groupdn":            {site + "pam_groupdn cn=ops,ou=groups,dc=x", group, []string{"cn=ops,ou=groups,dc=x", "uniqueMember"}},
		"pam_member_attribute":   {site + "pam_groupdn cn=a\nPAM_MEMBER_ATTRIBUTE member", group, []string{"cn=a", "member"}},
		"no checks":              {site, checks, []bool{false, false}},
		"pam_check_service_attr": {site + "pam_check_service_attr yes", checks, []bool{true, false}},
		"pam_check_host_attr":    {site + "pam_check_host_attr YES", checks, []bool{false, true}},
		"last check counts":      {site + "pam_check_host_attr yes\npam_check_host_attr no", checks, []bool{false, false}},
		"pam_password default":   {site, change, "exop"},
		"pam_password":           {site + "pam_password MD5", change, "md5"},
		"pam_password clear":     {site + "pam_password clear_remove_old", change, "clear_remove_old"},
		"pam_crypt local":        {site + "pam_crypt local", change, "crypt"},
		"pam_crypt otherwise":    {site + "pam_crypt server", change, "exop"},
		"pam_password exop":      {site + "pam_password exop_send_old", change, "exop_send_old"},
		"this machine":           {base + "host 127.0.0.1 localhost", mode, "off"},
		"nss_srv_domain":         {base + "ssl start_tls\nnss_srv_domain example.com", uris, []string{"DNS:example.com"}},
		"nss_srv_domain ssl on":  {base + "ssl on\nnss_srv_domain example.com", uris, []string{"DNSLDAPS:example.com"}},
		"nss_srv_domain and uri": {base + "nss_srv_domain example.com\nuri ldaps://a", uris, []string{"ldaps://a"}},
		"idle_timelimit":         {site + "idle_timelimit 60", dir(func(d Directory) any { return d.IdleTimeout }), time.Minute},
		"idle_timelimit 0":       {site + "idle_timelimit 0", dir(func(d Directory) any { return d.IdleTimeout }), 5 * time.Minute},
		"deref":                  {site + "deref searching", dir(func(d Directory) any { return d.Deref }), "searching"},
		"referrals":              {site + "referrals on", dir(func(d Directory) any { return d.FollowReferrals }), true},
		"tls_crlcheck":           {site + "tls_crlcheck all\ntls_crlfile /dev/null", dir(func(d Directory) any { return d.TLS.CRLCheck + d.TLS.CRLFile }), "all/dev/null"},
		"default value":          {site + "nss_default_attribute_value loginShell /bin/a {$x}\\", shell, []any{map[string]string(nil), map[string]string{"loginShell": `${loginShell:-/bin/a \{\$x\}\\}`}}},
		"default of a renamed":   {site + "nss_default_attribute_value LOGINSHELL sh\nnss_map_attribute loginShell unixShell", shell, []any{map[string]string{}, map[string]string{"loginShell": `${unixShell:-sh}`}}},
		"override value":         {site + "nss_override_attribute_value loginShell /bin/false", shell, []any{map[string]string(nil), map[string]string{"loginShell": "/bin/false"}}},
		"value in two maps":      {site + "nss_override_attribute_value userPassword *", dir(func(d Directory) any { return []any{d.Passwd.Expressions, d.Group.Expressions, d.Shadow.Expressions} }), []any{map[string]string{"userPassword": "*"}, map[string]string{"userPassword": "*"}, map[string]string{"userPassword": "*"}}},
		"nss_schema rfc2307":     {site + "nss_schema rfc2307", dir(func(d Directory) any { return d.Group.Attributes }), map[string]string{"member": ""}},
		"nss_schema rfc2307bis":  {site + "nss_schema rfc2307bis", dir(func(d Directory) any { return d.Group.Attributes }), map[string]string(nil)},
		"nss_initgroups":         {site + "nss_initgroups backlink", dir(func(d Directory) any { return d.GroupsOfUser }), "member_of"},
		"ignoreusers":            {site + "nss_initgroups_ignoreusers root,bin\nnss_initgroups_ignoreusers x", func(c *Config) any { return c.Lookups.NoGroupsFor }, []string{"root", "bin", "x"}},
		"skipmembers":            {site + "nss_getgrent_skipmembers yes", func(c *Config) any { return c.Lookups.GroupMembers }, false},
		"pam_lookup_policy":      {site + "pam_lookup_policy yes", policy, true},
		"pam_lookup_policy no":   {site + "pam_lookup_policy no", policy, false},
		"use_sasl no":            {site + "use_sasl off", dir(func(d Directory) any { return d.SASL.Mechanism }), ""},
		"prohibit message":       {site + "pam_password_prohibit_message \"Ask the helpdesk.\"", func(c *Config) any { return c.Login.PasswordProhibitMessage }, "Ask the helpdesk."},
		"CRLF":                   {strings.ReplaceAll(site+"scope one\n", "\n", "\r\n"), scope, "one"},
		"tabs and blanks":        {site + "scope\t \tone \t\n", scope, "one"},
		"comments":               {"# x\n\n#y\n" + site + "#scope tree\n  # indented\n\t\nscope one", scope, "one"},
		"long line":              {"#" + strings.Repeat("x", 1<<20) + "\n" + site, scope, "sub"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.get(load(t, "pam_ldap.conf", test.file)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %#v\nwant %#v", got, test.want)
			}
		})
	}
}

func TestPadlFilesOfTLS(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(root, "ldap.conf")
	content := site + "tls_cacertfile ca.pem\ntls_cacertdir .\ntls_cert " + root + "/cert.pem\ntls_key key.pem\n"
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Directories[0].TLS
	want := TLS{Mode: "start_tls", Verify: "demand", CAFile: root + "/ca.pem", CADir: root, CertFile: root + "/cert.pem", KeyFile: root + "/key.pem", CRLCheck: "none"}
	if !reflect.DeepEqual(got, want) || len(cfg.Warnings) > 0 {
		t.Errorf("got %+v, warnings %v", got, cfg.Warnings)
	}
	if err := os.Chmod(root+"/key.pem", 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err = Load(path)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, problems(cfg.Warnings), "ldap.conf:6: tls_key: ", "chmod 0640 "+root+"/key.pem")
}

func TestPadlErrors(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"unknown keyword":       {site + "bindn cn=a", "pam_ldap.conf:3: bindn: is not a keyword; did you mean binddn?"},
		"nothing near":          {site + "frobnicate " + marker, "pam_ldap.conf:3: frobnicate: is not a keyword"},
		"misspelt bindpw":       {site + "bindpwd " + marker, "pam_ldap.conf:3: bindpwd: is not a keyword; did you mean bindpw?"},
		"no value":              {site + "scope", "pam_ldap.conf:3: scope: has no value: write one, or remove the line"},
		"scope":                 {site + "scope subtre", `pam_ldap.conf:3: scope: "subtre" is none of sub, one, base, subtree, onelevel; did you mean subtree?`},
		"ssl":                   {site + "ssl tls", `pam_ldap.conf:3: ssl: "tls" is none of start_tls, starttls, on, yes, true, off, no, false`},
		"trailing comment":      {site + "scope one # sub", "a comment needs a line of its own"},
		"tls_reqcert":           {site + "tls_reqcert maybe", `tls_reqcert: "maybe" is none of`},
		"tls_checkpeer":         {site + "tls_checkpeer 1", `tls_checkpeer: "1" is none of`},
		"pam_password":          {site + "pam_password des", `pam_password: "des" is none of exop,`},
		"timelimit":             {site + "timelimit -1", `timelimit: "-1" is not a whole number`},
		"timelimit too long":    {site + "timelimit 7200", `pam_ldap.conf:3: timelimit: "2h0m0s" is not between 10ms and 1h`},
		"pam_min_uid":           {site + "pam_min_uid abc", `pam_min_uid: "abc" is not a whole number`},
		"pam_groupdn":           {site + "pam_groupdn ops", `pam_ldap.conf:3: pam_groupdn: "ops" is not a DN`},
		"template root":         {site + "pam_template_login Root", `pam_ldap.conf:3: pam_template_login: "Root" is root, who nobody of a directory may become`},
		"template name":         {site + "pam_template_login a:b", `pam_ldap.conf:3: pam_template_login: "a:b" is not the name of a user: accounts.valid_names refuses it`},
		"template attribute":    {site + "pam_template_login_attribute a=b", `pam_ldap.conf:3: pam_template_login_attribute: "a=b" is not a name`},
		"pam_groupdn empty":     {site + "pam_groupdn", "pam_ldap.conf:3: pam_groupdn: has no value: write one, or remove the line"},
		"group by name":         {site + "pam_groupdn cn=a\npam_member_attribute memberuid", `pam_ldap.conf:4: pam_member_attribute: "memberuid" holds user names where DNs are needed, so nobody could log in`},
		"pam_member_attribute":  {site + "pam_groupdn cn=a\npam_member_attribute a=b", `pam_ldap.conf:4: pam_member_attribute: "a=b" is not a name`},
		"host check on":         {site + "pam_check_host_attr on", `pam_ldap.conf:3: pam_check_host_attr: "on" is none of yes, no`},
		"service check true":    {site + "pam_check_service_attr true", `pam_ldap.conf:3: pam_check_service_attr: "true" is none of yes, no; the old programs take all but yes for no`},
		"host check empty":      {site + "pam_check_host_attr", "pam_ldap.conf:3: pam_check_host_attr: has no value"},
		"uid window":            {site + "pam_min_uid 10\npam_max_uid 9", "pam_ldap.conf:3: pam_min_uid: is larger than pam_max_uid, so nobody could log in"},
		"port":                  {site + "port 70000", `port: "70000" is not a port`},
		"host with URI":         {site + "host ldap://a", `host: "ldap://a" is a URI, not a name: the keyword for it is uri`},
		"ldap_version":          {site + "ldap_version 2", `ldap_version: "2" is not a version that goldap speaks`},
		"debug":                 {site + "debug on", `debug: "on" is not a number`},
		"base":                  {"uri ldaps://a\nbase example.com", `pam_ldap.conf:2: base: "example.com" is not a DN: "example.com" is not of the form attribute=value`},
		"no base":               {"uri ldaps://a", "pam_ldap.conf: base: is missing"},
		"no server":             {"base dc=x\nssl start_tls", "pam_ldap.conf: uri: is missing: name the servers"},
		"bad uri":               {"base dc=x\nuri ldaps://a:99999", `pam_ldap.conf:2: uri: "ldaps://a:99999" has a port that is not between 1 and 65535`},
		"password in uri":       {"base dc=x\nuri ldaps://u:" + marker + "@a", "pam_ldap.conf:2: uri: must not hold a user name or a password"},
		"bad host":              {"base dc=x\nssl on\nhost a:b:c", `pam_ldap.conf:3: host: "ldaps://a:b:c" `},
		"no ssl":                {"base dc=x\nuri ldap://a", `pam_ldap.conf:2: ssl: is missing, and passwords would travel in clear text: write "ssl start_tls", or "ssl off" if that is meant`},
		"no ssl with host":      {"host a\nbase dc=x", "pam_ldap.conf:1: ssl: is missing"},
		"binddn alone":          {site + "binddn cn=a", `pam_ldap.conf:3: binddn: "cn=a" has no password, so the server would take it for anonymous: add bindpw`},
		"bindpw alone":          {site + "bindpw " + marker, "pam_ldap.conf:3: bindpw: belongs to nobody: add binddn"},
		"bad binddn":            {site + "bindpw x\nbinddn joe", `pam_ldap.conf:4: binddn: "joe" is not a DN`},
		"pam_filter":            {site + "pam_filter |(a=b)(c=d", `pam_ldap.conf:3: pam_filter: "(|(a=b)(c=d)" is not a filter: a closing parenthesis is missing`},
		"pam_login_attribute":   {site + "pam_login_attribute a=b", `pam_ldap.conf:3: pam_login_attribute: "a=b" is not a name`},
		"nss_base scope":        {site + "nss_base_group ou=g,?tree", `nss_base_group: "ou=g,?tree" has a scope that is none of`},
		"nss_base without DN":   {site + "nss_base_group ?one", "pam_ldap.conf:3: nss_base_group: is missing: say where to search"},
		"nss_base filter":       {site + "nss_base_group ou=g,??cn", `pam_ldap.conf:3: nss_base_group: "(cn)" is not a filter`},
		"nss_base without end":  {"uri ldaps://a\nnss_base_passwd ou=p,", `pam_ldap.conf:2: nss_base_passwd: "ou=p," ends in a comma, which means that the base DN follows, but there is no base line`},
		"nss_map_attribute":     {site + "nss_map_attribute uid", `nss_map_attribute: "uid" must be two words`},
		"bad attribute":         {site + "nss_map_attribute uid a*b", `pam_ldap.conf:3: nss_map_attribute: "a*b" is not a name`},
		"nss_map_objectclass":   {site + "nss_map_objectclass posixAccount a b", "nss_map_objectclass: "},
		"tls_cacertfile":        {site + "tls_cacertfile /does/not/exist", `pam_ldap.conf:3: tls_cacertfile: "/does/not/exist" cannot be read: no such file or directory`},
		"tls_cacertfile dir":    {site + "tls_cacertfile /", `tls_cacertfile: "/" is a directory, not a file`},
		"tls_cacertdir":         {site + "tls_cacertdir /dev/null", `tls_cacertdir: "/dev/null" is a file, not a directory`},
		"tls_cert alone":        {site + "tls_cert /dev/null", "pam_ldap.conf:3: tls_cert: needs tls_key beside it"},
		"tls_key alone":         {site + "tls_key /dev/null", "pam_ldap.conf:3: tls_key: needs tls_cert beside it"},
		"default without value": {site + "nss_default_attribute_value loginShell", `nss_default_attribute_value: "loginShell" must be an attribute and its value`},
		"nss_schema":            {site + "nss_schema AD", `nss_schema: "AD" is none of rfc2307, rfc2307bis`},
		"nss_initgroups":        {site + "nss_initgroups forward", `nss_initgroups: "forward" is none of backlink`},
		"nss_srv_domain":        {"base dc=x\nssl on\nnss_srv_domain a/b", `pam_ldap.conf:3: nss_srv_domain: "DNSLDAPS:a/b" names no domain such as example.com`},
		"use_sasl":              {site + "use_sasl yes", `pam_ldap.conf:3: use_sasl: "GSSAPI" needs Kerberos credentials: add krb5_ccname, or krb5_keytabname`},
		"krb5_keytabname":       {site + "krb5_keytabname MEMORY:x", `pam_ldap.conf:3: krb5_keytabname: "MEMORY:x" is not a file`},
		"crl check":             {site + "tls_crlcheck yes", `tls_crlcheck: "yes" is none of none, peer, all`},
		"control character":     {site + "base dc=\x00", "base: has a value that is not UTF-8 or has control characters in it"},
		"not UTF-8":             {site + "base dc=\xff", "base: has a value that is not UTF-8 or has control characters in it"},
		"long value":            {site + "scope " + strings.Repeat("x", 1<<20), `scope: "` + strings.Repeat("x", maxShown) + `"... is none of`},
		"byte order mark":       {"\xef\xbb\xbf" + site, "pam_ldap.conf:1: begins with a byte order mark"},
		"TOML":                  {"[daemon]\n", "pam_ldap.conf:1: looks like TOML: the name of a TOML file must end in .toml"},
		"TOML key":              {`base = "dc=x"`, "pam_ldap.conf:1: looks like TOML"},
		"all indented":          {"  uri ldaps://a\n  base dc=x\n", "pam_ldap.conf:2: base: the line begins with a blank and is skipped"},
		"empty":                 {"", "pam_ldap.conf: uri: is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			contains(t, loadBad(t, "pam_ldap.conf", test.file), test.want)
		})
	}
}

func TestPadlWarnings(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"clear text":        {"base dc=x\nuri ldap://a\nssl off", "pam_ldap.conf:3: ssl: passwords travel in clear text: everybody on the way can read them"},
		"no verification":   {site + "tls_checkpeer no", "pam_ldap.conf:3: tls_checkpeer: any certificate is accepted: everybody on the way can pose as the server and read passwords"},
		"host not used":     {site + "host a", "pam_ldap.conf:3: host: is not used because there is a uri line"},
		"repeated":          {site + "scope sub\nscope one", "pam_ldap.conf:4: scope: stands in line 3, too; the last one counts"},
		"indented":          {site + " scope one", "pam_ldap.conf:3: scope: the line begins with a blank and is skipped, as the old programs do: remove the blank, or write # in front"},
		"indented secret":   {site + " " + marker, "pam_ldap.conf:3: the line begins with a blank and is skipped, as the old programs do: remove the blank, or write # in front"},
		"pam_password":      {site + "pam_password md5", `pam_ldap.conf:3: pam_password: "md5" sends the server a hash, so its policy can judge neither the quality nor the history of passwords: use exop if the server has RFC 3062`},
		"ciphers":           {site + "tls_ciphers HIGH:!aNULL", `pam_ldap.conf:3: tls_ciphers: "HIGH:!aNULL" is left out: Go's TLS has no cipher suites of that name`},
		"other attribute":   {site + "nss_map_attribute bootFile x", `pam_ldap.conf:3: nss_map_attribute: "bootFile x" is not honoured: no map of goldap has that attribute`},
		"other class":       {site + "nss_map_objectclass bootableDevice x", `pam_ldap.conf:3: nss_map_objectclass: "bootableDevice x" is not honoured: no map of goldap has that object class`},
		"not honoured":      {site + "logdir /tmp", "pam_ldap.conf:3: logdir: is not honoured: goldap has its own way of doing this, which needs no setting"},
		"template login":    {site + "pam_template_login guest\npam_template_login_attribute host", ""},
		"no group":          {site + "pam_member_attribute member", "pam_ldap.conf:3: pam_member_attribute: has no effect without pam_groupdn"},
		"access rules":      {site + "pam_groupdn cn=a\npam_member_attribute member\npam_check_host_attr yes\npam_check_service_attr no", ""},
		"once for each":     {site + "nss_base_automount ou=a\nnss_base_automount ou=b", "pam_ldap.conf:3: nss_base_automount: is not honoured: goldap does not have this map"},
		"without value":     {site + "restart", "pam_ldap.conf:3: restart: is not honoured: goldap has its own way of doing this, which needs no setting"},
		"as goldap does":    {site + "deref never\nREFERRALS No", ""},
		"no secret file":    {site + "rootbinddn cn=a", "pam_ldap.conf:3: rootbinddn: has no secret file (DIR/pam_ldap.secret): root is asked for its password"},
		"nothing to say":    {site, ""},
		"indented comments": {site + "\t# x", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := load(t, "pam_ldap.conf", test.file)
			got := strings.ReplaceAll(problems(cfg.Warnings), filepath.Dir(cfg.Files[0]), "DIR")
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
