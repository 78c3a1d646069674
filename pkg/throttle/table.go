package throttle

import (
	"sync"
	"time"
)

// Limits are the numbers of [login.throttle].
type Limits struct {
	// Failures, UserFailures, HostFailures and CallerFailures are how many failed
	// logins cost nothing: of a user from one place, of a user, from a host,
	// through one caller. If Failures is 0 nothing is throttled.
	Failures, UserFailures, HostFailures, CallerFailures int
	// Delay is the wait after the first failure that counts, MaxDelay the longest.
	Delay, MaxDelay time.Duration
	// ForgetAfter is how long after the last failure a key is forgotten.
	ForgetAfter time.Duration
}

// sharedDelay bounds the delays of keys that strangers share: they never grow.
const sharedDelay = time.Second

// newcomers is how many logins from new places are let through for each one
// from places where the user has failed.
const newcomers = 20

const (
	maxKeys   = 32768
	maxPlaces = 32768
	// maxWaiting bounds the logins that wait at the same time, maxWaitingPerUID
	// those of one caller that is not root.
	maxWaiting       = 256
	maxWaitingPerUID = 32
)

// Table remembers failures. It is safe for concurrent use.
type Table struct {
	now func() time.Time

	mu       sync.Mutex
	failures *bounded[key, failures]
	// known are the places from which users have logged in.
	known   *bounded[key, struct{}]
	waiting map[uint32]int
	all     int
	refused uint64
}

// failures are those under one key.
type failures struct {
	count int
	last  time.Time
	// next is the first turn that nobody has.
	next time.Time
}

// New returns an empty table. now is time.Now.
func New(now func() time.Time) *Table {
	return &Table{now: now, waiting: map[uint32]int{},
		failures: newBounded[key, failures](maxKeys), known: newBounded[key, struct{}](maxPlaces)}
}

// Turn is when an attempt may go on.
type Turn struct {
	// Wait is how long it has to wait, or would have had to.
	Wait time.Duration
	// Key names what it waits for; it is empty if it need not wait.
	Key string
	// Refused: it must not go on, since the wait is too long or too many wait.
	Refused bool

	table   *Table
	limits  Limits
	attempt Attempt
}

// Take returns the turn of an attempt, which is nobody else's. One that comes
// later than longest from now is refused, and then nothing is taken. Whoever waits
// calls Waited afterwards, and then Failed or Succeeded if that is how it ends.
func (t *Table) Take(limits Limits, a Attempt, longest time.Duration) Turn {
	turn := Turn{table: t, limits: limits, attempt: a}
	if limits.Failures == 0 {
		return turn
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now, keys := t.now(), t.keys(limits, a)
	for _, k := range keys {
		f := t.counted(limits, k, now)
		if f == nil || limits.spacing(k.kind, f.count) == 0 {
			continue
		}
		if wait := f.next.Sub(now); wait > turn.Wait {
			turn.Wait, turn.Key = wait, k.String()
		}
	}
	if turn.Wait > 0 && (turn.Wait > longest || !t.mayWait(a.UID)) {
		turn.Refused = true
		t.refused++
		return turn
	}
	for _, k := range keys {
		if f := t.failures.get(k); f != nil {
			f.next = later(f.next, now).Add(limits.spacing(k.kind, f.count))
		}
	}
	if turn.Wait > 0 {
		t.waiting[a.UID]++
		t.all++
	}
	return turn
}

func (t *Table) mayWait(uid uint32) bool {
	return t.all < maxWaiting && (uid == 0 || t.waiting[uid] < maxWaitingPerUID)
}

// Waited says that a turn with a Wait, which was not refused, waits no longer.
func (turn Turn) Waited() {
	t := turn.table
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.waiting[turn.attempt.UID]--; t.waiting[turn.attempt.UID] == 0 {
		delete(t.waiting, turn.attempt.UID)
	}
}

// keys are those under which the attempt waits. One from where its user has
// logged in waits for no stranger; one from where its user has not failed yet
// does not wait for those from where they have.
func (t *Table) keys(limits Limits, a Attempt) []key {
	own := key{kind: userAtPlace, user: a.name(), place: a.place()}
	keys := []key{own}
	if t.known.get(own) != nil {
		return keys
	}
	if t.counted(limits, own, t.now()) == nil {
		return append(keys, shared(a, newcomer)...)
	}
	return append(keys, shared(a, user)...)
}

// shared are the keys that strangers have in common with the user of the attempt.
func shared(a Attempt, users kind) []key {
	keys := []key{{kind: users, user: a.name()}}
	if a.Host != "" && a.UID == 0 {
		keys = append(keys, key{kind: host, place: a.network()})
	}
	if a.UID != 0 {
		keys = append(keys, key{kind: caller, place: Attempt{UID: a.UID}.place()})
	}
	return keys
}

// counted returns the failures under a key, or nil if there are none that are
// remembered.
func (t *Table) counted(limits Limits, k key, now time.Time) *failures {
	f := t.failures.get(k)
	if f != nil && now.Sub(f.last) > limits.ForgetAfter {
		t.failures.remove(k)
		return nil
	}
	return f
}

// free is how many failures cost nothing.
func (l Limits) free(k kind) int {
	switch k {
	case userAtPlace:
		return l.Failures
	case host:
		return l.HostFailures
	case caller:
		return l.CallerFailures
	}
	return l.UserFailures
}

// spacing is the time between two attempts after count failures.
func (l Limits) spacing(k kind, count int) time.Duration {
	free := l.free(k)
	if count <= free {
		return 0
	}
	switch k {
	case userAtPlace:
		delay := l.Delay
		for n := free + 1; n < count && delay < l.MaxDelay; n++ {
			delay *= 2
		}
		return min(delay, l.MaxDelay)
	case newcomer:
		return min(l.Delay, sharedDelay) / newcomers
	}
	return min(l.Delay, sharedDelay)
}

// Failed counts the attempt as one that gave a wrong password, or the name of
// nobody.
func (turn Turn) Failed() {
	t, limits, a := turn.table, turn.limits, turn.attempt
	if limits.Failures == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	own := key{kind: userAtPlace, user: a.name(), place: a.place()}
	keys := []key{own}
	if t.known.get(own) == nil { // a user's own mistakes concern nobody else
		keys = append(append(keys, shared(a, user)...), key{kind: newcomer, user: a.name()})
	}
	now := t.now()
	for _, k := range keys {
		t.counted(limits, k, now) // forgets
		f := t.failures.put(k)
		f.count++
		f.last = now
		f.next = later(f.next, now.Add(limits.spacing(k.kind, f.count)))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Succeeded forgets the failures of the user from that place, which is known
// from then on.
func (turn Turn) Succeeded() {
	t, a := turn.table, turn.attempt
	if turn.limits.Failures == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	own := key{kind: userAtPlace, user: a.name(), place: a.place()}
	t.failures.remove(own)
	t.known.put(own)
}

// Facts returns how many keys are remembered, how many logins wait, and how many
// were refused.
func (t *Table) Facts() (keys, waiting int, refused uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failures.items), t.all, t.refused
}
