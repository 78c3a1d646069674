package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
)

// decide returns what judge decides. If that takes a while, the header of the
// response goes out before, so that the caller can tell a daemon that works
// from one that hangs.
func (x *exchange) decide(ctx context.Context, judge func() login.Decision) login.Decision {
	sent := make(chan struct{})
	timer := time.AfterFunc(x.server.options.HeaderDelay, func() {
		defer close(sent)
		_ = x.flush() // a caller who is gone is noticed by the next write
	})
	defer timer.Stop() // if judge panics
	decision := x.sayable(x.slowed(ctx, judge))
	if !timer.Stop() {
		<-sent
	}
	return decision
}

func serveAuthenticate(ctx context.Context, x *exchange) error {
	return x.authenticated(ctx, (*nslcd.Response).Authenticated)
}

func serveLogin(ctx context.Context, x *exchange) error {
	return x.authenticated(ctx, (*nslcd.Response).LoggedIn)
}

// authenticated has the password judged, and answers in the words of the action.
func (x *exchange) authenticated(ctx context.Context, answer func(*nslcd.Response, nslcd.Authentication) error) error {
	decision := x.decide(ctx, func() login.Decision { return x.authenticate(ctx) })
	x.audit(decision)
	if decision.Outcome == account.UnknownUser {
		return x.end()
	}
	err := answer(x.response, nslcd.Authentication{
		Code:          code(decision.Outcome),
		User:          cmp.Or(decision.User, x.request.PAM.User),
		Authorization: authorizationCode(decision),
		Message:       decision.Message,
		Session:       session(decision),
	})
	if err != nil {
		return err
	}
	return x.end()
}

// session is what the program is to know of a login that may go on, be it after
// a change of the password.
func session(d login.Decision) nslcd.Session {
	if d.Authorization != account.Success && d.Authorization != account.MustChange {
		return nslcd.Session{}
	}
	s := nslcd.Session{Account: d.Account}
	if d.Roles != nil {
		s.Environment = []string{"GOLDAP_ROLES=" + strings.Join(d.Roles, ",")}
	}
	return s
}

// authenticate asks the backend. An empty user name means the only
// administrator that there is; ActionLogin can ask for that of the user's
// directory.
func (x *exchange) authenticate(ctx context.Context) login.Decision {
	if x.request.PAM.User == "" || x.request.AsRoot {
		return x.backend.Login.AuthenticateRoot(ctx, x.request.PAM.User, x.request.Password, x.caller.IsRoot())
	}
	return x.backend.Login.Authenticate(ctx, x.loginRequest())
}

func serveAuthorize(ctx context.Context, x *exchange) error {
	return x.verdict(x.decide(ctx, func() login.Decision {
		return x.backend.Login.Authorize(ctx, x.loginRequest())
	}))
}

// serveAdmit is serveAuthorize for goldap's own module.
func serveAdmit(ctx context.Context, x *exchange) error {
	decision := x.decide(ctx, func() login.Decision {
		return x.backend.Login.Authorize(ctx, x.loginRequest())
	})
	x.audit(decision)
	if decision.Outcome == account.UnknownUser {
		return x.end()
	}
	err := x.response.Admitted(nslcd.Admission{
		Code: code(decision.Outcome), User: cmp.Or(decision.User, x.request.PAM.User), Message: decision.Message,
		Session: session(decision),
	})
	if err != nil {
		return err
	}
	return x.end()
}

func serveChangePassword(ctx context.Context, x *exchange) error {
	return x.verdict(x.decide(ctx, func() login.Decision {
		return x.backend.Login.ChangePassword(ctx, login.ChangeRequest{
			Request:      x.loginRequest(),
			New:          x.request.NewPassword,
			AsRoot:       x.request.AsRoot,
			CallerIsRoot: x.caller.IsRoot(),
		})
	}))
}

func (x *exchange) loginRequest() login.Request {
	pam := x.request.PAM
	return login.Request{
		User: pam.User, Service: pam.Service, RUser: pam.RUser, RHost: pam.RHost, TTY: pam.TTY,
		Password: x.request.Password,
	}
}

// verdict writes the audit line and sends the answer to an authorization or a
// password change.
func (x *exchange) verdict(decision login.Decision) error {
	x.audit(decision)
	if decision.Outcome == account.UnknownUser {
		return x.end()
	}
	err := x.response.Verdict(nslcd.Verdict{Code: code(decision.Outcome), Message: decision.Message})
	if err != nil {
		return err
	}
	return x.end()
}

// deny answers a request that the permission table does not allow this caller:
// with a verdict where the action has one, otherwise by closing.
func (x *exchange) deny() error {
	decision := login.Decision{Outcome: account.PermissionDenied, Message: msgNeedsRoot, Rule: "permission-table"}
	switch x.request.Action {
	case nslcd.ActionChangePassword:
		return x.verdict(decision)
	case nslcd.ActionUserMod:
		x.audit(decision)
		return x.modified(login.Modification{Decision: decision})
	}
	x.audit(decision)
	return nil
}

// msgNeedsRoot is for a caller who is not root and asks for what only root
// may.
const msgNeedsRoot = "Only root may do this."

// serveSessionOpen answers for every user, known or not, without asking
// anybody: a session has no state here.
func serveSessionOpen(_ context.Context, x *exchange) error {
	x.audit(login.Decision{Outcome: account.Success, Rule: "session"})
	if err := x.response.SessionOpened(rand.Text()); err != nil {
		return err
	}
	return x.end()
}

func serveSessionClose(_ context.Context, x *exchange) error {
	x.audit(login.Decision{Outcome: account.Success, Rule: "session"})
	if err := x.response.SessionClosed(); err != nil {
		return err
	}
	return x.end()
}
