package main

import (
	"errors"
	"fmt"

	"github.com/msteinert/pam/v2"
)

// pamNames are the names that pam(3) has for its return values.
var pamNames = map[pam.Error]string{
	pam.ErrOpen:                "PAM_OPEN_ERR",
	pam.ErrSymbol:              "PAM_SYMBOL_ERR",
	pam.ErrService:             "PAM_SERVICE_ERR",
	pam.ErrSystem:              "PAM_SYSTEM_ERR",
	pam.ErrBuf:                 "PAM_BUF_ERR",
	pam.ErrPermDenied:          "PAM_PERM_DENIED",
	pam.ErrAuth:                "PAM_AUTH_ERR",
	pam.ErrCredInsufficient:    "PAM_CRED_INSUFFICIENT",
	pam.ErrAuthinfoUnavail:     "PAM_AUTHINFO_UNAVAIL",
	pam.ErrUserUnknown:         "PAM_USER_UNKNOWN",
	pam.ErrMaxtries:            "PAM_MAXTRIES",
	pam.ErrNewAuthtokReqd:      "PAM_NEW_AUTHTOK_REQD",
	pam.ErrAcctExpired:         "PAM_ACCT_EXPIRED",
	pam.ErrSession:             "PAM_SESSION_ERR",
	pam.ErrCredUnavail:         "PAM_CRED_UNAVAIL",
	pam.ErrCredExpired:         "PAM_CRED_EXPIRED",
	pam.ErrCred:                "PAM_CRED_ERR",
	pam.ErrNoModuleData:        "PAM_NO_MODULE_DATA",
	pam.ErrConv:                "PAM_CONV_ERR",
	pam.ErrAuthtok:             "PAM_AUTHTOK_ERR",
	pam.ErrAuthtokRecovery:     "PAM_AUTHTOK_RECOVERY_ERR",
	pam.ErrAuthtokLockBusy:     "PAM_AUTHTOK_LOCK_BUSY",
	pam.ErrAuthtokDisableAging: "PAM_AUTHTOK_DISABLE_AGING",
	pam.ErrTryAgain:            "PAM_TRY_AGAIN",
	pam.ErrIgnore:              "PAM_IGNORE",
	pam.ErrAbort:               "PAM_ABORT",
	pam.ErrAuthtokExpired:      "PAM_AUTHTOK_EXPIRED",
	pam.ErrModuleUnknown:       "PAM_MODULE_UNKNOWN",
}

// pamName is the name of a return value; nil is PAM_SUCCESS.
func pamName(err error) string {
	if err == nil {
		return "PAM_SUCCESS"
	}
	var code pam.Error
	if !errors.As(err, &code) {
		return err.Error()
	}
	if name, ok := pamNames[code]; ok {
		return name
	}
	return fmt.Sprintf("PAM return value %d", int(code))
}
