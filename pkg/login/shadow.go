package login

import "github.com/goldap/goldap/pkg/account"

// The shadow attributes (shadow(5)) count days since 1970-01-01. As in PADL's
// pam_ldap, 0 means "no such rule" for the periods. A last change on day 0 means
// that the password must be changed, and an account that expires on day 0 has
// expired: shadow(5) warns that 0 is read in either way, and pam_unix and nslcd
// read it so.

// expired reports whether the account as a whole is over.
func expired(s account.Shadow, today int64) bool {
	return s.Name != "" && s.Expire != account.NotSet && today >= int64(s.Expire)
}

// judgeEarliestChange says whether the user may change the password today. An
// administrator always may.
func judgeEarliestChange(s account.Shadow, today int64) verdict {
	if expired(s, today) {
		return verdict{outcome: account.AccountExpired, message: textAccountExpired, rule: "shadowExpire"}
	}
	left := int64(s.LastChange) + int64(s.Min) - today
	if s.Name == "" || s.LastChange == account.NotSet || s.Min <= 0 || left <= 0 {
		return verdict{outcome: account.Success}
	}
	return verdict{outcome: account.ChangeRefused, message: notBefore(left), rule: "shadowMin"}
}

// judgePassword says what the age of a password that was just proven means.
func judgePassword(s account.Shadow, today int64) verdict {
	fine := verdict{outcome: account.Success}
	if s.Name == "" || s.LastChange == account.NotSet {
		return fine
	}
	if s.LastChange == 0 {
		return verdict{outcome: account.MustChange, message: textMustChange, rule: "shadowLastChange"}
	}
	if s.Max <= 0 || int64(s.LastChange) > today {
		return fine
	}
	left := int64(s.LastChange) + int64(s.Max) - today
	switch {
	case left <= 0 && s.Inactive > 0 && left+int64(s.Inactive) < 0:
		return verdict{outcome: account.PasswordExpired, message: textPasswordExpired, rule: "shadowInactive"}
	case left <= 0:
		return verdict{outcome: account.MustChange, message: textMustChange, rule: "shadowMax"}
	case s.Warn > 0 && left <= int64(s.Warn):
		fine.message = expiresIn(left * 86400)
	}
	return fine
}
