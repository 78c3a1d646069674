package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/config"
)

const roleLong = `Show and change the roles of users in the running goldapd (docs/access.md). Which services a
role may use is one of the settings: see goldapctl settings.

Changes count at once and stay: they go into the managed file beside the administrator's
configuration, which is never written.`

func newRole() *cobra.Command {
	r := administered{
		list: adminclient.Roles, kind: "role", usual: config.Role{},
		columns: []column{
			{"USERS", func(s map[string]any) string { return texts(s, "users") }},
			{"GROUPS", func(s map[string]any) string { return texts(s, "groups") + texts(s, "group_dns") }},
			{"ROLES", func(s map[string]any) string { return texts(s, "roles") }},
			{"GID", func(s map[string]any) string { return fmt.Sprint(s["gid"]) }},
		},
	}
	cmd := &cobra.Command{
		Use:     "role",
		Short:   "show and change the roles of users",
		Long:    roleLong,
		Example: "  goldapctl role list\n  goldapctl role show staff",
		Args:    onlyVerbs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		r.addVerb("Add a role: a name for the users who are named, the members of groups, the entries that filters\nmatch, and the users of other roles. Only root may.",
			"  goldapctl role add staff group_dns=cn=staff,ou=groups,dc=example,dc=com nested=true\n  goldapctl role add ops roles=staff users=alice users=bob"),
		r.listVerb("roles"),
		r.removeVerb(),
		r.resetVerb(),
		r.setVerb("Change settings of a role; what is not named stays as it is. Only root may.",
			"  goldapctl role set staff users=alice users=bob\n  goldapctl role set staff gid=4001"),
		r.showVerb(),
	)
	return cmd
}
