package directory

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/goldap/goldap/pkg/account"
)

// GroupPaths is GroupsOfMember that says how the user comes into each group. It
// asks about each group of a level by itself, and so takes longer. Of several
// ways into a group it tells one of the shortest.
func (d *Directory) GroupPaths(ctx context.Context, name, dn string) ([]account.Membership, error) {
	if !canExist(name) {
		return nil, fmt.Errorf("%w: %q cannot be a name", ErrNotFound, name)
	}
	level, above, err := d.itself(ctx, name, dn)
	if err != nil {
		return nil, err
	}
	ways := groupPaths{}
	for _, e := range level {
		ways.add(d, e, nil)
	}
	found, err := d.withNested(ctx, name, level, ways.following(d, above))
	if err != nil {
		return nil, err
	}
	memberships := make([]account.Membership, 0, len(found))
	for _, e := range found {
		group, err := d.maps.group.group(e)
		if err != nil {
			d.log.Debug("group left out", "error", err)
			continue
		}
		memberships = append(memberships, account.Membership{Group: group, Path: ways[normalDN(e.DN)]})
	}
	return memberships, nil
}

// groupPaths are the names on the way into each group, by normalDN.
type groupPaths map[string][]string

// noName stands on a path for a group whose name cannot be used.
const noName = "?"

// add notes that the group is reached from the end of a path, unless another way
// into it is known.
func (p groupPaths) add(d *Directory, e entry, from []string) {
	key := normalDN(e.DN)
	if _, known := p[key]; known {
		return
	}
	name, err := e.name(d.maps.group.attribute("cn"))
	if err != nil {
		name = noName
	}
	p[key] = append(from[:len(from):len(from)], name)
}

// following is above that asks about each group of a level by itself, and so
// learns which of them is in which of those above.
func (p groupPaths) following(d *Directory, above levelAbove) levelAbove {
	return func(ctx context.Context, level []entry) ([]entry, error) {
		found := make([][]entry, len(level))
		searches, ctx := errgroup.WithContext(ctx)
		searches.SetLimit(parallelBatches)
		for i := range level {
			searches.Go(func() (err error) {
				panicked := guarded(func() { found[i], err = above(ctx, level[i:i+1]) })
				if panicked != nil {
					return fmt.Errorf("%w: groups above %q: %w", ErrUnavailable, level[i].DN, unwrapped{panicked})
				}
				return err
			})
		}
		if err := searches.Wait(); err != nil {
			return nil, err
		}
		var all []entry
		for i, e := range level {
			for _, group := range found[i] {
				p.add(d, group, p[normalDN(e.DN)])
			}
			all = append(all, found[i]...)
		}
		return all, nil
	}
}
