package login

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// judgeChange is judge for the answer to a change of a password.
func judgeChange(reply directory.Reply) verdict {
	switch reply.Code {
	case codeSuccess:
		return verdict{outcome: account.Success, authorization: account.Success, rule: "password modify"}
	case codeInvalidCredentials:
		return verdict{outcome: account.BadCredentials, rule: "password modify"}
	case codeInsufficientAccess, codeConstraintViolation, codeUnwillingToPerform:
		return refusedChange(reply)
	case codeProtocolError, codeUnavailableExtension: // which is which is up to the server (RFC 4511, section 4.12)
		return verdict{outcome: account.ChangeRefused, message: textChangeRefused, rule: "the server has no password modify, set password_change:" + quoted(reply.Diagnostic)}
	case codeNoSuchAttribute:
		return verdict{outcome: account.ChangeRefused, message: textChangeRefused, rule: "the server does not find the old value: set another password_change"}
	case codeReferral:
		return referredChange(reply)
	}
	if slices.Contains(refusals, reply.Code) {
		return verdict{outcome: account.ChangeRefused, message: textChangeRefused, rule: "LDAP result " + itoa(reply.Code) + quoted(reply.Diagnostic)}
	}
	return unavailable(reply.Code)
}

// refusals are further results (RFC 4511, appendix A.2) of a server that is well
// and does not make the change: TLS or another bind is wanted, or there is no
// such attribute, value, entry, or not in this class of entries.
var refusals = []int{8, 13, 17, 18, 20, 21, 32, 34, 64, 65, 66, 67, 69}

// refusedChange says why, as far as the server did: by the policy control, or
// in the code or the words of its diagnostic message.
func refusedChange(reply directory.Reply) verdict {
	v := verdict{outcome: account.ChangeRefused, message: textChangeRefused, rule: "the server refuses the new password"}
	if reason, ok := changeRefusals[reply.Policy.Error]; ok {
		v.message, v.rule = reason.message, "password policy: "+reason.rule
	} else if reply.Policy.Error == directory.NoPolicyError {
		v = refusedInWords(v, reply.Diagnostic)
	}
	v.rule += quoted(reply.Diagnostic)
	return v
}

var changeRefusals = map[int]struct{ rule, message string }{
	policyModNotAllowed: {"passwordModNotAllowed", textModNotAllowed},
	policyMustSupplyOld: {"mustSupplyOldPassword", textMustSupplyOld},
	policyQuality:       {"insufficientPasswordQuality", textQuality},
	policyTooShort:      {"passwordTooShort", textTooShort},
	policyTooYoung:      {"passwordTooYoung", textTooYoung},
	policyInHistory:     {"passwordInHistory", textInHistory},
}

// Errors of Windows (MS-ERREF, section 2.2) with which the diagnostic message of
// Active Directory begins.
const (
	adGeneralFailure      = 0x1f
	adInvalidPassword     = 0x56
	adPasswordRestriction = 0x52d
)

// refusedInWords is for servers that say it without a control: Active Directory
// by a number, Samba, 389 Directory Server and slapd in English. Their words only
// choose among sentences of our own.
func refusedInWords(v verdict, diagnostic string) verdict {
	if code, ok := activeDirectoryCode(diagnostic); ok {
		v = refusedByActiveDirectory(v, code)
		if code != adPasswordRestriction {
			return v
		}
	}
	lower := strings.ToLower(diagnostic)
	for _, words := range refusalWords {
		if strings.Contains(lower, words.text) {
			reason := changeRefusals[words.policy]
			v.message, v.rule = reason.message, "the server's words: "+reason.rule
			return v
		}
	}
	return v
}

var refusalWords = []struct {
	text   string
	policy int
}{
	{"in history", policyInHistory},
	{"too young", policyTooYoung},
	{"minimum age", policyTooYoung},
	{"too short", policyTooShort},
	{"at least", policyTooShort},
	{"must supply old password", policyMustSupplyOld},
	{"not allowed to change password", policyModNotAllowed},
	{"quality", policyQuality},
	{"complexity", policyQuality},
	{"already used", policyInHistory},
	{"trivial words", policyQuality},
}

func refusedByActiveDirectory(v verdict, code uint64) verdict {
	switch code {
	case adPasswordRestriction:
		v.message, v.rule = textRestriction, "Active Directory: the password policy"
	case adInvalidPassword:
		v.outcome, v.message, v.rule = account.BadCredentials, "", "Active Directory: the old password"
	case adGeneralFailure:
		v.rule = "Active Directory takes new passwords over TLS only"
	}
	return v
}

// activeDirectoryCode returns the number of eight hexadecimal digits that a
// diagnostic message begins with.
func activeDirectoryCode(diagnostic string) (uint64, bool) {
	number, _, found := strings.Cut(diagnostic, ":")
	if !found || len(number) != 8 {
		return 0, false
	}
	code, err := strconv.ParseUint(number, 16, 32)
	return code, err == nil
}

// referredChange: the server only has a copy. A password is sent to nobody
// because a server says so.
func referredChange(reply directory.Reply) verdict {
	return verdict{
		outcome: account.ChangeRefused, message: textElsewhere,
		rule: "the server takes no changes, set write_uris: referral" + quoted(reply.Referral),
	}
}

// maxQuoted bounds what a server says in the log, in bytes.
const maxQuoted = 200

// quoted is a server's text behind a rule.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return " " + strconv.Quote(text[:min(len(text), maxQuoted)])
}
