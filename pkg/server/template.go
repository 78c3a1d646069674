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
	action := x.request.Action
	if decision.Account == "" || action != nslcd.ActionAuthenticate && action != nslcd.ActionAuthorize {
		return decision
	}
	decision = decision.NotAllowed("template_login: the caller's module does not know of users who become others")
	if action == nslcd.ActionAuthorize {
		decision.Outcome = account.PermissionDenied
	}
	return decision
}
