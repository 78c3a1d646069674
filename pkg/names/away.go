package names

import (
	"errors"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// hearsay is what the lookups of one directory say about it.
type hearsay struct {
	away     bool
	answered time.Duration // when it last did
}

// probeEvery is how often a directory that is away is asked for something that
// is in memory, at the most. Its first answer ends the being away.
const probeEvery = time.Second

// heard notes how a question to a directory, asked at began, ended.
func (m *memory) heard(index int, began time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := &m.servants[index]
	if errors.Is(err, errNothing) {
		return
	}
	if !errors.Is(err, directory.ErrUnavailable) {
		d.away, d.answered = false, m.now()
		return
	}
	// A question that is older than the last answer says nothing new.
	d.away = d.away || began >= d.answered
}

// away reports whether one of the directories is away that would be asked for
// what the one with this index has. The caller holds the lock.
func (m *memory) away(index int) bool {
	for _, d := range m.servants[:index+1] {
		if d.away {
			return true
		}
	}
	return false
}
