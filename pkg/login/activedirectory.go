package login

import (
	"regexp"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// refusedByDomain is the diagnostic of Active Directory, and of Samba, beside
// the code invalidCredentials:
//
//	80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1
//
// The number behind "data" is a Windows error in hexadecimal ([MS-ERREF], 2.2).
var refusedByDomain = regexp.MustCompile(`^[0-9A-Fa-f]{8}: LdapErr: [^,]*, comment: AcceptSecurityContext error, data ([0-9A-Fa-f]{1,8}), `)

// subCodes are the errors that are not just a wrong name or password (525,
// 52e). All but 775 are said only of the right password, which opens nothing
// here: such a user cannot bind, and so has proven nothing.
var subCodes = map[string]verdict{
	"530": {outcome: account.PermissionDenied, message: textNotNow, rule: "Active Directory: 530, not at this hour"},
	"531": {outcome: account.PermissionDenied, message: textNotFromHere, rule: "Active Directory: 531, not at this workstation"},
	"532": {outcome: account.MustChange, message: textChangeBefore, rule: "Active Directory: 532, the password has expired"},
	"533": {outcome: account.AccountLocked, message: textDisabled, rule: "Active Directory: 533, the account is disabled"},
	"568": {outcome: account.PermissionDenied, message: textNotAllowed, rule: "Active Directory: 568, too many groups"},
	"701": {outcome: account.AccountExpired, message: textAccountExpired, rule: "Active Directory: 701, the account has expired"},
	"773": {outcome: account.MustChange, message: textChangeBefore, rule: "Active Directory: 773, the password must be changed"},
	"775": {outcome: account.AccountLocked, message: textManyFailures, rule: "Active Directory: 775, the account is locked out"},
}

// activeDirectory is the verdict on a refused bind that Active Directory gives
// a reason for.
func activeDirectory(diagnostic string) (verdict, bool) {
	data := refusedByDomain.FindStringSubmatch(diagnostic)
	if data == nil {
		return verdict{}, false
	}
	v, ok := subCodes[strings.ToLower(data[1])]
	return v, ok
}
