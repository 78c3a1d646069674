package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/spf13/cobra"
)

const (
	// defaultSocket is where goldapd listens.
	defaultSocket = "/run/goldap/socket"
	// lookupTimeout is how long the daemon gets for one answer.
	lookupTimeout = 10 * time.Second
)

const lookupLong = `Ask goldapd for one entry, as the name service would, and print it.

Maps and their keys:
  passwd NAME|UID   a user
  group  NAME|GID   a group with its members
  groups NAME       the groups that have the user among their members
  shadow NAME       the ageing of the user's password

The answer looks like a line of passwd(5), group(5) or shadow(5); for groups
it is one "NAME GID" on each line. With --json it is JSON.`

const lookupExample = `  goldapctl lookup passwd alice
  goldapctl lookup passwd 5001
  goldapctl lookup groups alice --json
  goldapctl lookup --socket /run/nslcd/socket group staff`

// lookup is one question.
type lookup struct {
	client *client.Client
	key    string
}

// lookupMaps are what can be asked for.
var lookupMaps = map[string]func(lookup, context.Context) (listing, error){
	"passwd": lookup.passwd,
	"group":  lookup.group,
	"groups": lookup.groups,
	"shadow": lookup.shadow,
}

// listing is an answer that can be printed.
type listing interface {
	// writeText prints the lines for people and for cut(1).
	writeText(w io.Writer)
	// forJSON is the value to encode.
	forJSON() any
}

func newLookup() *cobra.Command {
	var socket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:       "lookup MAP KEY",
		Short:     "ask goldapd for a user or a group",
		Long:      lookupLong,
		Example:   lookupExample,
		ValidArgs: mapNames(),
		Args:      lookupArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			question := lookup{client: client.New(socket), key: args[1]}
			return question.run(cmd, args[0], asJSON)
		},
	}
	cmd.Flags().StringVar(&socket, "socket", defaultSocket, "the socket of goldapd, or of nslcd")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func mapNames() []string {
	var names []string
	for name := range lookupMaps {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func lookupArgs(_ *cobra.Command, args []string) error {
	switch {
	case len(args) != 2:
		return fmt.Errorf("lookup needs a map and a key, such as: passwd alice")
	case lookupMaps[args[0]] == nil:
		return fmt.Errorf("there is no map %q: the maps are %s", args[0], strings.Join(mapNames(), ", "))
	case args[1] == "":
		return fmt.Errorf("the key is empty")
	}
	return nil
}

func (l lookup) run(cmd *cobra.Command, mapName string, asJSON bool) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
	defer cancel()
	found, err := lookupMaps[mapName](l, ctx)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return withStatus(exitNegative, fmt.Errorf("%s %q: %w", mapName, l.key, err))
	case errors.Is(err, client.ErrUnavailable):
		return withStatus(exitUnavailable, fmt.Errorf("%s %q: %w", mapName, l.key, err))
	case err != nil:
		return withStatus(exitUsage, fmt.Errorf("%s %q: %w", mapName, l.key, err))
	case asJSON:
		return writeJSON(cmd.OutOrStdout(), found.forJSON())
	}
	found.writeText(cmd.OutOrStdout())
	return nil
}

// asID is the number in a key of digits alone; no user or group has such a
// name.
func asID(key string) (id uint32, isID bool, err error) {
	if strings.Trim(key, "0123456789") != "" {
		return 0, false, nil
	}
	id, err = account.ParseID(key)
	return id, true, err
}

func (l lookup) passwd(ctx context.Context) (listing, error) {
	uid, isID, err := asID(l.key)
	if err != nil {
		return nil, err
	}
	var a account.Account
	if isID {
		a, err = l.client.PasswdByUID(ctx, uid)
	} else {
		a, err = l.client.PasswdByName(ctx, l.key)
	}
	return passwdListing(a), err
}

func (l lookup) group(ctx context.Context) (listing, error) {
	gid, isID, err := asID(l.key)
	if err != nil {
		return nil, err
	}
	var g account.Group
	if isID {
		g, err = l.client.GroupByGID(ctx, gid)
	} else {
		g, err = l.client.GroupByName(ctx, l.key)
	}
	return groupListing(g), err
}

// groups tells a user in no group from no user: the protocol does not.
func (l lookup) groups(ctx context.Context) (listing, error) {
	groups, err := l.client.GroupsOfMember(ctx, l.key)
	if err == nil && len(groups) == 0 {
		_, err = l.client.PasswdByName(ctx, l.key)
	}
	return groupsListing(groups), err
}

func (l lookup) shadow(ctx context.Context) (listing, error) {
	s, err := l.client.ShadowByName(ctx, l.key)
	return shadowListing(s), err
}
