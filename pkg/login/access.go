package login

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// authorize looks at every access rule, pam_ldap's in its order and then the
// service's; the first that refuses decides. What cannot be looked at refuses,
// too. held are the roles of a user whom no rule refuses.
func (l *Login) authorize(ctx context.Context, req Request, acct account.Account, dir Directory) (v verdict, held []string) {
	if v := l.checkEntry(ctx, req, acct, dir); v.outcome != account.Success {
		return v, nil
	}
	v, held = l.checkRoles(ctx, req.Service, acct, dir)
	if v.outcome != account.Success {
		return v, nil
	}
	refused := l.checkTemplate(acct)
	noteTemplate(ctx, acct, refused)
	if refused.outcome != account.Success {
		return refused, nil
	}
	return v, held
}

// checkEntry looks at the rules of the directory that has the user.
func (l *Login) checkEntry(ctx context.Context, req Request, acct account.Account, dir Directory) verdict {
	l.notePolicy(ctx, acct)
	if expired(acct.Shadow, l.today()) {
		return verdict{outcome: account.AccountExpired, message: textAccountExpired, rule: "shadowExpire"}
	}
	if v := judgeState(acct.State, l.Now()); v.outcome != account.Success {
		return v
	}
	group, filter := dir.LoginRules()
	member, err := dir.IsGroupMember(ctx, acct.DN)
	if v := judgeFact(ctx, "login_group_dn", "not a member of "+group, member, err, group); v.outcome != account.Success {
		return v
	}
	if v := l.checkAttributes(ctx, req.Service, acct.DN, dir); v.outcome != account.Success {
		return v
	}
	if v := checkUID(ctx, acct, dir); v.outcome != account.Success {
		return v
	}
	matches, err := dir.MatchesLoginFilter(ctx, acct.DN)
	if v := judgeFact(ctx, "login_filter", "the entry does not match "+filter, matches, err, filter); v.outcome != account.Success {
		return v
	}
	return l.checkSearches(ctx, req, acct, dir)
}

// checkUID looks at the window of uids that may log in.
func checkUID(ctx context.Context, acct account.Account, dir Directory) verdict {
	least, most := dir.LoginUIDs()
	uid := acct.UID
	switch {
	case !acct.HasID() && (least != 0 || most != 0):
		return judgeFact(ctx, "login_min_uid", "the entry has no uid", false, nil, "no uid")
	case uid < least:
		return judgeFact(ctx, "login_min_uid", fmt.Sprintf("%d is below %d", uid, least), false, nil, idText(uid))
	case most != 0 && uid > most:
		return judgeFact(ctx, "login_max_uid", fmt.Sprintf("%d is above %d", uid, most), false, nil, idText(uid))
	}
	noteUID(ctx, uid, least, most)
	return verdict{outcome: account.Success}
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
		allowed, why := permits(values.Services, service)
		if v := judgeFact(ctx, "login_check_service", why, allowed, err, values.Services...); v.outcome != account.Success {
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
	allowed, why := permits(values.Hosts, names...)
	return judgeFact(ctx, "login_check_host", why, allowed, err, values.Hosts...)
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
	return judgeFact(ctx, "login_searches", "nothing matches "+failed, failed == "", err, cmp.Or(failed, "each search"))
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

// judgeFact is judgeRule that names what keeps out, and tells the trace:
// values are what the rule looked at.
func judgeFact(ctx context.Context, rule, fact string, allowed bool, err error, values ...string) verdict {
	name := rule
	if !allowed && err == nil {
		rule += ": " + fact
	}
	v := judgeRule(rule, allowed, err)
	noteRule(ctx, name, values, v)
	return v
}

// permits applies the values of host or authorizedService as pam_ldap(5) does:
// !name keeps out, name in any case lets in, * lets in if nothing keeps out.
// No value that lets in, or no value at all, keeps out. names are what the
// host or the service is called; why is what keeps out.
func permits(values []string, names ...string) (allowed bool, why string) {
	called := func(value string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.EqualFold(name, value) })
	}
	for _, value := range values {
		if name, denies := strings.CutPrefix(value, "!"); denies {
			if called(name) {
				return false, value
			}
			continue
		}
		allowed = allowed || value == "*" || called(value)
	}
	return allowed, "no value is " + strings.Join(names, " or ")
}
