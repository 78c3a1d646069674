package names

import (
	"iter"
	"time"
)

// listing is what an enumeration of the only directory said, in its order. It
// shares the records with the memory, and is given out for as long as they are.
type listing struct {
	entries    []listed
	cost       int
	began      time.Duration
	generation int
}

// listed is an entry under one of its names.
type listed struct {
	finding
	name string
}

// add is called for each entry. One entry too many, and there is no listing.
func (l *listing) add(f finding, name string, limit int) finding {
	if l.cost += f.weight(); l.cost <= limit {
		l.entries = append(l.entries, listed{f, name})
	} else {
		l.entries = nil
	}
	return f
}

// relisted gives out the remembered listing of a kind, as far as allow says that
// its entries are believed now, or else what ask returns, which fills the
// listing that it is given.
func relisted[V any](n *Names, kind byte, read func(*slot, string) V, allow func(V) (V, error),
	ask func(*listing) iter.Seq2[V, error],
) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		known, fresh := n.memory.listing(kind)
		for i := range known {
			s := slot{finding: known[i].finding}
			if value, err := allow(read(&s, known[i].name)); err == nil && !yield(value, nil) {
				return
			}
		}
		if fresh == nil {
			return
		}
		for value, err := range ask(fresh) {
			if !yield(value, err) || err != nil {
				return
			}
		}
		if len(n.directories) == 1 {
			n.memory.list(kind, fresh)
		}
	}
}

// longest bounds a listing: as one enumeration bounds what it adds.
func (m *memory) longest() int { return min(m.limit, maxKept) }

// listing returns the entries of the remembered listing of a kind; otherwise
// a new one, to be filled.
func (m *memory) listing(kind byte) (known []listed, fresh *listing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.listings[kind]; l != nil && l.generation == m.generation && m.now() < l.began+m.ttl {
		return l.entries, nil
	}
	return nil, &listing{began: m.now(), generation: m.generation}
}

// list remembers a complete listing, and forgets it when it is too old.
func (m *memory) list(kind byte, l *listing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := l.began + m.ttl - m.now()
	if l.cost > m.longest() || l.generation != m.generation || left <= 0 || len(l.entries) == 0 {
		return
	}
	m.listings[kind] = l
	time.AfterFunc(left, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.listings[kind] == l {
			delete(m.listings, kind)
		}
	})
}
