package config

import (
	"regexp"
	"time"
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
	// Roles are names for sets of users. They grant nothing but what a service
	// makes of them.
	Roles []Role `toml:"role"`
	// Services say which roles may use a PAM service.
	Services []Service `toml:"service"`

	// Managed is what the managed file says, nil if there is none.
	Managed *Managed `toml:"-"`
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
	// AdminSocket is the Unix socket of the admin API, which only root may use;
	// goldapctl directory, role, settings, status and others ask there. Empty means
	// none.
	AdminSocket string `toml:"admin_socket"`
	// MaxConnections bounds the requests that are served at the same time.
	MaxConnections int `toml:"max_connections"`
	// MaxConnectionsPerUID bounds them for each user of this machine except
	// root.
	MaxConnectionsPerUID int `toml:"max_connections_per_uid"`
	// LogLevel is one of error, warn, info and debug.
	LogLevel string `toml:"log_level"`
	// Logs are where the log goes; without any it goes to stderr.
	Logs []Log `toml:"log"`
	// User is the user that goldapd, started by root, becomes once its sockets
	// are there. Empty means that it stays who it is.
	User string `toml:"user" example:"\"goldap\""`
	// Group is the group that it becomes a member of. Empty means the user's.
	Group string `toml:"group" example:"\"goldap\""`
	// Invalidate are the caches of other programs to empty when the directory
	// is back after it was away: the maps of nscd (nscd -i), and nfsidmap
	// (nfsidmap -c). It takes a goldapd that root started.
	Invalidate []string `toml:"invalidate"`
}

// Log is a table [[daemon.log]].
type Log struct {
	// Target is stderr, syslog, none or the absolute path of a file.
	Target string `toml:"target" example:"\"syslog\""`
	// Level is as log_level; empty means log_level.
	Level string `toml:"level"`
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
	// IgnoreCase makes names equal that differ in the case of ASCII letters
	// only: those of users, groups, netgroups, protocols, RPC programs and
	// services. The answer has the directory's spelling.
	IgnoreCase bool `toml:"ignore_case"`
}

// Lookups is the table [lookups].
type Lookups struct {
	// Timeout is how long one lookup may take.
	Timeout time.Duration `toml:"timeout"`
	// CacheTTL is how long goldapd may answer from memory; "0s" means
	// never.
	CacheTTL time.Duration `toml:"cache_ttl"`
	// NegativeTTL is how long it may remember that there is no such entry.
	NegativeTTL time.Duration `toml:"negative_ttl"`
	// StaleTTL is how long it may go on answering from memory, counted from
	// when the directory last confirmed an entry, while the directory is away.
	StaleTTL time.Duration `toml:"stale_ttl"`
	// CacheEntries bounds the entries kept in memory.
	CacheEntries int `toml:"cache_entries"`
	// MemberTTL is how long the user name behind the DN of a group's member
	// may be remembered.
	MemberTTL time.Duration `toml:"member_ttl"`
	// MemberNegativeTTL is how long it may be remembered that a member's DN is
	// no user.
	MemberNegativeTTL time.Duration `toml:"member_negative_ttl"`
	// Enumerate answers requests for all users, groups and shadow entries.
	// Without it they are refused.
	Enumerate bool `toml:"enumerate"`
	// GroupMembers has the members in answers about groups. Without it the
	// lists are empty; the groups of a user are still known.
	GroupMembers bool `toml:"group_members"`
	// NoGroupsFor are users whose groups are never looked for. Those of users
	// of this machine never are.
	NoGroupsFor []string `toml:"no_groups_for"`
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
	// Lost is true for a warning about something that the line asks for and
	// goldap does not do.
	Lost bool
}
