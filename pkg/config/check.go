package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// check looks at everything that can be judged without looking at other files.
// It completes what has a default that depends on other values.
func (d *draft) check() {
	d.checkDaemon()
	d.checkAccounts()
	d.checkLookups()
	d.checkDuration("login.timeout", d.cfg.Login.Timeout)
	d.checkDirectories()
}

func (d *draft) checkDaemon() {
	daemon := &d.cfg.Daemon
	if len(daemon.Sockets) == 0 {
		d.fail("daemon.sockets", "", "is empty, so nobody could ask anything: name a socket, or remove the key for the default")
	}
	for i, socket := range daemon.Sockets {
		at := index("daemon.sockets", i)
		if err := checkSocket(socket); err != nil {
			d.fail(at, socket, "%v", err)
		}
		if slices.Contains(daemon.Sockets[:i], socket) {
			d.fail(at, socket, "is named twice")
		}
	}
	d.checkNumber("daemon.max_connections", int64(daemon.MaxConnections), 1, 1<<20)
	d.checkNumber("daemon.max_connections_per_uid", int64(daemon.MaxConnectionsPerUID), 1, 1<<20)
	d.checkChoice("daemon.log_level", daemon.LogLevel, "error", "warn", "info", "debug")
}

// maxSocketPath is the longest path of a Unix socket (unix(7)), in bytes.
const maxSocketPath = 107

func checkSocket(socket string) error {
	switch {
	case !strings.HasPrefix(socket, "/") || path.Clean(socket) != socket:
		return fmt.Errorf("is not a clean absolute path")
	case len(socket) > maxSocketPath:
		return fmt.Errorf("is too long: the path of a Unix socket has at most %d bytes", maxSocketPath)
	case strings.ContainsRune(socket, 0):
		return fmt.Errorf("has a NUL byte in it")
	}
	return nil
}

// maxID is the largest uid and gid: one more means "no id" to the system calls.
const maxID = 1<<32 - 2

func (d *draft) checkAccounts() {
	a := d.cfg.Accounts
	for _, w := range []struct {
		kind     string
		min, max uint32
	}{{"uid", a.MinUID, a.MaxUID}, {"gid", a.MinGID, a.MaxGID}} {
		lowest, highest := "accounts.min_"+w.kind, "accounts.max_"+w.kind
		d.checkNumber(lowest, int64(w.min), 1, maxID)
		d.checkNumber(highest, int64(w.max), 1, maxID)
		if w.min > w.max && w.max > 0 {
			d.fail(lowest, fmt.Sprint(w.min), "is larger than max_%s, which is %d, so there could be no accounts", w.kind, w.max)
		}
	}
}

func (d *draft) checkLookups() {
	d.checkDuration("lookups.timeout", d.cfg.Lookups.Timeout)
	if ttl := d.cfg.Lookups.CacheTTL; ttl < 0 || ttl > 24*time.Hour {
		d.fail("lookups.cache_ttl", ttl.String(), "is not between 0s and 24h")
	}
	d.checkNumber("lookups.cache_entries", int64(d.cfg.Lookups.CacheEntries), 0, 10_000_000)
}

// checkNumber refuses a number outside lowest..highest.
func (d *draft) checkNumber(path string, n, lowest, highest int64) {
	if n < lowest || n > highest {
		d.fail(path, fmt.Sprint(n), "is not between %d and %d", lowest, highest)
	}
}

// The bounds of a time limit. There is no way to wait for ever.
const (
	minLimit = 10 * time.Millisecond
	maxLimit = time.Hour
)

func (d *draft) checkDuration(path string, t time.Duration) {
	if t < minLimit || t > maxLimit {
		d.fail(path, t.String(), "is not between 10ms and 1h: goldap waits for nothing without a limit")
	}
}

// checkChoice refuses a value that is none of the choices.
func (d *draft) checkChoice(path, value string, choices ...string) {
	if slices.Contains(choices, value) {
		return
	}
	text := "is none of " + strings.Join(choices, ", ") + didYouMean(value, choices)
	if value == "" {
		text = "is empty; it must be one of " + strings.Join(choices, ", ")
	}
	d.fail(path, value, "%s", text)
}

// checkText adds to a check of a text what fail needs.
func (d *draft) checkText(path, value string, check func(string) error) {
	if err := check(value); err != nil {
		d.fail(path, value, "%v", err)
	}
}

// index appends the number of an element to a path.
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
