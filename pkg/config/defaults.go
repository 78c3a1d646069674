package config

import (
	"math"
	"time"
)

// defaultValidNames is nslcd's default (validnames, nslcd.conf(5)) made
// stricter: letters, digits and . _ @ -, perhaps a $ at the end as Samba's
// machine accounts have, and nothing that a tool could take for an option, a
// number or a path: no blank, no leading - . @ or 0, and with a leading digit at
// least one letter.
const defaultValidNames = `^(?:[A-Za-z_]|[1-9][0-9._@-]*[A-Za-z_])[A-Za-z0-9._@-]*[$]?$`

// Default returns what an empty file means. It has no directory, so it is not
// yet a configuration that Load would accept.
func Default() *Config {
	return &Config{
		Daemon: Daemon{
			Sockets:              []string{"/run/goldap/socket"},
			AdminSocket:          "/run/goldap/admin.sock",
			MaxConnections:       1024,
			MaxConnectionsPerUID: 64,
			LogLevel:             "info",
		},
		Accounts: Accounts{
			MinUID:     1000,
			MaxUID:     math.MaxInt32,
			MinGID:     1000,
			MaxGID:     math.MaxInt32,
			ValidNames: mustRegexp(defaultValidNames),
		},
		Lookups: Lookups{
			Timeout:           2 * time.Second,
			CacheTTL:          time.Minute,
			NegativeTTL:       15 * time.Second,
			StaleTTL:          24 * time.Hour,
			CacheEntries:      200_000,
			MemberTTL:         15 * time.Minute,
			MemberNegativeTTL: 15 * time.Minute,
			Enumerate:         true,
			GroupMembers:      true,
		},
		Login: Login{Timeout: 10 * time.Second, CacheTTL: 15 * time.Second, Throttle: Throttle{
			Failures: 3, UserFailures: 20, HostFailures: 20, CallerFailures: 20,
			Delay: time.Second, MaxDelay: 16 * time.Second, ForgetAfter: 15 * time.Minute,
		}},
	}
}

// DefaultDirectory returns what an empty [[directory]] table means. It lacks
// the two things that have no default: servers and a base DN.
func DefaultDirectory() Directory {
	return Directory{
		TLS:                  DefaultTLS(),
		SASL:                 SASL{KerberosConfig: "/etc/krb5.conf"},
		ConnectTimeout:       5 * time.Second,
		SearchTimeout:        5 * time.Second,
		IdleTimeout:          5 * time.Minute,
		RetryMin:             time.Second,
		RetryMax:             30 * time.Second,
		PageSize:             1000,
		SearchConnections:    2,
		BindConnections:      8,
		Scope:                "sub",
		Deref:                "never",
		NestedGroupDepth:     16,
		GroupsOfUser:         "members",
		PasswordPolicy:       true,
		Passwd:               Map{ObjectClass: "posixAccount"},
		Group:                Map{ObjectClass: "posixGroup"},
		Shadow:               Map{ObjectClass: "shadowAccount"},
		Aliases:              Map{ObjectClass: "nisMailAlias"},
		Ethers:               Map{ObjectClass: "ieee802Device"},
		Hosts:                Map{ObjectClass: "ipHost"},
		Netgroup:             Map{ObjectClass: "nisNetgroup"},
		Networks:             Map{ObjectClass: "ipNetwork"},
		Protocols:            Map{ObjectClass: "ipProtocol"},
		RPC:                  Map{ObjectClass: "oncRpc"},
		Services:             Map{ObjectClass: "ipService"},
		SSHKeyAttribute:      "sshPublicKey",
		LoginMemberAttribute: "uniqueMember",
		PasswordChange:       "exop",
		UpdateLastChange:     true,
		LockoutInterval:      15 * time.Minute,
		Timeout:              5 * time.Second,
	}
}

// DefaultTLS returns what an empty [directory.tls] table means.
func DefaultTLS() TLS {
	return TLS{Mode: "start_tls", Verify: "demand", CRLCheck: "none"}
}
