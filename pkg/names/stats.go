package names

import (
	"runtime"
	"time"
)

// Stats is what the memory of lookups did since the start.
type Stats struct {
	// Entries are in memory now, Absences among them those that say that there
	// is no such entry. Limit is what lookups.cache_entries allows.
	Entries, Absences, Limit int
	// Hits were answered from memory, Stale among them those whose directory
	// was away for longer than the entry could be kept. Misses were asked of
	// the directories.
	Hits, Stale, Misses uint64
	// Refreshes are searches for what was in memory, before it was too old.
	Refreshes uint64
	// Evictions made room for other entries.
	Evictions uint64
	// Flushed is when everything was last forgotten; zero if it never was.
	Flushed time.Time
	// Maps are the parts of it, as nsswitch.conf(5) calls them.
	Maps []MapStats
	// Logins are the accounts that are remembered for logins.
	Logins LoginStats
}

// MapStats are about what is remembered of one map.
type MapStats struct {
	// Map is its name in nsswitch.conf(5).
	Map               string
	Entries, Absences int
	Hits, Misses      uint64
	// Oldest is how long ago the directory confirmed what was confirmed least
	// recently; 0 if nothing is remembered.
	Oldest time.Duration
}

// LoginStats are about the accounts that are remembered for logins.
type LoginStats struct {
	Entries, Limit int
	Hits, Misses   uint64
}

// mapNames are the maps as nsswitch.conf(5) calls them.
var mapNames = [...]string{
	"passwd", "group", "initgroups", "shadow",
	"aliases", "ethers", "hosts", "netgroup", "networks", "protocols", "rpc", "services",
}

// mapCounts are the counts of one map.
type mapCounts struct {
	entries, absences int
	hits, misses      uint64
}

// mapOf has the index in mapNames for the first byte of a key.
var mapOf = indexMaps()

func indexMaps() (index [256]uint8) {
	for number, kinds := range []string{
		string([]byte{passwdByName, passwdByUID, passwdEntry}), string([]byte{groupByName, groupByGID, groupEntry}),
		string([]byte{groupsOfMember, groupPaths}), string([]byte{shadowByName}),
		string([]byte{aliases.kind}), string([]byte{ethers.kind}), string([]byte{hosts.kind}), string([]byte{netgroups.kind}),
		string([]byte{networks.kind}), string([]byte{protocols.kind}), string([]byte{rpcs.kind}), string([]byte{services.kind}),
	} {
		for _, kind := range []byte(kinds) {
			index[kind] = uint8(number)
		}
	}
	return index
}

// Stats returns what the memory of lookups did.
func (n *Names) Stats() Stats {
	s := n.memory.count()
	for i, oldest := range n.memory.oldest() {
		s.Maps[i].Oldest = oldest
	}
	s.Logins = n.logins.count()
	return s
}

// count returns what happened so far.
func (m *memory) count() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Entries, s.Absences, s.Limit = len(m.ring), m.absences, m.limit
	s.Maps = make([]MapStats, len(mapNames))
	for i := range m.maps {
		c := &m.maps[i]
		s.Maps[i] = MapStats{Map: mapNames[i], Entries: c.entries, Absences: c.absences, Hits: c.hits, Misses: c.misses}
		s.Hits += c.hits
		s.Misses += c.misses
	}
	return s
}

// slotsAtOnce is how many records oldest looks at before it lets others in.
const slotsAtOnce = 256

// oldest returns the age of the oldest record of each map. It holds nobody up
// for longer than some 20 microseconds, and may miss what moves meanwhile.
func (m *memory) oldest() (ages [len(mapNames)]time.Duration) {
	for from := 0; ; from += slotsAtOnce {
		m.mu.Lock()
		now := m.now()
		for i := from; i < min(from+slotsAtOnce, len(m.ring)); i++ {
			s := m.ring[i]
			age := &ages[mapOf[s.kind()]]
			*age = max(*age, now-s.confirmed)
		}
		end := from+slotsAtOnce >= len(m.ring)
		m.mu.Unlock()
		if end {
			return ages
		}
		runtime.Gosched()
	}
}

func (c *cache[V]) count() LoginStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return LoginStats{Entries: len(c.values), Limit: c.limit, Hits: c.hits, Misses: c.misses}
}
