package directory

import (
	"context"
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// PasswordChange is what ChangePassword needs to know.
type PasswordChange struct {
	// DN is the user's.
	DN string
	// Old is the user's password, or the administrator's with AsRoot; there it
	// may be empty, and the configured one is used.
	Old secret.Secret
	// New is the password to be.
	New secret.Secret
	// AsRoot binds as the configured RootBindDN instead of the user.
	AsRoot bool
	// LastChange is what shadowLastChange is to become, in days since 1970; 0
	// leaves it as it is. Set it only if the entry has the attribute.
	LastChange int32
}

// ChangePassword binds and then changes the password on the same connection,
// in the configured way, at a server that takes changes. If the bind does not
// succeed, the change is not sent and its Reply has code -1. A connection that
// is held for the user (held.go) is bound already: its Reply to the bind is that
// of then. At Active Directory a user who cannot bind because the password is too
// old changes it nevertheless (tooold.go). The server is never left to invent a password. After a change that
// succeeded shadowLastChange is set, too, if update_last_change says so; whether
// that succeeds does not show in the answer.
func (d *Directory) ChangePassword(ctx context.Context, change PasswordChange) (bound, changed Reply, err error) {
	dn, password := change.DN, change.Old
	if change.AsRoot {
		dn, password = d.administrator(password)
	}
	if err := checkChange(change, dn, password); err != nil {
		return noReply, noReply, fmt.Errorf("%s: %w", changing(change), err)
	}
	if change.AsRoot {
		d.held.drop(change.DN) // what it proves is past
	} else if h := d.held.take(change.DN, change.Old); h != nil {
		return d.changeHeld(ctx, h, change)
	}
	changed = noReply
	try := func(ctx context.Context, s *server) error {
		err := s.binds.use(ctx, false, func(ctx context.Context, c *conn) error {
			var err error
			if bound, err = c.bindUser(ctx, dn, password); err != nil || bound.Code != ResultSuccess {
				return err
			}
			changed, err = d.changeOn(ctx, c, change)
			return err
		})
		if err == nil && d.mayChangeTooOld(s, change, bound) {
			bound, changed, err = d.changeTooOld(ctx, s, change)
		}
		return err
	}
	err = d.sparing(ctx, dn, func() (Reply, error) {
		err := d.tryWriters(ctx, changing(change), try)
		return bound, err
	})
	if err != nil {
		return noReply, noReply, err
	}
	return bound, changed, nil
}

// changing is what is done, for errors.
func changing(change PasswordChange) string {
	return fmt.Sprintf("change the password of %q", change.DN)
}

// checkChange refuses a change that must not be sent.
func checkChange(change PasswordChange, dn string, password secret.Secret) error {
	if err := checkCredentials(dn, password); err != nil {
		return err
	}
	if err := checkCredentials(change.DN, change.New); err != nil {
		return fmt.Errorf("new password: %w", err)
	}
	return nil
}

// changeOn changes the password on a connection that is bound as whoever does
// it. An error that it returns is final.
func (d *Directory) changeOn(ctx context.Context, c *conn, change PasswordChange) (Reply, error) {
	changed, err := c.changePassword(ctx, d.way, change)
	if err == nil && changed.Code == ResultSuccess {
		d.noteChange(ctx, c, change)
	}
	return changed, final(err)
}

// final makes a lost answer to a change an answer of its own: the server may
// have changed the password, so nobody may send it again.
func final(err error) error {
	if noAnswer(err) {
		return fmt.Errorf("%w: the change may have been made: %w", ErrUnavailable, unwrapped{err})
	}
	return err
}

// unwrapped hides the kind of an error and keeps its text.
type unwrapped struct{ err error }

func (u unwrapped) Error() string { return u.err.Error() }

// changePassword sends the change. If the way does not have the old password in
// it, as with nslcd's exop, and the server seems to want that, it is sent again
// with it.
func (c *conn) changePassword(ctx context.Context, w way, change PasswordChange) (Reply, error) {
	reply, err := c.sendChange(ctx, w, change, w.supplyOld && !change.AsRoot)
	if err != nil || change.AsRoot || w.supplyOld || !w.wantsOld(reply) {
		return reply, err
	}
	again, err := c.sendChange(ctx, w, change, true)
	if err == nil && again.Code == ldap.LDAPResultNoSuchAttribute { // it cannot tell the value by the password
		return reply, nil
	}
	return again, err
}

func (c *conn) sendChange(ctx context.Context, w way, change PasswordChange, supplyOld bool) (Reply, error) {
	if w.secure && !c.secure {
		return noReply, fmt.Errorf("%w: server %s: %s is written over TLS only", ErrRefused, c.server.at.uri, w.attribute)
	}
	dn := c.server.base.there(change.DN)
	if w.extended {
		old := secret.Secret{}
		if supplyOld {
			old = change.Old
		}
		return c.extended(ctx, passwordModify(dn, old, change.New))
	}
	request, err := w.modifyRequest(dn, change, supplyOld)
	if err != nil {
		return noReply, err
	}
	return c.modify(ctx, request)
}

// wantsOld reports whether a refusal may be because the old password was not
// in the request. To an extended request servers say so in many ways.
func (w way) wantsOld(reply Reply) bool {
	if reply.Policy.Error != NoPolicyError {
		return reply.Policy.Error == policyMustSupplyOld
	}
	return reply.Code == ldap.LDAPResultInsufficientAccessRights ||
		w.extended && reply.Code == ldap.LDAPResultUnwillingToPerform
}

// passwordModify builds PasswdModifyRequestValue (RFC 3062, section 2):
//
//	SEQUENCE {
//	   userIdentity [0] OCTET STRING OPTIONAL,
//	   oldPasswd    [1] OCTET STRING OPTIONAL,
//	   newPasswd    [2] OCTET STRING OPTIONAL }
func passwordModify(dn string, old, new secret.Secret) *ldap.ExtendedRequest {
	value := ber.NewSequence("PasswdModifyRequestValue")
	value.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, dn, "userIdentity"))
	if !old.IsEmpty() {
		value.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 1, string(old.Bytes()), "oldPasswd"))
	}
	value.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 2, string(new.Bytes()), "newPasswd"))
	return ldap.NewExtendedRequest(oidPasswordModify, value)
}
