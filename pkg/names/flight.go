package names

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// load asks the directories. Its errors are those of pkg/directory.
type load func(ctx context.Context) (finding, error)

// flight is one load, and everybody who waits for it.
type flight struct {
	done   chan struct{}
	began  time.Duration
	found  *slot
	err    error
	behind *slot // what is searched for again although it is in memory
}

// maxRefreshes bounds the searches that nobody waits for.
const maxRefreshes = 4

// errSlow is what a directory is taken to have answered when it is slower than
// its users can wait.
var errSlow = fmt.Errorf("%w: no answer in half of the time", directory.ErrUnavailable)

// errRemembered is the answer that there is no such entry, from memory.
var errRemembered = fmt.Errorf("%w: remembered", directory.ErrNotFound)

// ask returns what is remembered under key, or else what load finds. Callers
// who ask for the same key at the same time share one load.
//
// A record that is near its end is given out and searched for again behind the
// caller's back. One that is beyond it is given out, for as long as
// lookups.stale_ttl allows, if its directory is known to be away, turns out to
// be, or has taken half of the caller's time.
func (m *memory) ask(ctx context.Context, key string, load load) (*slot, error) {
	m.mu.Lock()
	now, s := m.now(), m.slots[key]
	if s != nil && now < s.expires && !m.isOver(s) {
		s.used = true
		m.maps[mapOf[key[0]]].hits++
		m.refresh(key, s, load)
		m.mu.Unlock()
		return s.answer()
	}
	if s != nil && !m.useful(s, now) {
		s = nil
	}
	if s != nil && m.mayStand(s, now) {
		m.refresh(key, s, load)
		defer m.mu.Unlock()
		return m.outdated(s)
	}
	f := m.flights[key]
	if f == nil {
		f = m.start(key, load)
	}
	m.maps[mapOf[key[0]]].misses++
	m.mu.Unlock()
	return m.wait(ctx, f, s)
}

// answer is the record, or that there is none.
func (s *slot) answer() (*slot, error) {
	if s.found() {
		return s, nil
	}
	return nil, errRemembered
}

// outdated gives out a record whose directory is away.
func (m *memory) outdated(s *slot) (*slot, error) {
	s.used = true
	m.maps[mapOf[s.kind()]].hits++
	m.stats.Stale++
	return s, nil
}

// wait returns what f finds. old may be given out instead if the directory is
// away; it is nil if there is no such record.
func (m *memory) wait(ctx context.Context, f *flight, old *slot) (*slot, error) {
	patience, stop := patience(ctx, old)
	defer stop()
	select {
	case <-f.done:
	case <-patience:
		if s, err := m.impatient(f, old, errSlow); err == nil {
			return s, nil
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return m.impatient(f, old, unavailable(ctx))
		}
	case <-ctx.Done():
		return m.impatient(f, old, unavailable(ctx))
	}
	switch {
	case stands(old, f.err):
		m.noteStood(old, f.began)
		return m.instead(old, f.err)
	case f.err == nil && old != nil && slices.Contains(f.found.passed(), old.directory):
		if s, err := m.instead(old, errSlow); err == nil {
			return s, nil
		}
	}
	return f.found, f.err
}

// impatient gives out a record before the search for it has ended, if it is its
// directory that keeps us waiting: the only one, or one that was late.
func (m *memory) impatient(f *flight, old *slot, err error) (*slot, error) {
	switch {
	case old == nil:
		return nil, err
	case len(m.directories) == 1:
		if errors.Is(err, errSlow) {
			m.heard(old.directory, f.began, err)
		}
	case !m.standsNow(old):
		return nil, err
	}
	return m.instead(old, err)
}

func (m *memory) instead(old *slot, err error) (*slot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old == nil || !m.useful(old, m.now()) {
		return nil, err
	}
	return m.outdated(old)
}

// patience ends after half of the caller's time, if there is something to be
// given out instead of the answer.
func patience(ctx context.Context, old *slot) (<-chan time.Time, func() bool) {
	deadline, limited := ctx.Deadline()
	if old == nil || !limited {
		return nil, func() bool { return false }
	}
	timer := time.NewTimer(time.Until(deadline) / 2)
	return timer.C, timer.Stop
}

// refresh searches again for a record that is in memory, if it is due. The
// caller holds the lock, here and below.
func (m *memory) refresh(key string, s *slot, load load) {
	now := m.now()
	if now < s.due || s.refreshing || m.flights[key] != nil {
		return
	}
	switch {
	case !m.away(s.directory):
		if m.refreshing >= maxRefreshes {
			return
		}
	case now < m.nextProbe:
		return
	default: // whether or not others hang
		m.nextProbe = now + probeEvery + rand.N(probeEvery/2)
	}
	s.refreshing = true
	m.refreshing++
	m.stats.Refreshes++
	m.start(key, load).behind = s
}

// start begins a load, in a goroutine and with a time of its own: neither ends
// with the request that happened to be the first.
func (m *memory) start(key string, load load) *flight {
	f := &flight{done: make(chan struct{}), began: m.now()}
	m.flights[key] = f
	generation := m.generation
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), m.timeout)
		defer cancel()
		found, err := guarded(ctx, m.logger, load)
		m.mu.Lock()
		defer m.mu.Unlock()
		defer close(f.done)
		m.landed(f, key)
		switch {
		case err == nil:
			f.found = &slot{finding: found}
		case isAbsent(err):
			found = finding{record: noRecord(key)}
			f.err = err
		default:
			f.err = err
			if generation == m.generation {
				m.denied(key, f.began, err)
			}
			return
		}
		if generation == m.generation {
			m.put(found, f.began)
		}
	}()
	return f
}

// landed takes a flight out of the list.
func (m *memory) landed(f *flight, key string) {
	if m.flights[key] == f {
		delete(m.flights, key)
	}
	if old := f.behind; old != nil {
		m.refreshing--
		old.refreshing = false
		old.due = min(m.now()+retryRefresh, old.expires) // if it was in vain
	}
}

// retryRefresh is when a search is repeated that was to refresh a record and
// failed.
const retryRefresh = time.Second

// isAbsent reports whether a directory has said that there is no such entry,
// or none that can be used.
func isAbsent(err error) bool {
	return errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrBadEntry) ||
		errors.Is(err, directory.ErrNotUnique)
}
