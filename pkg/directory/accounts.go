package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// accountAttributes are what an account is made of (RFC 2307, section 5.2).
var accountAttributes = []string{"objectClass", "uid", "userPassword", "uidNumber", "gidNumber", "gecos", "cn", "homeDirectory", "loginShell"}

// AccountByName returns the account with the user name, byte for byte. Errors:
// ErrNotFound, ErrNotUnique, ErrBadEntry, ErrRefused, ErrUnavailable.
func (d *Directory) AccountByName(ctx context.Context, name string) (account.Account, error) {
	return d.accountBy(ctx, d.maps.passwd.attribute("uid"), name, nil)
}

// LoginAccount returns the account of the user who logs in with name, which is
// a value of the login attribute. Account.Name is the uid attribute, as for
// AccountByName, and so are the errors. Account.Shadow is what the same entry
// says about the ageing of its password, Account.State whether it is locked or
// over (with password_policy), Account.Template whom the user becomes.
func (d *Directory) LoginAccount(ctx context.Context, name string) (account.Account, error) {
	return d.accountBy(ctx, d.maps.loginAttribute, name, &d.maps.shadow)
}

// accountBy finds the account by an attribute that holds a name. With a shadow
// map it reads the shadow attributes as well.
func (d *Directory) accountBy(ctx context.Context, attribute, name string, shadow *mapping) (account.Account, error) {
	m := &d.maps.passwd
	wanted := m.attributes(accountAttributes...)
	own := strings.EqualFold(attribute, m.attribute("uid"))
	if !own {
		wanted = append(wanted, attribute)
	}
	if shadow != nil {
		wanted = append(wanted, shadow.attributes(shadowAttributes...)...)
		wanted = append(wanted, d.templateAttribute()...)
		wanted = append(wanted, d.stateAttributes()...)
	}
	found, name, err := d.findNamed(ctx, m, attribute, name, wanted)
	if err != nil {
		return account.Account{}, err
	}
	if !own {
		if name, err = found.name(m.attribute("uid")); err != nil {
			return account.Account{}, err
		}
	}
	result, err := m.account(found, name)
	if shadow != nil {
		result, err = d.withTemplate(found, name, result, err)
	}
	if err == nil && shadow != nil {
		result.Shadow = shadow.shadow(found, name)
		if d.cfg.PasswordPolicy {
			result.State = found.state()
		}
	}
	return result, err
}

// findNamed returns the only entry of the map that has the name in the attribute,
// and how it spells it.
func (d *Directory) findNamed(ctx context.Context, m *mapping, attribute, name string, wanted []string) (found entry, spelled string, err error) {
	if !canExist(name) {
		return entry{}, "", fmt.Errorf("%w: %q cannot be a name", ErrNotFound, name)
	}
	if found, err = d.findOne(ctx, m, name, equal(attribute, name), wanted); err != nil {
		return entry{}, "", err
	}
	spelled, ok := m.spelled(found, attribute, name)
	if !ok {
		return entry{}, "", fmt.Errorf("%w: %q is spelled otherwise in %q", ErrNotFound, name, found.DN)
	}
	return found, spelled, nil
}

// SSHKeys returns the account as AccountByName does, with the keys in its entry
// (ssh_key_attribute).
func (d *Directory) SSHKeys(ctx context.Context, name string) (account.Keys, error) {
	m := &d.maps.passwd
	wanted := m.attributes(accountAttributes...)
	if d.cfg.SSHKeyAttribute != "" {
		wanted = append(wanted, d.cfg.SSHKeyAttribute)
	}
	found, name, err := d.findNamed(ctx, m, m.attribute("uid"), name, wanted)
	if err != nil {
		return account.Keys{}, err
	}
	acct, err := m.account(found, name)
	if err != nil {
		return account.Keys{}, err
	}
	lines, err := d.allValues(ctx, found, d.cfg.SSHKeyAttribute)
	return account.Keys{Account: acct, Lines: lines}, err
}

// AccountByUID returns the account with the uid. Errors as AccountByName.
func (d *Directory) AccountByUID(ctx context.Context, uid uint32) (account.Account, error) {
	m := &d.maps.passwd
	number := strconv.FormatUint(uint64(uid), 10)
	match, ok := m.equalID("uidNumber", uid)
	if !ok {
		return account.Account{}, fmt.Errorf("%w: uid %d is below the offset", ErrNotFound, uid)
	}
	found, err := d.findOne(ctx, m, number, match, m.attributes(accountAttributes...))
	if err != nil {
		return account.Account{}, err
	}
	result, err := m.namedAccount(found)
	if err == nil && result.UID != uid {
		err = fmt.Errorf("%w: asked for uid %d, got %d", ErrBadEntry, uid, result.UID)
	}
	if err != nil {
		return account.Account{}, err
	}
	return result, nil
}

// namedAccount is account for an entry that says its name itself.
func (m *mapping) namedAccount(e entry) (account.Account, error) {
	name, err := e.name(m.attribute("uid"))
	if err != nil {
		return account.Account{}, err
	}
	return m.account(e, name)
}

// account checks the values of an entry. An account is complete or not at all:
// uidNumber, gidNumber and homeDirectory are MUST of a posixAccount (RFC 2307,
// section 4). loginShell is not; an empty shell is /bin/sh to login(1), as
// passwd(5) says.
func (m *mapping) account(e entry, name string) (account.Account, error) {
	uid, err := m.id(e, "uidNumber")
	if err != nil {
		return account.Account{}, err
	}
	gid, err := m.id(e, "gidNumber")
	if err != nil {
		return account.Account{}, err
	}
	home, err1 := m.path(e, "homeDirectory")
	shell, err2 := m.text(e, "loginShell")
	if err := errors.Join(err1, err2); err != nil {
		return account.Account{}, err
	}
	return account.Account{
		DN: e.DN, Name: name, Names: e.otherNames(m.attribute("uid")), UID: uid, GID: gid,
		Gecos: m.gecos(e), Home: home, Shell: shell,
		Password: m.password(e), Shadowed: m.isShadowed(e),
	}, nil
}

// fieldEnds makes blanks of what would end a field or a line of passwd(5).
var fieldEnds = strings.NewReplacer(":", " ", "\n", " ", "\x00", " ")

// gecos returns the gecos attribute, or, as long as it is what the schema says,
// cn if there is none.
func (m *mapping) gecos(e entry) string {
	text := m.value(e, "gecos")
	if text == "" && m.attribute("gecos") == "gecos" {
		text = e.first(m.attribute("cn"))
	}
	return fieldEnds.Replace(text)
}

// isShadowed reports whether the entry is of the shadow map's class, too.
func (m *mapping) isShadowed(e entry) bool {
	return contains(e.values("objectClass"), m.shadowClass)
}

// ShadowByName returns the ageing data of the user's password. Numbers that
// are missing or are not numbers are account.NotSet. Errors as AccountByName.
func (d *Directory) ShadowByName(ctx context.Context, name string) (account.Shadow, error) {
	m := &d.maps.shadow
	found, spelled, err := d.findNamed(ctx, m, m.attribute("uid"), name, m.shadowAttributes())
	if err != nil {
		return account.Shadow{}, err
	}
	result := m.shadow(found, spelled)
	result.Name, result.Password = spelled, m.password(found)
	return result, nil
}

// MatchesLoginFilter reports whether the entry matches the configured login
// filter; every entry does if there is none.
func (d *Directory) MatchesLoginFilter(ctx context.Context, dn string) (bool, error) {
	if d.maps.loginFilter.text == "" {
		return true, nil
	}
	_, err := d.readEntry(ctx, dn, d.maps.loginFilter, []string{"1.1"})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
