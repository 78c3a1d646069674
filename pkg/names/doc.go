// Package names answers who somebody is: accounts and groups by name and by
// number, from any number of directories in order.
//
// It stands between the directories and everything on this machine that would
// believe them. An entry whose name or id the rules refuse, and one that would
// take the place of a local account, does not exist:
//
//	n := names.New(directories, names.Options{Rules: rules, Logger: logger})
//	acct, err := n.PasswdByName(ctx, "alice")
//
// What was found is remembered for a while, by every key of its entry, and goes
// on being given out while the directory is away (memory.go, flight.go).
//
// The errors are those of pkg/directory. ErrNotFound means that every
// directory has said so, or that the name is one that no directory is asked
// for; an entry that is refused matches ErrBadEntry.
package names
