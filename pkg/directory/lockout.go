package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/throttle"
)

// newLockouts returns nil if the directory does not lock accounts.
func newLockouts(cfg *config.Directory) *throttle.Lockouts {
	if cfg.LockoutFailures == 0 {
		return nil
	}
	return throttle.NewLockouts(cfg.LockoutFailures, cfg.LockoutInterval, time.Now)
}

// sparing has ask try a password of dn, unless that might lock the account
// (ErrLockoutNear). Every answer "invalid credentials" counts as a wrong
// password.
func (d *Directory) sparing(ctx context.Context, dn string, ask func() (Reply, error)) error {
	if d.lockouts == nil {
		_, err := ask()
		return err
	}
	may, done, err := d.lockouts.Begin(ctx, normalDN(dn))
	switch {
	case err != nil:
		return fmt.Errorf("%w: bind as %q: waiting for other binds: %w", ErrUnavailable, dn, err)
	case !may:
		return fmt.Errorf("bind as %q: %w", dn, ErrLockoutNear)
	}
	reply := noReply
	defer func() { done(reply.Code == ResultSuccess, reply.Code == ldap.LDAPResultInvalidCredentials) }()
	answer, err := ask()
	if err == nil {
		reply = answer
	}
	return err
}
