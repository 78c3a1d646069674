package directory

import (
	"context"
	"errors"
	"fmt"
)

// The attributes of a user's entry that say where the user may log in: host
// (RFC 4524, section 2.8) and authorizedService (pam_ldap's ldapns.schema).
const (
	hostAttribute    = "host"
	serviceAttribute = "authorizedService"
)

// defaultMemberAttribute is pam_ldap's for pam_member_attribute.
const defaultMemberAttribute = "uniqueMember"

// LoginAttributes are the values of a user's entry that say where the user may
// log in, as they stand there: name, !name or *.
type LoginAttributes struct {
	// Services are the values of authorizedService.
	Services []string
	// Hosts are the values of host.
	Hosts []string
}

// IsGroupMember reports whether the configured group lists the user with the
// DN as a member, in its own entry; groups in groups are not looked into. Every
// user is a member if no group is configured, and none if the group does not
// exist or may not be read. Errors: ErrRefused, ErrUnavailable.
func (d *Directory) IsGroupMember(ctx context.Context, dn string) (bool, error) {
	if d.cfg.LoginGroupDN == "" {
		return true, nil
	}
	if dn == "" { // which some groups have as a member, for they must have one
		return false, nil
	}
	attribute := d.cfg.LoginMemberAttribute
	if attribute == "" {
		attribute = defaultMemberAttribute
	}
	if err := checkAttribute(attribute); err != nil {
		return false, fmt.Errorf("%w: login_member_attribute: %w", ErrRefused, err)
	}
	_, err := d.readEntry(ctx, d.cfg.LoginGroupDN, equal(attribute, dn), []string{"1.1"})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// LoginRules returns the configured group DN and login filter, empty if there is
// none.
func (d *Directory) LoginRules() (groupDN, filter string) {
	return d.cfg.LoginGroupDN, d.maps.loginFilter.text
}

// LoginChecks reports whether the services and the hosts of users are to be
// checked.
func (d *Directory) LoginChecks() (service, host bool) {
	return d.cfg.LoginCheckService, d.cfg.LoginCheckHost
}

// LoginAttributes reads the values that LoginChecks asks for, in one search,
// and nothing if it asks for none. An entry that is gone has none. Errors:
// ErrBadEntry (a list of values that breaks off), ErrRefused, ErrUnavailable.
func (d *Directory) LoginAttributes(ctx context.Context, dn string) (LoginAttributes, error) {
	wanted := d.checkedAttributes()
	if len(wanted) == 0 || dn == "" { // the entry called "" is the server's own (RFC 4512, section 5.1)
		return LoginAttributes{}, nil
	}
	found, err := d.readEntry(ctx, dn, present("objectClass"), wanted)
	if errors.Is(err, ErrNotFound) {
		return LoginAttributes{}, nil
	}
	if err != nil {
		return LoginAttributes{}, err
	}
	services, err := d.allValues(ctx, found, serviceAttribute)
	if err != nil {
		return LoginAttributes{}, err
	}
	hosts, err := d.allValues(ctx, found, hostAttribute)
	if err != nil {
		return LoginAttributes{}, err
	}
	return LoginAttributes{Services: services, Hosts: hosts}, nil
}

func (d *Directory) checkedAttributes() []string {
	var wanted []string
	if d.cfg.LoginCheckService {
		wanted = append(wanted, serviceAttribute)
	}
	if d.cfg.LoginCheckHost {
		wanted = append(wanted, hostAttribute)
	}
	return wanted
}
