// Package login decides: whether a password proves who somebody is, whether
// the directory's rules let them in, and whether a password may be changed.
//
// Each of [Login.Authenticate], [Login.Authorize], [Login.ChangePassword] and
// [Login.ModifyUser] is one function read from top to bottom that refuses at every exit and
// succeeds at the last line. The daemon and the module that runs without a
// daemon decide through this package alone, so that no rule can be escaped by
// stopping the daemon.
//
// What a server answered is turned into an outcome by one pure function,
// judge, whose whole truth table is in testdata/truth-table.golden. The words
// for the person at the prompt are all in messages.go.
package login

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/roles"
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
	// Account is the user of this machine whom the user is to become
	// (template_login); empty is themselves.
	Account string
	// Roles are those that the user has, sorted, where they were looked for.
	Roles []string
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
	// Forget makes everybody who asks for the user from now on see what the
	// directory has then.
	Forget(user string)
}

// Directory is what a login needs of the directory that has the account;
// *directory.Directory has it.
type Directory interface {
	roles.Directory
	BindAsUser(ctx context.Context, dn string, password secret.Secret) (directory.Reply, error)
	BindAsRoot(ctx context.Context, password secret.Secret) (directory.Reply, error)
	ChangePassword(ctx context.Context, change directory.PasswordChange) (bind, changed directory.Reply, err error)
	Modify(ctx context.Context, m directory.Modification) (bind, changed directory.Reply, err error)
	// Writable says which values of a user's entry Modify can write.
	Writable() (home, shell bool)
	// LoginRules are the DN of the group of IsGroupMember and the filter of
	// MatchesLoginFilter, for messages; empty is none.
	LoginRules() (groupDN, filter string)
	MatchesLoginFilter(ctx context.Context, dn string) (bool, error)
	// IsGroupMember reports whether the user is in the group whose members
	// may log in.
	IsGroupMember(ctx context.Context, dn string) (bool, error)
	// LoginChecks says which of the LoginAttributes count.
	LoginChecks() (service, host bool)
	// LoginAttributes are the services and hosts that the user's entry names.
	LoginAttributes(ctx context.Context, dn string) (directory.LoginAttributes, error)
	// LoginUIDs is the window of uids that may log in; 0 is no limit.
	LoginUIDs() (min, max uint32)
	// HasLoginSearches says whether MatchesLoginSearches and BindAndSearch
	// have something to search for, SearchesNameMachine whether they need the
	// names of this machine.
	HasLoginSearches() (searches, bindSearch bool)
	SearchesNameMachine() bool
	// MatchesLoginSearches returns the first search that finds nothing, or "".
	MatchesLoginSearches(ctx context.Context, v directory.LoginVariables) (failed string, err error)
	// BindAndSearch is BindAsUser with a search as the user after it.
	BindAndSearch(ctx context.Context, dn string, password secret.Secret, v directory.LoginVariables) (reply directory.Reply, found bool, err error)
	// Administrator reports whether there is an identity for changes by root,
	// and whether its password is known.
	Administrator() (configured, hasPassword bool)
}

// Login decides. It is safe for concurrent use.
type Login struct {
	// Accounts finds users.
	Accounts Accounts
	// Directories are those whose administrator may change passwords.
	Directories []Directory
	// ProhibitMessage, if set, refuses every change of a password.
	ProhibitMessage string
	// Machine is this machine, for the rule about hosts.
	Machine Machine
	// Roles are those of the configuration, and Services what they may use.
	Roles    *roles.Set
	Services Services
	// TemplateUser returns why nobody may become the user of this machine with
	// the name (template_login), or nil. Without it nobody becomes another.
	TemplateUser func(name string) error
	// ShellsFile is shells(5); empty means /etc/shells.
	ShellsFile string
	// Now is time.Now.
	Now func() time.Time
	// Logger hears of facts that decide nothing, such as a password policy
	// that cannot be understood.
	Logger *slog.Logger

	statsOnce sync.Once
	stats     chan struct{} // full while maxStats home directories are looked at
}

// Authenticate decides whether the password proves that the caller is the
// user, and then whether the user may in. The second is looked at only after
// the first, so that a guesser learns nothing about the account.
func (l *Login) Authenticate(ctx context.Context, req Request) Decision {
	if rule := unusable(req.Password); rule != "" {
		return refuse(account.BadCredentials, rule)
	}
	acct, dir, err := l.Accounts.LoginAccount(ctx, req.User, false)
	if err != nil {
		return fromError(err)
	}
	verdict, err := l.bind(ctx, req, acct, dir)
	if err == nil && verdict.outcome == account.BadCredentials {
		acct, dir, verdict, err = l.bindAgain(ctx, req, acct, dir, verdict)
	}
	if err != nil {
		return fromError(err)
	}
	decision := verdict.decision(acct.Name)
	if decision.Outcome != account.Success {
		return decision
	}
	return l.admit(ctx, decision, req, acct, dir)
}

// bind checks the password, and whether the user then finds what
// login_bind_search wants; one who does not has proven nothing.
func (l *Login) bind(ctx context.Context, req Request, acct account.Account, dir Directory) (verdict, error) {
	reply, found, err := l.ask(ctx, req, acct, dir)
	if err != nil {
		return verdict{}, err
	}
	if reply.Policy.Undecodable {
		l.Logger.Warn("the server sent a password policy that cannot be understood", "dn", acct.DN, "code", reply.Code)
	}
	v := judge(reply, phaseBind)
	if v.outcome == account.Success && !found {
		v = verdict{outcome: account.BadCredentials, rule: "login_bind_search"}
	}
	noteBindVerdict(ctx, v)
	return v, nil
}

func (l *Login) ask(ctx context.Context, req Request, acct account.Account, dir Directory) (reply directory.Reply, found bool, err error) {
	if _, bindSearch := dir.HasLoginSearches(); !bindSearch {
		reply, err = dir.BindAsUser(ctx, acct.DN, req.Password)
		return reply, err == nil, err
	}
	variables, err := l.variables(ctx, req, acct, dir)
	if err != nil {
		return directory.Reply{}, false, fmt.Errorf("login_bind_search: %w", err)
	}
	return dir.BindAndSearch(ctx, acct.DN, req.Password, variables)
}

// bindAgain gives the refused user a second chance if what was remembered of
// the account is no longer true. A password that was refused for the entry as
// it is now is not tried again.
func (l *Login) bindAgain(ctx context.Context, req Request, acct account.Account, dir Directory, refused verdict) (account.Account, Directory, verdict, error) {
	fresh, freshDir, err := l.Accounts.LoginAccount(ctx, req.User, true)
	if err != nil || fresh.DN == acct.DN {
		return acct, dir, refused, err
	}
	v, err := l.bind(ctx, req, fresh, freshDir)
	return fresh, freshDir, v, err
}

// admit is the second half of an authentication: the access rules, then what
// the policy and the shadow attributes say about the password.
func (l *Login) admit(ctx context.Context, proven Decision, req Request, acct account.Account, dir Directory) Decision {
	v, held := l.authorize(ctx, req, acct, dir)
	if v.outcome != account.Success {
		return proven.authorizedBy(v)
	}
	admitted := l.admitWith(proven, acct)
	notePasswordAge(ctx, admitted)
	return admitted.withRoles(held).asTemplate(acct)
}

// admitWith adds what the age of the password says about a login that no access
// rule refuses.
func (l *Login) admitWith(proven Decision, acct account.Account) Decision {
	if proven.Authorization != account.Success {
		return proven
	}
	if v := judgePassword(acct.Shadow, l.today()); v.outcome != account.Success || proven.Message == "" {
		return proven.authorizedBy(v)
	}
	return proven
}

// withRoles gives the roles to a user who may in, be it after a change of the
// password.
func (d Decision) withRoles(held []string) Decision {
	if d.Authorization == account.Success || d.Authorization == account.MustChange {
		d.Roles = held
	}
	return d
}

func (d Decision) authorizedBy(v verdict) Decision {
	d.Authorization, d.Message = v.outcome, v.message
	if v.rule != "" {
		d.Rule = v.rule
	}
	return d
}

// Authorize decides whether the user may in, however they proved who they are.
func (l *Login) Authorize(ctx context.Context, req Request) Decision {
	acct, dir, err := l.Accounts.LoginAccount(ctx, req.User, false)
	if err != nil {
		return fromError(err)
	}
	v, held := l.authorize(ctx, req, acct, dir)
	if v.outcome == account.Success && v.rule == "" {
		v.rule = accessRules(acct.State)
	}
	d := Decision{Outcome: v.outcome, Authorization: v.outcome, User: acct.Name, Roles: held, Message: v.message, Rule: v.rule}
	return d.asTemplate(acct)
}

// AuthenticateRoot proves the administrator of the directory that has the user,
// who changes passwords of others. Without a user, as nslcd's protocol asks, it
// is the only administrator that there is. An empty password stands for the one in
// the configuration, which only root of this machine may use. UnknownUser means
// that there is no administrator, or no such user.
func (l *Login) AuthenticateRoot(ctx context.Context, user string, password secret.Secret, callerIsRoot bool) Decision {
	if len(l.administrated()) == 0 {
		return refuse(account.UnknownUser, "no root_bind_dn")
	}
	if !callerIsRoot {
		return refuse(account.PermissionDenied, "caller is not root")
	}
	dir, refused := l.administratedFor(ctx, user)
	if dir == nil {
		return refused
	}
	if _, hasPassword := dir.Administrator(); password.IsEmpty() && !hasPassword {
		return refuse(account.BadCredentials, "no root_bind_password")
	}
	reply, err := dir.BindAsRoot(ctx, password)
	if err != nil {
		return fromError(err)
	}
	return judge(reply, phaseBind).decision("")
}

// administratedFor returns the directory whose administrator may change the
// user, or why there is none: the password of one administrator must not be
// sent to the directory of another.
func (l *Login) administratedFor(ctx context.Context, user string) (Directory, Decision) {
	if user == "" {
		all := l.administrated()
		if len(all) > 1 {
			return nil, Decision{Outcome: account.PermissionDenied, Message: textNotAllowed, Rule: "several directories have a root_bind_dn, and no user is named"}
		}
		return all[0], Decision{}
	}
	_, dir, err := l.Accounts.LoginAccount(ctx, user, false)
	if err != nil {
		return nil, fromError(err)
	}
	if configured, _ := dir.Administrator(); !configured {
		return nil, refuse(account.UnknownUser, "no root_bind_dn")
	}
	return dir, Decision{}
}

// administrated returns the directories that have an administrator.
func (l *Login) administrated() (all []Directory) {
	for _, d := range l.Directories {
		if configured, _ := d.Administrator(); configured {
			all = append(all, d)
		}
	}
	return all
}

// ChangePassword sets a new password: as the user, who proves the old one on
// the same connection, or as the directory's administrator.
func (l *Login) ChangePassword(ctx context.Context, req ChangeRequest) Decision {
	if l.ProhibitMessage != "" {
		return Decision{Outcome: account.PermissionDenied, Message: l.ProhibitMessage, Rule: "password_prohibit_message"}
	}
	if rule := unusable(req.New); rule != "" {
		return Decision{Outcome: account.ChangeRefused, Message: textEmptyNewPassword, Rule: "new " + rule}
	}
	if req.AsRoot && !req.CallerIsRoot {
		return Decision{Outcome: account.PermissionDenied, Message: textNotAllowed, Rule: "caller is not root"}
	}
	if rule := unusable(req.Password); rule != "" && !req.AsRoot {
		return refuse(account.BadCredentials, rule)
	}
	acct, dir, err := l.Accounts.LoginAccount(ctx, req.User, true)
	if err != nil {
		return fromError(err)
	}
	configured, hasPassword := dir.Administrator()
	if req.AsRoot && !configured {
		return Decision{Outcome: account.PermissionDenied, Message: textNotAllowed, Rule: "no root_bind_dn"}
	}
	if req.AsRoot && req.Password.IsEmpty() && !hasPassword {
		return refuse(account.BadCredentials, "no root_bind_password")
	}
	if v := judgeEarliestChange(acct.Shadow, l.today()); v.outcome != account.Success && !req.AsRoot {
		return l.refuseChange(ctx, req, acct, dir, v)
	}
	return l.change(ctx, req, acct, dir)
}

// refuseChange says why a change is too early or too late, to whoever proves
// the old password.
func (l *Login) refuseChange(ctx context.Context, req ChangeRequest, acct account.Account, dir Directory, why verdict) Decision {
	reply, err := dir.BindAsUser(ctx, acct.DN, req.Password)
	if err != nil {
		return fromError(err)
	}
	if proven := judge(reply, phaseBind); proven.outcome != account.Success {
		return proven.decision(acct.Name)
	}
	return why.decision(acct.Name)
}

func (l *Login) change(ctx context.Context, req ChangeRequest, acct account.Account, dir Directory) Decision {
	change := directory.PasswordChange{DN: acct.DN, Old: req.Password, New: req.New, AsRoot: req.AsRoot}
	if acct.Shadow.Name != "" && acct.Shadow.LastChange != account.NotSet {
		change.LastChange = int32(l.today())
	}
	bind, changed, err := dir.ChangePassword(ctx, change)
	if errors.Is(err, directory.ErrRefused) { // it answers, or is not asked in this way
		return Decision{Outcome: account.ChangeRefused, Message: textChangeRefused, Rule: err.Error()}
	}
	if err != nil {
		return fromError(err)
	}
	if proven := judge(bind, phaseBind); proven.outcome != account.Success {
		return proven.decision(acct.Name)
	}
	decision := judge(changed, phaseChange).decision(acct.Name)
	decision.Authorization = decision.Outcome
	if decision.Outcome != account.Success {
		return decision
	}
	l.Accounts.Forget(req.User) // the shadow map has the new hash and day
	l.Accounts.Forget(acct.Name)
	if change.LastChange != 0 {
		l.refresh(ctx, req.User)
	}
	return decision
}

// refresh makes what is remembered of the account say that its password was
// changed today; the next login would have to change it again otherwise. It
// goes on alone if that takes longer than a second.
func (l *Login) refresh(ctx context.Context, user string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, _, err := l.Accounts.LoginAccount(ctx, user, true); err != nil {
		l.Logger.Debug("the account is not read again after the change", "user", user, "error", err)
	}
}

func (l *Login) today() int64 { return l.Now().Unix() / 86400 }

// unusable names why a password proves nothing, or is empty. An empty one
// would be an unauthenticated bind (RFC 4513, section 5.1.2), which servers
// may answer with success; one with NUL is cut short by some of them.
func unusable(password secret.Secret) string {
	switch {
	case password.IsEmpty():
		return "empty password"
	case bytes.IndexByte(password.Bytes(), 0) >= 0:
		return "password with NUL"
	}
	return ""
}

func refuse(outcome account.Outcome, rule string) Decision {
	return Decision{Outcome: outcome, Authorization: outcome, Rule: rule}
}

// Throttled refuses to ask about a password, since too many were wrong before.
func Throttled(rule string) Decision {
	d := refuse(account.Throttled, rule)
	d.Message = textThrottled
	return d
}

// fromError is the one place where an error becomes an outcome. What it does
// not know is "unavailable".
func fromError(err error) Decision {
	for _, unknown := range []error{directory.ErrNotFound, directory.ErrNotUnique, directory.ErrBadEntry} {
		if errors.Is(err, unknown) {
			return refuse(account.UnknownUser, err.Error())
		}
	}
	if errors.Is(err, directory.ErrLockoutNear) {
		return Throttled(err.Error())
	}
	d := refuse(account.Unavailable, err.Error())
	d.Message = textUnavailable
	return d
}
