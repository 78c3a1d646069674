package account

import "fmt"

// Outcome is the verdict on a request. The set is closed. The zero value is
// Unavailable, so that whatever forgets to decide refuses.
type Outcome int

const (
	// Unavailable: nothing could be decided; no directory gave an answer.
	Unavailable Outcome = iota
	// Success: proven and allowed.
	Success
	// UnknownUser: a directory said that it has no such user, or the user is
	// not one that goldap answers for.
	UnknownUser
	// BadCredentials: the password is wrong, empty, or not a password.
	BadCredentials
	// PermissionDenied: the user is who they say but may not do this.
	PermissionDenied
	// AccountLocked: the directory locked the account.
	AccountLocked
	// AccountExpired: the account as a whole is no longer valid.
	AccountExpired
	// PasswordExpired: the password is too old and can no longer be changed
	// by its owner.
	PasswordExpired
	// MustChange: the password must be changed before anything else.
	MustChange
	// ChangeRefused: the directory did not take the new password.
	ChangeRefused
	// Throttled: too many logins failed before; nothing was asked.
	Throttled
)

var outcomeNames = [...]string{
	Unavailable:      "unavailable",
	Success:          "success",
	UnknownUser:      "unknown-user",
	BadCredentials:   "bad-credentials",
	PermissionDenied: "permission-denied",
	AccountLocked:    "account-locked",
	AccountExpired:   "account-expired",
	PasswordExpired:  "password-expired",
	MustChange:       "must-change",
	ChangeRefused:    "change-refused",
	Throttled:        "throttled",
}

// String returns the name that the log shows.
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("outcome(%d)", int(o))
	}
	return outcomeNames[o]
}
