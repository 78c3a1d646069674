package login

import "github.com/goldap/goldap/pkg/account"

// checkTemplate is the last access rule: whoever becomes another user of this
// machine becomes one who is there, and not root.
func (l *Login) checkTemplate(acct account.Account) verdict {
	switch {
	case acct.Template == "" && acct.HasID():
		return verdict{outcome: account.Success}
	case acct.Template == "":
		return judgeRule("the entry has no uid", false, nil)
	case l.TemplateUser == nil:
		return judgeRule("template_login: nobody becomes another user here", false, nil)
	}
	if err := l.TemplateUser(acct.Template); err != nil {
		return judgeRule("template_login: "+err.Error(), false, nil)
	}
	return verdict{outcome: account.Success}
}

// asTemplate names the user whom a user becomes who may in. One who must change
// the password first is still themselves.
func (d Decision) asTemplate(acct account.Account) Decision {
	if d.Outcome == account.Success && d.Authorization == account.Success {
		d.Account = acct.Template
	}
	return d
}

// NotAllowed is the decision with a refusal of the authorization, by a rule of
// the caller.
func (d Decision) NotAllowed(rule string) Decision {
	d.Authorization, d.Message, d.Rule = account.PermissionDenied, textNotAllowed, rule
	d.Account, d.Roles = "", nil
	return d
}
