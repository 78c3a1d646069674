package directory

import (
	"slices"

	"github.com/goldap/goldap/pkg/account"
)

// templateAttribute is what to ask a server for, to know whom users become.
func (d *Directory) templateAttribute() []string {
	if d.cfg.TemplateLoginAttribute == "" {
		return nil
	}
	return []string{d.cfg.TemplateLoginAttribute}
}

// withTemplate completes the account of a login with the user of this machine
// whom the user becomes. Where there is one the entry need not have ids and a
// home directory; one that has only a part of them is refused as ever. err is
// that of account.
func (d *Directory) withTemplate(e entry, name string, acct account.Account, err error) (account.Account, error) {
	template, wrong := d.template(e)
	switch {
	case wrong != nil:
		return account.Account{}, wrong
	case template == "" || err != nil && d.hasIDs(e):
		return acct, err
	case err != nil:
		acct = account.Account{DN: e.DN, Name: name, Names: e.otherNames(d.maps.passwd.attribute("uid")), UID: account.NoID, GID: account.NoID}
	}
	acct.Template = template
	return acct, nil
}

// template returns whom the user becomes, empty for themselves.
func (d *Directory) template(e entry) (string, error) {
	attribute := d.cfg.TemplateLoginAttribute
	if attribute == "" {
		return d.cfg.TemplateLogin, nil
	}
	switch values := e.values(attribute); len(values) {
	case 0:
		return d.cfg.TemplateLogin, nil
	case 1:
		return values[0], nil
	default:
		return "", e.bad(attribute, "%d values instead of one", len(values))
	}
}

// hasIDs reports whether the entry says anything about ids and a home directory.
func (d *Directory) hasIDs(e entry) bool {
	m := &d.maps.passwd
	return slices.ContainsFunc([]string{"uidNumber", "gidNumber", "homeDirectory"}, func(schema string) bool {
		return len(e.values(m.attribute(schema))) > 0 || m.expressions[schema] != nil
	})
}
