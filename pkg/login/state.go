package login

import (
	"time"

	"github.com/goldap/goldap/pkg/account"
)

// judgeState says whether the entry says that the account is locked, over or
// not yet valid. A bind says so, too; this is for logins that typed no password.
func judgeState(s account.State, now time.Time) verdict {
	switch {
	case s.LockedBy != "":
		return verdict{outcome: account.AccountLocked, message: textAccountLocked, rule: s.LockedBy}
	case now.Before(s.Begins):
		return verdict{outcome: account.PermissionDenied, message: textNotYetValid, rule: s.BeginsBy}
	case !s.Expires.IsZero() && !now.Before(s.Expires):
		return verdict{outcome: account.AccountExpired, message: textAccountExpired, rule: s.ExpiresBy}
	}
	return verdict{outcome: account.Success}
}

// accessRules is the rule of a login without a password that nothing refuses.
// It says if the pseudouser sees nothing of what locks an account.
func accessRules(s account.State) string {
	if s.Seen {
		return "access rules"
	}
	return "access rules; no attribute was seen that would lock the account"
}
