package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/spf13/cobra"
)

const groupsLong = `List the groups of a user of the directory, as goldapd knows them, with the way
into each: the group that has the user as a member, and the groups that this is in.
The primary group comes first. Groups of this machine (/etc/group) are not among them.

An nslcd, or an older goldapd, does not know the ways: then it is the groups alone.`

const groupsExample = `  goldapctl groups alice
  goldapctl groups alice --json`

func newGroups() *cobra.Command {
	var socket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "groups USER",
		Short:   "list the groups of a user, and how the user comes to be in each",
		Long:    groupsLong,
		Example: groupsExample,
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
			defer cancel()
			found, err := findGroups(ctx, client.New(socket), args[0])
			if err != nil {
				return lookupError("groups of", args[0], err)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), found)
			}
			found.writeText(cmd.OutOrStdout())
			return nil
		},
	}
	cmd.Flags().StringVar(&socket, "socket", defaultSocket, "ask goldapd, or nslcd, at the socket `PATH`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// lookupError is the error of a lookup, with its exit status.
func lookupError(what, key string, err error) error {
	status := exitUsage
	switch {
	case errors.Is(err, client.ErrNotFound):
		status = exitNegative
	case errors.Is(err, client.ErrUnavailable):
		status = exitUnavailable
	}
	return withStatus(status, fmt.Errorf("%s %q: %w", what, key, err))
}

// groupsTold are the groups of a user, for people and for JSON.
type groupsTold []groupTold

type groupTold struct {
	// Name is empty for a primary group that nobody has.
	Name string `json:"name"`
	GID  uint32 `json:"gid"`
	// Primary: it is the gid of the user's entry.
	Primary bool `json:"primary"`
	// Member: the user is among its members, or those of a group in it.
	Member bool `json:"member"`
	// Path is null if the daemon does not say it, and empty for a role's group.
	Path []string `json:"path"`
}

// findGroups asks the daemon for the user and the groups.
func findGroups(ctx context.Context, c *client.Client, name string) (groupsTold, error) {
	user, err := c.PasswdByName(ctx, name)
	if err != nil {
		return nil, err
	}
	memberships, err := membershipsOf(ctx, c, name)
	if err != nil {
		return nil, err
	}
	primary := groupTold{GID: user.GID, Primary: true}
	told := groupsTold{}
	for _, m := range memberships {
		one := groupTold{Name: m.Group.Name, GID: m.Group.GID, Primary: m.Group.GID == user.GID, Member: true, Path: m.Path}
		if one.Primary {
			primary = one
			continue
		}
		told = append(told, one)
	}
	if !primary.Member {
		group, err := c.GroupByGID(ctx, user.GID)
		if err != nil && !errors.Is(err, client.ErrNotFound) {
			return nil, err
		}
		primary.Name = group.Name
	}
	return append(groupsTold{primary}, told...), nil
}

// membershipsOf asks for the groups with their paths, or where nobody knows
// these, without.
func membershipsOf(ctx context.Context, c *client.Client, name string) ([]account.Membership, error) {
	memberships, err := c.GroupPaths(ctx, name)
	if !errors.Is(err, client.ErrUnavailable) {
		for i := range memberships {
			memberships[i].Path = append([]string{}, memberships[i].Path...)
		}
		return memberships, err
	}
	groups, err := c.GroupsOfMember(ctx, name)
	for _, group := range groups {
		memberships = append(memberships, account.Membership{Group: group})
	}
	return memberships, err
}

// writeText prints a line for each group.
func (told groupsTold) writeText(w io.Writer) {
	for _, group := range told {
		name, how := visible(group.Name), group.how()
		if name == "" {
			name = "(no name)"
		}
		if how != "" {
			how = ": " + how
		}
		fmt.Fprintf(w, "%s %d%s\n", name, group.GID, how)
	}
}

// how says how the user comes to be in the group; nothing if that is not known.
func (group groupTold) how() string {
	var ways []string
	if group.Primary {
		ways = append(ways, "primary group")
	}
	switch {
	case !group.Member || group.Path == nil:
	case len(group.Path) == 0:
		ways = append(ways, "by a role")
	case len(group.Path) == 1:
		ways = append(ways, "member")
	default:
		names := make([]string, len(group.Path))
		for i := range names {
			names[i] = visible(group.Path[i])
		}
		ways = append(ways, "member of "+strings.Join(names, ", which is in "))
	}
	return strings.Join(ways, "; ")
}
