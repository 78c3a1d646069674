package config

import (
	"strings"
	"time"
)

// sssdKeyword is a row of the table of SSSD's keys for domains: what a key means
// in the model.
type sssdKeyword struct {
	name string
	// path is the key it sets in [[directory]], for problems that are found later;
	// empty if it sets none or several.
	path string
	// set carries the value over. It is nil for a key that is looked at with
	// others, in one of the steps of sssdDomain.read.
	set func(x *sssdDomain, key iniKey)
}

// sssdKeywords returns the table. The order is that in which goldap reads them.
func sssdKeywords() []sssdKeyword {
	rows := []sssdKeyword{
		{name: "ldap_uri", path: "uris"}, {name: "ldap_backup_uri"}, {name: "ad_server", path: "uris"}, {name: "ad_backup_server"},
		{name: "ldap_chpass_uri", path: "write_uris"}, {name: "ldap_chpass_backup_uri"},
		{name: "ldap_dns_service_name"}, {name: "dns_discovery_domain"}, {name: "ad_domain"}, {name: "ad_use_ldaps"},
		{name: "ldap_search_base", path: "base"}, {name: "ldap_user_search_base"}, {name: "ldap_group_search_base"},
		{name: "ldap_user_search_filter"}, {name: "ldap_group_search_filter"},
		{name: "ldap_netgroup_search_base"}, {name: "ldap_service_search_base"}, {name: "ldap_iphost_search_base"}, {name: "ldap_ipnetwork_search_base"},
		{name: "ldap_default_bind_dn", path: "bind_dn", set: sssdText(func(d *Directory) *string { return &d.BindDN })},
		{name: "ldap_default_authtok", path: "bind_password"}, {name: "ldap_default_authtok_type"},
		{name: "ldap_sasl_mech", path: "sasl.mechanism"}, {name: "ldap_sasl_authid", path: "sasl.principal"}, {name: "ldap_sasl_realm", path: "sasl.realm"},
		{name: "ldap_krb5_keytab", path: "sasl.keytab"}, {name: "krb5_keytab"}, {name: "krb5_realm"}, {name: "ad_hostname"},
		{name: "ldap_krb5_init_creds"},

		{name: "ldap_id_use_start_tls"}, {name: "ldap_auth_disable_tls_never_use_in_production"},
		{name: "ldap_tls_reqcert", path: "tls.verify", set: (*sssdDomain).setVerify},
		{name: "ldap_tls_cacert", path: "tls.ca_file", set: sssdText(func(d *Directory) *string { return &d.TLS.CAFile })},
		{name: "ldap_tls_cacertdir", path: "tls.ca_dir", set: sssdText(func(d *Directory) *string { return &d.TLS.CADir })},
		{name: "ldap_tls_cert", path: "tls.cert_file", set: sssdText(func(d *Directory) *string { return &d.TLS.CertFile })},
		{name: "ldap_tls_key", path: "tls.key_file", set: sssdText(func(d *Directory) *string { return &d.TLS.KeyFile })},
		{name: "ldap_tls_cipher_suite", path: "tls.ciphers", set: (*sssdDomain).setCiphers},

		{name: "ldap_network_timeout", path: "connect_timeout", set: sssdTime("connect_timeout", func(d *Directory) *time.Duration { return &d.ConnectTimeout })},
		{name: "ldap_search_timeout", path: "search_timeout", set: sssdTime("search_timeout", func(d *Directory) *time.Duration { return &d.SearchTimeout })},
		{name: "ldap_connection_idle_timeout", path: "idle_timeout", set: sssdTime("idle_timeout", func(d *Directory) *time.Duration { return &d.IdleTimeout })},
		{name: "ldap_page_size", path: "page_size"}, {name: "ldap_disable_paging"},
		{name: "ldap_referrals", path: "follow_referrals", set: (*sssdDomain).setReferrals},
		{name: "ldap_deref", path: "deref", set: (*sssdDomain).setDeref},

		{name: "ldap_schema"}, {name: "ldap_group_nesting_level", path: "nested_group_depth"},
		{name: "ldap_id_mapping"}, {name: "ldap_idmap_default_domain_sid"}, {name: "ldap_idmap_range_min", path: "uid_offset"}, {name: "ldap_user_primary_group"},
		{name: "min_id"}, {name: "max_id"}, {name: "ldap_min_id"}, {name: "ldap_max_id"},
		{name: "override_gid"}, {name: "auto_private_groups"}, {name: "case_sensitive"}, {name: "enumerate"},
		{name: "entry_cache_timeout"}, {name: "entry_cache_user_timeout"}, {name: "entry_cache_group_timeout"},
		{name: "ignore_group_members"},

		{name: "id_provider"}, {name: "auth_provider"}, {name: "access_provider"}, {name: "chpass_provider"}, {name: "enabled"},
		{name: "ldap_access_order"}, {name: "ldap_access_filter", path: "login_filter"}, {name: "ldap_account_expire_policy"},
		{name: "ldap_ns_account_lock"}, {name: "ldap_user_ad_account_expires"}, {name: "ldap_user_ad_user_account_control"},
		{name: "ldap_user_authorized_service"}, {name: "ldap_user_authorized_host"}, {name: "ad_access_filter", path: "login_filter"}, {name: "ad_gpo_access_control"},
		{name: "simple_allow_users"}, {name: "simple_deny_users"}, {name: "simple_allow_groups"}, {name: "simple_deny_groups"},
		{name: "ldap_pwd_policy"}, {name: "ldap_pwmodify_mode", path: "password_change"},
		{name: "ldap_chpass_update_last_change", path: "update_last_change", set: sssdBool(func(d *Directory) *bool { return &d.UpdateLastChange })},
	}
	for _, name := range nssOfDomains() {
		rows = append(rows, sssdKeyword{name: name})
	}
	return append(rows, sssdAttributes()...)
}

// sssdAttributes are the keys that say what something is called in the directory
// (sssd-ldap-attributes(5)).
func sssdAttributes() []sssdKeyword {
	return []sssdKeyword{
		{name: "ldap_user_object_class", set: sssdClass("passwd", "shadow")},
		{name: "ldap_user_name", set: sssdRename("uid", "passwd", "shadow")},
		{name: "ldap_user_uid_number", set: sssdRename("uidNumber", "passwd")},
		{name: "ldap_user_gid_number", set: sssdRename("gidNumber", "passwd")},
		{name: "ldap_user_gecos", set: sssdRename("gecos", "passwd")},
		{name: "ldap_user_fullname", set: sssdRename("cn", "passwd")},
		{name: "ldap_user_home_directory", set: sssdRename("homeDirectory", "passwd")},
		{name: "ldap_user_shell", set: sssdRename("loginShell", "passwd")},
		{name: "ldap_user_ssh_public_key", path: "ssh_key_attribute", set: sssdText(func(d *Directory) *string { return &d.SSHKeyAttribute })},
		{name: "ldap_user_shadow_last_change", set: sssdRename("shadowLastChange", "shadow")},
		{name: "ldap_user_shadow_min", set: sssdRename("shadowMin", "shadow")},
		{name: "ldap_user_shadow_max", set: sssdRename("shadowMax", "shadow")},
		{name: "ldap_user_shadow_warning", set: sssdRename("shadowWarning", "shadow")},
		{name: "ldap_user_shadow_inactive", set: sssdRename("shadowInactive", "shadow")},
		{name: "ldap_user_shadow_expire", set: sssdRename("shadowExpire", "shadow")},
		{name: "ldap_user_shadow_flag", set: sssdRename("shadowFlag", "shadow")},
		{name: "ldap_group_object_class", set: sssdClass("group")},
		{name: "ldap_group_name", set: sssdRename("cn", "group")},
		{name: "ldap_group_gid_number", set: sssdRename("gidNumber", "group")},
		{name: "ldap_group_member", set: (*sssdDomain).setMember},
		{name: "ldap_netgroup_object_class", set: sssdClass("netgroup")},
		{name: "ldap_netgroup_name", set: sssdRename("cn", "netgroup")},
		{name: "ldap_netgroup_member", set: sssdRename("memberNisNetgroup", "netgroup")},
		{name: "ldap_netgroup_triple", set: sssdRename("nisNetgroupTriple", "netgroup")},
		{name: "ldap_service_object_class", set: sssdClass("services")},
		{name: "ldap_service_name", set: sssdRename("cn", "services")},
		{name: "ldap_service_port", set: sssdRename("ipServicePort", "services")},
		{name: "ldap_service_proto", set: sssdRename("ipServiceProtocol", "services")},
		{name: "ldap_iphost_object_class", set: sssdClass("hosts")},
		{name: "ldap_iphost_name", set: sssdRename("cn", "hosts")},
		{name: "ldap_iphost_number", set: sssdRename("ipHostNumber", "hosts")},
		{name: "ldap_ipnetwork_object_class", set: sssdClass("networks")},
		{name: "ldap_ipnetwork_name", set: sssdRename("cn", "networks")},
		{name: "ldap_ipnetwork_number", set: sssdRename("ipNetworkNumber", "networks")},
	}
}

// sssdKeyOf returns what SSSD calls a path of the draft that its file does not
// set, or "".
func sssdKeyOf(path string) string {
	_, key, inDirectory := strings.Cut(path, "].")
	for _, k := range sssdKeywords() {
		if inDirectory && k.path != "" && k.path == key {
			return k.name
		}
	}
	return ""
}

// sssdText returns the setter of a field that takes the value as it is.
func sssdText(field func(*Directory) *string) func(*sssdDomain, iniKey) {
	return func(x *sssdDomain, key iniKey) { *field(x.dir) = key.value }
}

// sssdTime returns the setter of a time limit.
func sssdTime(path string, field func(*Directory) *time.Duration) func(*sssdDomain, iniKey) {
	return func(x *sssdDomain, key iniKey) { x.setTime(key, x.path+path, field(x.dir), maxLimit) }
}

// sssdBool returns the setter of a switch.
func sssdBool(field func(*Directory) *bool) func(*sssdDomain, iniKey) {
	return func(x *sssdDomain, key iniKey) { x.setBool(key, field(x.dir)) }
}

// sssdRename returns the setter of the name of an attribute in some maps.
func sssdRename(attribute string, maps ...string) func(*sssdDomain, iniKey) {
	return func(x *sssdDomain, key iniKey) {
		for _, name := range maps {
			x.rename(key.at, name, attribute, key.value)
		}
	}
}

// sssdClass returns the setter of the object class of some maps.
func sssdClass(maps ...string) func(*sssdDomain, iniKey) {
	return func(x *sssdDomain, key iniKey) {
		for _, name := range maps {
			x.dir.mapNamed(name).ObjectClass = key.value
			x.places[x.path+name+".object_class"] = key.at
		}
	}
}
