package names

import (
	"errors"
	"slices"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// hearsay is what the lookups of one directory say about it: when it last
// answered, and when it last did not although it was asked after that. 0 is
// never.
type hearsay struct {
	answered, failed time.Duration
	refused          bool // it did when it last answered
}

// probeEvery is how often a directory that is away is asked for something that
// is in memory, at the most. Its first answer ends the being away.
const probeEvery = time.Second

// heard notes how a question to a directory, asked at began, ended.
func (m *memory) heard(index int, began time.Duration, err error) {
	if errors.Is(err, errNothing) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := &m.directories[index]
	switch {
	case errors.Is(err, directory.ErrRefused):
		d.answered, d.failed, d.refused = m.now(), 0, true
	case !errors.Is(err, directory.ErrUnavailable):
		if d.failed > 0 || d.refused {
			m.returns++
		}
		d.answered, d.failed, d.refused = m.now(), 0, false
	case began >= d.answered: // one that is older says nothing new
		d.failed = max(m.now(), 1)
	}
}

// back notes that a directory answers again. Nobody joins a search that began
// before: it may hang.
func (m *memory) back(index int) {
	m.heard(index, m.now(), nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flights = map[string]*flight{}
	m.returns++
}

// away reports whether the directory is known to be away. What was heard a while
// ago is no knowledge. The caller holds the lock.
func (m *memory) away(index int) bool {
	lately := m.now() - 2*(m.timeout+probeEvery)
	return m.directories[index].failed > max(lately, 0)
}

// Condition is what lookups know of a directory.
type Condition int

const (
	// NotAsked: nothing is known yet.
	NotAsked Condition = iota
	// Answers: it gave the last answer that was asked for.
	Answers
	// Away: it gave none lately.
	Away
	// Refuses: it answers that it does not answer.
	Refuses
)

// Condition returns what lookups know of the directory with the index.
func (n *Names) Condition(index int) Condition {
	m := n.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.directories[index]
	switch {
	case m.away(index):
		return Away
	case d.refused:
		return Refuses
	case d.answered > 0:
		return Answers
	}
	return NotAsked
}

// isAway is away for callers that do not hold the lock.
func (m *memory) isAway(index int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.away(index)
}

// returnsNow is returns for callers that do not hold the lock.
func (m *memory) returnsNow() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.returns
}

// withoutOthers is how long an answer may be given out that an earlier directory
// could not be asked about. It ends when one of them returns.
const withoutOthers = 5 * time.Second

// isOver reports whether a record is of no more use: it was found while earlier
// directories were away, and one has come back. The caller holds the lock, here
// and below.
func (m *memory) isOver(s *slot) bool { return s.without != nil && s.without.returns != m.returns }

// mayKeep reports whether a record that was found without the directories that
// were passed over may be remembered: not over what one of these has said.
func (m *memory) mayKeep(f finding, keys []string) bool {
	switch {
	case f.without == nil:
		return true
	case f.without.returns != m.returns:
		return false
	}
	return !slices.ContainsFunc(keys, func(key string) bool {
		old := m.slots[key]
		return old != nil && m.useful(old, m.now()) && slices.Contains(f.passed(), old.directory)
	})
}

// denied removes the record of a directory that has now answered that there is
// none, although others could not be asked.
func (m *memory) denied(key string, began time.Duration, err error) {
	var p *passedOver
	s := m.slots[key]
	if s != nil && s.found() && s.confirmed <= began && errors.As(err, &p) && !slices.Contains(p.directories, s.directory) {
		m.remove(s)
	}
}

// stands reports whether a record counts although a search for it ended with
// err: its directory was not among those that answered.
func stands(old *slot, err error) bool {
	var p *passedOver
	return old != nil && errors.Is(err, directory.ErrUnavailable) &&
		(!errors.As(err, &p) || slices.Contains(p.directories, old.directory))
}

// mayStand reports whether a record that is too old is given out without a
// search, because its directory is away: if those before it are away, too, or have
// said a moment ago that they do not have it.
func (m *memory) mayStand(s *slot, now time.Duration) bool {
	for index := range m.directories[:s.directory] {
		if !m.away(index) && (s.stood == 0 || now >= s.stood+withoutOthers) {
			return false
		}
	}
	return m.away(s.directory)
}

// standsNow is mayStand for callers that do not hold the lock.
func (m *memory) standsNow(s *slot) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mayStand(s, m.now())
}

// noteStood notes that a search that began then found nothing in the directories
// before that of a record.
func (m *memory) noteStood(s *slot, began time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.stood = max(s.stood, began)
}

// has reports whether something is remembered under key from one of the
// directories.
func (m *memory) has(key string, directories []int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slots[key]
	return s != nil && s.found() && m.useful(s, m.now()) && slices.Contains(directories, s.directory)
}
