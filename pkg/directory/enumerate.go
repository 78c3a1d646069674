package directory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/goldap/goldap/pkg/account"
)

// membersTimeout bounds the reading of one group's members in an enumeration.
const membersTimeout = 30 * time.Second

// Accounts returns all accounts, once for each of their user names. The
// sequence reads page by page while it is consumed, on a connection of its own,
// so that neither a large directory nor a slow consumer is felt by others. An
// ErrBadEntry stands for an entry that is no account, and more may follow; any
// other error is the last element. A sequence that ends without one has them
// all. Each page has the search timeout; ctx bounds nothing else.
func (d *Directory) Accounts(ctx context.Context) iter.Seq2[account.Account, error] {
	m := &d.maps.passwd
	return enumerated(ctx, d, m, m.attributes(accountAttributes...), func(e entry) ([]account.Account, error) {
		return forEachName(e, m.attribute("uid"), func(name string) (account.Account, error) { return m.account(e, name) })
	})
}

// Groups returns all groups with their members, as Accounts returns accounts.
func (d *Directory) Groups(ctx context.Context) iter.Seq2[account.Group, error] {
	m := &d.maps.group
	wanted := d.groupAttributes()
	return enumerated(ctx, d, m, wanted, func(e entry) ([]account.Group, error) {
		ctx, cancel := context.WithTimeout(ctx, membersTimeout)
		defer cancel()
		group, err := d.groupWithMembers(ctx, e, "")
		if err != nil {
			return nil, err
		}
		return forEachName(e, m.attribute("cn"), func(name string) (account.Group, error) {
			group.Name = name
			return group, nil
		})
	})
}

// Shadows returns the ageing data of all passwords, as Accounts returns
// accounts.
func (d *Directory) Shadows(ctx context.Context) iter.Seq2[account.Shadow, error] {
	m := &d.maps.shadow
	return enumerated(ctx, d, m, m.shadowAttributes(), func(e entry) ([]account.Shadow, error) {
		return forEachName(e, m.attribute("uid"), func(name string) (account.Shadow, error) {
			shadow := m.shadow(e, name)
			shadow.Name, shadow.Password = name, m.password(e)
			return shadow, nil
		})
	})
}

// forEachName makes a value of each usable name of an entry.
func forEachName[V any](e entry, attribute string, make func(name string) (V, error)) ([]V, error) {
	var all []V
	for _, name := range e.values(attribute) {
		if !canLeave(name) {
			continue
		}
		value, err := make(name)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	if len(all) == 0 {
		return nil, e.bad(attribute, "no usable value")
	}
	return all, nil
}

// errEnough: the consumer of a sequence wants no more.
var errEnough = errors.New("enough")

// enumerated returns what parse makes of each entry of the map.
func enumerated[V any](
	ctx context.Context, d *Directory, m *mapping, attributes []string, parse func(entry) ([]V, error),
) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var none V
		err := d.enumerate(ctx, m, attributes, func(e entry) error {
			values, err := parse(e)
			if errors.Is(err, ErrBadEntry) {
				return enoughUnless(yield(none, err))
			}
			if err != nil {
				return err
			}
			for _, value := range values {
				if !yield(value, nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(none, err)
		}
	}
}

func enoughUnless(more bool) error {
	if more {
		return nil
	}
	return errEnough
}

// enumerate calls visit with every entry of the map, all bases one after the
// other, until it returns an error. Where bases overlap an entry comes once
// for each.
func (d *Directory) enumerate(ctx context.Context, m *mapping, attributes []string, visit func(entry) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	reader := &enumeration{directory: d, visit: visit}
	defer reader.close()
	for _, at := range m.places {
		q := &search{place: at, filter: at.filter, attributes: attributes, pageSize: d.cfg.PageSize}
		err := reader.read(ctx, q)
		if errors.Is(err, errNoBase) {
			d.noteMissingBase(at.dn)
			continue
		}
		if err != nil {
			return fmt.Errorf("enumerate %s: %w", m.name, classified(err))
		}
	}
	return nil
}

// classified makes sure that an error of a connection matches a sentinel.
func classified(err error) error {
	for _, known := range []error{ErrRefused, ErrUnavailable, ErrBadEntry, ErrNotFound, ErrNotUnique, errEnough} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// enumeration reads searches one after the other on one connection. It has the
// connection for itself: servers remember one paged search for each (RFC 2696,
// section 3), and the shared ones must not wait for a slow consumer.
type enumeration struct {
	directory *Directory
	conn      *conn
	visit     func(entry) error
}

func (r *enumeration) close() {
	if r.conn != nil {
		r.conn.close()
	}
}

// read visits the entries that one search finds, and then those where the
// server refers to.
func (r *enumeration) read(ctx context.Context, q *search) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	if referrer := r.conn.server.referrer; referrer != nil {
		return referrer.walk(r.readAt).search(ctx, r.conn.server, q)
	}
	return r.readOn(ctx, r.conn, q)
}

// readAt reads at one server, and returns the references in its answer.
func (r *enumeration) readAt(ctx context.Context, s *server, q *search) (references []string, err error) {
	c := r.conn
	if s != c.server {
		if c, err = s.openForEnumeration(ctx); err != nil {
			return nil, err
		}
		defer c.close()
	}
	here := *q
	here.refer = func(uris []string) { references = append(references, uris...) }
	err = r.readOn(ctx, c, &here)
	return references, err
}

func (r *enumeration) readOn(ctx context.Context, c *conn, q *search) error {
	return c.pages(ctx, c.server.searchTimeout, q, func(found []entry) error {
		for _, e := range found {
			if err := r.visit(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// connect opens the connection, to the first server that lets it. From then on
// there is no other server to turn to: what was visited cannot be taken back.
func (r *enumeration) connect(ctx context.Context) error {
	if r.conn != nil {
		return nil
	}
	return r.directory.try(ctx, "enumerate", func(ctx context.Context, s *server) (err error) {
		r.conn, err = s.openForEnumeration(ctx)
		return err
	})
}

func (s *server) openForEnumeration(ctx context.Context) (*conn, error) {
	c, err := s.services.openAlone(ctx)
	if err == nil {
		c.wire.collectEntries()
	}
	return c, err
}
