package login

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// authorize looks at every access rule in pam_ldap's order; the first that
// refuses decides. What cannot be looked at refuses, too.
func (l *Login) authorize(ctx context.Context, req Request, acct account.Account, dir Directory) verdict {
	if expired(acct.Shadow, l.today()) {
		return verdict{outcome: account.AccountExpired, message: textAccountExpired, rule: "shadowExpire"}
	}
	member, err := dir.IsGroupMember(ctx, acct.DN)
	if v := judgeRule("login_group_dn", member, err); v.outcome != account.Success {
		return v
	}
	if v := l.checkAttributes(ctx, req.Service, acct.DN, dir); v.outcome != account.Success {
		return v
	}
	least, most := dir.LoginUIDs()
	if acct.UID < least || (most != 0 && acct.UID > most) {
		return judgeRule("login_min_uid, login_max_uid", false, nil)
	}
	matches, err := dir.MatchesLoginFilter(ctx, acct.DN)
	if v := judgeRule("login_filter", matches, err); v.outcome != account.Success {
		return v
	}
	if v := l.checkSearches(ctx, req, acct, dir); v.outcome != account.Success {
		return v
	}
	return verdict{outcome: account.Success, rule: "access rules"}
}

// checkAttributes looks at the services and the hosts that the user's entry
// names, if that is asked for.
func (l *Login) checkAttributes(ctx context.Context, service, dn string, dir Directory) verdict {
	checkService, checkHost := dir.LoginChecks()
	if !checkService && !checkHost {
		return verdict{outcome: account.Success}
	}
	values, err := dir.LoginAttributes(ctx, dn)
	if checkService {
		if v := judgeRule("login_check_service", permits(values.Services, service), err); v.outcome != account.Success {
			return v
		}
	}
	if !checkHost {
		return verdict{outcome: account.Success}
	}
	var names []string
	if err == nil {
		names, err = l.Machine.names(ctx)
	}
	return judgeRule("login_check_host", permits(values.Hosts, names...), err)
}

// checkSearches is the rule that each of login_searches finds something.
func (l *Login) checkSearches(ctx context.Context, req Request, acct account.Account, dir Directory) verdict {
	if searches, _ := dir.HasLoginSearches(); !searches {
		return verdict{outcome: account.Success}
	}
	variables, err := l.variables(ctx, req, acct, dir)
	failed := ""
	if err == nil {
		failed, err = dir.MatchesLoginSearches(ctx, variables)
	}
	if failed != "" {
		l.Logger.Debug("a search finds nothing", "user", acct.Name, "filter", failed)
	}
	return judgeRule("login_searches", failed == "", err)
}

// variables are what the filters of login_searches and login_bind_search may
// speak of. The names of this machine are looked for only where they do.
func (l *Login) variables(ctx context.Context, req Request, acct account.Account, dir Directory) (directory.LoginVariables, error) {
	v := directory.LoginVariables{
		Username: acct.Name, DN: acct.DN,
		Service: req.Service, RUser: req.RUser, RHost: req.RHost, TTY: req.TTY,
	}
	if !dir.SearchesNameMachine() {
		return v, nil
	}
	names, err := l.Machine.names(ctx)
	if err != nil {
		return v, err
	}
	v.FQDN = names[0]
	v.Hostname, v.Domain, _ = strings.Cut(v.FQDN, ".")
	return v, nil
}

// judgeRule is the verdict of one access rule. An error, whatever it is, means
// that the rule could not be looked at.
func judgeRule(rule string, allowed bool, err error) verdict {
	switch {
	case err != nil:
		return verdict{outcome: account.Unavailable, message: textUnavailable, rule: fmt.Sprintf("%s: %v", rule, err)}
	case !allowed:
		return verdict{outcome: account.PermissionDenied, message: textNotAllowed, rule: rule}
	}
	return verdict{outcome: account.Success}
}

// permits applies the values of host or authorizedService as pam_ldap(5) does:
// !name keeps out, name in any case lets in, * lets in if nothing keeps out.
// No value that lets in, or no value at all, keeps out. names are what the
// host or the service is called.
func permits(values []string, names ...string) bool {
	called := func(value string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.EqualFold(name, value) })
	}
	allowed := false
	for _, value := range values {
		if name, denies := strings.CutPrefix(value, "!"); denies {
			if called(name) {
				return false
			}
			continue
		}
		allowed = allowed || value == "*" || called(value)
	}
	return allowed
}
