package config

import "time"

// Login is the table [login].
type Login struct {
	// Timeout is how long one login may take.
	Timeout time.Duration `toml:"timeout"`
	// CacheTTL is how long the entry that was found for a login may be
	// remembered; "0s" means not at all. Passwords never are.
	CacheTTL time.Duration `toml:"cache_ttl"`
	// PasswordProhibitMessage, if set, refuses every change of a password
	// with this text.
	PasswordProhibitMessage string `toml:"password_prohibit_message"`
	// LocalUsers lets users of /etc/passwd log in with the password of the
	// directory, if their uid is the same there. The module must be told, too
	// (local_users in the service file). Root never can.
	LocalUsers bool `toml:"local_users"`
	// OtherServices says what holds for PAM services that no [[service]] names:
	// admit or refuse. It has to be set if there is a [[service]].
	OtherServices string `toml:"other_services" example:"\"admit\""`
	// Throttle slows down whoever guesses passwords.
	Throttle Throttle `toml:"throttle"`
}

// Throttle is the table [login.throttle]. A login that comes too soon after
// failed ones waits for its turn; nobody is locked out.
type Throttle struct {
	// Failures is how many failed logins of one user from one place (the remote
	// host, or the calling user of this machine) cost nothing; 0 turns all
	// throttling off.
	Failures int `toml:"failures"`
	// UserFailures is the same for one user from all places together. Places
	// that the user has logged in from do not count.
	UserFailures int `toml:"user_failures"`
	// HostFailures is the same for all users from one remote host.
	HostFailures int `toml:"host_failures"`
	// CallerFailures is the same for all users through programs of one user of
	// this machine, except root's.
	CallerFailures int `toml:"caller_failures"`
	// Delay is the wait after the first failure that counts. It doubles with
	// each further one.
	Delay time.Duration `toml:"delay"`
	// MaxDelay is the longest wait. A login that would have to wait longer than
	// half of login.timeout is refused at once.
	MaxDelay time.Duration `toml:"max_delay"`
	// ForgetAfter is how long a failure is remembered.
	ForgetAfter time.Duration `toml:"forget_after"`
}

// Role is a table [[role]]: the users who are named, and the members of the
// groups, the entries that match the filters, and the users of the roles that
// are named.
type Role struct {
	// Name is what services and GOLDAP_ROLES call the role.
	Name string `toml:"name" example:"\"staff\""`
	// Directories are the names of the directories whose users can have the
	// role. It may be left out if there is only one.
	Directories []string `toml:"directories"`
	// Users are user names.
	Users []string `toml:"users"`
	// GroupDNs are the DNs of groups.
	GroupDNs []string `toml:"group_dns" example:"[\"cn=staff,ou=groups,dc=example,dc=com\"]"`
	// Groups are names of groups under group_base. A name that two groups have
	// there is an error at the login.
	Groups []string `toml:"groups"`
	// GroupBase is the base DN for groups. Without one there can be no groups:
	// whoever may write anywhere in the directory could make such a group.
	GroupBase string `toml:"group_base"`
	// Nested gives the role to members of groups that are in one of the groups,
	// too.
	Nested bool `toml:"nested"`
	// Filters are filters (RFC 4515) for the user's entry.
	Filters []string `toml:"filters"`
	// Roles are other roles, whose users have this one as well.
	Roles []string `toml:"roles"`
	// GID makes a group of this machine of the role, with the role's name: its
	// users get that group at login. 0 makes none. It must be a gid that a
	// directory may give.
	GID uint32 `toml:"gid"`
}

// Service is a table [[service]]. Users who have a role to refuse are refused;
// others are admitted if they have one of the roles to admit, or if there is
// none.
type Service struct {
	// Names are PAM services: names of files in /etc/pam.d.
	Names []string `toml:"names" example:"[\"sshd\", \"login\"]"`
	// Admit are the roles that may use them.
	Admit []string `toml:"admit"`
	// Refuse are the roles that may not, whatever else the user has.
	Refuse []string `toml:"refuse"`
}
