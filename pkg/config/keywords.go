package config

import (
	"fmt"

	"github.com/goldap/goldap/pkg/secret"
)

// keyword is one row of the table of the older spellings: what a keyword of
// theirs means in the model.
type keyword struct {
	name string
	// in are the spellings that know the keyword.
	in spelling
	// path is the key it sets in [[directory]], for problems that are found
	// later; empty if it sets none or several.
	path string
	// collects: a repeated keyword adds to the first instead of replacing it.
	collects bool
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
	return []keyword{
		{name: "uri", in: both, path: "uris", set: (*keywordReader).setURI},
		{name: "host", in: spellPADL, path: "uris", set: (*keywordReader).setHost},
		{name: "port", in: spellPADL, set: (*keywordReader).setPort},
		{name: "base", in: both, path: "base", set: text(func(d *Directory) *string { return &d.Base })},
		{name: "scope", in: both, path: "scope", set: (*keywordReader).setScope},
		{name: "binddn", in: both, path: "bind_dn", set: text(func(d *Directory) *string { return &d.BindDN })},
		{name: "bindpw", in: both, path: "bind_password", set: (*keywordReader).setBindPassword},
		{name: "rootbinddn", in: spellPADL, path: "root_bind_dn", set: text(func(d *Directory) *string { return &d.RootBindDN })},
		{name: "timelimit", in: both, path: "search_timeout", set: (*keywordReader).setSearchTimeout},
		{name: "bind_timelimit", in: both, path: "connect_timeout", set: (*keywordReader).setConnectTimeout},
		{name: "pagesize", in: both, path: "page_size", set: (*keywordReader).setPageSize},
		{name: "ldap_version", in: both, set: (*keywordReader).setVersion},
		{name: "debug", in: spellPADL, set: (*keywordReader).setDebug},

		{name: "ssl", in: both, path: "tls.mode", set: (*keywordReader).setSSL},
		{name: "tls_cacertfile", in: both, path: "tls.ca_file", set: text(func(d *Directory) *string { return &d.TLS.CAFile })},
		{name: "tls_cacert", in: both, path: "tls.ca_file", set: text(func(d *Directory) *string { return &d.TLS.CAFile })},
		{name: "tls_cacertdir", in: both, path: "tls.ca_dir", set: text(func(d *Directory) *string { return &d.TLS.CADir })},
		{name: "tls_reqcert", in: both, path: "tls.verify", set: (*keywordReader).setVerify},
		{name: "tls_checkpeer", in: spellPADL, path: "tls.verify", set: (*keywordReader).setVerify},
		{name: "tls_cert", in: both, path: "tls.cert_file", set: text(func(d *Directory) *string { return &d.TLS.CertFile })},
		{name: "tls_key", in: both, path: "tls.key_file", set: text(func(d *Directory) *string { return &d.TLS.KeyFile })},
		{name: "tls_ciphers", in: both, path: "tls.ciphers", set: (*keywordReader).setCiphers},
		{name: "tls_cipher_suite", in: spellPADL, path: "tls.ciphers", set: (*keywordReader).setCiphers},

		{name: "nss_base_passwd", in: spellPADL, collects: true, set: searchBase("passwd")},
		{name: "nss_base_group", in: spellPADL, collects: true, set: searchBase("group")},
		{name: "nss_base_shadow", in: spellPADL, collects: true, set: searchBase("shadow")},
		{name: "nss_base_aliases", in: spellPADL, collects: true, set: searchBase("aliases")},
		{name: "nss_base_ethers", in: spellPADL, collects: true, set: searchBase("ethers")},
		{name: "nss_base_hosts", in: spellPADL, collects: true, set: searchBase("hosts")},
		{name: "nss_base_netgroup", in: spellPADL, collects: true, set: searchBase("netgroup")},
		{name: "nss_base_networks", in: spellPADL, collects: true, set: searchBase("networks")},
		{name: "nss_base_protocols", in: spellPADL, collects: true, set: searchBase("protocols")},
		{name: "nss_base_rpc", in: spellPADL, collects: true, set: searchBase("rpc")},
		{name: "nss_base_services", in: spellPADL, collects: true, set: searchBase("services")},
		{name: "nss_map_attribute", in: spellPADL, collects: true, set: (*keywordReader).setAttribute},
		{name: "nss_map_objectclass", in: spellPADL, collects: true, set: (*keywordReader).setObjectClass},

		{name: "pam_filter", in: spellPADL, path: "login_filter", set: (*keywordReader).setLoginFilter},
		{name: "pam_login_attribute", in: spellPADL, path: "login_attribute", set: text(func(d *Directory) *string { return &d.LoginAttribute })},
		{name: "pam_min_uid", in: spellPADL, path: "login_min_uid", set: number(func(d *Directory) *uint32 { return &d.LoginMinUID })},
		{name: "pam_max_uid", in: spellPADL, path: "login_max_uid", set: number(func(d *Directory) *uint32 { return &d.LoginMaxUID })},
		{name: "pam_groupdn", in: spellPADL, path: "login_group_dn", set: text(func(d *Directory) *string { return &d.LoginGroupDN })},
		{name: "pam_member_attribute", in: spellPADL, path: "login_member_attribute", set: text(func(d *Directory) *string { return &d.LoginMemberAttribute })},
		{name: "pam_check_service_attr", in: spellPADL, path: "login_check_service", set: check(func(d *Directory) *bool { return &d.LoginCheckService })},
		{name: "pam_check_host_attr", in: spellPADL, path: "login_check_host", set: check(func(d *Directory) *bool { return &d.LoginCheckHost })},
		{name: "pam_password", in: spellPADL, path: "password_change", set: (*keywordReader).setPasswordChange},
		{name: "pam_password_prohibit_message", in: both, set: (*keywordReader).setProhibitMessage},
	}
}

// Why keywords are not honoured.
const (
	whyAlias    = "aliases are never followed"
	whyBinding  = "goldap binds with a DN and a password, never with SASL"
	whyBuiltIn  = "goldap has its own way of doing this, which needs no setting"
	whyMap      = "goldap does not have this map"
	whyMapping  = "attributes can be renamed (nss_map_attribute), not computed"
	whyOther    = "it belongs to another program that uses the same file"
	whyPolicy   = "the password policy of the directory is always asked for and always obeyed"
	whyRefer    = "referrals are never followed"
	whySRV      = "servers are not looked up in DNS: name them with uri"
	whyTemplate = "every user needs an account of their own in the directory"
	whyTLS      = "goldap's TLS does not have this setting"
)

func notHonoured() []keyword {
	rows := []keyword{
		{name: "deref", in: both, why: whyAlias, same: "never"},
		{name: "referrals", in: both, why: whyRefer, same: "no"},
		{name: "pam_crypt", why: "use pam_password"},
		{name: "pam_lookup_policy", why: whyPolicy, same: "yes"},
		{name: "nss_schema", why: "both schemas are always understood: members may be user names (memberUid) and DNs (member)", same: "rfc2307bis"},
		{name: "nss_initgroups", why: "groups of a user are found through their members"},
		{name: "nss_initgroups_ignoreusers", in: both, why: "local accounts are left alone anyway"},
		{name: "nss_getgrent_skipmembers", in: both, why: "groups have their members", same: "no"},
		{name: "nss_paged_results", why: "use pagesize", same: "yes"},
		{name: "sslpath", why: "use tls_cacertfile"},
	}
	for why, names := range notHonouredByReason() {
		for _, name := range names {
			rows = append(rows, keyword{name: name, why: why})
		}
	}
	for i := range rows {
		rows[i].in |= spellPADL
	}
	return rows
}

func notHonouredByReason() map[string][]string {
	return map[string][]string{
		whyTemplate: {"pam_template_login", "pam_template_login_attribute"},
		whyBuiltIn: {"bind_policy", "restart", "logdir", "idle_timelimit", "network_timeout", "sizelimit",
			"nss_connect_policy", "nss_reconnect_tries", "nss_reconnect_sleeptime",
			"nss_reconnect_maxsleeptime", "nss_reconnect_maxconntries"},
		whyMap:     {"nss_base_netmasks", "nss_base_bootparams", "nss_base_automount"},
		whyMapping: {"nss_default_attribute_value", "nss_override_attribute_value", "nss_matching_rule", "nss_entrydn"},
		whySRV:     {"nss_srv_domain", "nss_srv_site"},
		whyBinding: {"pam_sasl_mech", "use_sasl", "sasl_auth_id", "rootuse_sasl", "rootsasl_auth_id", "sasl_secprops",
			"sasl_mech", "sasl_realm", "sasl_authcid", "sasl_authzid", "sasl_nocanon",
			"krb5_ccname", "krb5_rootccname", "krb5_autorenew", "krb5_rootautorenew", "krb5_keytabname",
			"krb5_rootkeytabname", "krb5_usekeytab", "krb5_rootusekeytab"},
		whyTLS:   {"tls_randfile", "tls_crlcheck", "tls_crlfile", "tls_protocol_min"},
		whyOther: {"sudoers_base", "sudoers_debug", "sudoers_search_filter", "sudoers_timed"},
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

func (r *keywordReader) setBindPassword(_ place, value string) error {
	r.dir.BindPassword = secret.FromString(value)
	r.secrets = append(r.secrets, first+"bind_password")
	return nil
}
