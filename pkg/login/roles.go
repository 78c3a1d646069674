package login

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/roles"
	"github.com/goldap/goldap/pkg/trace"
)

// Services say which roles may use which PAM services. The zero value lets
// everybody use all.
type Services struct {
	// Rules are by the name of the service, in lower case as libpam has it.
	Rules map[string]Service
	// RefuseOthers refuses the services that Rules does not name.
	RefuseOthers bool
}

// Service is the rule for one PAM service: whoever has a role of Refuse is
// refused, others are admitted if they have one of Admit, or if that is empty.
type Service struct{ Admit, Refuse []string }

// checkRoles finds out which roles the user has, and whether the service
// admits them. What cannot be found out and would decide refuses.
func (l *Login) checkRoles(ctx context.Context, service string, acct account.Account, dir Directory) (verdict, []string) {
	var held roles.Held
	if !l.Roles.Empty() {
		held = l.Roles.Of(ctx, dir, acct)
	}
	v := l.Services.admit(service, held)
	if t := trace.From(ctx); t != nil && v.rule != "" {
		t.Note("service", "rule", v.rule, "outcome", v.outcome)
	}
	if v.outcome != account.Success {
		return v, nil
	}
	for _, err := range held.Unknown() {
		l.Logger.Warn("it is not known whether a user has a role", "user", acct.Name, "error", err)
	}
	return v, held.Names()
}

// admit is the verdict of the rule for the service.
func (s Services) admit(service string, held roles.Held) verdict {
	service = strings.ToLower(service)
	rule, listed := s.Rules[service]
	if !listed {
		return s.admitOther(service)
	}
	name := "service " + service
	refused, err := firstHeld(rule.Refuse, held)
	switch {
	case refused != "":
		return judgeRule(name+": refuses role "+refused, false, nil)
	case err != nil:
		return judgeRule(name, false, err)
	case len(rule.Admit) == 0:
		return verdict{outcome: account.Success, rule: name + ": admits all who are not refused"}
	}
	admitted, err := firstHeld(rule.Admit, held)
	switch {
	case admitted != "":
		return verdict{outcome: account.Success, rule: name + ": admits role " + admitted}
	case err != nil:
		return judgeRule(name, false, err)
	}
	return judgeRule(fmt.Sprintf("%s: admits %s only", name, strings.Join(rule.Admit, ", ")), false, nil)
}

// admitOther is the verdict on a service that has no rule.
func (s Services) admitOther(service string) verdict {
	if s.RefuseOthers {
		return judgeRule("other_services: "+service+" is no service of the configuration", false, nil)
	}
	return verdict{outcome: account.Success}
}

// firstHeld returns the first of the roles that the user has. If there is none
// and one is not known, that is the error.
func firstHeld(names []string, held roles.Held) (string, error) {
	var unknown error
	for _, name := range names {
		has, err := held.Has(name)
		switch {
		case err == nil && has:
			return name, nil
		case err != nil && unknown == nil:
			unknown = err
		}
	}
	return "", unknown
}
