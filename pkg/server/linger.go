package server

import (
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Programs look up one name after the other. To be woken for each takes longer
// than to answer (docs/decisions/0008), so whoever has just answered from memory
// stays awake for a moment.
const (
	// lingering is how long the next connection is waited for.
	lingering = 50 * time.Microsecond
	// arriving is how long the request on it may take: it was accepted before
	// its caller came to write it.
	arriving = 20 * time.Microsecond
)

// await looks at raw until there is something to read or to accept, at most for
// limit, and reports whether there is. Between two looks whoever wants to runs.
func await(raw syscall.RawConn, limit time.Duration) (ready bool) {
	_ = raw.Control(func(fd uintptr) {
		look := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		for end := time.Now().Add(limit); ; {
			n, err := unix.Poll(look, 0)
			if ready = n > 0; ready || err != nil || !time.Now().Before(end) {
				return
			}
			_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
			runtime.Gosched()
		}
	})
	return ready
}
