// Package directory asks LDAP directories: who a user or a group is, whether a
// password is right, and to change it. It is the only importer of go-ldap, and
// everything that library must be fenced in for happens here (see wire.go).
//
// A [Directory] is one or more servers that hold the same entries:
//
//	dir, err := directory.New(cfg, directory.Options{Logger: logger})
//	account, err := dir.LoginAccount(ctx, "alice")
//	reply, err := dir.BindAsUser(ctx, account.DN, password)
//
// Every call is bounded by its context and by the configured timeouts, whatever
// a server does, and tries the servers in order inside that budget
// (attempt.go). A [Reply] is what a server said; an error matches one of the
// sentinels of this package. Referrals are followed for searches only, and only if
// the configuration says so (referral.go).
//
// Searches run on service connections, which are bound as the pseudouser and
// shared. Passwords are checked on bind connections. What else these carry
// (a change of the password, the search of login_bind_search) uses them up. One
// on which a user was told to change the password waits for that (held.go).
package directory
