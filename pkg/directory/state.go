package directory

import (
	"math"
	"strconv"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/goldap/goldap/pkg/account"
)

// stateAttributes say whether an account is locked or over, or show that the
// identity that searches may read such things: pwdAccountLockedTime,
// pwdChangedTime, pwdStartTime and pwdEndTime
// (draft-behera-ldap-password-policy-10, section 5.3),
// nsAccountLock and passwordExpirationTime of 389 Directory Server,
// userAccountControl and accountExpires of Active Directory ([MS-ADTS] 2.2.16,
// [MS-ADA1] 2.1).
var stateAttributes = []string{
	"pwdAccountLockedTime", "pwdChangedTime", "pwdStartTime", "pwdEndTime", "nsAccountLock", "passwordExpirationTime", "userAccountControl", "accountExpires",
}

const (
	// lockedForGood is a pwdAccountLockedTime that an administrator has set.
	lockedForGood = "000001010000Z"
	// accountDisabled is ADS_UF_ACCOUNTDISABLE.
	accountDisabled = 2
	// from1601To1970 is in seconds.
	from1601To1970 = 11644473600
)

// stateAttributes are those that a login asks for.
func (d *Directory) stateAttributes() []string {
	if !d.cfg.PasswordPolicy {
		return nil
	}
	return stateAttributes
}

// state reads the state of the account from its entry. A value that cannot be
// understood locks: it says something, and nobody knows what.
func (e entry) state() account.State {
	var s account.State
	for _, name := range stateAttributes {
		s.Seen = s.Seen || len(e.values(name)) > 0
	}
	s.LockedBy = e.lockedBy()
	if at, ok := e.moment("pwdStartTime", &s); ok {
		s.Begins, s.BeginsBy = at, "pwdStartTime"
	}
	if at, ok := e.moment("pwdEndTime", &s); ok {
		s.Expires, s.ExpiresBy = at, "pwdEndTime"
	}
	e.readExpiry(&s)
	return s
}

// readExpiry reads accountExpires, in units of 100 ns from 1601 on ([MS-ADA1],
// section 2.1). Of two ends the sooner one counts.
func (e entry) readExpiry(s *account.State) {
	if text := e.first("accountExpires"); text != "" && text != "0" {
		expires, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil || expires < 0:
			s.LockedBy = "accountExpires: cannot be understood"
		case expires != math.MaxInt64:
			if at := time.Unix(expires/10_000_000-from1601To1970, 0); s.Expires.IsZero() || at.Before(s.Expires) {
				s.Expires, s.ExpiresBy = at, "accountExpires"
			}
		}
	}
}

// moment reads a GeneralizedTime (RFC 4517, section 3.3.13).
func (e entry) moment(attribute string, s *account.State) (at time.Time, ok bool) {
	text := e.first(attribute)
	if text == "" {
		return time.Time{}, false
	}
	at, err := ber.ParseGeneralizedTime([]byte(text))
	if err != nil {
		s.LockedBy = attribute + ": cannot be understood"
	}
	return at.UTC(), err == nil
}

// lockedBy names what locks the account.
func (e entry) lockedBy() string {
	if locked := e.first("pwdAccountLockedTime"); locked != "" {
		_, err := ber.ParseGeneralizedTime([]byte(locked))
		switch {
		case strings.EqualFold(locked, lockedForGood), strings.EqualFold(locked, "00000101000000Z"):
			return "pwdAccountLockedTime"
		case err != nil:
			return "pwdAccountLockedTime: cannot be understood"
		}
	}
	switch locked := e.first("nsAccountLock"); {
	case strings.EqualFold(locked, "true"):
		return "nsAccountLock"
	case locked != "" && !strings.EqualFold(locked, "false"):
		return "nsAccountLock: cannot be understood"
	}
	control := e.first("userAccountControl")
	if control == "" {
		return ""
	}
	flags, err := strconv.ParseInt(control, 10, 64)
	switch {
	case err != nil:
		return "userAccountControl: cannot be understood"
	case flags&accountDisabled != 0:
		return "userAccountControl: disabled"
	}
	return ""
}
