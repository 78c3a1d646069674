package server

import (
	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
)

// codes has the protocol's code for each outcome. UnknownUser has a row for
// completeness: it is sent as a response without an entry, as nslcd does.
var codes = map[account.Outcome]nslcd.Code{
	account.Unavailable:      nslcd.CodeAuthInfoUnavail,
	account.Success:          nslcd.CodeSuccess,
	account.UnknownUser:      nslcd.CodeUserUnknown,
	account.BadCredentials:   nslcd.CodeAuthErr,
	account.PermissionDenied: nslcd.CodePermDenied,
	account.AccountLocked:    nslcd.CodeAcctExpired,
	account.AccountExpired:   nslcd.CodeAcctExpired,
	account.PasswordExpired:  nslcd.CodeAuthtokExpired,
	account.MustChange:       nslcd.CodeNewAuthtokReqd,
	account.ChangeRefused:    nslcd.CodeAuthtokErr,
	account.Throttled:        nslcd.CodeAuthErr,
}

// code returns the code for outcome; for one that has none, "unavailable".
func code(outcome account.Outcome) nslcd.Code {
	if c, ok := codes[outcome]; ok {
		return c
	}
	return nslcd.CodeAuthInfoUnavail
}

// authorizationCode returns the second verdict of an authentication. Where the
// first one settled it, the second was never made: a wrong password says
// nothing about the account, and nslcd sends 0 then; the stock module's
// account step asks again in any case. Everything else is repeated.
func authorizationCode(d login.Decision) nslcd.Code {
	switch {
	case d.Outcome == account.BadCredentials:
		return nslcd.CodeSuccess
	case d.Outcome == account.Success || d.Authorization != account.Unavailable:
		return code(d.Authorization)
	default:
		return code(d.Outcome)
	}
}
