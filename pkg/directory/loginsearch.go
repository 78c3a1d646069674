package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/secret"
)

// globalPlaces returns the bases that belong to no map, to be searched whole.
func globalPlaces(cfg *config.Directory) ([]place, error) {
	var places []place
	for _, base := range globalBases(cfg) {
		base.Scope = "sub"
		at, err := newPlace(base, filter{}, "")
		if err != nil {
			return nil, err
		}
		places = append(places, at)
	}
	return places, nil
}

// loginSearches are the checked filters of login_searches and
// login_bind_search with the bases to search.
type loginSearches struct {
	places  []place
	all     []template
	bind    template
	hasBind bool
}

func newLoginSearches(cfg *config.Directory) (loginSearches, error) {
	var s loginSearches
	var err1, err2, err3 error
	s.places, err1 = globalPlaces(cfg)
	s.all, err2 = parseTemplates(cfg.LoginSearches)
	if s.hasBind = strings.TrimSpace(cfg.LoginBindSearch) != ""; s.hasBind {
		s.bind, err3 = parseTemplate(cfg.LoginBindSearch)
	}
	if err2 != nil {
		err2 = fmt.Errorf("login_searches: %w", err2)
	}
	if err3 != nil {
		err3 = fmt.Errorf("login_bind_search: %w", err3)
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		return s, err
	}
	if len(s.places) == 0 && (s.hasBind || len(s.all) > 0) {
		return s, errors.New("login_searches and login_bind_search need a base DN that is not a map's")
	}
	return s, nil
}

// HasLoginSearches reports whether there are filters for MatchesLoginSearches
// and one for BindAndSearch.
func (d *Directory) HasLoginSearches() (searches, bindSearch bool) {
	return len(d.maps.searches.all) > 0, d.maps.searches.hasBind
}

// MatchesLoginSearches searches with each of the configured filters, as the
// pseudouser, for any entry under the directory's bases. failed is the first
// filter, as configured, that no entry matches; it is empty if all match or
// there are none. Errors: ErrRefused, ErrUnavailable; then nothing is known.
func (d *Directory) MatchesLoginSearches(ctx context.Context, v LoginVariables) (failed string, err error) {
	for _, t := range d.maps.searches.all {
		found, err := d.matches(ctx, t, v)
		if err != nil {
			return "", err
		}
		if !found {
			return t.expression.String(), nil
		}
	}
	return "", nil
}

// matches reports whether any entry matches the filter.
func (d *Directory) matches(ctx context.Context, t template, v LoginVariables) (found bool, err error) {
	match, err := t.filter(v)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	err = d.try(ctx, fmt.Sprintf("login search %q", t.expression), func(ctx context.Context, s *server) error {
		return s.services.use(ctx, func(ctx context.Context, c *conn) (err error) {
			n, err := d.count(ctx, c, match, 1)
			found = n > 0
			return err
		})
	})
	return found && err == nil, err
}

// count returns how many entries under the directory's bases match, or limit
// if there are more.
func (d *Directory) count(ctx context.Context, c *conn, match filter, limit int) (int, error) {
	seen := map[string]bool{} // bases may overlap
	for _, at := range d.maps.searches.places {
		q := search{place: at, filter: and(at.filter, match), attributes: []string{"1.1"}, limit: limit}
		found, err := c.search(ctx, c.server.searchTimeout, &q)
		for _, e := range found {
			seen[normalDN(e.DN)] = true
		}
		if len(seen) >= limit {
			return limit, nil
		}
		if errors.Is(err, errNoBase) {
			d.noteMissingBase(at.dn)
			continue
		}
		if err != nil {
			return 0, err
		}
	}
	return len(seen), nil
}

// SearchesNameMachine reports whether one of the filters needs the names of
// this machine.
func (d *Directory) SearchesNameMachine() bool {
	return slices.ContainsFunc(append(d.maps.searches.all, d.maps.searches.bind), func(t template) bool {
		return t.expression != nil && slices.ContainsFunc(t.expression.Attributes(), func(name string) bool {
			return name == "hostname" || name == "fqdn" || name == "domain"
		})
	})
}

// BindAndSearch is BindAsUser, followed by the search of login_bind_search as
// the user, both on a connection of their own: no search runs on a connection
// that is kept for binds. found is whether it matches exactly one
// entry. It is true without a search if none is configured, and if the server
// says that the password has expired or must be changed: then it lets the user
// do nothing else. It is never true unless the bind succeeded. A search that
// the server does not let the user make finds nothing.
func (d *Directory) BindAndSearch(ctx context.Context, dn string, password secret.Secret, v LoginVariables) (reply Reply, found bool, err error) {
	if !d.maps.searches.hasBind {
		reply, err = d.BindAsUser(ctx, dn, password)
		return reply, err == nil && reply.Code == ResultSuccess, err
	}
	match, err := d.maps.searches.bind.filter(v)
	if err != nil {
		return noReply, false, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := checkCredentials(dn, password); err != nil {
		return noReply, false, fmt.Errorf("bind as %q: %w", dn, err)
	}
	var kept *conn
	ask := func(ctx context.Context, s *server) error {
		reply, found = noReply, false
		return s.binds.useFresh(ctx, false, func(ctx context.Context, c *conn) (err error) {
			reply, found, err = d.bindAndSearch(ctx, c, dn, password, match)
			if err == nil && found && d.worthHolding(c, reply) {
				c.held, kept = true, c
			}
			return err
		})
	}
	err = d.sparing(ctx, dn, func() (Reply, error) {
		err := d.try(ctx, fmt.Sprintf("bind as %q and search", dn), ask)
		return reply, err
	})
	if err != nil {
		return noReply, false, err
	}
	d.hold(dn, password, kept, reply)
	return reply, found, nil
}

func (d *Directory) bindAndSearch(ctx context.Context, c *conn, dn string, password secret.Secret, match filter) (Reply, bool, error) {
	reply, err := c.bindUser(ctx, dn, password)
	if err != nil || reply.Code != ResultSuccess {
		return reply, false, err
	}
	if reply.Policy.Error != NoPolicyError || reply.Policy.NetscapeExpired {
		return reply, true, nil
	}
	n, err := d.count(ctx, c, match, 2)
	if errors.Is(err, ErrRefused) {
		d.log.Info("the user may not make the search of login_bind_search", "dn", dn, "error", err)
		return reply, false, nil
	}
	if err != nil {
		return noReply, false, err
	}
	return reply, n == 1, nil
}
