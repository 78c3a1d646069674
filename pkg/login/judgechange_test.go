package login

import (
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// TestRefusedChanges: what servers say against a new password becomes a
// sentence of ours, and stands in the log. The person never reads theirs.
func TestRefusedChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		code       int
		policy     int // error of the control
		diagnostic string
		outcome    account.Outcome
		message    string
		rule       string
	}{
		"not allowed":           {53, 3, "no", account.ChangeRefused, textModNotAllowed, `password policy: passwordModNotAllowed "no"`},
		"old password":          {50, 4, "", account.ChangeRefused, textMustSupplyOld, "password policy: mustSupplyOldPassword"},
		"quality":               {19, 5, "", account.ChangeRefused, textQuality, "password policy: insufficientPasswordQuality"},
		"short":                 {19, 6, "", account.ChangeRefused, textTooShort, "password policy: passwordTooShort"},
		"young":                 {19, 7, "", account.ChangeRefused, textTooYoung, "password policy: passwordTooYoung"},
		"history":               {19, 8, "is too young", account.ChangeRefused, textInHistory, `password policy: passwordInHistory "is too young"`},
		"policy nobody knows":   {19, 9, "in history", account.ChangeRefused, textChangeRefused, `the server refuses the new password "in history"`},
		"history, 389":          {19, -1, "Failed to update password: password in history", account.ChangeRefused, textInHistory, `the server's words: passwordInHistory "Failed to update password: password in history"`},
		"young, 389":            {19, -1, "within password minimum age", account.ChangeRefused, textTooYoung, "the server's words: passwordTooYoung"},
		"short, 389":            {19, -1, "invalid password syntax: password must be at least 8 characters long", account.ChangeRefused, textTooShort, "the server's words: passwordTooShort"},
		"not allowed, 389":      {53, -1, "user is not allowed to change password", account.ChangeRefused, textModNotAllowed, "the server's words: passwordModNotAllowed"},
		"history, slapd":        {19, -1, "Password is in history of old passwords", account.ChangeRefused, textInHistory, "the server's words: passwordInHistory"},
		"quality, slapd":        {19, -1, "Password fails quality checking policy", account.ChangeRefused, textQuality, "the server's words: insufficientPasswordQuality"},
		"young, slapd":          {19, -1, "Password is too young to change", account.ChangeRefused, textTooYoung, "the server's words: passwordTooYoung"},
		"policy, AD":            {19, -1, "0000052D: AtrErr: DSID-03191083, #1:\n\t0: 0000052D", account.ChangeRefused, textRestriction, `Active Directory: the password policy "0000052D: AtrErr: DSID-03191083, #1:\n\t0: 0000052D"`},
		"short, Samba":          {19, -1, "0000052D: Constraint violation - check_password_restrictions: the password is too short. It should be equal or longer than 8 characters!", account.ChangeRefused, textTooShort, "the server's words: passwordTooShort"},
		"simple, Samba":         {19, -1, "0000052D: Constraint violation - check_password_restrictions: the password does not meet the complexity criteria!", account.ChangeRefused, textQuality, "insufficientPasswordQuality"},
		"history, Samba":        {19, -1, "0000052D: Constraint violation - check_password_restrictions: the password was already used (in history)!", account.ChangeRefused, textInHistory, "passwordInHistory"},
		"same, Samba":           {19, -1, "0000052D: Constraint violation - check_password_restrictions: the password was already used (previous password)!", account.ChangeRefused, textInHistory, "passwordInHistory"},
		"young, Samba":          {19, -1, "0000052D: Constraint violation - check_password_restrictions: password is too young to change!", account.ChangeRefused, textTooYoung, "passwordTooYoung"},
		"old password, Samba":   {19, -1, "00000056: Constraint violation - check_password_restrictions: The old password specified doesn't match!", account.BadCredentials, "", "Active Directory: the old password"},
		"exop, Samba":           {2, -1, "Extended Operation(1.3.6.1.4.1.4203.1.11.1) not supported", account.ChangeRefused, textChangeRefused, "set password_change"},
		"old password, AD":      {19, -1, "00000056: AtrErr: DSID-03191083", account.BadCredentials, "", "Active Directory: the old password"},
		"no TLS, AD":            {53, -1, "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)", account.ChangeRefused, textChangeRefused, "Active Directory takes new passwords over TLS only"},
		"something, AD":         {50, -1, "00000005: SecErr: DSID-031A1190", account.ChangeRefused, textChangeRefused, "the server refuses the new password"},
		"nothing":               {19, -1, "", account.ChangeRefused, textChangeRefused, "the server refuses the new password"},
		"no number":             {19, -1, "0000052G: what", account.ChangeRefused, textChangeRefused, "the server refuses the new password"},
		"long":                  {19, -1, strings.Repeat("x", 4000), account.ChangeRefused, textChangeRefused, strings.Repeat("x", 200) + `"`},
		"old value":             {16, -1, "", account.ChangeRefused, textChangeRefused, "does not find the old value"},
		"no TLS":                {13, -1, "TLS required", account.ChangeRefused, textChangeRefused, `LDAP result 13 "TLS required"`},
		"no password modify":    {12, -1, "", account.ChangeRefused, textChangeRefused, "no password modify"},
		"wrong password":        {49, -1, "", account.BadCredentials, "", "password modify"},
		"success is of no text": {0, -1, "0000052D: in history", account.Success, "", "password modify"},
	} {
		t.Run(name, func(t *testing.T) {
			reply := directory.Reply{Code: tt.code, Diagnostic: tt.diagnostic, Policy: directory.NoPolicy}
			reply.Policy.Error = tt.policy
			v := judge(reply, phaseChange)
			if v.outcome != tt.outcome || v.message != tt.message || !strings.Contains(v.rule, tt.rule) {
				t.Errorf("got %s %q by %q", v.outcome, v.message, v.rule)
			}
			if strings.Contains(v.rule, "\n") || len(v.rule) > 300 {
				t.Errorf("rule %q", v.rule)
			}
		})
	}
}

// TestReferredChange names the server in the log, and to nobody else.
func TestReferredChange(t *testing.T) {
	reply := directory.Reply{Code: codeReferral, Referral: "ldap://primary.example/", Policy: directory.NoPolicy}
	for name, v := range map[string]verdict{"password": judge(reply, phaseChange), "other": judgeModify(reply)} {
		if v.outcome != account.ChangeRefused || v.message != textElsewhere ||
			!strings.Contains(v.rule, `"ldap://primary.example/"`) || !strings.Contains(v.rule, "write_uris") {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
