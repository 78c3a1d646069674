package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/goldap/goldap/test/root/daemon"
)

// footprint is how much of the machine's memory a process has in use (VmRSS)
// and had at the most (VmHWM), in MB of 1,000,000 bytes (proc_pid_status(5)).
type footprint struct {
	now, peak float64
}

// measureMemory starts the daemons again, looks up each of the scene's users
// once, and notes how large the daemons are then.
func measureMemory(ctx context.Context, o options, s *scene, r *results) error {
	if err := s.restart(ctx, o); err != nil {
		return err
	}
	seen := map[string]footprint{}
	for i, m := range modules(o) {
		progress("%s sees %d users", m.side, s.users)
		count := strconv.Itoa(s.users)
		if _, err := lookup(ctx, o, m, "passwd", "0", count, count); err != nil {
			return err
		}
		used, err := footprintOf(s.daemons[i])
		if err != nil {
			return err
		}
		seen[m.side] = used
	}
	r.memory[s.users] = seen
	return nil
}

func footprintOf(d *daemon.Daemon) (footprint, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.Pid()))
	if err != nil {
		return footprint{}, err
	}
	now, err := statusField(string(status), "VmRSS:")
	if err != nil {
		return footprint{}, err
	}
	peak, err := statusField(string(status), "VmHWM:")
	return footprint{now, peak}, err
}

// statusField returns a size of /proc/PID/status, which has them in KiB.
func statusField(status, name string) (float64, error) {
	_, rest, found := strings.Cut(status, name)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("no %s in the status of a process", name)
	}
	size, err := strconv.ParseFloat(fields[0], 64)
	return size * 1024 / 1e6, err
}
