package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/expression"
)

// maxLoginSearches bounds the searches for one login, as nslcd does.
const maxLoginSearches = 8

func (d *draft) checkLoginRules(dir *Directory, at string) {
	if dir.LoginAttribute != "" {
		d.checkText(at+".login_attribute", dir.LoginAttribute, checkDescription)
	}
	if dir.SSHKeyAttribute != "" {
		d.checkText(at+".ssh_key_attribute", dir.SSHKeyAttribute, checkDescription)
	}
	if dir.LoginFilter != "" {
		d.checkText(at+".login_filter", dir.LoginFilter, checkFilter)
	}
	d.checkLoginGroup(dir, at)
	d.checkLoginSearches(dir, at)
	d.checkTemplateLogin(dir, at)
	if dir.LoginMaxUID != 0 && dir.LoginMinUID > dir.LoginMaxUID {
		d.fail(at+".login_min_uid", "", "is larger than %s, so nobody could log in", d.name("login_max_uid"))
	}
	d.checkPasswordChange(dir, at)
	d.checkLockout(dir, at)
}

// checkTemplateLogin refuses a user whom nobody may become. Whether there is one
// of that name is looked at with each login.
func (d *draft) checkTemplateLogin(dir *Directory, at string) {
	if dir.TemplateLoginAttribute != "" {
		d.checkText(at+".template_login_attribute", dir.TemplateLoginAttribute, checkDescription)
	}
	name := dir.TemplateLogin
	switch {
	case name == "":
	case strings.EqualFold(name, "root"):
		d.fail(at+".template_login", name, "is root, who nobody of a directory may become")
	case !d.isValidName(name):
		d.fail(at+".template_login", name, "is not the name of a user: accounts.valid_names refuses it")
	}
}

// checkLoginGroup refuses a rule that nobody could satisfy.
func (d *draft) checkLoginGroup(dir *Directory, at string) {
	usual := DefaultDirectory().LoginMemberAttribute
	attribute := at + ".login_member_attribute"
	d.checkText(attribute, dir.LoginMemberAttribute, checkDescription)
	switch {
	case dir.LoginGroupDN == "" && dir.LoginMemberAttribute != usual:
		d.warn(attribute, "", "has no effect without %s", d.name("login_group_dn"))
	case dir.LoginGroupDN != "" && strings.EqualFold(dir.LoginMemberAttribute, "memberUid"):
		d.fail(attribute, dir.LoginMemberAttribute, "holds user names where DNs are needed, so nobody could log in")
	}
	if dir.LoginGroupDN != "" {
		d.checkText(at+".login_group_dn", dir.LoginGroupDN, checkDN)
	}
}

func (d *draft) checkLoginSearches(dir *Directory, at string) {
	for i, filter := range dir.LoginSearches {
		path := index(at+".login_searches", i)
		if i == maxLoginSearches {
			d.fail(path, "", "is one too many: there may be %d", maxLoginSearches)
		}
		d.checkText(path, filter, checkTemplate)
	}
	if dir.LoginBindSearch != "" {
		d.checkText(at+".login_bind_search", dir.LoginBindSearch, checkTemplate)
	}
	if dir.Base == "" && len(dir.Bases) == 0 && (dir.LoginBindSearch != "" || len(dir.LoginSearches) > 0) {
		d.fail(at+".base", "", "is missing: %s and %s search under the base DN of the directory, not under those of its maps", d.name("login_searches"), d.name("login_bind_search"))
	}
}

// loginVariables are what a filter may say of a login (pam_authz_search,
// nslcd.conf(5)).
func loginVariables() []string {
	return []string{"username", "uid", "service", "ruser", "rhost", "tty", "hostname", "fqdn", "domain", "dn"}
}

// checkTemplate checks a filter with variables, which may stand in assertion
// values only: each becomes an escaped character, and that is allowed nowhere
// else.
func checkTemplate(filter string) error {
	if filter == "" {
		return errEmptyFilter
	}
	e, err := expression.Parse(filter)
	if err != nil {
		return fmt.Errorf("is not a filter with variables: %w", err)
	}
	for _, name := range e.Attributes() {
		if !slices.Contains(loginVariables(), name) {
			return fmt.Errorf("has the variable $%s, which nothing is known of; there are $%s%s",
				name, strings.Join(loginVariables(), ", $"), didYouMean(name, loginVariables()))
		}
	}
	return checkFilter(e.Value(func(string) string { return `\2a` }))
}
