package login

import (
	"fmt"
	"strconv"

	"github.com/goldap/goldap/pkg/directory"
)

// Everything that a person at a prompt can get to read. None of it comes from
// a server or from an error.
const (
	textUnavailable      = "The user directory cannot be reached at the moment. Please try again later."
	textNotAllowed       = "You are not allowed to do this here."
	textAccountLocked    = "Your account is locked."
	textManyFailures     = "Your account is locked because of too many failed logins. Please try again later."
	textDisabled         = "Your account is disabled."
	textNotNow           = "You are not allowed to log in at this time."
	textNotFromHere      = "You are not allowed to log in from this machine."
	textAccountExpired   = "Your account has expired."
	textNotYetValid      = "Your account is not valid yet."
	textPasswordExpired  = "Your password has expired and must be set anew by an administrator."
	textThrottled        = "Too many failed logins. Please wait a moment and try again."
	textMustChange       = "You must change your password now."
	textChangeBefore     = "Your password must be changed before you can log in here."
	textLastGrace        = "Your password has expired, and this is the last login with it: you must change it now."
	textChangeRefused    = "The directory did not accept the new password."
	textEmptyNewPassword = "The new password is empty or has a character that no password may have."
	textModNotAllowed    = "You are not allowed to change your password."
	textMustSupplyOld    = "The old password is needed to set a new one."
	textQuality          = "The new password is too simple."
	textTooShort         = "The new password is too short."
	textTooYoung         = "Your password was changed too recently to be changed again."
	textInHistory        = "The new password has been used before."
	textRestriction      = "The new password is too short, too simple or not new, or it is too early for one."
	textElsewhere        = "Passwords and other data cannot be changed from this machine."
	textWrongPassword    = "The password is wrong."
	textNotChanged       = "The directory did not accept the change."
	textNotWritable      = "cannot be changed here"
	textInvalidShell     = "invalid shell"
	textInvalidHome      = "invalid home directory"
	textHomeNotAbsolute  = "not an absolute path"
	textNoHome           = "no such directory"
	textHomeUnknown      = "cannot be looked at now"
)

// warning is what a good bind may still have to say.
func warning(p directory.Policy) string {
	switch {
	case p.GraceLogins >= 0:
		return fmt.Sprintf("Your password has expired. %s left before you are locked out: change it now.",
			count(p.GraceLogins, "login is", "logins are"))
	case p.ExpiresIn >= 0:
		return expiresIn(p.ExpiresIn)
	case p.NetscapeExpiresIn >= 0:
		return expiresIn(p.NetscapeExpiresIn)
	}
	return ""
}

// expiresIn names the time in the largest unit of which there are two.
func expiresIn(seconds int64) string {
	const minute, hour, day = 60, 3600, 86400
	left := count(seconds, "second", "seconds")
	switch {
	case seconds >= 2*day:
		left = count(seconds/day, "day", "days")
	case seconds >= 2*hour:
		left = count(seconds/hour, "hour", "hours")
	case seconds >= 2*minute:
		left = count(seconds/minute, "minute", "minutes")
	}
	return "Your password will expire in " + left + "."
}

// notBefore says in how many days the password may be changed.
func notBefore(days int64) string {
	return "Your password cannot be changed for another " + count(days, "day", "days") + "."
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

func itoa(n int) string { return strconv.Itoa(n) }
