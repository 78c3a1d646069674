package server

import (
	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
)

// sayable refuses a login whose user is to become another (template_login), if
// the protocol of the action has no word for that: the program would go on as the
// wrong user.
func (x *exchange) sayable(decision login.Decision) login.Decision {
	if decision.Account == "" || saysAccount[x.request.Action] {
		return decision
	}
	decision = decision.NotAllowed("template_login: the caller's module does not know of users who become others")
	if x.request.Action == nslcd.ActionAuthorize {
		decision.Outcome = account.PermissionDenied
	}
	return decision
}

// saysAccount are the actions whose answer says whom the user becomes.
var saysAccount = map[nslcd.Action]bool{nslcd.ActionLogin: true, nslcd.ActionAdmit: true}
