package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// EntriesSurvey is what the identity that searches sees below the base.
type EntriesSurvey struct {
	// Users and Groups are those with uidNumber and gidNumber; SIDUsers the
	// users of Active Directory without.
	Users, Groups Count
	SIDUsers      bool
	// MemberUID, Member and UniqueMember are the ways in which groups of
	// this machine (posixGroup, or group in Active Directory) list members.
	MemberUID, Member, UniqueMember bool
	// Sample is a user's entry.
	Sample UserSample
	// BaseTime is how long the base takes to be read, UserTime and MemberTime
	// how long searches take for a user and a memberUid that do not exist.
	BaseTime, UserTime, MemberTime time.Duration
}

// Count is a number of entries.
type Count struct {
	N int
	// More: there are more, which nobody counted.
	More bool
	// Limited: the server gives this identity no more (its size limit).
	Limited bool
}

// UserSample is what can be read of some users' entries.
type UserSample struct {
	// DN is one user's, empty if there is none.
	DN string
	// Password: userPassword can be read, as it should not be.
	Password bool
	MemberOf bool
	// Domain is the SID of the domain of Active Directory that the users are
	// of, such as S-1-5-21-1-2-3.
	Domain string
	// Incomplete are attributes of an account that the sample lacks.
	Incomplete []string
}

// Unindexed reports whether a search that found nothing took so long that the
// server must have looked at every entry. It is said only if it is clear.
func (e EntriesSurvey) Unindexed(found time.Duration) bool {
	return found >= 2*time.Millisecond && found >= 10*e.BaseTime
}

const (
	maxCounted    = 5000
	countPageSize = 500
	sampleSize    = 20
	timedSearches = 5
)

// kinds are the filters for the entries of a vendor, and what users are called.
type kinds struct{ user, group, anyUser, name string }

func kindsOf(vendor Vendor) kinds {
	if vendor == VendorActiveDirectory {
		return kinds{
			user:    "(&(objectCategory=person)(objectClass=user)(uidNumber=*))",
			group:   "(&(objectClass=group)(gidNumber=*))",
			anyUser: "(&(objectCategory=person)(objectClass=user))", name: "sAMAccountName",
		}
	}
	return kinds{user: "(objectClass=posixAccount)", group: "(objectClass=posixGroup)", anyUser: "(objectClass=posixAccount)", name: "uid"}
}

// readEntries looks at the entries, if that is wanted and there is a base.
func (y *surveyor) readEntries(ctx context.Context) error {
	if !y.opts.Entries || !y.result.BaseExists {
		return nil
	}
	y.result.Entries = &EntriesSurvey{}
	k := kindsOf(y.result.Root.Vendor)
	for _, step := range []struct {
		doing string
		do    func(context.Context, kinds) error
	}{
		{"count users and groups", y.countEntries},
		{"see how groups list their members", y.findMembers},
		{"see what may be read", y.readSample},
		{"time searches", y.timeSearches},
	} {
		y.tell(step.doing)
		if err := step.do(ctx, k); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return nil
}

func (y *surveyor) countEntries(ctx context.Context, k kinds) (err error) {
	e := y.result.Entries
	if e.Users, err = y.count(ctx, filter{k.user}); err != nil {
		return err
	}
	if e.Groups, err = y.count(ctx, filter{k.group}); err != nil {
		return err
	}
	if y.result.Root.Vendor == VendorActiveDirectory && e.Users.N == 0 {
		e.SIDUsers, err = y.some(ctx, filter{k.anyUser})
	}
	return err
}

// below is everything below the base.
func (y *surveyor) below() place { return place{dn: y.result.Base, scope: ldap.ScopeWholeSubtree} }

// count counts up to maxCounted entries, page by page where the server can.
func (y *surveyor) count(ctx context.Context, match filter) (Count, error) {
	var c Count
	q := search{place: y.below(), filter: match, attributes: []string{"1.1"}, limit: maxCounted}
	if slices.Contains(y.result.Root.Controls, ldap.ControlTypePaging) {
		q.limit, q.pageSize = 0, countPageSize
	}
	err := y.conn.pages(ctx, y.server.searchTimeout, &q, func(found []entry) error {
		if c.N += len(found); c.N >= maxCounted {
			return errEnough
		}
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		c.More, err = true, nil
	case errors.Is(err, errSizeLimit):
		c.More, c.Limited, err = true, c.N < maxCounted, nil
	}
	return c, onlyLost(err)
}

// onlyLost drops what a server said to a single search: that it does not allow
// it is an answer as well.
func onlyLost(err error) error {
	if lost(err) {
		return err
	}
	return nil
}

// some reports whether there is an entry.
func (y *surveyor) some(ctx context.Context, match filter) (bool, error) {
	found, err := y.search(ctx, y.below(), match, 1, "1.1")
	return len(found) > 0, onlyLost(err)
}

func (y *surveyor) findMembers(ctx context.Context, k kinds) error {
	e := y.result.Entries
	for _, way := range []struct {
		attribute string
		to        *bool
	}{{"memberUid", &e.MemberUID}, {"member", &e.Member}, {"uniqueMember", &e.UniqueMember}} {
		var err error
		if *way.to, err = y.some(ctx, and(filter{k.group}, present(way.attribute))); err != nil {
			return err
		}
	}
	return nil
}

// readSample reads some users. What one of them shows can be read.
func (y *surveyor) readSample(ctx context.Context, k kinds) error {
	required := []string{k.name, "uidNumber", "gidNumber", "homeDirectory"}
	if y.result.Root.Vendor == VendorActiveDirectory {
		required[3] = "unixHomeDirectory"
	}
	attributes := append([]string{"userPassword", "memberOf", "objectSid"}, required...)
	found, err := y.search(ctx, y.below(), filter{k.anyUser}, sampleSize, attributes...)
	sample := &y.result.Entries.Sample
	shown := map[string]bool{}
	for _, e := range found {
		sample.DN = found[0].DN
		if sample.Domain == "" {
			sample.Domain = domainOf(e.first("objectSid"))
		}
		for _, name := range attributes {
			shown[name] = shown[name] || len(e.values(name)) > 0
		}
	}
	sample.Password, sample.MemberOf = shown["userPassword"], shown["memberOf"]
	for _, name := range required {
		if len(found) > 0 && !shown[name] {
			sample.Incomplete = append(sample.Incomplete, name)
		}
	}
	return onlyLost(err)
}

// timeSearches compares searches that find nothing with reading the base.
func (y *surveyor) timeSearches(ctx context.Context, k kinds) (err error) {
	e := y.result.Entries
	base := place{dn: y.result.Base, scope: ldap.ScopeBaseObject}
	if e.BaseTime, err = y.median(ctx, base, func(int) filter { return present("objectClass") }); err != nil {
		return err
	}
	nobody := func(kind, attribute string) func(int) filter {
		return func(i int) filter { return and(filter{kind}, equal(attribute, fmt.Sprintf("no-such-user-%d", i))) }
	}
	if e.UserTime, err = y.median(ctx, y.below(), nobody(k.user, k.name)); err != nil || !e.MemberUID {
		return err
	}
	e.MemberTime, err = y.median(ctx, y.below(), nobody(k.group, "memberUid"))
	return err
}

// median is the median time of some searches.
func (y *surveyor) median(ctx context.Context, at place, match func(int) filter) (time.Duration, error) {
	times := make([]time.Duration, timedSearches)
	for i := range times {
		start := time.Now()
		if _, err := y.search(ctx, at, match(i), 1, "1.1"); lost(err) {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
