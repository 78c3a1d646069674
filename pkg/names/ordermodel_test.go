package names_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// The model of several directories: an answer is one that the first of them
// would have given, at a time that the configuration allows, of those that
// answered or of which something was remembered.

// member is one directory of several. Its entries have its number as password.
type member struct {
	*world
	index int
	mode  mode
	spans []span // when it did not answer as it should
}

type span struct {
	from, to time.Time
	mode     mode
}

// mode is what a question to a directory gets.
type mode int

const (
	answers mode = iota
	breaks
	hangs
	refuses
	trickles
	modes
)

func (m *member) enter(next mode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mode != answers {
		m.spans[len(m.spans)-1].to = time.Now()
	}
	if m.mode = next; next != answers {
		m.spans = append(m.spans, span{time.Now(), time.Now().Add(1000 * time.Hour), next})
	}
}

// state answers from the present, in the way of the mode.
func (m *member) state(ctx context.Context) (state, error) {
	m.mu.Lock()
	mode := m.mode
	m.mu.Unlock()
	var err error
	switch mode {
	case breaks:
		err = directory.ErrUnavailable
	case refuses:
		err = directory.ErrRefused
	case hangs:
		<-ctx.Done()
		err = directory.ErrUnavailable
	case trickles:
		select {
		case <-time.After(patience * 3 / 4):
		case <-ctx.Done():
			err = directory.ErrUnavailable
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.history[len(m.history)-1], err
}

// taken is one thing that a member has, marked as its.
func taken[V any](ctx context.Context, m *member, get func(state) (V, bool), mark func(*V, string)) (V, error) {
	now, err := m.state(ctx)
	v, ok := get(now)
	switch {
	case err != nil:
		var none V
		return none, err
	case !ok:
		return v, directory.ErrNotFound
	}
	mark(&v, strconv.Itoa(m.index))
	return v, nil
}

func markAccount(a *account.Account, mark string) { a.Password, a.DN = mark, a.DN+mark }
func markGroup(g *account.Group, mark string)     { g.Password, g.DN = mark, g.DN+mark }

func (m *member) AccountByName(ctx context.Context, name string) (account.Account, error) {
	return taken(ctx, m, func(s state) (account.Account, bool) { return s.byName(name) }, markAccount)
}

func (m *member) LoginAccount(ctx context.Context, name string) (account.Account, error) {
	return m.AccountByName(ctx, name)
}

func (m *member) AccountByUID(ctx context.Context, uid uint32) (account.Account, error) {
	return taken(ctx, m, func(s state) (account.Account, bool) { return s.byUID(uid) }, markAccount)
}

func (m *member) GroupByName(ctx context.Context, name string) (account.Group, error) {
	return taken(ctx, m, func(s state) (account.Group, bool) { return s.group(name) }, markGroup)
}

func (m *member) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	return taken(ctx, m, func(s state) (account.Group, bool) { return s.byGID(gid) }, markGroup)
}

// astray reports whether the member did not answer as it should at some time
// since then, be it for the forgetful time after it.
func (m *member) astray(since time.Time, after time.Duration) bool {
	for _, s := range m.spans {
		if !s.to.Add(after).Before(since) {
			return true
		}
	}
	return false
}

// silent reports whether the member has said nothing since then: one that
// trickles has something to say.
func (m *member) silent(since time.Time) bool {
	for _, s := range m.spans {
		if s.mode != trickles && s.from.Before(since) && s.to.After(time.Now()) {
			return true
		}
	}
	return false
}

// had reports whether the member had something at some time since then.
func had[V any](m *member, since time.Time, get func(state) (V, bool), right func(V, bool) bool) bool {
	return m.known(since, func(s state) bool { return right(get(s)) })
}

// union is the directories and what was last said for each question.
type union struct {
	*site
	members []*member
	random  *rand.Rand
	flushed time.Time
	said    map[string]saying
	passed  int // how often one was passed over that has it
	held    int // how often one that is away answered from memory
}

type saying struct {
	index int
	at    time.Time
	// provisional: one of the directories up to this could not be asked, perhaps.
	provisional bool
}

func newUnion(t *testing.T, seed uint64, count int) *union {
	u := &union{random: rand.New(rand.NewPCG(seed, 2)), flushed: time.Now(), said: map[string]saying{}}
	u.site = newSiteWith(t, func(o *names.Options) {
		remember(o)
		o.Limits = []names.Limit{{}, {Timeout: patience / 3}}
	}, &fake{})
	var all []names.Directory
	for i := range count {
		w := newWorld(seed*10 + uint64(i))
		w.random = u.random
		m := &member{world: w, index: i}
		u.members, all = append(u.members, m), append(all, m)
	}
	u.site.ask(all...)
	return u
}

func (u *union) since(limit time.Duration) time.Time {
	oldest := time.Now().Add(-limit - patience)
	if oldest.Before(u.flushed) {
		return u.flushed
	}
	return oldest
}

// hold holds one answer against what the members were.
func hold[V any](t *testing.T, u *union, what string, get func(state) (V, bool), got V, mark string, err error, text func(V) string) {
	t.Helper()
	there := func(_ V, ok bool) bool { return ok }
	absent := func(_ V, ok bool) bool { return !ok }
	switch {
	case errors.Is(err, directory.ErrNotFound):
		for _, m := range u.members {
			if since := u.since(negative); m.silent(since) || !had(m, since, get, absent) {
				t.Errorf("%s: not found, but directory %d has it, or could not say", what, m.index)
			}
		}
		delete(u.said, what)
	case err != nil:
		trouble := false
		for _, m := range u.members {
			trouble = trouble || m.astray(time.Now(), forgetful)
			if !m.astray(u.since(0), forgetful) && !had(m, u.since(0), get, absent) {
				t.Errorf("%s: %v, but directory %d has it", what, err, m.index)
			}
		}
		if !trouble {
			t.Errorf("%s: %v, but all directories answer", what, err)
		}
	default:
		index, _ := strconv.Atoi(mark)
		m, limit := u.members[index], ttl
		for _, earlier := range u.members[:index+1] {
			if earlier.astray(u.since(ttl), forgetful) {
				limit = stale
			}
		}
		if !had(m, u.since(limit), get, func(v V, ok bool) bool { return ok && text(v) == text(got) }) {
			t.Errorf("%s: %s of directory %d was not true for %v", what, text(got), index, limit)
		}
		for _, earlier := range u.members[:index] {
			since := u.since(ttl)
			if !earlier.astray(since, forgetful) && !had(earlier, since, get, absent) {
				t.Errorf("%s: from directory %d, but %d has it, and answers", what, index, earlier.index)
			}
			if earlier.astray(since, 0) && had(earlier, since, get, there) {
				u.passed++
			}
			if last := earlier.history[len(earlier.history)-1]; isIn(last, get) {
				u.remembered(t, what, earlier, index)
			}
		}
		if m.silent(u.since(0)) {
			u.held++
		}
		u.say(what, index)
	}
}

// say notes what was said. What a directory that is away is remembered for was
// said before.
func (u *union) say(what string, index int) {
	astray := func(m *member) bool { return m.astray(u.since(ttl), forgetful) }
	if last, ok := u.said[what]; ok && last.index == index && astray(u.members[index]) {
		return
	}
	u.said[what] = saying{index, time.Now(), slices.ContainsFunc(u.members[:index+1], astray)}
}

func isIn[V any](s state, get func(state) (V, bool)) bool {
	_, ok := get(s)
	return ok
}

// remembered holds an earlier directory to what it said before it went away, if
// nothing about it has changed since.
func (u *union) remembered(t *testing.T, what string, earlier *member, index int) {
	t.Helper()
	last, ok := u.said[what]
	if !ok || last.provisional || last.index != earlier.index || last.at.Before(u.flushed) || time.Since(last.at) > stale/2 {
		return
	}
	if earlier.history[len(earlier.history)-1].since.After(last.at.Add(-ttl)) {
		return
	}
	t.Errorf("%s: from directory %d, but %d said that it has it, and nothing has changed", what, index, earlier.index)
}

func (u *union) question(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	name, number := u.members[0].name(), uint32(u.random.IntN(5))
	switch u.random.IntN(4) {
	case 0:
		got, err := u.PasswdByName(ctx, name)
		hold(t, u, "user "+name, func(s state) (account.Account, bool) { return s.byName(name) }, got, got.Password, err, textOf)
	case 1:
		got, err := u.PasswdByUID(ctx, 5000+number)
		hold(t, u, fmt.Sprint("uid ", number), func(s state) (account.Account, bool) { return s.byUID(5000 + number) }, got, got.Password, err, textOf)
	case 2:
		got, err := u.GroupByName(ctx, name)
		hold(t, u, "group "+name, func(s state) (account.Group, bool) { return s.group(name) }, got, got.Password, err, textOfGroup)
	case 3:
		got, err := u.GroupByGID(ctx, 6000+number)
		hold(t, u, fmt.Sprint("gid ", number), func(s state) (account.Group, bool) { return s.byGID(6000 + number) }, got, got.Password, err, textOfGroup)
	}
}

// TestOrderAgainstTheModel: two or three directories go away and come back in
// every way, and change meanwhile.
func TestOrderAgainstTheModel(t *testing.T) {
	const runs, steps = 100, 400
	passed, held := 0, 0
	for seed := range uint64(runs) {
		inTime(t, func(t *testing.T) {
			u := newUnion(t, seed, 2+int(seed%2))
			for range steps {
				m := u.members[u.random.IntN(len(u.members))]
				switch u.random.IntN(16) {
				case 0:
					m.mutate()
				case 1:
					m.enter(mode(u.random.IntN(int(modes))))
				case 2, 3:
					m.enter(answers)
				case 4:
					time.Sleep(time.Duration(u.random.Int64N(int64(ttl))))
				case 5, 6:
					time.Sleep(time.Duration(u.random.Int64N(int64(3 * time.Second))))
				case 7:
					if u.random.IntN(20) == 0 {
						u.Flush()
						u.flushed, u.said = time.Now(), map[string]saying{}
					}
				default:
					u.question(t)
				}
			}
			for _, m := range u.members {
				m.enter(answers)
			}
			time.Sleep(ttl + forgetful)
			u.flushed = time.Now().Add(-time.Nanosecond)
			for range 50 {
				u.question(t)
			}
			synctest.Wait()
			passed, held = passed+u.passed, held+u.held
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("passed over %d times, answered from memory %d times", passed, held)
	if passed < runs || held < runs {
		t.Errorf("the model has seen too little: passed over %d times, answered from memory %d times", passed, held)
	}
}
