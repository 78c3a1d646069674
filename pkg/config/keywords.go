package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// keyword is one row of the table of the older spellings: what a keyword of
// theirs means in the model.
type keyword struct {
	name string
	// in are the spellings that know the keyword.
	in spelling
	// path is the key it sets in [[directory]], for problems that are found
	// later; empty if it sets none or several. One that begins with a dot is a
	// key of another table: .daemon.user.
	path string
	// collects: a repeated keyword adds to the first instead of replacing it.
	collects bool
	// many: nslcd lets the value have several words. (PADL's programs let every
	// value.)
	many bool
	// set carries the value over. It is nil for a keyword that the old programs
	// know and goldap does not honour: why says what that means, and same is the
	// value that asks for what goldap does anyway.
	set       func(r *keywordReader, at place, value string) error
	why, same string
}

const both = spellPADL | spellNSLCD

// keywords returns the table. It is a function so that a program that is linked
// with this package and reads no configuration does not pay for it.
func keywords() []keyword {
	return append(honoured(), notHonoured()...)
}

func honoured() []keyword {
	return slices.Concat(serverKeywords(), tlsKeywords(), padlKeywords(), nslcdKeywords())
}

// fullPath returns the path of a keyword's key in the draft, or "".
func (k keyword) fullPath() string {
	if rest, ok := strings.CutPrefix(k.path, "."); ok || k.path == "" {
		return rest
	}
	return first + k.path
}

func serverKeywords() []keyword {
	return []keyword{
		{name: "uri", in: spellPADL, path: "uris", set: (*keywordReader).setURI},
		{name: "uri", in: spellNSLCD, path: "uris", collects: true, many: true, set: (*keywordReader).addURIs},
		{name: "host", in: spellPADL, path: "uris", set: (*keywordReader).setHost},
		{name: "port", in: spellPADL, set: (*keywordReader).setPort},
		{name: "nss_srv_domain", in: spellPADL, path: "uris", set: (*keywordReader).setDomain},
		{name: "base", in: spellPADL, path: "base", set: text(func(d *Directory) *string { return &d.Base })},
		{name: "base", in: spellNSLCD, path: "base", collects: true, many: true, set: (*keywordReader).addBase},
		{name: "scope", in: spellPADL, path: "scope", set: (*keywordReader).setScope},
		{name: "scope", in: spellNSLCD, path: "scope", collects: true, many: true, set: (*keywordReader).setMapScope},
		{name: "binddn", in: both, path: "bind_dn", many: true, set: text(func(d *Directory) *string { return &d.BindDN })},
		{name: "bindpw", in: both, path: "bind_password", many: true, set: (*keywordReader).setBindPassword},
		{name: "rootbinddn", in: spellPADL, path: "root_bind_dn", set: text(func(d *Directory) *string { return &d.RootBindDN })},
		{name: "rootpwmoddn", in: spellNSLCD, path: "root_bind_dn", many: true, set: text(func(d *Directory) *string { return &d.RootBindDN })},
		{name: "rootpwmodpw", in: spellNSLCD, path: "root_bind_password", many: true, set: (*keywordReader).setRootPassword},
		{name: "timelimit", in: both, path: "search_timeout", set: limit(func(d *Directory) *time.Duration { return &d.SearchTimeout })},
		{name: "bind_timelimit", in: both, path: "connect_timeout", set: limit(func(d *Directory) *time.Duration { return &d.ConnectTimeout })},
		{name: "idle_timelimit", in: both, path: "idle_timeout", set: limit(func(d *Directory) *time.Duration { return &d.IdleTimeout })},
		{name: "reconnect_sleeptime", in: spellNSLCD, path: "retry_min", set: limit(func(d *Directory) *time.Duration { return &d.RetryMin })},
		{name: "reconnect_retrytime", in: spellNSLCD, path: "retry_max", set: limit(func(d *Directory) *time.Duration { return &d.RetryMax })},
		{name: "pagesize", in: both, path: "page_size", set: number(func(d *Directory) *uint32 { return &d.PageSize })},
		{name: "ldap_version", in: both, set: (*keywordReader).setVersion},
		{name: "deref", in: both, path: "deref", set: (*keywordReader).setDeref},
		{name: "referrals", in: both, path: "follow_referrals", set: yesNo(func(c *Config) *bool { return &c.Directories[0].FollowReferrals })},
		{name: "debug", in: spellPADL, set: (*keywordReader).setDebug},

		{name: "sasl_mech", in: spellNSLCD, path: "sasl.mechanism", set: (*keywordReader).setMechanism},
		{name: "sasl_realm", in: spellNSLCD, path: "sasl.realm", set: text(func(d *Directory) *string { return &d.SASL.Realm })},
		{name: "sasl_authcid", in: spellNSLCD, path: "sasl.principal", set: text(func(d *Directory) *string { return &d.SASL.Principal })},
		{name: "sasl_authzid", in: spellNSLCD, path: "sasl.authz_id", many: true, set: text(func(d *Directory) *string { return &d.SASL.AuthzID })},
		{name: "use_sasl", in: spellPADL, path: "sasl.mechanism", set: (*keywordReader).setUseSASL},
		{name: "sasl_auth_id", in: spellPADL, path: "sasl.principal", set: text(func(d *Directory) *string { return &d.SASL.Principal })},
		{name: "krb5_ccname", in: both, path: "sasl.credential_cache", set: kerberosFile(func(d *Directory) *string { return &d.SASL.CredentialCache })},
		{name: "krb5_keytabname", in: spellPADL, path: "sasl.keytab", set: kerberosFile(func(d *Directory) *string { return &d.SASL.Keytab })},
	}
}

func tlsKeywords() []keyword {
	return []keyword{
		{name: "ssl", in: both, path: "tls.mode", set: (*keywordReader).setSSL},
		{name: "tls_cacertfile", in: both, path: "tls.ca_file", set: text(func(d *Directory) *string { return &d.TLS.CAFile })},
		{name: "tls_cacert", in: both, path: "tls.ca_file", set: text(func(d *Directory) *string { return &d.TLS.CAFile })},
		{name: "tls_cacertdir", in: both, path: "tls.ca_dir", set: text(func(d *Directory) *string { return &d.TLS.CADir })},
		{name: "tls_reqcert", in: both, path: "tls.verify", set: (*keywordReader).setVerify},
		{name: "tls_checkpeer", in: spellPADL, path: "tls.verify", set: (*keywordReader).setVerify},
		{name: "tls_cert", in: both, path: "tls.cert_file", set: text(func(d *Directory) *string { return &d.TLS.CertFile })},
		{name: "tls_key", in: both, path: "tls.key_file", set: text(func(d *Directory) *string { return &d.TLS.KeyFile })},
		{name: "tls_ciphers", in: both, path: "tls.ciphers", many: true, set: (*keywordReader).setCiphers},
		{name: "tls_cipher_suite", in: spellPADL, path: "tls.ciphers", set: (*keywordReader).setCiphers},
		{name: "tls_crlcheck", in: both, path: "tls.crl_check", set: (*keywordReader).setCRLCheck},
		{name: "tls_crlfile", in: both, path: "tls.crl_file", set: text(func(d *Directory) *string { return &d.TLS.CRLFile })},
	}
}

// padlKeywords are those of pam_ldap and nss_ldap beside servers and TLS.
func padlKeywords() []keyword {
	rows := []keyword{
		{name: "nss_map_attribute", collects: true, set: (*keywordReader).setAttribute},
		{name: "nss_map_objectclass", collects: true, set: (*keywordReader).setObjectClass},
		{name: "nss_default_attribute_value", collects: true, set: (*keywordReader).setDefaultValue},
		{name: "nss_override_attribute_value", collects: true, set: (*keywordReader).setOverrideValue},
		{name: "nss_schema", set: (*keywordReader).setSchema},
		{name: "nss_initgroups", path: "groups_of_user", set: (*keywordReader).setInitgroups},

		{name: "pam_filter", path: "login_filter", set: (*keywordReader).setLoginFilter},
		{name: "pam_login_attribute", path: "login_attribute", set: text(func(d *Directory) *string { return &d.LoginAttribute })},
		{name: "pam_min_uid", path: "login_min_uid", set: number(func(d *Directory) *uint32 { return &d.LoginMinUID })},
		{name: "pam_max_uid", path: "login_max_uid", set: number(func(d *Directory) *uint32 { return &d.LoginMaxUID })},
		{name: "pam_template_login", path: "template_login", set: text(func(d *Directory) *string { return &d.TemplateLogin })},
		{name: "pam_template_login_attribute", path: "template_login_attribute", set: text(func(d *Directory) *string { return &d.TemplateLoginAttribute })},
		{name: "pam_groupdn", path: "login_group_dn", set: text(func(d *Directory) *string { return &d.LoginGroupDN })},
		{name: "pam_member_attribute", path: "login_member_attribute", set: text(func(d *Directory) *string { return &d.LoginMemberAttribute })},
		{name: "pam_check_service_attr", path: "login_check_service", set: check(func(d *Directory) *bool { return &d.LoginCheckService })},
		{name: "pam_check_host_attr", path: "login_check_host", set: check(func(d *Directory) *bool { return &d.LoginCheckHost })},
		{name: "pam_lookup_policy", path: "password_policy", set: check(func(d *Directory) *bool { return &d.PasswordPolicy })},
		{name: "pam_password", path: "password_change", set: (*keywordReader).setPasswordChange},
		{name: "pam_crypt", in: spellPADL, path: "password_change", set: (*keywordReader).setCrypt},
	}
	for _, name := range mapNames() {
		rows = append(rows, keyword{name: "nss_base_" + name, collects: true, set: searchBase(name)})
	}
	for i := range rows {
		rows[i].in = spellPADL
	}
	return rows
}

// nslcdKeywords are those of nslcd beside servers and TLS, some of which PADL's
// programs have, too.
func nslcdKeywords() []keyword {
	return []keyword{
		{name: "threads", in: spellNSLCD, set: (*keywordReader).setThreads},
		{name: "uid", in: spellNSLCD, path: ".daemon.user", set: ofDaemon(func(d *Daemon) *string { return &d.User })},
		{name: "gid", in: spellNSLCD, path: ".daemon.group", set: ofDaemon(func(d *Daemon) *string { return &d.Group })},
		{name: "log", in: spellNSLCD, path: ".daemon.log", collects: true, many: true, set: (*keywordReader).addLog},
		{name: "reconnect_invalidate", in: spellNSLCD, path: ".daemon.invalidate", collects: true, many: true, set: (*keywordReader).addInvalidate},

		{name: "filter", in: spellNSLCD, collects: true, many: true, set: (*keywordReader).setMapFilter},
		{name: "map", in: spellNSLCD, collects: true, many: true, set: (*keywordReader).setMapAttribute},
		{name: "validnames", in: spellNSLCD, path: ".accounts.valid_names", many: true, set: (*keywordReader).setValidNames},
		{name: "ignorecase", in: spellNSLCD, path: ".accounts.ignore_case", set: yesNo(func(c *Config) *bool { return &c.Accounts.IgnoreCase })},
		{name: "nss_min_uid", in: spellNSLCD, path: ".accounts.min_uid", set: (*keywordReader).setMinUID},
		{name: "nss_uid_offset", in: spellNSLCD, path: "uid_offset", set: number(func(d *Directory) *uint32 { return &d.UIDOffset })},
		{name: "nss_gid_offset", in: spellNSLCD, path: "gid_offset", set: number(func(d *Directory) *uint32 { return &d.GIDOffset })},
		{name: "nss_nested_groups", in: spellNSLCD, path: "nested_groups", set: yesNo(func(c *Config) *bool { return &c.Directories[0].NestedGroups })},
		{name: "nss_getgrent_skipmembers", in: both, path: ".lookups.group_members", set: noYes(func(c *Config) *bool { return &c.Lookups.GroupMembers })},
		{name: "nss_disable_enumeration", in: spellNSLCD, path: ".lookups.enumerate", set: noYes(func(c *Config) *bool { return &c.Lookups.Enumerate })},
		{name: "nss_initgroups_ignoreusers", in: both, path: ".lookups.no_groups_for", collects: true, many: true, set: (*keywordReader).addIgnoredUsers},
		{name: "cache", in: spellNSLCD, path: ".lookups.member_ttl", collects: true, many: true, set: (*keywordReader).setCache},

		{name: "pam_authc_ppolicy", in: spellNSLCD, path: "password_policy", set: yesNo(func(c *Config) *bool { return &c.Directories[0].PasswordPolicy })},
		{name: "pam_authc_search", in: spellNSLCD, path: "login_bind_search", many: true, set: (*keywordReader).setBindSearch},
		{name: "pam_authz_search", in: spellNSLCD, path: "login_searches", collects: true, many: true, set: (*keywordReader).addLoginSearch},
		{name: "pam_password_prohibit_message", in: both, path: ".login.password_prohibit_message", many: true, set: (*keywordReader).setProhibitMessage},
	}
}

// Why keywords are not honoured.
const (
	whyUserSASL  = "users are authenticated by a simple bind, never with SASL"
	whySASL      = "goldap's SASL does not have this setting"
	whyBuiltIn   = "goldap has its own way of doing this, which needs no setting"
	whyMap       = "goldap does not have this map"
	whyMapping   = "goldap does not have this kind of mapping"
	whyOther     = "it belongs to another program that uses the same file"
	whySite      = "servers of a site are not preferred"
	whyTLS       = "goldap's TLS does not have this setting"
	whySubjectAt = "the name of the server must always be among those of its certificate (subjectAltName)"
)

func notHonoured() []keyword {
	rows := []keyword{
		{name: "nss_paged_results", in: spellPADL, why: "use pagesize", same: "yes"},
		{name: "sslpath", in: spellPADL, why: "use tls_cacertfile"},
		{name: "krb5_usekeytab", in: spellPADL, why: "krb5_keytabname is used if it is there", same: "yes"},
		{name: "tls_reqsan", in: spellNSLCD, why: whySubjectAt, same: "demand"},
	}
	for why, names := range notHonouredByReason() {
		for _, name := range names {
			rows = append(rows, keyword{name: name, in: spellPADL, why: why})
		}
	}
	for why, names := range nslcdNotHonoured() {
		for _, name := range names {
			rows = append(rows, keyword{name: name, in: spellNSLCD, why: why})
		}
	}
	return rows
}

func notHonouredByReason() map[string][]string {
	return map[string][]string{
		whyBuiltIn: {"bind_policy", "restart", "logdir", "network_timeout", "sizelimit",
			"nss_connect_policy", "nss_reconnect_tries", "nss_reconnect_sleeptime",
			"nss_reconnect_maxsleeptime", "nss_reconnect_maxconntries", "krb5_autorenew", "krb5_rootautorenew"},
		whyMap:      {"nss_base_netmasks", "nss_base_bootparams", "nss_base_automount"},
		whyMapping:  {"nss_matching_rule", "nss_entrydn"},
		whySite:     {"nss_srv_site"},
		whyUserSASL: {"pam_sasl_mech"},
		whySASL: {"rootuse_sasl", "rootsasl_auth_id", "sasl_secprops",
			"sasl_mech", "sasl_realm", "sasl_authcid", "sasl_authzid", "sasl_nocanon",
			"krb5_rootccname", "krb5_rootkeytabname", "krb5_rootusekeytab"},
		whyTLS:   {"tls_randfile", "tls_protocol_min"},
		whyOther: {"sudoers_base", "sudoers_debug", "sudoers_search_filter", "sudoers_timed"},
	}
}

func nslcdNotHonoured() map[string][]string {
	return map[string][]string{
		whyTLS: {"tls_randfile"},
		whySASL: {"sasl_secprops", "sasl_canonicalize", "sasl_canonicalise", "ldap_sasl_canonicalize",
			"sasl_canon", "sasl_nocanon"},
	}
}

// text returns the setter of a field that takes the value as it is.
func text(field func(*Directory) *string) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) error {
		*field(r.dir) = value
		return nil
	}
}

// number returns the setter of a field that is a number.
func number(field func(*Directory) *uint32) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) (err error) {
		*field(r.dir), err = parseNumber(value)
		return err
	}
}

// check returns the setter of a pam_check_ keyword. Any value but yes means no
// to the old programs, on and true as well; who wrote one of those believes in
// a rule that never was.
func check(field func(*Directory) *bool) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) error {
		word, err := choice(value, "yes", "yes", "no", "no")
		if err != nil {
			return fmt.Errorf("%w; the old programs take all but yes for no", err)
		}
		*field(r.dir) = word == "yes"
		return nil
	}
}

// limit returns the setter of a time limit.
func limit(field func(*Directory) *time.Duration) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) error {
		t, err := r.parseTime(value)
		if err == nil && t > 0 {
			*field(r.dir) = t
		}
		return err
	}
}

// yesNo returns the setter of a switch.
func yesNo(field func(*Config) *bool) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) (err error) {
		*field(r.cfg), err = parseBool(value)
		return err
	}
}

// noYes returns the setter of a switch that the model has the other way round.
func noYes(field func(*Config) *bool) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) error {
		on, err := parseBool(value)
		*field(r.cfg) = !on
		return err
	}
}

// ofDaemon returns the setter of a text in [daemon].
func ofDaemon(field func(*Daemon) *string) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) error {
		*field(&r.cfg.Daemon) = value
		return nil
	}
}

func (r *keywordReader) setBindPassword(_ place, value string) error {
	r.dir.BindPassword = secret.FromString(value)
	r.secrets = append(r.secrets, first+"bind_password")
	return nil
}

func (r *keywordReader) setRootPassword(_ place, value string) error {
	r.dir.RootBindPassword = secret.FromString(value)
	r.secrets = append(r.secrets, first+"root_bind_password")
	return nil
}
