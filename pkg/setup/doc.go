// Package setup makes a configuration out of what a directory shows of itself,
// and changes a machine so that it can be changed back.
//
//	text, err := setup.Propose(setup.Site{URI: uri, Base: base, BindDN: dn}, survey)
//	j, err := setup.Open(setup.Options{})
//	err = j.Write("/etc/goldap/goldap.toml", text, setup.Private)
//	err = j.Finish()
//	...
//	err = setup.Undo(setup.Options{}, false)
//
// # The record
//
// Before anything is changed, the record (setup.json) has every file that is
// about to be, byte for byte, and what it will be; both are on the disk before
// the change begins. So there is no moment at which a kill leaves something
// that Undo does not know. Undo looks at all files first: one that somebody has
// changed since is a reason to refuse, before anything is put back.
//
// The record is root's, in a folder of its own: whoever may write it decides
// which files root will write.
package setup
