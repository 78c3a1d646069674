package config

import (
	"slices"
	"strings"
)

// sssdSection is a kind of section, by what keys it may have.
type sssdSection int

const (
	inMonitor sssdSection = iota // [sssd]
	inNSS
	inPAM
	inDomain
)

// leftKeys are keys of a kind of section that goldap has nothing for, with blanks
// between them. One that ends in * stands for all that begin so. Without a reason
// nothing is lost: they are about the workings of SSSD.
type leftKeys struct {
	why   string
	names string
}

// leave reports a key that is not carried over.
func (r *sssdReader) leave(section sssdSection, key iniKey) {
	why, known := whyLeft(section, key)
	switch {
	case !known:
		r.loseAt(key.at, "", "is not carried over: it is no key of SSSD's for this section"+didYouMean(key.name, sssdVocabulary(section)))
	case why != "":
		r.loseAt(key.at, "", "is not carried over: "+why)
	}
}

// whyLeft returns why goldap has nothing for a key that SSSD knows, "" if nothing is
// lost.
func whyLeft(section sssdSection, key iniKey) (why string, known bool) {
	if asksForNothing(key) {
		return "", true
	}
	for _, left := range leftOf(section) {
		for _, name := range strings.Fields(left.names) {
			prefix, isPrefix := strings.CutSuffix(name, "*")
			if name == key.name || isPrefix && strings.HasPrefix(key.name, prefix) {
				return left.why, true
			}
		}
	}
	return "", false
}

// asksForNothing recognises a value with which nothing is asked for that goldap
// would not do.
func asksForNothing(key iniKey) bool {
	return slices.Contains([]string{"cache_credentials=false", "use_fully_qualified_names=false", "dyndns_update=false", "krb5_store_password_if_offline=false",
		"pam_cert_auth=false", "sudo_provider=none", "autofs_provider=none", "hostid_provider=none", "subdomains_provider=none", "selinux_provider=none",
		"session_provider=none", "resolver_provider=none", "pwd_expiration_warning=0", "pam_pwd_expiration_warning=0", "domain_type=posix", "pwfield=*",
		"ldap_rfc2307_fallback_to_local_users=false", "ldap_use_tokengroups=false"}, key.name+"="+strings.ToLower(key.value))
}

// sssdVocabulary returns the keys that a section may have, for whoever misspells
// one.
func sssdVocabulary(section sssdSection) []string {
	var names []string
	for _, left := range leftOf(section) {
		for _, name := range strings.Fields(left.names) {
			if !strings.HasSuffix(name, "*") {
				names = append(names, name)
			}
		}
	}
	switch section {
	case inMonitor:
		names = append(names, "services", "domains", "config_file_version")
	case inNSS:
		names = append(append(names, nssOfDomains()...), "entry_negative_timeout")
	case inPAM:
		names = append(names, "pam_id_timeout")
	case inDomain:
		for _, k := range sssdKeywords() {
			names = append(names, k.name)
		}
	}
	return names
}

// leftOf returns what may stand in a section and is not carried over.
func leftOf(section sssdSection) []leftKeys {
	left := []leftKeys{
		{"", "debug_timestamps debug_microseconds debug_backtrace_enabled command reconnection_retries fd_limit client_idle_timeout description timeout responder_idle_timeout cache_first get_domains_timeout"},
		{"goldap has one log for everything: log_level = \"debug\" in [daemon], or goldapctl explain for one login", "debug debug_level"},
	}
	switch section {
	case inMonitor:
		return append(left, leftInMonitor()...)
	case inNSS:
		return append(left, leftInNSS()...)
	case inPAM:
		return append(left, leftInPAM()...)
	}
	return append(append(left, leftInDomain()...), leftAttributes()...)
}

const (
	whyQualified  = "goldap knows users by their short names only, and the domains are asked in order; whoever is written as user@domain in sudoers, cron or ACLs has to be written anew"
	whyCards      = "goldap has no logins with certificates and smartcards: pam_pkcs11.so has"
	whyGSSAPI     = "goldap has no logins with Kerberos tickets: sshd has GSSAPIAuthentication"
	whyNoOffline  = "goldap has no offline logins: while the directory is away nobody of it logs in with a password, users stay known from memory (lookups.stale_ttl), and users of this machine log in as always"
	whyKerberos   = "goldap does not use Kerberos for logins"
	whyDynDNS     = "goldap does not change DNS: nsupdate or the DHCP client can"
	whyTrust      = "goldap does not find the domains that a domain trusts; write a domain for each"
	whyShells     = "goldap does not look at shells; loginShell in [directory.passwd.expressions] can compute one, and pam_shells.so refuses who has none of /etc/shells"
	whyUnusedAttr = "goldap does not look at this attribute"
)

func leftInMonitor() []leftKeys {
	return []leftKeys{
		{"", "krb5_rcache_dir user disable_netlink try_inotify monitor_resolv_conf implicit_pac_responder core_dumpable"},
		{whyQualified, "re_expression full_name_format default_domain_suffix domain_resolution_order"},
		{whyCards, "certificate_verification"},
		{"names with blanks are refused (accounts.valid_names)", "override_space"},
		{"users of this machine stay with files in nsswitch.conf", "enable_files_domain"},
	}
}

func leftInNSS() []leftKeys {
	return []leftKeys{
		{"", "enum_cache_timeout entry_cache_nowait_percentage local_negative_timeout memcache_timeout memcache_size_*"},
		{"the D-Bus interface of SSSD is not there", "user_attributes"},
		{"a group that lists a hidden user still shows the name", "filter_users_in_groups"},
		{"goldap shows * for a password, x where the user has a shadow entry", "pwfield"},
		{whyShells, "allowed_shells vetoed_shells shell_fallback"},
	}
}

func leftInPAM() []leftKeys {
	return []leftKeys{
		{"", "p11_child_timeout pam_initgroups_scheme"},
		{whyNoOffline, "offline_credentials_expiration offline_failed_login_attempts offline_failed_login_delay"},
		{"goldap shows what concerns the user, once; the module's options are in docs/configuration.md", "pam_verbosity pam_response_filter"},
		{"goldap shows every warning that the directory gives", "pam_pwd_expiration_warning"},
		{"every user of the machine may have a password proven, and failed logins are slowed down ([login.throttle])", "pam_trusted_users pam_public_domains"},
		{"goldap has its own words", "pam_account_expired_message pam_account_locked_message"},
		{whyCards, "pam_cert_auth pam_cert_db_path pam_cert_verification pam_p11_allowed_services p11_wait_for_card_timeout p11_uri"},
		{"goldap has no domains for applications", "pam_app_services"},
		{whyGSSAPI, "pam_gssapi_services pam_gssapi_check_upn pam_gssapi_indicators_map"},
	}
}

func leftInDomain() []leftKeys {
	return []leftKeys{
		{"", "offline_timeout offline_timeout_max offline_timeout_random_offset dns_resolver_* realmd_tags refresh_expired_interval refresh_expired_interval_offset " +
			"entry_cache_netgroup_timeout entry_cache_service_timeout entry_cache_computer_timeout entry_cache_resolver_timeout wildcard_limit resolver_provider " +
			"ldap_connection_expire_timeout ldap_connection_expire_offset ldap_deref_threshold ldap_enumeration_refresh_timeout ldap_enumeration_refresh_offset ldap_enumeration_search_timeout " +
			"ldap_offline_timeout ldap_purge_cache_timeout ldap_purge_cache_offset ldap_pwdlockout_dn ldap_use_tokengroups ldap_krb5_ticket_lifetime " +
			"ldap_entry_usn ldap_rootdse_last_usn ldap_pwd_attribute ldap_library_debug_level ad_gpo_cache_timeout ldap_force_upper_case_realm subdomain_refresh_interval subdomain_refresh_interval_offset " +
			"ldap_idmap_range_max ldap_idmap_range_size ldap_idmap_default_domain ldap_idmap_helper_table_size"},
		{"connect_timeout bounds a whole connection, with TLS and bind (ldap_network_timeout), and login.timeout a whole login", "ldap_opt_timeout"},
		{whyNoOffline, "cache_credentials cache_credentials_minimal_first_factor_length krb5_store_password_if_offline cached_auth_timeout"},
		{"lookups.stale_ttl is how long users stay known while the directory is away", "account_cache_expiration"},
		{whyQualified, "use_fully_qualified_names full_name_format re_expression"},
		{"goldap shows every warning that the directory gives", "pwd_expiration_warning"},
		{"names are resolved as the machine is told to, IPv6 and IPv4", "lookup_family_order"},
		{sssdServices()["sudo"], "sudo_provider ldap_sudo* entry_cache_sudo_timeout"},
		{sssdServices()["autofs"], "autofs_provider ldap_autofs_* entry_cache_autofs_timeout"},
		{"goldap does not know host keys: sshd_config(5) and ssh_config(5) can have them signed, or in DNS (SSHFP)", "hostid_provider entry_cache_ssh_host_timeout ldap_host_*"},
		{"goldap does not set SELinux contexts of users: semanage login does", "selinux_provider"},
		{"goldap does not record or start sessions", "session_provider"},
		{whyTrust, "subdomains_provider subdomain_* ad_enabled_domains ad_enable_gc ad_allow_remote_domain_local_groups"},
		{"goldap has no domains for applications", "domain_type inherit_from"},
		{whyGSSAPI, "pam_gssapi_services pam_gssapi_check_upn pam_gssapi_indicators_map"},
		{whyDynDNS, "dyndns_*"},
		{"it belongs to the providers files and proxy", "passwd_files group_files fallback_to_nss proxy_*"},
		{"servers of a site are not preferred: name them in ad_server in the order that you want", "ad_site ad_enable_dns_sites"},
		{"goldap does not read group policies", "ad_gpo_*"},
		{"goldap does not renew the password of the machine: adcli update does", "ad_machine_account_password_renewal_opts ad_maximum_machine_account_password_age ad_update_samba_machine_account_password"},
		{"it belongs to the provider ipa", "ipa_*"},
		{whyKerberos, "krb5_*"},
		{"goldap reads all values of a large attribute in any case", "ldap_disable_range_retrieval"},
		{"members that the pseudouser may not read are left out in any case", "ldap_ignore_unreadable_references"},
		{"DNS is not asked for other servers to change passwords: name them in ldap_chpass_uri", "ldap_chpass_dns_service_name"},
		{"SSSD itself does not look at it any more: a search base takes scope and filter, DN?scope?filter", "ldap_user_search_scope ldap_group_search_scope"},
		{"uids of other domains than the first are made in another way", "ldap_idmap_autorid_compat"},
		{"users of this machine get no groups from a directory", "ldap_rfc2307_fallback_to_local_users"},
		{"goldap's SASL does not have this setting", "ldap_sasl_canonicalize ldap_sasl_minssf ldap_sasl_maxssf"},
	}
}

// leftAttributes are names of attributes that goldap does not look at.
func leftAttributes() []leftKeys {
	return []leftKeys{
		{"", "ldap_group_entry_usn ldap_group_modify_timestamp ldap_group_objectsid ldap_group_uuid ldap_netgroup_modify_timestamp ldap_service_entry_usn " +
			"ldap_user_entry_usn ldap_user_modify_timestamp ldap_user_objectsid ldap_user_uuid ldap_iphost_entry_usn ldap_ipnetwork_entry_usn"},
		{whyUnusedAttr, "ldap_group_external_member ldap_group_type ldap_user_auth_type ldap_user_certificate ldap_user_email ldap_user_krb_last_pwd_change " +
			"ldap_user_krb_password_expiration ldap_user_principal ldap_user_extra_attrs ldap_user_nds_* ldap_user_authorized_rhost"},
		{"the groups of a user are found by their members; with groups_of_user = \"member_of\" by memberOf", "ldap_user_member_of"},
	}
}
