package names_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// The model: a directory that remembers what it was at each time, and when it
// was away. An answer is right if the directory would have given it at a time
// that the configuration allows.

// state is what the directory has at one time.
type state struct {
	since  time.Time
	users  map[string]uint32
	groups map[string]account.Group
}

type world struct {
	names.Directory
	random *rand.Rand
	change int // counts

	mu      sync.Mutex
	history []state
	// away is what a question gets: an error, or no answer.
	away, hangs bool
	lastAway    time.Time
}

func newWorld(seed uint64) *world {
	return &world{
		random:  rand.New(rand.NewPCG(seed, 1)),
		history: []state{{time.Now(), map[string]uint32{}, map[string]account.Group{}}},
	}
}

// ask answers from the present.
func (w *world) ask(ctx context.Context) (state, error) {
	w.mu.Lock()
	now, away, hangs := w.history[len(w.history)-1], w.away, w.hangs
	w.mu.Unlock()
	if away && hangs {
		<-ctx.Done()
	}
	if away {
		return now, directory.ErrUnavailable
	}
	return now, nil
}

// pick returns one value of the present, or ErrNotFound.
func pick[V any](ctx context.Context, w *world, get func(state) (V, bool)) (V, error) {
	var none V
	now, err := w.ask(ctx)
	if err != nil {
		return none, err
	}
	if v, ok := get(now); ok {
		return v, nil
	}
	return none, directory.ErrNotFound
}

func (s state) byName(name string) (account.Account, bool) {
	uid, ok := s.users[name]
	return user(name, uid, 5000), ok
}

func (s state) byUID(uid uint32) (account.Account, bool) {
	for name, u := range s.users {
		if u == uid {
			return user(name, uid, 5000), true
		}
	}
	return account.Account{}, false
}

func (s state) group(name string) (account.Group, bool) {
	g, ok := s.groups[name]
	return g, ok
}

func (s state) byGID(gid uint32) (account.Group, bool) {
	for _, g := range s.groups {
		if g.GID == gid {
			return g, true
		}
	}
	return account.Group{}, false
}

// of returns the gids of the groups of a user, who must be there.
func (s state) of(name string) ([]account.Group, bool) {
	var all []account.Group
	for _, group := range slices.Sorted(maps.Keys(s.groups)) {
		if slices.Contains(s.groups[group].Members, name) {
			all = append(all, account.Group{Name: group, GID: s.groups[group].GID})
		}
	}
	_, ok := s.users[name]
	return all, ok
}

func (w *world) AccountByName(ctx context.Context, name string) (account.Account, error) {
	return pick(ctx, w, func(s state) (account.Account, bool) { return s.byName(name) })
}

func (w *world) AccountByUID(ctx context.Context, uid uint32) (account.Account, error) {
	return pick(ctx, w, func(s state) (account.Account, bool) { return s.byUID(uid) })
}

func (w *world) GroupByName(ctx context.Context, name string) (account.Group, error) {
	return pick(ctx, w, func(s state) (account.Group, bool) { return s.group(name) })
}

func (w *world) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	return pick(ctx, w, func(s state) (account.Group, bool) { return s.byGID(gid) })
}

func (w *world) GroupsOfMember(ctx context.Context, name, _ string) ([]account.Group, error) {
	return pick(ctx, w, func(s state) ([]account.Group, bool) {
		all, _ := s.of(name)
		return all, true
	})
}

// mutate changes one entry. Names, numbers and lists of members move between
// entries.
func (w *world) mutate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.change++
	last := w.history[len(w.history)-1]
	next := state{time.Now(), maps.Clone(last.users), maps.Clone(last.groups)}
	name, number := w.name(), uint32(w.random.IntN(5))
	switch w.random.IntN(5) {
	case 0:
		delete(next.users, name)
	case 1:
		delete(next.groups, name)
	case 2, 3:
		if other, taken := next.byUID(5000 + number); taken {
			delete(next.users, other.Name)
		}
		next.users[name] = 5000 + number
	case 4:
		if other, taken := next.byGID(6000 + number); taken {
			delete(next.groups, other.Name)
		}
		members := []string{w.name(), fmt.Sprintf("a%d", w.change), fmt.Sprintf("b%d", w.change)}
		next.groups[name] = group(name, 6000+number, members...)
	}
	w.history = append(w.history, next)
}

func (w *world) name() string { return string(rune('p' + w.random.IntN(5))) }

// leave makes the directory go away, or come back.
func (w *world) leave(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		w.lastAway = time.Now()
	}
	w.away, w.hangs = away, w.random.IntN(2) == 0
}

// known reports whether the directory was at any time since what right accepts.
func (w *world) known(since time.Time, right func(state) bool) bool {
	for i := len(w.history) - 1; i >= 0; i-- {
		if right(w.history[i]) {
			return true
		}
		if w.history[i].since.Before(since) {
			return false
		}
	}
	return false
}

// forgetful is how long after its return a directory may still be taken to be
// away.
const forgetful = 2*(patience+time.Second) + patience

// check holds one answer against the history. flushed is when everything was
// last forgotten.
func check[V any](t *testing.T, w *world, what string, flushed time.Time, get func(state) (V, bool), got V, err error, text func(V) string) {
	t.Helper()
	now := time.Now()
	lately := w.away || now.Sub(w.lastAway) <= forgetful
	since := func(limit time.Duration) time.Time {
		oldest := now.Add(-limit - patience) // the question took that long at most
		if oldest.Before(flushed) {
			return flushed
		}
		return oldest
	}
	switch {
	case errors.Is(err, directory.ErrUnavailable):
		if !lately {
			t.Errorf("%s: %v, but the directory is there", what, err)
		}
	case errors.Is(err, directory.ErrNotFound):
		if !w.known(since(negative), func(s state) bool { _, ok := get(s); return !ok }) {
			t.Errorf("%s: not found, but it was there all the time", what)
		}
	case err != nil:
		t.Errorf("%s: %v", what, err)
	default:
		limit := ttl
		if lately {
			limit = stale
		}
		if !w.known(since(limit), func(s state) bool { v, ok := get(s); return ok && text(v) == text(got) }) {
			t.Errorf("%s: %s was not true for %v", what, text(got), limit)
		}
	}
}

func textOf(a account.Account) string { return fmt.Sprint(a.Name, a.UID) }

func textOfGroup(g account.Group) string { return fmt.Sprint(g.Name, g.GID, g.Members) }

func textOfGroups(all []account.Group) string {
	var b strings.Builder
	for _, g := range all {
		fmt.Fprint(&b, g.Name, g.GID, " ")
	}
	return b.String()
}

// question asks one question and checks the answer.
func (w *world) question(t *testing.T, s *site, flushed time.Time) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	name, number := w.name(), uint32(w.random.IntN(5))
	switch w.random.IntN(5) {
	case 0:
		got, err := s.PasswdByName(ctx, name)
		check(t, w, "user "+name, flushed, func(s state) (account.Account, bool) { return s.byName(name) }, got, err, textOf)
	case 1:
		got, err := s.PasswdByUID(ctx, 5000+number)
		check(t, w, fmt.Sprint("uid ", number), flushed, func(s state) (account.Account, bool) { return s.byUID(5000 + number) }, got, err, textOf)
	case 2:
		got, err := s.GroupByName(ctx, name)
		check(t, w, "group "+name, flushed, func(s state) (account.Group, bool) { return s.group(name) }, got, err, textOfGroup)
	case 3:
		got, err := s.GroupByGID(ctx, 6000+number)
		check(t, w, fmt.Sprint("gid ", number), flushed, func(s state) (account.Group, bool) { return s.byGID(6000 + number) }, got, err, textOfGroup)
	case 4:
		got, err := s.GroupsOfMember(ctx, name)
		// The user may be from memory while the groups are searched for.
		check(t, w, "groups of "+name, flushed, func(s state) ([]account.Group, bool) { return s.ofAnybody(name, err) }, got, err, textOfGroups)
	}
}

func (s state) ofAnybody(name string, err error) ([]account.Group, bool) {
	all, ok := s.of(name)
	return all, ok || err == nil
}

// TestAgainstTheModel: whatever happens to the directory and whenever one asks,
// no answer is older than the rules say, none is a mixture, and after a quiet
// time all are what the directory has.
func TestAgainstTheModel(t *testing.T) {
	const runs, steps = 60, 400
	var total names.Stats
	for seed := range uint64(runs) {
		inTime(t, func(t *testing.T) {
			w := newWorld(seed)
			s := newMemory(t, &fake{})
			s.ask(w)
			flushed := time.Now()
			for range steps {
				switch w.random.IntN(12) {
				case 0, 1:
					w.mutate()
				case 2:
					w.leave(w.random.IntN(3) == 0)
				case 3:
					time.Sleep(time.Duration(w.random.Int64N(int64(ttl))))
				case 4:
					time.Sleep(time.Duration(w.random.Int64N(int64(3 * time.Second))))
				case 5:
					if w.random.IntN(10) == 0 {
						s.Flush()
						flushed = time.Now()
					}
				default:
					w.question(t, s, flushed)
				}
			}
			w.leave(false)
			time.Sleep(ttl + forgetful)
			quiet := time.Now()
			for range 50 {
				w.question(t, s, quiet.Add(-time.Nanosecond))
			}
			synctest.Wait()
			stats := s.Stats()
			sumOfMaps(t, stats)
			total.Hits, total.Stale, total.Refreshes = total.Hits+stats.Hits, total.Stale+stats.Stale, total.Refreshes+stats.Refreshes
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if total.Hits < runs*steps/20 || total.Stale < runs || total.Refreshes < runs {
		t.Errorf("the model has seen too little: %+v", total)
	}
}
