package machine

import (
	"context"
	"debug/buildinfo"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
)

// checkDaemon asks goldapd whether it is there, and whether it is the one that
// should be.
func (x *examination) checkDaemon(ctx context.Context) {
	socket := x.socket()
	x.checkSocket(socket, 0o666, "every program asks there who users are")
	x.checkSocket("/run/goldap/admin.sock", 0o600, "whoever connects there may change who logs in")
	facts, err := x.status(ctx, x.host.real(socket))
	running := x.host.processes("goldapd")
	if err != nil {
		x.found("daemon-down", socket, "systemctl status goldapd, or start goldapd; journalctl -u goldapd says why it ended", "%s", downText(err, running))
		return
	}
	for _, p := range running {
		x.checkVersion(p)
	}
	x.checkStale(facts, running)
}

// socket is where goldapd should be.
func (x *examination) socket() string {
	if x.Socket != "" {
		return x.Socket
	}
	sockets := config.Default().Daemon.Sockets
	if x.cfg != nil && len(x.cfg.Daemon.Sockets) > 0 {
		sockets = x.cfg.Daemon.Sockets
	}
	return sockets[0]
}

func downText(err error, running []process) string {
	if len(running) > 0 {
		return "goldapd runs (process " + running[0].pid + "), but does not answer here: " + err.Error()
	}
	return "no goldapd answers: " + err.Error()
}

// checkVersion compares the file that a goldapd was started from with this
// program. Only root may look.
func (x *examination) checkVersion(p process) {
	theirs, err := buildinfo.ReadFile(x.host.real(filepath.Join("/proc", p.pid, "exe")))
	ours, ok := debug.ReadBuildInfo()
	if err != nil || !ok || version(theirs) == version(ours) {
		return
	}
	x.found("daemon-version", "goldapd.service", "systemctl restart goldapd", "goldapd (process %s) is version %s, goldapctl is version %s", p.pid, version(theirs), version(ours))
}

// version is the module's version and the commit.
func version(info *debug.BuildInfo) string {
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return info.Main.Version + " (" + s.Value + ")"
		}
	}
	return info.Main.Version
}

// checkStale compares when the configuration was read with when it was written.
func (x *examination) checkStale(facts []nslcd.Fact, running []process) {
	read := configurationRead(facts)
	if read.IsZero() && len(running) > 0 {
		read = x.host.started(running[0])
	}
	if read.IsZero() {
		return
	}
	for _, path := range x.files() {
		info, err := x.host.stat(path)
		if err == nil && info.ModTime().Truncate(time.Second).After(read) {
			x.found("daemon-stale", path, "systemctl reload goldapd", "was changed at %s, after goldapd read it (%s)",
				info.ModTime().Format(time.DateTime), read.In(info.ModTime().Location()).Format(time.DateTime))
		}
	}
}

// configurationRead is when goldapd says that it read its configuration, zero
// if it does not.
func configurationRead(facts []nslcd.Fact) time.Time {
	for _, fact := range facts {
		if fact.Name == "configuration read" {
			at, _ := time.Parse(time.RFC3339, fact.Value)
			return at
		}
	}
	return time.Time{}
}

// started is when a process began (proc(5): btime of stat, and field 22 of
// PID/stat in units of 1/100 s), zero if that cannot be known.
func (h host) started(p process) time.Time {
	stat, err1 := h.read(filepath.Join("/proc", p.pid, "stat"))
	system, err2 := h.read("/proc/stat")
	_, behindName, found := strings.Cut(string(stat), ") ")
	_, behindBoot, hasBoot := strings.Cut(string(system), "\nbtime ")
	fields := strings.Fields(behindName)
	if err1 != nil || err2 != nil || !found || !hasBoot || len(fields) < 20 {
		return time.Time{}
	}
	boot, err1 := strconv.ParseInt(strings.Fields(behindBoot)[0], 10, 64)
	ticks, err2 := strconv.ParseInt(fields[19], 10, 64)
	if err1 != nil || err2 != nil {
		return time.Time{}
	}
	return time.Unix(boot, 0).Add(time.Duration(ticks) * 10 * time.Millisecond)
}
