package directory

import (
	"bytes"
	"context"
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// noReply stands where there is an error, or no request was sent. Its code is
// none of LDAP's, so that it cannot be taken for success.
var noReply = Reply{Code: -1, Policy: NoPolicy}

// policyMustSupplyOld is the policy error mustSupplyOldPassword.
const policyMustSupplyOld = 4

// BindAsUser checks a password by binding with it (RFC 4513, section 5.1.3)
// and returns what the server said; a Reply with code ResultSuccess is the
// proof. An empty password, one with a NUL and an empty DN are ErrRefused
// without asking: servers take such a bind for anonymous and answer success.
func (d *Directory) BindAsUser(ctx context.Context, dn string, password secret.Secret) (Reply, error) {
	if err := checkCredentials(dn, password); err != nil {
		return noReply, fmt.Errorf("bind as %q: %w", dn, err)
	}
	reply := noReply
	err := d.try(ctx, fmt.Sprintf("bind as %q", dn), func(ctx context.Context, s *server) error {
		return s.binds.use(ctx, true, func(ctx context.Context, c *conn) error {
			var err error
			reply, err = c.bindUser(ctx, dn, password)
			return err
		})
	})
	if err != nil {
		return noReply, err
	}
	return reply, nil
}

// bindUser is bind for a request that another server may serve if this one
// says that it cannot now.
func (c *conn) bindUser(ctx context.Context, dn string, password secret.Secret) (Reply, error) {
	reply, err := c.bind(ctx, c.server.base.there(dn), password)
	if err == nil && (reply.Code == ldap.LDAPResultBusy || reply.Code == ldap.LDAPResultUnavailable) {
		return noReply, refusedBind(dn, reply)
	}
	return reply, err
}

// BindAsRoot checks the administrator's password: that of the configured
// RootBindDN. An empty one stands for the configured RootBindPassword, as in
// PasswordChange.
func (d *Directory) BindAsRoot(ctx context.Context, password secret.Secret) (Reply, error) {
	dn, password := d.administrator(password)
	return d.BindAsUser(ctx, dn, password)
}

// administrator returns the configured RootBindDN with the password, or with
// the configured one if that is empty.
func (d *Directory) administrator(password secret.Secret) (string, secret.Secret) {
	if password.IsEmpty() {
		password = d.cfg.RootBindPassword
	}
	return d.cfg.RootBindDN, password
}

// checkCredentials refuses what is not a name with a password.
func checkCredentials(dn string, password secret.Secret) error {
	switch {
	case dn == "":
		return fmt.Errorf("%w: no DN", ErrRefused)
	case password.IsEmpty():
		return fmt.Errorf("%w: empty password", ErrRefused)
	case bytes.IndexByte(password.Bytes(), 0) >= 0:
		return fmt.Errorf("%w: password with a NUL", ErrRefused)
	}
	return nil
}

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

// ChangePassword binds and then changes the password on the same connection
// by RFC 3062. If the bind does not succeed, the change is not sent and its
// Reply has code -1. The server is never left to invent a password. After a
// change that succeeded shadowLastChange is set, too; whether that succeeds
// does not show in the answer.
func (d *Directory) ChangePassword(ctx context.Context, change PasswordChange) (bound, changed Reply, err error) {
	dn, password := change.DN, change.Old
	if change.AsRoot {
		dn, password = d.administrator(password)
	}
	if err := d.checkChange(change, dn, password); err != nil {
		return noReply, noReply, fmt.Errorf("change the password of %q: %w", change.DN, err)
	}
	changed = noReply
	err = d.try(ctx, fmt.Sprintf("change the password of %q", change.DN), func(ctx context.Context, s *server) error {
		return s.binds.use(ctx, false, func(ctx context.Context, c *conn) error {
			var err error
			if bound, err = c.bindUser(ctx, dn, password); err != nil || bound.Code != ResultSuccess {
				return err
			}
			changed, err = c.changePassword(ctx, change, d.cfg.PasswordChange == "exop_send_old")
			if err == nil && changed.Code == ResultSuccess {
				d.noteChange(ctx, s, c, change)
			}
			return final(err)
		})
	})
	if err != nil {
		return noReply, noReply, err
	}
	return bound, changed, nil
}

// checkChange refuses a change that must not be sent.
func (d *Directory) checkChange(change PasswordChange, dn string, password secret.Secret) error {
	switch d.cfg.PasswordChange {
	case "", "exop", "exop_send_old":
	default:
		return fmt.Errorf("%w: changing passwords by %q is not supported", ErrRefused, d.cfg.PasswordChange)
	}
	if err := checkCredentials(dn, password); err != nil {
		return err
	}
	if err := checkCredentials(change.DN, change.New); err != nil {
		return fmt.Errorf("new password: %w", err)
	}
	return nil
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

// changePassword sends the change, without the old password at first, as nslcd
// does, unless sendOld says so.
func (c *conn) changePassword(ctx context.Context, change PasswordChange, sendOld bool) (Reply, error) {
	dn, old := c.server.base.there(change.DN), secret.Secret{}
	if sendOld && !change.AsRoot {
		old = change.Old
	}
	reply, err := c.extended(ctx, passwordModify(dn, old, change.New))
	if err != nil || change.AsRoot || sendOld || !wantsOld(reply) {
		return reply, err
	}
	return c.extended(ctx, passwordModify(dn, change.Old, change.New))
}

// wantsOld reports whether a refusal may be because the old password was not
// in the request.
func wantsOld(reply Reply) bool {
	if reply.Policy.Error != NoPolicyError {
		return reply.Policy.Error == policyMustSupplyOld
	}
	return reply.Code == ldap.LDAPResultUnwillingToPerform || reply.Code == ldap.LDAPResultInsufficientAccessRights
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
