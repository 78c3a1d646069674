package account

import "time"

// State is what an entry itself says about its account, beside the shadow
// attributes, as far as the identity that searched may read it. It is filled
// in for logins only; the zero value has seen nothing.
type State struct {
	// LockedBy is what locks the account: the attribute's name, and why if that
	// is not all. Empty is no lock. A lock that the directory itself has set
	// because of wrong passwords is none of these: it is about passwords, ends
	// by itself, and must not keep those out who log in without one.
	LockedBy string
	// Begins is when the account begins to be valid, by the attribute BeginsBy. The
	// zero time is long ago.
	Begins   time.Time
	BeginsBy string
	// Expires is when the account is over, by the attribute ExpiresBy. The zero
	// time is never.
	Expires   time.Time
	ExpiresBy string
	// Seen: there was an attribute of this kind, whatever it said.
	Seen bool
}
