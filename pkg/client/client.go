// Package client is the Go side of goldapd's socket, for goldapctl and for
// tests. It speaks the nslcd protocol and works against a stock nslcd, too.
//
//	c := client.New("/run/goldap/socket")
//	ada, err := c.PasswdByName(ctx, "ada")
//
// Each call is a connection of its own and takes as long as its context
// allows. An error matches [ErrNotFound] if the daemon said that there is no
// such thing, and [ErrUnavailable] if no daemon answered or the daemon could
// not find out; any other is about a request that cannot be sent.
package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
)

// The errors of this package.
var (
	// ErrNotFound: there is no such user or group.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: there was no complete answer.
	ErrUnavailable = errors.New("no answer")
)

// Client asks the daemon behind one socket. Its methods may be called at the
// same time.
type Client struct {
	socket string
	conn   net.Conn // instead of the socket
}

// New returns a Client for the socket at path. It does not connect.
func New(path string) *Client { return &Client{socket: path} }

// PasswdByName returns the account with this user name. Its DN is empty, as in
// all accounts and groups that come over the socket.
func (c *Client) PasswdByName(ctx context.Context, name string) (account.Account, error) {
	return first(ctx, c, nslcd.Request{Action: nslcd.ActionPasswdByName, Name: name}, readPasswd)
}

// PasswdByUID returns the account with this uid.
func (c *Client) PasswdByUID(ctx context.Context, uid uint32) (account.Account, error) {
	return first(ctx, c, nslcd.Request{Action: nslcd.ActionPasswdByUID, ID: uid}, readPasswd)
}

// GroupByName returns the group with this name.
func (c *Client) GroupByName(ctx context.Context, name string) (account.Group, error) {
	return first(ctx, c, nslcd.Request{Action: nslcd.ActionGroupByName, Name: name}, readGroup)
}

// GroupByGID returns the group with this gid.
func (c *Client) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	return first(ctx, c, nslcd.Request{Action: nslcd.ActionGroupByGID, ID: gid}, readGroup)
}

// GroupsOfMember returns the groups that have the user among their members,
// without their lists of members. It is no error if there are none.
func (c *Client) GroupsOfMember(ctx context.Context, name string) ([]account.Group, error) {
	return all(ctx, c, nslcd.Request{Action: nslcd.ActionGroupByMember, Name: name}, readGroup)
}

// GroupPaths is GroupsOfMember that says how the user comes to be in each group.
// A daemon that is not goldapd refuses it: ErrUnavailable.
func (c *Client) GroupPaths(ctx context.Context, name string) ([]account.Membership, error) {
	return all(ctx, c, nslcd.Request{Action: nslcd.ActionPaths, Name: name}, (*nslcd.AnswerReader).Membership)
}

// SSHKeys returns the keys with which the user may log in, a line of
// authorized_keys each. ErrNotFound is a user whom no directory has.
func (c *Client) SSHKeys(ctx context.Context, name string) ([]string, error) {
	return first(ctx, c, nslcd.Request{Action: nslcd.ActionSSHKeys, Name: name}, (*nslcd.AnswerReader).SSHKeys)
}

// ShadowByName returns the shadow numbers of the user.
func (c *Client) ShadowByName(ctx context.Context, name string) (account.Shadow, error) {
	return first(ctx, c, nslcd.Request{Action: nslcd.ActionShadowByName, Name: name}, readShadow)
}

// Config returns the daemon's value of option, empty if it knows no such
// option.
func (c *Client) Config(ctx context.Context, option int32) (string, error) {
	request := nslcd.Request{Action: nslcd.ActionConfigGet, Option: option}
	return first(ctx, c, request, (*nslcd.AnswerReader).Config)
}

// Authenticate asks whether password is the user's. An error is never a
// success: look at the codes only without one. The password remains the
// caller's to wipe.
func (c *Client) Authenticate(ctx context.Context, pam nslcd.PAM, password secret.Secret) (nslcd.Authentication, error) {
	request := nslcd.Request{Action: nslcd.ActionAuthenticate, PAM: pam, Password: password}
	answer, err := first(ctx, c, request, (*nslcd.AnswerReader).Authentication)
	if err != nil {
		return nslcd.Authentication{Code: nslcd.CodeAuthInfoUnavail, Authorization: nslcd.CodeAuthInfoUnavail}, err
	}
	return answer, nil
}

// Login is Authenticate with goldap's own action: the answer is there within
// budget, the authorization is the verdict of every access rule, and there is a
// Session. asRoot asks for the administrator of the user's directory.
func (c *Client) Login(ctx context.Context, pam nslcd.PAM, password secret.Secret, asRoot bool, budget time.Duration) (nslcd.Authentication, error) {
	request := nslcd.Request{Action: nslcd.ActionLogin, Budget: budget, AsRoot: asRoot, PAM: pam, Password: password}
	answer, err := first(ctx, c, request, (*nslcd.AnswerReader).Login)
	if err != nil {
		return nslcd.Authentication{Code: nslcd.CodeAuthInfoUnavail, Authorization: nslcd.CodeAuthInfoUnavail}, err
	}
	return answer, nil
}

// Admit is Authorize with goldap's own action, as Login is Authenticate.
func (c *Client) Admit(ctx context.Context, pam nslcd.PAM, budget time.Duration) (nslcd.Admission, error) {
	request := nslcd.Request{Action: nslcd.ActionAdmit, Budget: budget, PAM: pam}
	answer, err := first(ctx, c, request, (*nslcd.AnswerReader).Admission)
	if err != nil {
		return nslcd.Admission{Code: nslcd.CodeAuthInfoUnavail}, err
	}
	return answer, nil
}

// Authorize asks whether the user may use the service.
func (c *Client) Authorize(ctx context.Context, pam nslcd.PAM) (nslcd.Verdict, error) {
	return verdict(ctx, c, nslcd.Request{Action: nslcd.ActionAuthorize, PAM: pam})
}

// Change is a change of a password.
type Change struct {
	nslcd.PAM
	// Old is the present password, or the directory administrator's if
	// AsRoot.
	Old, New secret.Secret
	AsRoot   bool
}

// ChangePassword asks for a new password. The passwords remain the caller's to
// wipe.
func (c *Client) ChangePassword(ctx context.Context, change Change) (nslcd.Verdict, error) {
	return verdict(ctx, c, nslcd.Request{
		Action: nslcd.ActionChangePassword, PAM: change.PAM,
		Password: change.Old, NewPassword: change.New, AsRoot: change.AsRoot,
	})
}

// Modify is a change of a user's entry.
type Modify struct {
	User string
	// Password is the user's, or the directory administrator's if AsRoot.
	Password secret.Secret
	AsRoot   bool
	Fields   []nslcd.FieldValue
}

// ModifyUser asks for new values in a user's entry, and returns why fields
// were not changed; none means that all were. The password remains the
// caller's to wipe.
func (c *Client) ModifyUser(ctx context.Context, m Modify) ([]nslcd.FieldValue, error) {
	request := nslcd.Request{
		Action: nslcd.ActionUserMod, PAM: nslcd.PAM{User: m.User},
		Password: m.Password, AsRoot: m.AsRoot, Fields: m.Fields,
	}
	return first(ctx, c, request, (*nslcd.AnswerReader).Modified)
}

// OpenSession returns the id of a new session.
func (c *Client) OpenSession(ctx context.Context, pam nslcd.PAM) (string, error) {
	request := nslcd.Request{Action: nslcd.ActionSessionOpen, PAM: pam}
	return first(ctx, c, request, (*nslcd.AnswerReader).SessionID)
}

// CloseSession ends the session with this id.
func (c *Client) CloseSession(ctx context.Context, pam nslcd.PAM, id string) error {
	request := nslcd.Request{Action: nslcd.ActionSessionClose, PAM: pam, SessionID: id}
	_, err := first(ctx, c, request, func(*nslcd.AnswerReader) (struct{}, error) { return struct{}{}, nil })
	return err
}

// Flush makes the daemon forget what directories said. Only root may ask; for
// anybody else it is ErrUnavailable.
func (c *Client) Flush(ctx context.Context) error {
	request := nslcd.Request{Action: nslcd.ActionFlush}
	_, err := first(ctx, c, request, func(*nslcd.AnswerReader) (struct{}, error) { return struct{}{}, nil })
	return err
}

// Status asks how the daemon is. Only root may ask, as with Flush.
func (c *Client) Status(ctx context.Context) ([]nslcd.Fact, error) {
	return all(ctx, c, nslcd.Request{Action: nslcd.ActionStatus}, (*nslcd.AnswerReader).Status)
}

func verdict(ctx context.Context, c *Client, request nslcd.Request) (nslcd.Verdict, error) {
	answer, err := first(ctx, c, request, (*nslcd.AnswerReader).Verdict)
	if err != nil {
		return nslcd.Verdict{Code: nslcd.CodeAuthInfoUnavail}, err
	}
	return answer, nil
}

// The password fields of the entries are "*" or none of our business.

func readPasswd(r *nslcd.AnswerReader) (account.Account, error) {
	a, _, err := r.Passwd()
	return a, err
}

func readGroup(r *nslcd.AnswerReader) (account.Group, error) {
	g, _, err := r.Group()
	return g, err
}

func readShadow(r *nslcd.AnswerReader) (account.Shadow, error) {
	s, _, err := r.Shadow()
	return s, err
}

// first returns the first entry of the answer, and does not look at others.
func first[T any](
	ctx context.Context, c *Client, request nslcd.Request, read func(*nslcd.AnswerReader) (T, error),
) (T, error) {
	var value T
	err := c.ask(ctx, request, func(answer *nslcd.AnswerReader) error {
		more, err := answer.Next()
		if err != nil {
			return err
		}
		if !more {
			return ErrNotFound
		}
		value, err = read(answer)
		return err
	})
	return value, err
}

// all returns every entry of the answer.
func all[T any](
	ctx context.Context, c *Client, request nslcd.Request, read func(*nslcd.AnswerReader) (T, error),
) ([]T, error) {
	var values []T
	err := c.ask(ctx, request, func(answer *nslcd.AnswerReader) error {
		for {
			more, err := answer.Next()
			if err != nil || !more {
				return err
			}
			value, err := read(answer)
			if err != nil {
				return err
			}
			values = append(values, value)
		}
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// ask sends request and has read read the answer after its header.
func (c *Client) ask(ctx context.Context, request nslcd.Request, read func(*nslcd.AnswerReader) error) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	err = nslcd.WriteRequest(conn, request)
	if errors.Is(err, nslcd.ErrLength) || errors.Is(err, nslcd.ErrNUL) {
		return err
	}
	if err == nil {
		err = readAnswer(conn, request.Action, read)
	}
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("%v: %w: %w", request.Action, ErrUnavailable, err)
}

// dial connects. A Unix socket whose queue is full refuses at once, with
// nothing to wait for: dial asks again.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	if c.conn != nil {
		return c.conn, nil
	}
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", c.socket)
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

func readAnswer(conn net.Conn, action nslcd.Action, read func(*nslcd.AnswerReader) error) error {
	answer := nslcd.NewAnswerReader(conn)
	if err := answer.Header(action); err != nil {
		return err
	}
	return read(answer)
}
