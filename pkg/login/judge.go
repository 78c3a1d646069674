package login

import (
	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// phase is what the server answered to.
type phase int

const (
	phaseBind phase = iota
	phaseChange
)

// verdict is what one fact says about a login.
type verdict struct {
	outcome account.Outcome
	// authorization is the second verdict of a bind that succeeded.
	authorization account.Outcome
	message       string
	rule          string
}

func (v verdict) decision(user string) Decision {
	d := Decision{Outcome: v.outcome, Authorization: v.outcome, User: user, Message: v.message, Rule: v.rule}
	if v.outcome == account.Success {
		d.Authorization = v.authorization
	}
	return d
}

// The LDAP result codes (RFC 4511, section 4.1.9) that mean something here.
const (
	codeSuccess                     = 0
	codeProtocolError               = 2
	codeReferral                    = 10
	codeUnavailableExtension        = 12
	codeNoSuchAttribute             = 16
	codeConstraintViolation         = 19
	codeInappropriateAuthentication = 48
	codeInvalidCredentials          = 49
	codeInsufficientAccess          = 50
	codeBusy                        = 51
	codeUnavailable                 = 52
	codeUnwillingToPerform          = 53
)

// The policy errors (draft-behera-ldap-password-policy-10, section 6.2).
const (
	policyPasswordExpired = iota
	policyAccountLocked
	policyChangeAfterReset
	policyModNotAllowed
	policyMustSupplyOld
	policyQuality
	policyTooShort
	policyTooYoung
	policyInHistory
)

// judge turns what a server answered into a verdict. It is pure, and it says
// success in one place for each phase.
func judge(reply directory.Reply, phase phase) verdict {
	if phase == phaseChange {
		return judgeChange(reply)
	}
	switch reply.Code {
	case codeSuccess:
		return judgeGoodBind(reply.Policy)
	case codeInvalidCredentials:
		return judgeBadCredentials(reply)
	case codeInappropriateAuthentication:
		return verdict{outcome: account.BadCredentials, rule: "the entry has no password"}
	case codeConstraintViolation:
		return verdict{outcome: account.AccountLocked, message: textManyFailures, rule: "constraint violation: too many failed logins"}
	case codeInsufficientAccess, codeUnwillingToPerform:
		return judgeRefusedBind(reply.Policy)
	}
	return unavailable(reply.Code)
}

// locked is the verdict on the policy error accountLocked, whatever the code.
var locked = verdict{outcome: account.AccountLocked, message: textAccountLocked, rule: "password policy: accountLocked"}

// judgeGoodBind: the password is right. What else the server says decides
// whether that is enough; what it says that nobody knows refuses entry. 389
// Directory Server sends Netscape's "expired" along with the grace logins that
// are left.
func judgeGoodBind(p directory.Policy) verdict {
	proven := verdict{outcome: account.Success, authorization: account.Success, rule: "bind", message: warning(p)}
	switch {
	case p.Error == policyAccountLocked:
		return locked
	case p.Error == policyPasswordExpired, p.Error == policyChangeAfterReset, p.NetscapeExpired && p.GraceLogins < 0:
		proven.authorization = account.MustChange
		proven.message = textMustChange
		proven.rule = "password policy: must change"
	case p.Error == directory.NoPolicyError && p.GraceLogins == 0: // whoever waits is locked out
		proven.authorization = account.MustChange
		proven.message = textLastGrace
		proven.rule = "password policy: last grace login"
	case p.Error != directory.NoPolicyError:
		proven.authorization = account.PermissionDenied
		proven.message = textNotAllowed
		proven.rule = "password policy: unexpected error"
	}
	return proven
}

// judgeBadCredentials never gives success, whatever the controls and the
// diagnostic say.
func judgeBadCredentials(reply directory.Reply) verdict {
	p := reply.Policy
	switch {
	case p.Error == policyAccountLocked:
		return locked
	case p.Error == policyPasswordExpired, p.NetscapeExpired:
		return verdict{outcome: account.PasswordExpired, message: textPasswordExpired, rule: "password policy: passwordExpired"}
	}
	if v, ok := activeDirectory(reply.Diagnostic); ok {
		return v
	}
	return verdict{outcome: account.BadCredentials, rule: "bind"}
}

// judgeRefusedBind: 389 Directory Server refuses users with nsAccountLock so.
func judgeRefusedBind(p directory.Policy) verdict {
	if p.Error == policyAccountLocked {
		return locked
	}
	return verdict{outcome: account.PermissionDenied, message: textNotAllowed, rule: "the server refuses the bind"}
}

// unavailable is the verdict on every result that says nothing about the user.
func unavailable(code int) verdict {
	v := verdict{outcome: account.Unavailable, message: textUnavailable, rule: "LDAP result " + itoa(code)}
	if code == codeReferral {
		v.rule = "the server refers to another one"
	}
	return v
}
