package login

import (
	"context"
	"errors"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// ModifyRequest asks for a new home directory or login shell of a user. Only
// User and Password of the Request count; the password is the administrator's
// if AsRoot.
type ModifyRequest struct {
	Request
	// Home and Shell are the new values, nil to leave what there is.
	Home, Shell *string
	// AsRoot: the administrator changes somebody else.
	AsRoot bool
	// CallerIsRoot is as in ChangeRequest.
	CallerIsRoot bool
}

// Modification is the answer. Decision is about the request as a whole; where
// it is Success, a text says why one field was not changed, empty if it was.
type Modification struct {
	Decision
	Home, Shell string
	// NoAdministrator: AsRoot was asked for, and there is no administrator.
	NoAdministrator bool
}

// ModifyUser writes values of a user's entry, as the user or as the
// administrator. What is wrong with a value is told only once the password is
// proven; the other value is written all the same.
func (l *Login) ModifyUser(ctx context.Context, req ModifyRequest) Modification {
	if req.AsRoot && !req.CallerIsRoot {
		return Modification{Decision: Decision{Outcome: account.PermissionDenied, Message: textNotAllowed, Rule: "caller is not root"}}
	}
	if rule := unusable(req.Password); rule != "" && !req.AsRoot {
		return refusedModification(refuse(account.BadCredentials, rule))
	}
	acct, dir, err := l.Accounts.LoginAccount(ctx, req.User, true)
	if err != nil {
		return refusedModification(fromError(err))
	}
	configured, hasPassword := dir.Administrator()
	if req.AsRoot && !configured {
		return Modification{NoAdministrator: true, Decision: Decision{Outcome: account.PermissionDenied, Message: textNotAllowed, Rule: "no root_bind_dn"}}
	}
	if req.AsRoot && req.Password.IsEmpty() && !hasPassword {
		return refusedModification(refuse(account.BadCredentials, "no root_bind_password"))
	}
	return l.modify(ctx, req, acct, dir)
}

// modify writes what may be written.
func (l *Login) modify(ctx context.Context, req ModifyRequest, acct account.Account, dir Directory) Modification {
	m := Modification{}
	if req.Home != nil && !req.AsRoot { // a path is looked at only for those who are who they say
		if v, err := l.bind(ctx, req.Request, acct, dir); err != nil {
			return refusedModification(fromError(err))
		} else if v.outcome != account.Success {
			return refusedModification(v.decision(acct.Name))
		}
	}
	wanted := directory.Modification{DN: acct.DN, Password: req.Password, AsRoot: req.AsRoot}
	homeWritable, shellWritable := dir.Writable()
	wanted.Home, m.Home = checkValue(req.Home, homeWritable, func(home string) string { return l.checkHome(ctx, home, req.AsRoot) })
	wanted.Shell, m.Shell = checkValue(req.Shell, shellWritable, func(shell string) string { return l.checkShell(shell, req.AsRoot) })
	bind, changed, err := dir.Modify(ctx, wanted)
	if errors.Is(err, directory.ErrRefused) {
		return refusedModification(Decision{Outcome: account.ChangeRefused, Message: textNotChanged, Rule: err.Error()})
	}
	if err != nil {
		return refusedModification(fromError(err))
	}
	proven := judge(bind, phaseBind)
	if proven.outcome != account.Success {
		return refusedModification(proven.decision(acct.Name))
	}
	if wanted.Home == "" && wanted.Shell == "" {
		m.Decision = Decision{Outcome: account.Success, User: acct.Name, Rule: "nothing to change"}
		return m
	}
	if v := judgeModify(changed); v.outcome != account.Success {
		if proven.authorization == account.MustChange { // servers let such a user do nothing else
			v.message = proven.message
		}
		return refusedModification(v.decision(acct.Name))
	}
	l.Accounts.Forget(req.User)
	l.Accounts.Forget(acct.Name)
	m.Decision = Decision{Outcome: account.Success, User: acct.Name, Rule: "modify"}
	return m
}

// refusedModification has a text for the person for every refusal; the answer
// of the protocol has nothing else to say it with.
func refusedModification(d Decision) Modification {
	if d.Message == "" && d.Outcome == account.BadCredentials {
		d.Message = textWrongPassword
	}
	if d.Message == "" {
		d.Message = textNotAllowed
	}
	return Modification{Decision: d}
}

// judgeModify is the verdict on the answer to a modify request.
func judgeModify(reply directory.Reply) verdict {
	switch reply.Code {
	case codeSuccess:
		return verdict{outcome: account.Success, authorization: account.Success, rule: "modify"}
	case codeReferral:
		return referredChange(reply)
	case codeBusy, codeUnavailable:
		return unavailable(reply.Code)
	}
	return verdict{outcome: account.ChangeRefused, message: textNotChanged, rule: "LDAP result " + itoa(reply.Code)}
}
