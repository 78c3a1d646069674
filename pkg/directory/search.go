package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Limits on the result of one search. A process has at most 65,536 groups.
const (
	maxEntries = 65_536
	// maxEmptyPages are pages in a row without an entry.
	maxEmptyPages = 20
)

// search is one search of one base.
type search struct {
	place      place
	filter     filter // with the place's
	attributes []string
	limit      int // entries at most, sent to the server
	pageSize   uint32
	// refer, unless it is nil, gets the continuation references in the answer.
	refer func(uris []string)
}

// findOne returns the only entry of the map that matches, with ErrNotFound if
// there is none and ErrNotUnique if there are several. key is what was asked
// for, for messages.
func (d *Directory) findOne(ctx context.Context, m *mapping, key string, match filter, attributes []string) (entry, error) {
	var found []entry
	err := d.try(ctx, fmt.Sprintf("search %s %q", m.name, key), func(ctx context.Context, s *server) error {
		var err error
		found, err = d.searchMap(ctx, s, m, match, search{attributes: attributes, limit: 2})
		if err == nil && len(found) == 0 {
			return ErrNotFound
		}
		if len(found) > 1 || errors.Is(err, errSizeLimit) && len(found) > 0 {
			return ErrNotUnique
		}
		return err
	})
	if err != nil {
		return entry{}, err
	}
	return found[0], nil
}

// findAll returns all entries of the map that match.
func (d *Directory) findAll(ctx context.Context, m *mapping, key string, match filter, attributes []string) ([]entry, error) {
	var found []entry
	err := d.try(ctx, fmt.Sprintf("search %s of %q", m.name, key), func(ctx context.Context, s *server) error {
		var err error
		found, err = d.searchMap(ctx, s, m, match, search{attributes: attributes, limit: maxEntries, pageSize: d.cfg.PageSize})
		return err
	})
	return found, err
}

// maxMatches bounds the entries that one key may have in maps where several are
// allowed.
const maxMatches = 1000

// findSome returns the entries of the map that match, not in pages.
func (d *Directory) findSome(ctx context.Context, m *mapping, key string, match filter, attributes []string) ([]entry, error) {
	var found []entry
	err := d.try(ctx, fmt.Sprintf("search %s %q", m.name, key), func(ctx context.Context, s *server) error {
		var err error
		found, err = d.searchMap(ctx, s, m, match, search{attributes: attributes, limit: maxMatches})
		return err
	})
	return found, err
}

// readEntry reads one entry by its DN, if it matches filter.
func (d *Directory) readEntry(ctx context.Context, dn string, match filter, attributes []string) (entry, error) {
	var found []entry
	err := d.try(ctx, fmt.Sprintf("read %q", dn), func(ctx context.Context, s *server) error {
		one := search{place: place{dn: dn, scope: ldap.ScopeBaseObject}, filter: match, attributes: attributes, limit: 1}
		var err error
		found, err = s.search(ctx, &one)
		if err == nil && len(found) == 0 || errors.Is(err, errNoBase) {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return entry{}, err
	}
	return found[0], nil
}

// searchMap searches every base of the map. Entries that are in several bases
// count once. On an error it returns what was found before.
func (d *Directory) searchMap(ctx context.Context, s *server, m *mapping, match filter, template search) ([]entry, error) {
	var all []entry
	for _, at := range m.places {
		one := template
		one.place = at
		one.filter = and(at.filter, match)
		if at.scope == ldap.ScopeBaseObject {
			one.pageSize = 0
		}
		found, err := s.search(ctx, &one)
		if errors.Is(err, errNoBase) && m.needsBases {
			return nil, fmt.Errorf("%w: base %q does not exist or may not be read", ErrRefused, at.dn)
		}
		if errors.Is(err, errNoBase) {
			d.noteMissingBase(at.dn)
			continue
		}
		all = appendNew(all, found, len(m.places) > 1)
		if err != nil {
			return all, err
		}
		if len(all) > template.limit {
			return all, errSizeLimit
		}
	}
	return all, nil
}

// appendNew appends the entries that are not there yet.
func appendNew(all, found []entry, overlap bool) []entry {
	if !overlap || len(all) == 0 {
		return append(all, found...)
	}
	seen := make(map[string]bool, len(all))
	for _, e := range all {
		seen[normalDN(e.DN)] = true
	}
	for _, e := range found {
		if !seen[normalDN(e.DN)] {
			all = append(all, e)
		}
	}
	return all
}

// noteMissingBase logs that a base does not exist, once.
func (d *Directory) noteMissingBase(dn string) {
	d.warnOnce(dn, "base DN does not exist or may not be read", "base", dn)
}

// warnOnce logs what would otherwise come with every lookup. key stands for
// what it is about; there are few.
func (d *Directory) warnOnce(key, text string, facts ...any) {
	if _, known := d.warned.LoadOrStore(key, true); !known {
		d.log.Warn(text, facts...)
	}
}

// search searches at the server and, if that is wanted, where it refers to.
func (s *server) search(ctx context.Context, q *search) ([]entry, error) {
	if s.referrer != nil {
		return s.referrer.search(ctx, s, q)
	}
	found, _, err := s.searchHere(ctx, q)
	return found, err
}

// searchHere runs on a service connection.
func (s *server) searchHere(ctx context.Context, q *search) (found []entry, references []string, err error) {
	here := *q
	here.refer = func(uris []string) { references = append(references, uris...) }
	err = s.services.use(ctx, func(ctx context.Context, c *conn) (err error) {
		references = nil
		found, err = c.search(ctx, s.searchTimeout, &here)
		return err
	})
	return found, references, err
}

// search sends one search, page by page if it has a page size, and returns all
// of the answer.
func (c *conn) search(ctx context.Context, timeout time.Duration, q *search) ([]entry, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var all []entry
	err := c.pages(ctx, timeout, q, func(found []entry) error {
		all = append(all, found...)
		if len(all) > q.limit {
			return errSizeLimit
		}
		return nil
	})
	c.noteSearch(ctx, q, all, err)
	return all, err
}

// pages sends one search, page by page if it has a page size, and hands each
// page over, also the part of one that ends with an error. Each page has the
// timeout for itself, inside ctx.
func (c *conn) pages(ctx context.Context, timeout time.Duration, q *search, visit func([]entry) error) error {
	base := c.server.base
	match, err := base.filter(q.filter.text)
	if err != nil {
		return fmt.Errorf("%w: filter %q: %w", ErrRefused, q.filter.text, err)
	}
	request := ldap.NewSearchRequest(base.there(q.place.dn), q.place.scope, c.server.deref,
		q.limit, 0, false, match, q.attributes, nil)
	request.EnforceSizeLimit = q.limit > 0
	paging := ldap.NewControlPaging(q.pageSize)
	if q.pageSize > 0 {
		request.Controls = []ldap.Control{paging}
		select {
		case c.paging <- struct{}{}:
			defer func() { <-c.paging }()
		case <-ctx.Done():
			return fmt.Errorf("%w: wait for another search in pages: %w", ErrUnavailable, context.Cause(ctx))
		}
	}
	var pages circle
	for empty := 0; empty < maxEmptyPages; empty++ {
		result, err := c.timedPage(ctx, timeout, request)
		found := entriesOf(result, c.wire.takeEntries(), base)
		if len(found) > 0 {
			if empty = -1; pages.closes(found[0].DN) {
				return fmt.Errorf("%w: the same page once more, beginning with %q", ErrRefused, found[0].DN)
			}
		}
		if result != nil && q.refer != nil {
			q.refer(result.Referrals)
		}
		if refused := visit(found); err == nil {
			err = refused
		}
		if err != nil {
			return err
		}
		cookie := nextPage(result)
		if q.pageSize == 0 || len(cookie) == 0 {
			return nil
		}
		paging.SetCookie(cookie)
	}
	return fmt.Errorf("%w: %d pages without an entry", ErrRefused, maxEmptyPages)
}

// circle notices pages that come again and again: an entry is there once, so
// no two pages begin with the same. Each is compared with one that came before,
// which moves on after 1, 3, 7, 15 and so on pages, so that circles of any
// length are found (Brent) and nothing grows.
type circle struct {
	first        string // entry of the page to compare with
	steps, until int    // pages since then, and how many before it moves on
}

// closes takes the first entry of the next page.
func (c *circle) closes(first string) bool {
	if c.until > 0 && c.first == first {
		return true
	}
	if c.steps++; c.steps > c.until {
		*c = circle{first: first, until: 2*c.until + 1}
	}
	return false
}

// timedPage is page with a time limit, which the server is told.
func (c *conn) timedPage(ctx context.Context, timeout time.Duration, request *ldap.SearchRequest) (*ldap.SearchResult, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request.TimeLimit = timeLimit(ctx)
	return c.page(ctx, request)
}

// timeLimit is the time that ctx has left, in whole seconds rounded up.
func timeLimit(ctx context.Context) int {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(1, int((time.Until(deadline)+time.Second-1)/time.Second))
}

// nextPage returns the cookie of RFC 2696 in a result, empty after the last
// page.
func nextPage(result *ldap.SearchResult) []byte {
	if paging, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging); ok {
		return paging.Cookie
	}
	return nil
}

// page sends one search request. A connection that was silent all the time
// until the end of ctx is taken for dead; one on which others were answered is
// not.
func (c *conn) page(ctx context.Context, request *ldap.SearchRequest) (*ldap.SearchResult, error) {
	start := time.Now()
	result, err := call(ctx, func() (*ldap.SearchResult, error) { return c.ldap.Search(request) })
	if err == nil {
		return result, nil
	}
	if kind := resultFault(err); kind != nil {
		return result, kind
	}
	err = c.explain("search", err)
	if timedOut(err) && time.Since(start) >= fairAttempt {
		if !c.wire.silentSince(start) {
			return nil, fmt.Errorf("%w: %s", errBusy, err)
		}
		c.abort(err)
	}
	if errors.Is(err, errProtocol) {
		c.abort(err)
	}
	return nil, err
}

// Results of a search that its callers judge.
var (
	errNoBase    = errors.New("no such base")
	errSizeLimit = fmt.Errorf("%w: size limit exceeded", ErrRefused)
)

// resultFault turns the result code of a search into an error, or returns nil
// if err is not about a result.
func resultFault(err error) error {
	if errors.Is(err, ldap.ErrSizeLimitExceeded) {
		return errSizeLimit
	}
	var result *ldap.Error
	if !errors.As(err, &result) || result.ResultCode == ldap.LDAPResultSuccess || isLocal(result.ResultCode) {
		return nil
	}
	text := fmt.Sprintf("result code %d %q", result.ResultCode, result.Err)
	switch result.ResultCode {
	case ldap.LDAPResultNoSuchObject:
		return errNoBase
	case ldap.LDAPResultSizeLimitExceeded:
		return fmt.Errorf("%w: %s", errSizeLimit, text)
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		return fmt.Errorf("%w: %s", errBusy, text)
	case ldap.LDAPResultReferral:
		return referral(result)
	}
	return fmt.Errorf("%w: %s", ErrRefused, text)
}

// isLocal reports whether a code is one of go-ldap's own, which no server
// sends (or which mean nothing if one does).
func isLocal(code uint16) bool {
	return code >= ldap.ErrorNetwork && code <= ldap.ErrorMalformedPacket
}
