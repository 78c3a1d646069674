package names

import (
	"errors"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// hearsay is what the lookups of one directory say about it: when it last
// answered, and when it last did not although it was asked after that. 0 is
// never.
type hearsay struct{ answered, failed time.Duration }

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
	case !errors.Is(err, directory.ErrUnavailable):
		d.answered, d.failed = m.now(), 0
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
}

// away reports whether one of the directories is known to be away that would be
// asked for what the one with this index has. What was heard a while ago is no
// knowledge. The caller holds the lock.
func (m *memory) away(index int) bool {
	lately := m.now() - 2*(m.timeout+probeEvery)
	for _, d := range m.directories[:index+1] {
		if d.failed > max(lately, 0) {
			return true
		}
	}
	return false
}
