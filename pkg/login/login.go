// Package login decides: whether a password proves who somebody is, whether
// the directory's rules let them in, and whether a password may be changed.
//
// Each of [Login.Authenticate], [Login.Authorize] and [Login.ChangePassword]
// is one function read from top to bottom that refuses at every exit and
// succeeds at the last line. The daemon and the module that runs without a
// daemon decide through this package alone, so that no rule can be escaped by
// stopping the daemon.
//
// What a server answered is turned into an outcome by one pure function,
// judge, whose whole truth table is in testdata/truth-table.golden. The words
// for the person at the prompt are all in messages.go.
package login

import (
	"context"
	"errors"
	"log/slog"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
)

// Request is who wants to log in, and through what: the items of pam_get_item(3).
type Request struct {
	User, Service, RUser, RHost, TTY string
	// Password is empty where none was asked for.
	Password secret.Secret
}

// ChangeRequest asks for a new password. Request.Password is the old one, or
// the administrator's if AsRoot.
type ChangeRequest struct {
	Request
	New secret.Secret
	// AsRoot: the administrator changes the password of somebody else.
	AsRoot bool
	// CallerIsRoot: the caller on the socket has uid 0 on this machine. Only
	// root may do without a password of the administrator.
	CallerIsRoot bool
}

// Decision is the answer. The zero value refuses.
type Decision struct {
	// Outcome is the verdict on what was asked.
	Outcome account.Outcome
	// Authorization is the second verdict of an authentication: may the user
	// in? It is only ever Success if Outcome is.
	Authorization account.Outcome
	// User is the user name in the directory's spelling, empty if unknown.
	User string
	// Message is for the person at the prompt; it may be empty.
	Message string
	// Rule names what decided, for the log.
	Rule string
}

// Accounts finds the account of a user who wants to log in. Its errors are
// those of pkg/directory.
type Accounts interface {
	// LoginAccount returns the account of the user and the directory that
	// has it. With fresh it does not answer from memory.
	LoginAccount(ctx context.Context, user string, fresh bool) (account.Account, Directory, error)
}

// Directory is what a login needs of the directory that has the account;
// *directory.Directory has it.
type Directory interface {
	Name() string
	BindAsUser(ctx context.Context, dn string, password secret.Secret) (directory.Reply, error)
	BindAsRoot(ctx context.Context, password secret.Secret) (directory.Reply, error)
	ChangePassword(ctx context.Context, change directory.PasswordChange) (bind, changed directory.Reply, err error)
	MatchesLoginFilter(ctx context.Context, dn string) (bool, error)
	ShadowByName(ctx context.Context, name string) (account.Shadow, error)
}
