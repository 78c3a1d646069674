// Package systemd boots the private root of test/root: its systemd as process 1,
// in namespaces of its own (boot.sh), with the network of the test.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const bootScript = "/goldap/test/root/boot.sh"

// Machine is what was booted.
type Machine struct {
	process *exec.Cmd
	// init is its process 1, as it is called here.
	init int
	// groups is where control groups are mounted, group is the machine's.
	groups, group string
}

// Boot boots into basic.target: sockets listen, and nothing is started but what
// boots every machine. What it says on the console goes to logFile.
func Boot(ctx context.Context, logFile string) (*Machine, error) {
	m := &Machine{}
	if err := m.makeGroup(); err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	log, err := os.Create(logFile)
	if err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	defer log.Close()
	m.process = exec.Command(bootScript, m.group)
	m.process.Stdout, m.process.Stderr = log, log
	if err := m.process.Start(); err != nil {
		m.process = nil
		return nil, errors.Join(err, m.Stop())
	}
	if err := m.wait(ctx); err != nil {
		said, _ := os.ReadFile(logFile)
		return nil, errors.Join(fmt.Errorf("boot: %w\n%s", err, said), m.Stop())
	}
	return m, nil
}

// makeGroup makes a control group of its own, so that all of them can be taken
// away.
func (m *Machine) makeGroup() (err error) {
	if m.groups, err = os.MkdirTemp("/run", "groups"); err != nil {
		return err
	}
	if err := syscall.Mount("cgroup", m.groups, "cgroup2", 0, ""); err != nil {
		return fmt.Errorf("control groups, version 2: %w", err)
	}
	m.group = filepath.Join(m.groups, fmt.Sprintf("goldap-test-%d", time.Now().UnixNano()))
	return os.Mkdir(m.group, 0o755)
}

// wait waits until basic.target is reached.
func (m *Machine) wait(ctx context.Context) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if m.findInit() == nil {
			if m.Command("systemctl", "is-active", "--quiet", "basic.target").Run() == nil {
				return nil
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// findInit finds process 1: the only child of unshare(1), which the script
// becomes.
func (m *Machine) findInit() error {
	pid := m.process.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	m.init, err = strconv.Atoi(strings.TrimSpace(string(children)))
	return err
}

// Command is a command that runs on the machine, as root.
func (m *Machine) Command(name string, arguments ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(m.init), "--all", "--root", "--wd", "--", name}
	return exec.Command("nsenter", append(enter, arguments...)...)
}

// Path is where a file of the machine is seen here.
func (m *Machine) Path(path string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", m.init), path)
}

// Stop ends everything, without a shutdown.
func (m *Machine) Stop() error {
	var errs []error
	if m.process != nil {
		errs = append(errs, m.process.Process.Kill())
		_ = m.process.Wait() // it was killed
	}
	if m.group != "" {
		errs = append(errs, removeGroups(m.group))
	}
	if m.groups != "" {
		errs = append(errs, syscall.Unmount(m.groups, 0), os.Remove(m.groups))
	}
	return errors.Join(errs...)
}

// removeGroups removes control groups, from the innermost. The kernel needs a
// moment to empty them.
func removeGroups(top string) error {
	var groups []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	slices.Reverse(groups)
	for _, group := range groups {
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			problem := os.Remove(group)
			if problem == nil || time.Now().After(end) {
				err = errors.Join(err, problem)
				break
			}
		}
	}
	return err
}
