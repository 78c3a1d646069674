package directory

import (
	"context"
	"fmt"
	"strconv"

	"github.com/goldap/goldap/pkg/account"
)

// GroupByName returns the group with the name, byte for byte, and its members.
// Errors as AccountByName.
func (d *Directory) GroupByName(ctx context.Context, name string) (account.Group, error) {
	if !canExist(name) {
		return account.Group{}, fmt.Errorf("%w: %q cannot be a name", ErrNotFound, name)
	}
	m := &d.maps.group
	cn := m.attribute("cn")
	found, err := d.findOne(ctx, m, name, equal(cn, name), d.groupAttributes())
	if err != nil {
		return account.Group{}, err
	}
	spelled, ok := m.spelled(found, cn, name)
	if !ok {
		return account.Group{}, fmt.Errorf("%w: %q is spelled otherwise in %q", ErrNotFound, name, found.DN)
	}
	return d.groupWithMembers(ctx, found, spelled)
}

// GroupByGID returns the group with the gid and its members. Errors as
// AccountByName.
func (d *Directory) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	m := &d.maps.group
	number := strconv.FormatUint(uint64(gid), 10)
	match, ok := m.equalID("gidNumber", gid)
	if !ok {
		return account.Group{}, fmt.Errorf("%w: gid %d is below the offset", ErrNotFound, gid)
	}
	found, err := d.findOne(ctx, m, number, match,
		d.groupAttributes())
	if err != nil {
		return account.Group{}, err
	}
	name, err := found.name(m.attribute("cn"))
	if err != nil {
		return account.Group{}, err
	}
	group, err := d.groupWithMembers(ctx, found, name)
	if err == nil && group.GID != gid {
		err = fmt.Errorf("%w: asked for gid %d, got %d", ErrBadEntry, gid, group.GID)
	}
	if err != nil {
		return account.Group{}, err
	}
	return group, nil
}

// group returns the group of an entry, without members.
func (m *mapping) group(e entry) (account.Group, error) {
	name, err := e.name(m.attribute("cn"))
	if err != nil {
		return account.Group{}, err
	}
	gid, err := m.id(e, "gidNumber")
	if err != nil {
		return account.Group{}, err
	}
	return account.Group{DN: e.DN, Name: name, Names: e.otherNames(m.attribute("cn")), GID: gid}, nil
}
