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
	d.checkTime("login.cache_ttl", d.cfg.Login.CacheTTL, 0, time.Hour)
	d.checkThrottle()
	d.checkDirectories()
	d.checkRoles()
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
	if daemon.AdminSocket != "" {
		d.checkText("daemon.admin_socket", daemon.AdminSocket, checkSocket)
		if slices.Contains(daemon.Sockets, daemon.AdminSocket) {
			d.fail("daemon.admin_socket", daemon.AdminSocket, "is one of sockets, too: everybody may ask there")
		}
	}
	d.checkNumber("daemon.max_connections", int64(daemon.MaxConnections), 1, 1<<20)
	d.checkNumber("daemon.max_connections_per_uid", int64(daemon.MaxConnectionsPerUID), 1, 1<<20)
	d.checkChoice("daemon.log_level", daemon.LogLevel, logLevels()...)
	d.checkLogs(daemon.Logs)
	d.checkIdentity("daemon.user", daemon.User)
	d.checkIdentity("daemon.group", daemon.Group)
	for i, name := range daemon.Invalidate {
		d.checkChoice(index("daemon.invalidate", i), name, append(mapNames(), "nfsidmap")...)
	}
}

func logLevels() []string { return []string{"error", "warn", "info", "debug"} }

func (d *draft) checkLogs(logs []Log) {
	for i, log := range logs {
		at := index("daemon.log", i)
		switch {
		case log.Target == "":
			d.fail(at+".target", "", "is missing: write stderr, syslog, none or the path of a file")
		case strings.HasPrefix(log.Target, "/") && path.Clean(log.Target) != log.Target:
			d.fail(at+".target", log.Target, "is not a clean absolute path")
		case !strings.HasPrefix(log.Target, "/"):
			if !slices.Contains([]string{"stderr", "syslog", "none"}, log.Target) {
				d.fail(at+".target", log.Target, "is none of stderr, syslog and none, and not the absolute path of a file")
			}
		}
		if log.Level != "" {
			d.checkChoice(at+".level", log.Level, logLevels()...)
		}
	}
}

// checkIdentity checks the name or the number of a user or a group of this
// machine. goldapd looks it up when it starts.
func (d *draft) checkIdentity(path, name string) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.$"
	if name != "" && (strings.Trim(name, allowed) != "" || strings.ContainsAny(name[:1], "-.$")) {
		d.fail(path, name, "is neither the name nor the number of a user or group of this machine")
	}
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

const day = 24 * time.Hour

func (d *draft) checkLookups() {
	l := &d.cfg.Lookups
	d.checkDuration("lookups.timeout", l.Timeout)
	d.checkTime("lookups.cache_ttl", l.CacheTTL, 0, day)
	d.checkTime("lookups.negative_ttl", l.NegativeTTL, 0, day)
	d.checkTime("lookups.stale_ttl", l.StaleTTL, 0, 30*day)
	d.checkTime("lookups.member_ttl", l.MemberTTL, 0, 30*day)
	d.checkTime("lookups.member_negative_ttl", l.MemberNegativeTTL, 0, 30*day)
	d.checkNumber("lookups.cache_entries", int64(l.CacheEntries), 0, 10_000_000)
	for i, name := range l.NoGroupsFor {
		if name == "" {
			d.fail(index("lookups.no_groups_for", i), "", "is empty: write the name of a user, or remove it")
		}
	}
}

// checkTime refuses a time outside lowest..highest.
func (d *draft) checkTime(path string, t, lowest, highest time.Duration) {
	if t < lowest || t > highest {
		d.fail(path, t.String(), "is not between %s and %s", durationText(lowest), durationText(highest))
	}
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
