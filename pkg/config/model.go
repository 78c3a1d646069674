package config

import (
	"regexp"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// Config is everything that goldap can be told. Load returns it complete and
// checked; Default returns what an empty file means. The doc comment of each
// field is its text in the generated reference, so it is written for the
// person who edits the file. A key that has no default has an example in its
// tag.
type Config struct {
	// Daemon is about goldapd itself.
	Daemon Daemon `toml:"daemon"`
	// Accounts says which users and groups of a directory this machine believes.
	Accounts Accounts `toml:"accounts"`
	// Lookups is about questions for users and groups.
	Lookups Lookups `toml:"lookups"`
	// Login is about passwords and who may log in.
	Login Login `toml:"login"`
	// Directories are asked in the order of the file; the first that knows a
	// user decides.
	Directories []Directory `toml:"directory"`

	// Files are the paths that were read, for messages.
	Files []string `toml:"-"`
	// Warnings are problems that do not stop goldap.
	Warnings []Problem `toml:"-"`
}

// Daemon is the table [daemon].
type Daemon struct {
	// Sockets are the Unix sockets that goldapd listens on. Add
	// /run/nslcd/socket for programs made for nslcd.
	Sockets []string `toml:"sockets"`
	// MaxConnections bounds the requests that are served at the same time.
	MaxConnections int `toml:"max_connections"`
	// MaxConnectionsPerUID bounds them for each user of this machine except
	// root.
	MaxConnectionsPerUID int `toml:"max_connections_per_uid"`
	// LogLevel is one of error, warn, info and debug.
	LogLevel string `toml:"log_level"`
}

// Accounts is the table [accounts].
type Accounts struct {
	// MinUID is the smallest uid that a directory may give a user.
	MinUID uint32 `toml:"min_uid"`
	// MaxUID is the largest.
	MaxUID uint32 `toml:"max_uid"`
	// MinGID is the smallest gid that a directory may give a group or a user.
	MinGID uint32 `toml:"min_gid"`
	// MaxGID is the largest.
	MaxGID uint32 `toml:"max_gid"`
	// ValidNames is the regular expression (RE2) that user and group names
	// must match; others do not exist. It begins with ^ and ends with $.
	ValidNames *Regexp `toml:"valid_names"`
}

// Lookups is the table [lookups].
type Lookups struct {
	// Timeout is how long one lookup may take.
	Timeout time.Duration `toml:"timeout"`
	// CacheTTL is how long goldapd may answer from memory; "0s" means
	// never.
	CacheTTL time.Duration `toml:"cache_ttl"`
	// CacheEntries bounds the entries kept in memory.
	CacheEntries int `toml:"cache_entries"`
}

// Login is the table [login].
type Login struct {
	// Timeout is how long one login may take.
	Timeout time.Duration `toml:"timeout"`
	// PasswordProhibitMessage, if set, refuses every change of a password
	// with this text.
	PasswordProhibitMessage string `toml:"password_prohibit_message"`
}

// Directory is one table [[directory]]: an LDAP directory, reached through one
// or more servers that hold the same entries.
type Directory struct {
	// Name is what messages call the directory. Defaults to its first base DN.
	Name string `toml:"name"`
	// URIs are the servers in the order in which they are tried: ldap://host,
	// ldaps://host:port or ldapi://%2Fpath.
	URIs []string `toml:"uris" example:"[\"ldap://ldap1.example.com\", \"ldap://ldap2.example.com\"]"`
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
	// Scope is sub, one or base.
	Scope string `toml:"scope"`
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
	// LoginFilter is a filter that a user must match to log in (RFC 4515).
	LoginFilter string `toml:"login_filter"`
	// LoginGroupDN is the DN of a group that a user must be a member of to log
	// in. Empty means no rule. If there is no such entry, nobody can log in.
	LoginGroupDN string `toml:"login_group_dn"`
	// LoginMemberAttribute is the attribute that holds the DNs of that group's
	// members.
	LoginMemberAttribute string `toml:"login_member_attribute"`
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
	// PasswordChange is the way to change a password: exop (RFC 3062) or
	// exop_send_old, which sends the old password along. With clear,
	// clear_remove_old, crypt, md5, nds, racf and ad, which the old programs
	// have, changes are refused.
	PasswordChange string `toml:"password_change"`
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
	// such as uid = "sAMAccountName".
	Attributes map[string]string `toml:"attributes"`
}

// SearchBase is one place to search.
type SearchBase struct {
	// DN is the base DN.
	DN string `toml:"dn" example:"\"ou=accounts,dc=example,dc=com\""`
	// Scope is sub, one or base; empty means the directory's scope.
	Scope string `toml:"scope"`
	// Filter is ANDed with the map's filter.
	Filter string `toml:"filter"`
}

// Regexp is a regular expression in a configuration file.
type Regexp struct{ *regexp.Regexp }

// Problem is one thing that is wrong with a file.
type Problem struct {
	// File and Line say where; Line is 0 when it is about the whole file.
	File string
	Line int
	// Key is the keyword or the dotted TOML key, Value what stands there (a
	// secret is never shown), Text what is wrong and what to do.
	Key, Value, Text string
	// Err is the error of the operating system, if one was the reason.
	Err error
}
