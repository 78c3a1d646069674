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

// pamMeanings are what return values mean to whoever runs the machine.
var pamMeanings = map[pam.Error]string{
	pam.ErrOpen:             "a module could not be loaded; the system's log names it",
	pam.ErrSymbol:           "a module lacks a function; the system's log names it",
	pam.ErrService:          "a module failed",
	pam.ErrSystem:           "a module or libpam failed; see the system's log",
	pam.ErrPermDenied:       "this user may not in here",
	pam.ErrAuth:             "the password is wrong, or a module refuses without a reason",
	pam.ErrCredInsufficient: "a module may not see what it needs: is this to run as root?",
	pam.ErrAuthinfoUnavail:  "no directory answered, or no daemon",
	pam.ErrUserUnknown:      "a module does not know the user",
	pam.ErrMaxtries:         "too many attempts",
	pam.ErrNewAuthtokReqd:   "the password is right and must be changed before the user may in",
	pam.ErrAcctExpired:      "the account is locked or has expired",
	pam.ErrSession:          "a module could not set up or end the session",
	pam.ErrCredUnavail:      "a module cannot find the user's credentials",
	pam.ErrCredExpired:      "the user's credentials have expired",
	pam.ErrCred:             "a module could not set the user's credentials",
	pam.ErrConv:             "a prompt was not answered",
	pam.ErrAuthtok:          "a module could not use the password",
	pam.ErrAuthtokRecovery:  "a module did not get a password",
	pam.ErrIgnore:           "no module decided",
	pam.ErrAbort:            "libpam gave up: the service file is broken, or a module is missing",
	pam.ErrAuthtokExpired:   "the password has expired for too long to be changed by its owner",
	pam.ErrModuleUnknown:    "a module is missing; the system's log names it",
}

// pamMeaning is what a return value means; empty for success.
func pamMeaning(err error) string {
	var code pam.Error
	if !errors.As(err, &code) {
		return ""
	}
	return pamMeanings[code]
}
