package config

import (
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// Directory is one table [[directory]]: an LDAP directory, reached through one
// or more servers that hold the same entries.
type Directory struct {
	// Name is what messages call the directory. Defaults to its first base DN.
	Name string `toml:"name"`
	// URIs are the servers in the order in which they are tried: ldap://host,
	// ldaps://host:port or ldapi://%2Fpath. DNS:example.com stands for the
	// servers that DNS names for the domain (_ldap._tcp, RFC 2782), DNSLDAPS: for
	// the same with TLS from the first byte; without a domain it is this
	// machine's.
	URIs []string `toml:"uris" example:"[\"ldap://ldap1.example.com\", \"ldap://ldap2.example.com\"]"`
	// WriteURIs are the servers that take changes, if not all do: passwords,
	// home directories and shells are changed there. Empty means uris.
	WriteURIs []string `toml:"write_uris"`
	// Timeout is how long the directory may take to answer before the next
	// [[directory]] is asked. It is never more than half of the time that is left
	// while there is another.
	Timeout time.Duration `toml:"timeout"`
	// LoginPassOver lets a login go on with the next directory, too, if this one
	// does not answer. Whoever can keep this one from answering then decides that
	// the next one's user of that name logs in. Lookups always go on.
	LoginPassOver bool `toml:"login_pass_over"`
	// Servers are servers with settings of their own. They come after uris.
	Servers []Server `toml:"server"`
	// TLS secures the connections.
	TLS TLS `toml:"tls"`
	// BindDN is the identity that goldap searches with (the pseudouser).
	// Empty means anonymous.
	BindDN string `toml:"bind_dn" example:"\"cn=goldap,ou=services,dc=example,dc=com\""`
	// BindPassword belongs to BindDN. A file with it must not be readable by
	// others.
	BindPassword secret.Secret `toml:"bind_password"`
	// BindPasswordFile is a file whose first line is the password, instead of
	// bind_password. Others must not be able to read it. A relative name is
	// looked for among the credentials of the systemd service and then beside
	// this file.
	BindPasswordFile string `toml:"bind_password_file" example:"\"bind.secret\""`
	// SASL binds goldap itself with a SASL mechanism instead of bind_dn. Users
	// are always authenticated by a simple bind.
	SASL SASL `toml:"sasl"`
	// RootBindDN is the identity that changes a password when root does it
	// without knowing the old one.
	RootBindDN string `toml:"root_bind_dn"`
	// RootBindPassword belongs to RootBindDN. Without it root is asked.
	RootBindPassword secret.Secret `toml:"root_bind_password"`
	// RootBindPasswordFile is a file whose first line is that password.
	RootBindPasswordFile string `toml:"root_bind_password_file"`
	// ConnectTimeout is how long connecting to one server may take: TCP, TLS
	// and the bind.
	ConnectTimeout time.Duration `toml:"connect_timeout"`
	// SearchTimeout is how long one search may take. It is sent to the server
	// as the time limit, too.
	SearchTimeout time.Duration `toml:"search_timeout"`
	// IdleTimeout is how long a connection for searches may be without one.
	IdleTimeout time.Duration `toml:"idle_timeout"`
	// RetryMin is when a server that failed is tried again for the first
	// time; the time doubles with each failure.
	RetryMin time.Duration `toml:"retry_min"`
	// RetryMax is the longest that it becomes.
	RetryMax time.Duration `toml:"retry_max"`
	// PageSize is the number of entries asked for at a time (RFC 2696); 0
	// means all at once.
	PageSize uint32 `toml:"page_size"`
	// SearchConnections is the number of connections kept for searches to the
	// server in use.
	SearchConnections int `toml:"search_connections"`
	// BindConnections is the number of connections kept for checking
	// passwords. A login that finds all of them busy opens one more.
	BindConnections int `toml:"bind_connections"`
	// Base is the base DN for every map that has none of its own.
	Base string `toml:"base" example:"\"dc=example,dc=com\""`
	// Bases are further places to search for those maps.
	Bases []SearchBase `toml:"bases"`
	// Scope is sub, one, base or children.
	Scope string `toml:"scope"`
	// Deref is whether aliases in the tree are followed: never, searching,
	// finding or always (RFC 4511, section 4.5.1.3).
	Deref string `toml:"deref"`
	// FollowReferrals lets searches go on where the directory says that more
	// is elsewhere, if that is one of its servers or of referral_uris, with TLS.
	// No password is sent to those of referral_uris.
	FollowReferrals bool `toml:"follow_referrals"`
	// ReferralURIs are further servers to which referrals may lead.
	ReferralURIs []string `toml:"referral_uris"`
	// UIDOffset is added to every uid of the directory.
	UIDOffset uint32 `toml:"uid_offset"`
	// GIDOffset is added to every gid of the directory.
	GIDOffset uint32 `toml:"gid_offset"`
	// NestedGroups makes the members of a group that is a member of another
	// group members of that, too.
	NestedGroups bool `toml:"nested_groups"`
	// NestedGroupDepth bounds how deep groups are looked for in groups.
	NestedGroupDepth int `toml:"nested_group_depth"`
	// GroupsOfUser is how the groups of a user are found: members searches for
	// groups that name the user, member_of believes the memberOf values of the
	// user's entry.
	GroupsOfUser string `toml:"groups_of_user"`
	// Passwd says where users are and what their attributes are called.
	Passwd Map `toml:"passwd"`
	// Group is the same for groups.
	Group Map `toml:"group"`
	// Shadow is the same for the ageing of passwords.
	Shadow Map `toml:"shadow"`
	// Aliases is the same for mail aliases. This and the maps that follow have
	// nothing to do with logins; one without a base DN is empty.
	Aliases Map `toml:"aliases"`
	// Ethers is the same for the names of Ethernet addresses.
	Ethers Map `toml:"ethers"`
	// Hosts is the same for the addresses of hosts.
	Hosts Map `toml:"hosts"`
	// Netgroup is the same for netgroups.
	Netgroup Map `toml:"netgroup"`
	// Networks is the same for the addresses of networks.
	Networks Map `toml:"networks"`
	// Protocols is the same for the numbers of IP protocols.
	Protocols Map `toml:"protocols"`
	// RPC is the same for the numbers of RPC programs.
	RPC Map `toml:"rpc"`
	// Services is the same for the ports of services.
	Services Map `toml:"services"`
	// LoginAttribute is the attribute that holds the name a user logs in
	// with. Empty means the uid attribute of the passwd map.
	LoginAttribute string `toml:"login_attribute"`
	// SSHKeyAttribute is the attribute of the user's entry with the ssh keys that
	// goldapctl ssh-keys gives to sshd. "" means that nobody has any.
	SSHKeyAttribute string `toml:"ssh_key_attribute"`
	// LoginFilter is a filter that a user must match to log in (RFC 4515).
	LoginFilter string `toml:"login_filter"`
	// LoginGroupDN is the DN of a group that a user must be a member of to log
	// in. Empty means no rule. If there is no such entry, nobody can log in.
	LoginGroupDN string `toml:"login_group_dn"`
	// LoginMemberAttribute is the attribute that holds the DNs of that group's
	// members.
	LoginMemberAttribute string `toml:"login_member_attribute"`
	// LoginSearches are filters (RFC 4515) that must each match at least one
	// entry under the base, or the user may not log in. $username, $service,
	// $rhost, $ruser, $tty, $hostname, $fqdn, $domain, $dn and $uid stand for
	// what is known of the login.
	LoginSearches []string `toml:"login_searches"`
	// LoginBindSearch is such a filter that the user must find exactly one
	// entry with, bound with their own password.
	LoginBindSearch string `toml:"login_bind_search"`
	// PasswordPolicy asks for the directory's password policy with every bind
	// (draft-behera-ldap-password-policy) and obeys it.
	PasswordPolicy bool `toml:"password_policy"`
	// LoginCheckService asks the authorizedService values of the user's entry
	// for the PAM service. The name of the service in any case lets the user
	// in, ! and the name keeps them out, * stands for every service. No value
	// that lets in keeps out.
	LoginCheckService bool `toml:"login_check_service"`
	// LoginCheckHost asks the host values of the user's entry in the same way
	// for this machine: its host name and, if that has no dot, what
	// /etc/hosts or DNS completes it to.
	LoginCheckHost bool `toml:"login_check_host"`
	// LoginMinUID refuses logins of users with a smaller uid; 0 means no rule.
	LoginMinUID uint32 `toml:"login_min_uid"`
	// LoginMaxUID refuses logins of users with a larger uid; 0 means no rule.
	LoginMaxUID uint32 `toml:"login_max_uid"`
	// TemplateLogin is a user of this machine whom users of the directory become
	// once they are logged in. The module must be told, too (template_user in
	// the service file). Not root.
	TemplateLogin string `toml:"template_login"`
	// TemplateLoginAttribute is an attribute of the user's entry with the name of
	// that user, instead of template_login.
	TemplateLoginAttribute string `toml:"template_login_attribute"`
	// PasswordChange is the way to change a password: exop (RFC 3062) and
	// exop_send_old, which sends the old password along, leave the work to the
	// server. The others write userPassword (RFC 4511, section 4.6): clear
	// replaces it, clear_remove_old, nds and racf remove the old value and add the
	// new one, crypt, md5, sha and ssha write a hash that goldap made, of which no
	// server can say whether the password was good. ad writes unicodePwd, for
	// Active Directory.
	PasswordChange string `toml:"password_change"`
	// UpdateLastChange sets shadowLastChange after a change of the password, in
	// entries that have it.
	UpdateLastChange bool `toml:"update_last_change"`
	// LockoutFailures is how many failed logins lock an account in the
	// directory. goldap then stops asking before the last of them, until
	// lockout_interval is over, so that nobody can lock an account by way of this
	// machine. 0 means no such limit.
	LockoutFailures int `toml:"lockout_failures"`
	// LockoutInterval is how long the directory counts a failed login.
	LockoutInterval time.Duration `toml:"lockout_interval"`
}

// TLS is the table [directory.tls].
type TLS struct {
	// Mode is how connections to ldap:// URIs are secured: start_tls, ldaps
	// (TLS from the first byte, as ldaps:// URIs always have) or off, which
	// needs allow_clear_text. ldapi:// stays on this machine and has no TLS.
	Mode string `toml:"mode"`
	// AllowClearText lets passwords travel unencrypted if mode is off. Do not.
	AllowClearText bool `toml:"allow_clear_text"`
	// Verify is demand (the default) or never, which accepts any certificate
	// and is warned about at every start.
	Verify string `toml:"verify"`
	// CAFile holds the trusted certificates (PEM) instead of the system's. The
	// names of TLS files may be relative to this file.
	CAFile string `toml:"ca_file"`
	// CADir is a directory of such files.
	CADir string `toml:"ca_dir"`
	// CertFile is the client's certificate (PEM).
	CertFile string `toml:"cert_file"`
	// KeyFile is the key of the client's certificate (PEM).
	KeyFile string `toml:"key_file"`
	// Ciphers are the names of the TLS 1.2 cipher suites to offer, such as
	// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. Empty means Go's own choice.
	Ciphers []string `toml:"ciphers"`
	// CRLFile holds lists of revoked certificates (PEM or DER, RFC 5280).
	CRLFile string `toml:"crl_file"`
	// CRLCheck is which certificates must not be revoked: none, peer (the
	// server's) or all (the whole chain).
	CRLCheck string `toml:"crl_check"`
}

// Server is a table [[directory.server]]: a server with settings of its own.
// What it does not set is the directory's.
type Server struct {
	// URI is where it is.
	URI string `toml:"uri" example:"\"ldap://ldap3.example.com\""`
	// Base replaces the directory's base DN in everything that is asked of
	// this server, where it holds the same entries under another name.
	Base string `toml:"base"`
	// BindDN is the identity that goldap searches this server with.
	BindDN string `toml:"bind_dn"`
	// BindPassword belongs to BindDN.
	BindPassword secret.Secret `toml:"bind_password"`
	// BindPasswordFile is a file whose first line is the password.
	BindPasswordFile string `toml:"bind_password_file"`
	// TLS replaces all of the directory's, if its mode is set.
	TLS TLS `toml:"tls"`
	// ConnectTimeout is as the directory's.
	ConnectTimeout time.Duration `toml:"connect_timeout"`
	// SearchTimeout is as the directory's.
	SearchTimeout time.Duration `toml:"search_timeout"`
}

// SASL is the table [directory.sasl] (RFC 4422).
type SASL struct {
	// Mechanism is EXTERNAL (who goldapd is, over ldapi://, or its certificate)
	// or GSSAPI. Empty means a simple bind.
	Mechanism string `toml:"mechanism"`
	// AuthzID is whom goldap acts as: dn: and a DN, or u: and a name. Empty
	// means whom it proves to be.
	AuthzID string `toml:"authz_id"`
	// Realm is the Kerberos realm; empty means that of the keytab or cache.
	Realm string `toml:"realm"`
	// Principal is the Kerberos principal of the key in keytab.
	Principal string `toml:"principal"`
	// Keytab is a file with the key of the principal.
	Keytab string `toml:"keytab"`
	// CredentialCache is a file with Kerberos tickets that something else keeps
	// fresh, instead of a keytab.
	CredentialCache string `toml:"credential_cache"`
	// KerberosConfig is krb5.conf(5).
	KerberosConfig string `toml:"kerberos_config"`
}

// Map is a table such as [directory.passwd].
type Map struct {
	// Bases are where to search; empty means the directory's base and scope.
	Bases []SearchBase `toml:"bases"`
	// ObjectClass is the class of the map's entries.
	ObjectClass string `toml:"object_class"`
	// Filter is a filter (RFC 4515) instead of (objectClass=object_class).
	Filter string `toml:"filter"`
	// Attributes renames attributes: the schema's name to the directory's,
	// such as uid = "sAMAccountName". objectSid:S-1-5-21-... for uidNumber or
	// gidNumber is the last number of the SID in a domain of Active Directory.
	// "" means that there is no such attribute.
	Attributes map[string]string `toml:"attributes"`
	// Expressions compute attributes from others, in the words of a shell:
	// gecos = "${gecos:-$cn}".
	Expressions map[string]string `toml:"expressions"`
}

// SearchBase is one place to search.
type SearchBase struct {
	// DN is the base DN; an explicit "" is the root of the tree.
	DN string `toml:"dn" example:"\"ou=accounts,dc=example,dc=com\""`
	// Scope is sub, one, base or children; empty means the directory's scope.
	Scope string `toml:"scope"`
	// Filter is ANDed with the map's filter.
	Filter string `toml:"filter"`
}
