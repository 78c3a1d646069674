package directory

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// noReply stands where there is an error, or no request was sent. Its code is
// none of LDAP's, so that it cannot be taken for success.
var noReply = Reply{Code: -1, Policy: NoPolicy}

// BindAsUser checks a password by binding with it (RFC 4513, section 5.1.3)
// and returns what the server said; a Reply with code ResultSuccess is the
// proof. An empty password, one with a NUL and an empty DN are ErrRefused
// without asking: servers take such a bind for anonymous and answer success.
// ErrLockoutNear: nothing was asked (lockout.go).
// Where the answer demands a new password, the connection is held for
// ChangePassword (held.go).
func (d *Directory) BindAsUser(ctx context.Context, dn string, password secret.Secret) (Reply, error) {
	if err := checkCredentials(dn, password); err != nil {
		return noReply, fmt.Errorf("bind as %q: %w", dn, err)
	}
	reply := noReply
	err := d.sparing(ctx, dn, func() (_ Reply, err error) {
		reply, err = d.bindAmong(ctx, d.sources, dn, password)
		return reply, err
	})
	return reply, err
}

func (d *Directory) bindAmong(ctx context.Context, sources []*source, dn string, password secret.Secret) (Reply, error) {
	reply := noReply
	var kept *conn
	err := d.tryAmong(ctx, sources, fmt.Sprintf("bind as %q", dn), func(ctx context.Context, s *server) error {
		return s.binds.use(ctx, true, func(ctx context.Context, c *conn) (err error) {
			reply, err = c.bindUser(ctx, dn, password)
			if err == nil && d.worthHolding(c, reply) {
				c.held, kept = true, c
			}
			return err
		})
	})
	if err != nil {
		return noReply, err
	}
	d.hold(dn, password, kept, reply)
	return reply, nil
}

// bindUser is bind for a request that another server may serve if this one
// says that it cannot now.
func (c *conn) bindUser(ctx context.Context, dn string, password secret.Secret) (Reply, error) {
	reply, err := c.bind(ctx, c.server.base.there(dn), password)
	if err == nil && (reply.Code == ldap.LDAPResultBusy || reply.Code == ldap.LDAPResultUnavailable) {
		return noReply, refusedBind(dn, reply)
	}
	if err == nil {
		noteBind(ctx, dn, reply)
	}
	return reply, err
}

// BindAsRoot checks the administrator's password, that of the configured
// RootBindDN, where changes go. An empty one stands for the configured RootBindPassword, as in
// PasswordChange.
func (d *Directory) BindAsRoot(ctx context.Context, password secret.Secret) (Reply, error) {
	dn, password := d.administrator(password)
	if err := checkCredentials(dn, password); err != nil {
		return noReply, fmt.Errorf("bind as %q: %w", dn, err)
	}
	return d.bindAmong(ctx, d.writing(), dn, password)
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
