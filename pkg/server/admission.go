package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Limits bounds the connections that are served at the same time. Root is not
// subject to PerUID, and a part of Connections is kept for root.
type Limits struct {
	// Connections is the number in all.
	Connections int
	// PerUID is the number for each caller's uid.
	PerUID int
}

// reserved returns how many connections are kept for root.
func (l Limits) reserved() int { return min(16, max(1, l.Connections/8)) }

// waiting returns how many more connections may wait for a place, of one uid
// and in all: a burst of honest callers is served a little later instead of
// being turned away.
func (l Limits) waiting() (perUID, all int) {
	return min(4*l.PerUID, l.Connections), l.Connections
}

// sparedFiles are the descriptors that are left for everything else: servers,
// sockets, configuration, log.
const sparedFiles = 256

// fitting returns limits under which the process does not run out of
// descriptors, whatever callers do.
func fitting(l Limits, logger *slog.Logger) Limits {
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) != nil || files.Cur >= 1<<20 {
		return l
	}
	most := max(8, (int(files.Cur)-sparedFiles)/3) // places, those who wait for one, and root's
	if l.Connections > most {
		logger.Warn("fewer connections than configured: too few files may be opened (RLIMIT_NOFILE)",
			"max_connections", l.Connections, "served", most, "files", files.Cur)
		l.Connections = most
	}
	return l
}

// admission counts connections, or whatever else is bounded for each caller
// and in all, and lets those that are too many wait in the order of their
// arrival.
type admission struct {
	mu     sync.Mutex
	limits Limits
	root   int
	others int
	perUID map[uint32]int
	queue  []*waiter
	queued map[uint32]int
}

// waiter waits for a place.
type waiter struct {
	uid uint32
	// ready is closed when it has one.
	ready chan struct{}
}

func newAdmission(limits Limits) *admission {
	return &admission{limits: limits, perUID: make(map[uint32]int), queued: make(map[uint32]int)}
}

func (a *admission) setLimits(limits Limits) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits = limits
	a.callIn()
}

// enter reports whether one more connection of uid may be served now, and
// counts it if so; leave takes it back. If not, the waiter may wait for that;
// it is nil if too many do.
func (a *admission) enter(uid uint32) (now bool, later *waiter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queued[uid] == 0 && a.take(uid) {
		return true, nil
	}
	perUID, all := a.limits.waiting()
	if uid == 0 {
		perUID, all = all, 2*all // no crowd of others keeps root from waiting
	}
	if a.queued[uid] >= perUID || len(a.queue) >= all {
		return false, nil
	}
	later = &waiter{uid: uid, ready: make(chan struct{})}
	a.queue = append(a.queue, later)
	a.queued[uid]++
	return false, later
}

// open is how many are served now.
func (a *admission) open() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.root + a.others
}

// wait reports whether w has a place within limit; leave takes that back.
func (a *admission) wait(ctx context.Context, w *waiter, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-w.ready:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, other := range a.queue {
		if other == w {
			a.remove(i)
			return false
		}
	}
	return true // it was called in just now
}

// remove takes the i-th waiter out of the queue.
func (a *admission) remove(i int) {
	uid := a.queue[i].uid
	copy(a.queue[i:], a.queue[i+1:])
	a.queue[len(a.queue)-1] = nil
	a.queue = a.queue[:len(a.queue)-1]
	if a.queued[uid]--; a.queued[uid] == 0 {
		delete(a.queued, uid)
	}
}

// callIn gives the places that are free to those who have waited longest.
func (a *admission) callIn() {
	for i := 0; i < len(a.queue); {
		w := a.queue[i]
		if !a.take(w.uid) {
			i++
			continue
		}
		a.remove(i)
		close(w.ready)
	}
}

// take counts one more of uid if there is a place.
func (a *admission) take(uid uint32) bool {
	if uid == 0 {
		if a.root+a.others >= a.limits.Connections && a.root >= a.limits.reserved() {
			return false
		}
		a.root++
		return true
	}
	if a.perUID[uid] >= a.limits.PerUID || a.others >= max(1, a.limits.Connections-a.limits.reserved()) {
		return false
	}
	a.perUID[uid]++
	a.others++
	return true
}

func (a *admission) leave(uid uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if uid == 0 {
		a.root--
	} else {
		a.others--
		if a.perUID[uid]--; a.perUID[uid] == 0 {
			delete(a.perUID, uid)
		}
	}
	a.callIn()
}
