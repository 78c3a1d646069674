package directory

import (
	"sync"
	"time"
)

// maxCachedMembers bounds the DNs that are remembered, about 200 bytes each.
const maxCachedMembers = 100_000

// memberCache remembers which user names are behind the DNs of members, and
// which DNs are no user's.
type memberCache struct {
	ttl, negativeTTL time.Duration // 0 means not at all

	mu      sync.Mutex
	names   map[string]cachedName // by normalDN
	forgets int
}

type cachedName struct {
	name  string // "" for what is no user
	until time.Time
}

// get returns the user name behind a DN, "" if it is no user, as far as that is
// known.
func (c *memberCache) get(key string) (name string, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, ok := c.names[key]
	if !ok || time.Now().After(cached.until) {
		return "", false
	}
	return cached.name, true
}

// mark is what put needs to know of when a search began.
func (c *memberCache) mark() (began int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgets
}

// put remembers what a search found, unless everything was forgotten since it
// began.
func (c *memberCache) put(key, name string, began int) {
	ttl := c.ttl
	if name == "" {
		ttl = c.negativeTTL
	}
	if ttl <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if began != c.forgets {
		return
	}
	if c.names == nil {
		c.names = map[string]cachedName{}
	}
	if _, known := c.names[key]; !known && len(c.names) >= maxCachedMembers {
		c.makeRoom()
	}
	c.names[key] = cachedName{name, time.Now().Add(ttl)}
}

// makeRoom drops what is too old, and if that is not an eighth then others.
func (c *memberCache) makeRoom() {
	now := time.Now()
	for key, cached := range c.names {
		if now.After(cached.until) {
			delete(c.names, key)
		}
	}
	for key := range c.names {
		if len(c.names) <= maxCachedMembers*7/8 {
			return
		}
		delete(c.names, key)
	}
}

func (c *memberCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	c.names = nil
}

// Forget drops what is remembered of entries: the user names behind the DNs of
// members, and which warnings were given.
func (d *Directory) Forget() {
	d.memberNames.forget()
	d.warned.Clear()
}
