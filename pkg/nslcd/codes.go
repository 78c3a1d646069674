package nslcd

import "fmt"

// Code is a verdict in the answer to a PAM action. The numbers are
// Linux-PAM's, see _pam_types.h; the stock pam_ldap.so takes these and no
// others.
type Code int32

// The codes of the protocol.
const (
	CodeSuccess          Code = 0
	CodePermDenied       Code = 6
	CodeAuthErr          Code = 7
	CodeCredInsufficient Code = 8
	CodeAuthInfoUnavail  Code = 9
	CodeUserUnknown      Code = 10
	CodeMaxTries         Code = 11
	CodeNewAuthtokReqd   Code = 12
	CodeAcctExpired      Code = 13
	CodeSessionErr       Code = 14
	CodeAuthtokErr       Code = 20
	CodeDisableAging     Code = 23
	CodeIgnore           Code = 25
	CodeAbort            Code = 26
	CodeAuthtokExpired   Code = 27
)

var codeNames = map[Code]string{
	CodeSuccess:          "PAM_SUCCESS",
	CodePermDenied:       "PAM_PERM_DENIED",
	CodeAuthErr:          "PAM_AUTH_ERR",
	CodeCredInsufficient: "PAM_CRED_INSUFFICIENT",
	CodeAuthInfoUnavail:  "PAM_AUTHINFO_UNAVAIL",
	CodeUserUnknown:      "PAM_USER_UNKNOWN",
	CodeMaxTries:         "PAM_MAXTRIES",
	CodeNewAuthtokReqd:   "PAM_NEW_AUTHTOK_REQD",
	CodeAcctExpired:      "PAM_ACCT_EXPIRED",
	CodeSessionErr:       "PAM_SESSION_ERR",
	CodeAuthtokErr:       "PAM_AUTHTOK_ERR",
	CodeDisableAging:     "PAM_AUTHTOK_DISABLE_AGING",
	CodeIgnore:           "PAM_IGNORE",
	CodeAbort:            "PAM_ABORT",
	CodeAuthtokExpired:   "PAM_AUTHTOK_EXPIRED",
}

// String returns Linux-PAM's name of the code.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("code(%d)", int32(c))
}
