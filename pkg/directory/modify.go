package directory

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// Modification is what Modify needs to know. A field that is empty is left as
// it is.
type Modification struct {
	// DN is the user's.
	DN string
	// Password is the user's, or the administrator's with AsRoot; there it may
	// be empty, and the configured one is used.
	Password secret.Secret
	// AsRoot binds as the configured RootBindDN instead of the user.
	AsRoot bool
	// Home and Shell are the new values.
	Home, Shell string
}

// Writable reports whether the home directory and the login shell of a user
// can be written: not if the directory has no such attribute, or if the
// configuration computes the value.
func (d *Directory) Writable() (home, shell bool) {
	return d.writable("homeDirectory") != "", d.writable("loginShell") != ""
}

// writable returns what the directory calls an attribute of the passwd map, or
// "" if it cannot be written.
func (d *Directory) writable(schema string) string {
	return d.maps.passwd.attribute(schema)
}

// Modify binds and then writes the values on the same connection, at a server
// that takes changes, all or none of them (RFC 4511, section 4.6). If the bind does not succeed, or there is
// nothing to write, the modify request is not sent and its Reply has code -1.
func (d *Directory) Modify(ctx context.Context, m Modification) (bound, changed Reply, err error) {
	dn, password := m.DN, m.Password
	if m.AsRoot {
		dn, password = d.administrator(password)
	}
	doing := fmt.Sprintf("modify %q", m.DN)
	request, err := d.modifyRequest(m)
	if err == nil {
		err = checkCredentials(dn, password)
	}
	if err != nil {
		return noReply, noReply, fmt.Errorf("%s: %w", doing, err)
	}
	changed = noReply
	write := func(ctx context.Context, s *server) error {
		return s.binds.use(ctx, false, func(ctx context.Context, c *conn) error {
			var err error
			if bound, err = c.bindUser(ctx, dn, password); err != nil || bound.Code != ResultSuccess || len(request.Changes) == 0 {
				return err
			}
			there := *request
			there.DN = c.server.base.there(request.DN)
			changed, err = c.modify(ctx, &there)
			return final(err)
		})
	}
	err = d.sparing(ctx, dn, func() (Reply, error) {
		err := d.tryWriters(ctx, doing, write)
		return bound, err
	})
	if err != nil {
		return noReply, noReply, err
	}
	return bound, changed, nil
}

func (d *Directory) modifyRequest(m Modification) (*ldap.ModifyRequest, error) {
	if m.DN == "" {
		return nil, fmt.Errorf("%w: no DN", ErrRefused)
	}
	request := ldap.NewModifyRequest(m.DN, nil)
	for _, one := range []struct{ schema, value string }{{"homeDirectory", m.Home}, {"loginShell", m.Shell}} {
		if one.value == "" {
			continue
		}
		attribute := d.writable(one.schema)
		if attribute == "" {
			return nil, fmt.Errorf("%w: %s is computed, or not in the directory", ErrRefused, one.schema)
		}
		request.Replace(attribute, []string{one.value})
	}
	return request, nil
}
