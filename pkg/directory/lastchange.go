package directory

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-ldap/ldap/v3"
)

// noteChange sets shadowLastChange after a change of the password, as nslcd
// does, if update_last_change says so: on the connection of the change first, and as the pseudouser if the
// server does not let that identity. Without it an account whose LastChange is
// 0 (change at the next login, shadow(5)) would have to change for ever. Active
// Directory sets its pwdLastSet itself, and lets nobody else set it.
//
// The password is changed whatever happens here, so a failure is only logged,
// and it takes half of the remaining time at most.
func (d *Directory) noteChange(ctx context.Context, c *conn, change PasswordChange) {
	attribute := d.maps.shadow.attribute("shadowLastChange")
	if !d.cfg.UpdateLastChange || change.LastChange <= 0 || attribute == "" || d.maps.shadow.hasADTimes() {
		return
	}
	ctx, cancel := half(ctx)
	defer cancel()
	s, day := c.server, strconv.Itoa(int(change.LastChange))
	err := c.replace(ctx, change.DN, attribute, day)
	if err != nil && !lost(err) && !s.identity.anonymous() {
		d.log.Debug("set as the pseudouser instead", "attribute", attribute, "dn", change.DN, "error", err)
		err = s.services.use(ctx, func(ctx context.Context, c *conn) error {
			return c.replace(ctx, change.DN, attribute, day)
		})
	}
	if err != nil {
		d.log.Debug("the day of the password change is not noted", "attribute", attribute, "dn", change.DN, "error", err)
	}
}

// replace sends a modify request (RFC 4511, section 4.6) that makes value the
// only one of an attribute. Others may use the connection meanwhile.
func (c *conn) replace(ctx context.Context, dn, attribute, value string) error {
	request := ldap.NewModifyRequest(c.server.base.there(dn), nil)
	request.Replace(attribute, []string{value})
	_, err := call(ctx, func() (struct{}, error) { return struct{}{}, c.ldap.Modify(request) })
	if err == nil {
		return nil
	}
	if kind := resultFault(err); kind != nil {
		return kind
	}
	err = c.explain("modify", err)
	if errors.Is(err, errProtocol) {
		c.abort(err)
	}
	return err
}
