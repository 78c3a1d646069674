package server

import (
	"context"
	"fmt"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/roles"
)

// newRoles makes the roles of a configuration.
func newRoles(cfg *config.Config) (*roles.Set, error) {
	all := make([]roles.Role, 0, len(cfg.Roles))
	for _, r := range cfg.Roles {
		for _, filter := range r.Filters {
			if err := directory.CheckFilter(filter); err != nil {
				return nil, fmt.Errorf("role %s: %w", r.Name, err)
			}
		}
		all = append(all, roles.Role(r))
	}
	set, err := roles.New(all, cfg.Accounts.IgnoreCase)
	if err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	return set, nil
}

// newServices makes the rules of a configuration for PAM services.
func newServices(cfg *config.Config) login.Services {
	s := login.Services{Rules: map[string]login.Service{}, RefuseOthers: cfg.Login.OtherServices == "refuse"}
	for _, service := range cfg.Services {
		for _, name := range service.Names {
			s.Rules[name] = login.Service{Admit: service.Admit, Refuse: service.Refuse}
		}
	}
	return s
}

// roleGroups are the groups that this machine makes of roles; names.RoleGroups
// is what they are for.
type roleGroups struct {
	set         *roles.Set
	directories []*directory.Directory
}

// All returns the groups, which have no list of members.
func (g roleGroups) All() []account.Group {
	var groups []account.Group
	for _, role := range g.set.WithGroups() {
		groups = append(groups, account.Group{Name: role.Name, GID: role.GID})
	}
	return groups
}

// Of returns the groups of a user of the directory with the index. A role of
// which it is not known whether the user has it is an error: a shorter list
// could let somebody in.
func (g roleGroups) Of(ctx context.Context, user account.Account, index int) ([]account.Group, error) {
	all := g.All()
	wanted := make([]string, 0, len(all))
	for _, group := range all {
		wanted = append(wanted, group.Name)
	}
	held := g.set.Of(ctx, g.directories[index], user, wanted...)
	var groups []account.Group
	for _, group := range all {
		has, err := held.Has(group.Name)
		if err != nil {
			return nil, err
		}
		if has {
			groups = append(groups, group)
		}
	}
	return groups, nil
}
