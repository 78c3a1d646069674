package directory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Limits on the way of one search over referrals.
const (
	maxReferralDepth = 5
	maxReferrals     = 64
)

// referrer goes on with searches where a server refers to another one: a
// continuation reference (RFC 4511, section 4.5.3) or a referral as the result
// (section 4.1.10).
//
// It goes to servers of the configuration only, over TLS or a Unix socket: as
// the pseudouser to the directory's own, who get that password anyway, and as
// nobody to those of referral_uris. Only the DN and the scope of a referral
// count, never its filter. No bind of a user is ever referred, nor any request
// on a connection that a user was bound on.
type referrer struct {
	directory *Directory
	others    []*server // of referral_uris
}

// newReferrer returns nil if referrals are not followed.
func (d *Directory) newReferrer(common settings) (*referrer, error) {
	if !d.cfg.FollowReferrals {
		return nil, nil
	}
	r := &referrer{directory: d}
	anonymous := common
	anonymous.identity, anonymous.base, anonymous.referrer = identity{}, rebase{}, r
	var problems []error
	for _, uri := range d.cfg.ReferralURIs {
		at, err := parseURI(uri, common.mode)
		if err == nil && !at.secure() {
			err = fmt.Errorf("server %q: referrals are followed with TLS only", uri)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s := d.newServer(anonymous, at)
		s.back = func() {} // it does not hold the directory
		r.others = append(r.others, s)
	}
	return r, errors.Join(problems...)
}

// secure reports whether nobody else can listen to or change what is said.
func (at endpoint) secure() bool { return at.local || at.mode != modeOff }

// referred is the result of a search that is to be asked elsewhere, at one of
// the URIs.
type referred struct{ uris []string }

func (r *referred) Error() string {
	return fmt.Sprintf("%s: referral, which is not followed: %q", ErrRefused, r.uris)
}

func (r *referred) Unwrap() error { return ErrRefused }

// referral returns the URIs of a referral (RFC 4511, section 4.1.10).
func referral(result *ldap.Error) *referred {
	r := &referred{}
	if result.Packet == nil || len(result.Packet.Children) < 2 {
		return r
	}
	for _, field := range result.Packet.Children[1].Children {
		for _, uri := range field.Children {
			if uri.Data != nil {
				r.uris = append(r.uris, uri.Data.String())
			}
		}
	}
	return r
}

// walk is the way of one search over referrals.
type walk struct {
	*referrer
	// read makes a search at a server and returns the references in its answer.
	read func(ctx context.Context, s *server, q *search) (references []string, err error)
	seen map[string]bool
	left int
}

// walk returns a way that begins now.
func (r *referrer) walk(read func(context.Context, *server, *search) ([]string, error)) *walk {
	return &walk{referrer: r, read: read, seen: map[string]bool{}, left: maxReferrals}
}

// search reads q at s, and then wherever s refers to.
func (w *walk) search(ctx context.Context, s *server, q *search) error {
	w.firstVisit(s, q)
	references, err := w.read(ctx, s, q)
	return w.follow(ctx, q, references, err, 1)
}

// firstVisit notes a search at a server, and reports whether it is new.
func (w *walk) firstVisit(s *server, q *search) bool {
	key := fmt.Sprintf("%s %d %s", s.at.uri, q.place.scope, normalDN(q.place.dn))
	if w.seen[key] {
		return false
	}
	w.seen[key] = true
	return true
}

// follow goes on with what reading q has led to.
func (w *walk) follow(ctx context.Context, q *search, references []string, err error, depth int) error {
	var elsewhere *referred
	if errors.As(err, &elsewhere) {
		return w.anyOf(ctx, q, elsewhere, depth)
	}
	for _, uri := range references {
		if err != nil {
			return err
		}
		to, next, problem := w.target(uri, q)
		if problem != nil {
			w.directory.log.Debug("reference not followed", "reason", problem)
			continue
		}
		err = w.visit(ctx, to, next, depth)
	}
	return err
}

// anyOf goes to the first of the servers that is one of ours.
func (w *walk) anyOf(ctx context.Context, q *search, elsewhere *referred, depth int) error {
	for _, uri := range elsewhere.uris {
		if to, next, err := w.target(uri, q); err == nil {
			next.place.scope = q.place.scope
			return w.visit(ctx, to, next, depth)
		}
	}
	return elsewhere
}

// visit reads q at a server that was referred to. A server that does not
// answer is marked as any other; without it the answer is not complete.
func (w *walk) visit(ctx context.Context, s *server, q *search, depth int) error {
	if !w.firstVisit(s, q) {
		return nil // it leads in a circle
	}
	w.left--
	if depth > maxReferralDepth || w.left < 0 {
		return fmt.Errorf("%w: more than %d referrals, or more than %d in a row", ErrRefused, maxReferrals, maxReferralDepth)
	}
	if s.isDown() {
		return fmt.Errorf("%w: referred to server %s, which is down", ErrUnavailable, s.at.uri)
	}
	start := time.Now()
	references, err := w.read(ctx, s, q)
	if noAnswer(err) {
		if blames(ctx, err, time.Since(start)) {
			s.markDown(start, err)
		}
		return fmt.Errorf("%w: referred to server %s: %w", ErrUnavailable, s.at.uri, unwrapped{err})
	}
	s.markUp(true, time.Since(start))
	if errors.Is(err, errNoBase) {
		return nil
	}
	return w.follow(ctx, q, references, err, depth+1)
}

// target returns the server that a URI (RFC 4516) leads to, and the search to
// make there instead of q.
func (w *walk) target(uri string, q *search) (*server, *search, error) {
	at, dn, scope, err := parseReferral(uri)
	if err != nil {
		return nil, nil, err
	}
	s := w.configured(at)
	if s == nil {
		return nil, nil, fmt.Errorf("%q leads to no server of the configuration", uri)
	}
	if !s.at.secure() {
		return nil, nil, fmt.Errorf("%q leads to a server without TLS", uri)
	}
	next := *q
	switch {
	case scope >= 0:
		next.place.scope = scope
	case q.place.scope == ldap.ScopeSingleLevel:
		next.place.scope = ldap.ScopeBaseObject
	}
	if dn != "" {
		next.place.dn = s.base.back(dn)
	}
	return s, &next, nil
}

// configured returns the server of the configuration that a referral means: the
// one with the same host and port or, if it names no port, with the same host.
// How it is reached is what the configuration says.
func (r *referrer) configured(at *url.URL) *server {
	for _, s := range append(r.directory.servers(), r.others...) {
		if s.at.local {
			continue
		}
		host, port, _ := net.SplitHostPort(s.at.address)
		if strings.EqualFold(host, at.Hostname()) && (at.Port() == "" || at.Port() == port) {
			return s
		}
	}
	return nil
}

// parseReferral takes a URI apart; scope is -1 if it has none.
func parseReferral(uri string) (at *url.URL, dn string, scope int, err error) {
	at, err = url.Parse(uri)
	if err != nil || at.Scheme != "ldap" && at.Scheme != "ldaps" || at.Hostname() == "" || at.User != nil {
		return nil, "", 0, fmt.Errorf("%s leads to no host", strconv.Quote(uri))
	}
	dn = strings.TrimPrefix(at.Path, "/")
	parts := strings.Split(at.RawQuery, "?") // attributes, scope, filter, extensions
	if len(parts) < 2 || parts[1] == "" {
		return at, dn, -1, nil
	}
	scope, err = parseScope(parts[1])
	return at, dn, scope, err
}

// search is server.search, followed by what is elsewhere.
func (r *referrer) search(ctx context.Context, s *server, q *search) ([]entry, error) {
	var all []entry
	err := r.walk(func(ctx context.Context, s *server, q *search) ([]string, error) {
		found, references, err := s.searchHere(ctx, q)
		all = appendNew(all, found, len(all) > 0)
		if err == nil && len(all) > q.limit {
			err = errSizeLimit
		}
		return references, err
	}).search(ctx, s, q)
	return all, err
}
