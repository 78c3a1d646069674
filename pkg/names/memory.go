package names

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// memory remembers what the directories said. Every record is found by each of
// its keys, and one that takes a key from another puts that other out of the
// memory whole, so that no old name or number of a changed entry stays behind.
// That there is nothing with a key is a record, too.
//
// Ages count from when a search began, on a clock that is never set (time.Time
// has it), so that no answer is older than the configuration allows. Its
// methods may be called at the same time.
type memory struct {
	memoryOptions
	began time.Time

	mu          sync.Mutex
	slots       map[string]*slot
	ring        []*slot // in no order; evict goes round
	hand        int
	cost        int
	absences    int // among the slots
	generation  int // of what is being searched for; a later one is remembered
	flights     map[string]*flight
	listings    map[byte]*listing // by the kind of their keys
	refreshing  int               // flights that nobody waits for
	directories []hearsay
	returns     int // of directories that were away or refused
	nextProbe   time.Duration
	stats       Stats // without what is in maps
	maps        [len(mapNames)]mapCounts
}

type memoryOptions struct {
	ttl, negative, stale time.Duration
	limit                int           // what the records may cost
	timeout              time.Duration // of one load
	logger               *slog.Logger
}

// slot is where a record is kept, with what changes about it.
type slot struct {
	finding
	// confirmed is when the search began that brought it, expires when it may
	// no longer be given out unless the directory is away, and due when it is
	// to be searched for again.
	confirmed, expires, due time.Duration
	// stood is when earlier directories last said, while that of the record was
	// away, that they do not have it; 0 is never.
	stood      time.Duration
	place      int  // in the ring
	used       bool // since the hand was here
	refreshing bool
	// harmless is the generation of the local users among whom none of a
	// group's members is, or of the local groups among which none of a user's
	// groups is; 0 for none.
	harmless atomic.Uint32
}

// finding is a record and where it is from.
type finding struct {
	record
	source
}

func newMemory(o memoryOptions, directories int) *memory {
	m := &memory{memoryOptions: o, began: time.Now(), directories: make([]hearsay, directories)}
	m.empty()
	return m
}

// now is the time on the memory's clock.
func (m *memory) now() time.Duration { return time.Since(m.began) }

// mark is what keep needs to know of when something began.
func (m *memory) mark() (began time.Duration, generation int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now(), m.generation
}

func (m *memory) empty() {
	m.slots, m.flights = map[string]*slot{}, map[string]*flight{}
	m.ring, m.hand, m.cost, m.absences = nil, 0, 0, 0
	for i := range m.maps {
		m.maps[i].entries, m.maps[i].absences = 0, 0
	}
	m.listings = map[byte]*listing{}
}

// flush forgets everything. Searches under way still answer those who wait for
// them, and nobody else.
func (m *memory) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	m.empty()
	m.stats.Flushed = time.Now()
}

// forget removes what these keys find. Nothing that is being searched for is
// remembered: it may be older.
func (m *memory) forget(keys ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	m.flights = map[string]*flight{}
	m.removeAll(keys)
}

// fresh returns what is remembered under key, if it may be given out and need
// not be searched for again yet.
func (m *memory) fresh(key []byte) (*slot, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slots[string(key)]
	if s == nil || m.now() >= s.due || m.isOver(s) {
		return nil, false
	}
	s.used = true
	m.maps[mapOf[key[0]]].hits++
	return s, true
}

// keep is put for what an enumeration read that began at confirmed. With more
// it takes in what was not remembered before, too, and reports whether it did.
func (m *memory) keep(f finding, confirmed time.Duration, generation int, more bool) (added bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation != m.generation || m.contested(f, confirmed) {
		return false
	}
	known := slices.ContainsFunc(f.keys(), func(key string) bool { return m.slots[key] != nil })
	if known || more {
		m.put(f, confirmed)
	}
	return !known && more
}

// contested reports whether another entry of the same enumeration has one of the
// keys. Nobody has it then, as a search for it would say.
func (m *memory) contested(f finding, confirmed time.Duration) bool {
	keys, contested := f.keys(), false
	for _, key := range keys {
		old := m.slots[key]
		if old == nil || old.confirmed != confirmed || old.entry() == keys[len(keys)-1] {
			continue
		}
		contested = true
		m.put(finding{record: noRecord(key)}, confirmed)
	}
	return contested
}

// put remembers a record in the place of all that have one of its keys, unless
// one of these is newer. The caller holds the lock, here and below.
func (m *memory) put(f finding, confirmed time.Duration) {
	keys, known := f.keys(), false
	for _, key := range keys {
		old := m.slots[key]
		if old != nil && old.confirmed > confirmed {
			return
		}
		known = known || old != nil
	}
	if !m.mayKeep(f, keys) {
		return
	}
	if known {
		m.removeAll(keys)
	}
	life := m.life(f)
	s := &slot{finding: f, confirmed: confirmed, expires: confirmed + life, due: confirmed + life*3/4, place: len(m.ring)}
	if m.now() >= s.expires || s.weight() > m.limit {
		return // not worth keeping
	}
	for _, key := range keys {
		m.slots[key] = s
	}
	m.ring = append(m.ring, s)
	m.cost += s.weight()
	m.tally(s, 1)
	for m.cost > m.limit {
		m.evict()
	}
}

// life is how long a record may be given out: less by up to an eighth, so that
// what was found together does not have to be found again together.
func (m *memory) life(f finding) time.Duration {
	life := m.ttl
	if !f.found() {
		life = m.negative
	}
	if f.without != nil {
		life = min(life, withoutOthers)
	}
	if life < 8 {
		return life
	}
	return life - rand.N(life/8)
}

// weight is what a record counts against the limit: one entry, and one more
// for each KB, so that the limit bounds the bytes as well.
func (r record) weight() int { return 1 + len(r.text)/1024 }

func (m *memory) removeAll(keys []string) {
	for _, key := range keys {
		if s := m.slots[key]; s != nil {
			m.remove(s)
		}
	}
}

func (m *memory) remove(s *slot) {
	for _, key := range s.keys() {
		delete(m.slots, key)
	}
	last := m.ring[len(m.ring)-1]
	m.ring[s.place], last.place = last, s.place
	m.ring[len(m.ring)-1] = nil
	m.ring = m.ring[:len(m.ring)-1]
	m.cost -= s.weight()
	m.tally(s, -1)
}

// tally counts a record that came or went.
func (m *memory) tally(s *slot, change int) {
	counts := &m.maps[mapOf[s.kind()]]
	counts.entries += change
	if !s.found() {
		m.absences += change
		counts.absences += change
	}
}

// farthest is how far evict looks for a record that nobody asked for lately.
const farthest = 32

// evict removes a record that was not used since the hand last passed it (the
// second-chance rule), or is of no more use at all.
func (m *memory) evict() {
	now := m.now()
	for range farthest {
		m.hand = (m.hand + 1) % len(m.ring)
		s := m.ring[m.hand]
		if !s.used || !m.useful(s, now) {
			break
		}
		s.used = false
	}
	m.remove(m.ring[m.hand])
	m.stats.Evictions++
}

// useful reports whether a record may still be given out, be it only while the
// directory is away.
func (m *memory) useful(s *slot, now time.Duration) bool {
	return !m.isOver(s) && (now < s.expires || s.found() && now < s.confirmed+m.stale)
}
