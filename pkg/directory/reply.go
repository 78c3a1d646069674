package directory

import "errors"

// The errors of this package. Everything it returns matches exactly one of
// them with errors.Is; what matches none of them is a bug and must be treated
// as ErrUnavailable.
var (
	// ErrNotFound: a server answered, and there is no such entry.
	ErrNotFound = errors.New("no such entry")
	// ErrNotUnique: more than one entry matches where one is needed.
	ErrNotUnique = errors.New("more than one entry")
	// ErrBadEntry: the entry is there but lacks an attribute that it must
	// have, or a value is not of the attribute's syntax.
	ErrBadEntry = errors.New("unusable entry")
	// ErrUnavailable: no server gave an answer in time.
	ErrUnavailable = errors.New("directory unavailable")
	// ErrRefused: a server answered that it will not do this: the pseudouser
	// may not bind or not read there, the filter is not understood, a referral.
	ErrRefused = errors.New("directory refused")
	// ErrLockoutNear: one more wrong password might lock the account in the
	// directory, which was not asked (lockout_failures).
	ErrLockoutNear = errors.New("lockout_failures: the directory may lock the account after one more wrong password")
)

// LDAP result codes (RFC 4511, section 4.1.9) that callers look at.
const (
	ResultSuccess            = 0
	ResultInvalidCredentials = 49
)

// NoPolicyError is Policy.Error when the server sent none.
const NoPolicyError = -1

// Reply is what a server answered to a bind or a password change, not yet
// judged. A Reply exists only if the server really sent a response to that
// operation; anything else is an error.
type Reply struct {
	// Code is the LDAP result code (RFC 4511, section 4.1.9), full width.
	Code int
	// Diagnostic is the server's diagnosticMessage, for the log and for
	// Active Directory's sub-codes. It is not for the person at the prompt.
	Diagnostic string
	// Referral has the URIs where the server says that the request is to be
	// made instead (RFC 4511, section 4.1.10), with blanks between. Nobody goes
	// there with a password.
	Referral string
	// Policy is what the server said about the password.
	Policy Policy
}

// Policy is what the controls beside a bind response say about the password.
type Policy struct {
	// Present: a Behera password policy response control
	// (draft-behera-ldap-password-policy-10, section 6.2) was there.
	Present bool
	// Undecodable: a control was there that could not be understood.
	Undecodable bool
	// Error is the policy error 0..8 (passwordExpired, accountLocked,
	// changeAfterReset, passwordModNotAllowed, mustSupplyOldPassword,
	// insufficientPasswordQuality, passwordTooShort, passwordTooYoung,
	// passwordInHistory), a higher number as the server sent it, or
	// NoPolicyError.
	Error int
	// ExpiresIn is the time before expiration in seconds, -1 if not said.
	ExpiresIn int64
	// GraceLogins is the number of grace logins left, -1 if not said.
	GraceLogins int64
	// NetscapeExpired: control 2.16.840.1.113730.3.4.4 was there.
	NetscapeExpired bool
	// NetscapeExpiresIn is the value of control 2.16.840.1.113730.3.4.5 in
	// seconds, -1 if it was not there.
	NetscapeExpiresIn int64
}

// NoPolicy is the Policy of a response without controls.
var NoPolicy = Policy{Error: NoPolicyError, ExpiresIn: -1, GraceLogins: -1, NetscapeExpiresIn: -1}
