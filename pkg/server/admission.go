package server

import "sync"

// Limits bounds the connections that are open at the same time. Root is not
// subject to PerUID, and a part of Connections is kept for root.
type Limits struct {
	// Connections is the number in all.
	Connections int
	// PerUID is the number for each caller's uid.
	PerUID int
}

// reserved returns how many connections are kept for root.
func (l Limits) reserved() int { return min(16, max(1, l.Connections/8)) }

// admission counts connections.
type admission struct {
	mu     sync.Mutex
	limits Limits
	root   int
	others int
	perUID map[uint32]int
}

func newAdmission(limits Limits) *admission {
	return &admission{limits: limits, perUID: make(map[uint32]int)}
}

func (a *admission) setLimits(limits Limits) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits = limits
}

// enter reports whether one more connection of uid may be served, and counts
// it if so; leave takes it back.
func (a *admission) enter(uid uint32) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if uid == 0 {
		return a.enterRoot()
	}
	if a.perUID[uid] >= a.limits.PerUID || a.others >= max(1, a.limits.Connections-a.limits.reserved()) {
		return false
	}
	a.perUID[uid]++
	a.others++
	return true
}

func (a *admission) enterRoot() bool {
	if a.root+a.others >= a.limits.Connections && a.root >= a.limits.reserved() {
		return false
	}
	a.root++
	return true
}

func (a *admission) leave(uid uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if uid == 0 {
		a.root--
		return
	}
	a.others--
	if a.perUID[uid]--; a.perUID[uid] == 0 {
		delete(a.perUID, uid)
	}
}
