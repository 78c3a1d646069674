package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
)

// identity is a user of this machine with their groups.
type identity struct {
	uid, gid int
	groups   []int
}

// The files that say who that is. The name service is never asked: it would ask
// goldapd.
const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// findIdentity returns whom the configuration says that goldapd becomes, or nil
// if it stays who it is. passwd and group are the contents of passwd(5) and
// group(5).
func findIdentity(cfg config.Daemon, passwd, group []byte) (*identity, error) {
	if cfg.User == "" && cfg.Group == "" {
		return nil, nil
	}
	id := &identity{uid: os.Getuid(), gid: -1}
	if cfg.User != "" {
		user := findLine(passwd, cfg.User)
		if user == nil {
			return nil, fmt.Errorf("user %q (daemon.user, uid) is not in %s: name one that is, or remove the line if goldapd shall stay root", cfg.User, passwdFile)
		}
		id.uid, id.gid = user.id, user.gid
		id.groups = groupsOf(group, user.name)
	}
	if cfg.Group != "" {
		line := findLine(group, cfg.Group)
		if line == nil {
			return nil, fmt.Errorf("group %q (daemon.group, gid) is not in %s", cfg.Group, groupFile)
		}
		id.gid = line.id
	}
	if !slices.Contains(id.groups, id.gid) {
		id.groups = append(id.groups, id.gid)
	}
	return id, nil
}

// line is what passwd(5) or group(5) says about a user or a group.
type line struct {
	name    string
	id, gid int // gid in passwd(5) only
	members string
}

// findLine returns the first line with that name or, if name is a number, with
// that number.
func findLine(file []byte, name string) *line {
	number, err := account.ParseID(name)
	isNumber := err == nil
	for text := range bytes.Lines(file) {
		l, ok := parseLine(string(text))
		if ok && (l.name == name || isNumber && l.id == int(number)) {
			return l
		}
	}
	return nil
}

// parseLine reads NAME:x:ID:GID or MEMBERS.
func parseLine(text string) (*line, bool) {
	columns := strings.SplitN(strings.TrimRight(text, "\n"), ":", 5)
	if len(columns) < 4 || columns[0] == "" || text[0] == '#' {
		return nil, false
	}
	id, err := account.ParseID(columns[2])
	gid, _ := strconv.ParseUint(columns[3], 10, 32)
	return &line{name: columns[0], id: int(id), gid: int(gid), members: columns[3]}, err == nil
}

// groupsOf returns the gids of the groups that name the user.
func groupsOf(group []byte, user string) []int {
	var gids []int
	for text := range bytes.Lines(group) {
		l, ok := parseLine(string(text))
		if ok && slices.Contains(strings.Split(l.members, ","), user) && !slices.Contains(gids, l.id) {
			gids = append(gids, l.id)
		}
	}
	return gids
}

// readIdentity is findIdentity with the files of this machine. Only root can
// become somebody else; for other users it returns nil.
func readIdentity(cfg config.Daemon) (*identity, error) {
	if os.Geteuid() != 0 || cfg.User == "" && cfg.Group == "" {
		return nil, nil
	}
	passwd, err := os.ReadFile(passwdFile)
	if err != nil {
		return nil, err
	}
	group, err := os.ReadFile(groupFile)
	if err != nil {
		return nil, err
	}
	return findIdentity(cfg, passwd, group)
}

// cannotRead returns those of the files that the user may not read by their
// owner, group and mode: SIGHUP would fail. (ACLs are not looked at.)
func (id *identity) cannotRead(files []string) []string {
	if id == nil || id.uid == 0 {
		return nil
	}
	var closed []string
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			continue // it was read a moment ago
		}
		owner := info.Sys().(*syscall.Stat_t)
		var mask os.FileMode = 0o004
		switch {
		case int(owner.Uid) == id.uid:
			mask = 0o400
		case slices.Contains(id.groups, int(owner.Gid)):
			mask = 0o040
		}
		if info.Mode()&mask == 0 {
			closed = append(closed, path)
		}
	}
	return closed
}

// become makes every thread of this process that user, for good: without
// capabilities, and without a way to get any by executing a program
// (capabilities(7), PR_SET_NO_NEW_PRIVS in prctl(2)).
func (id *identity) become() error {
	if id.uid == 0 {
		return errors.Join(syscall.Setgroups(id.groups), syscall.Setgid(id.gid))
	}
	if err := dropBoundingSet(); err != nil {
		return err
	}
	if err := syscall.Setgroups(id.groups); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := syscall.Setresgid(id.gid, id.gid, id.gid); err != nil {
		return fmt.Errorf("setresgid: %w", err)
	}
	if err := syscall.Setresuid(id.uid, id.uid, id.uid); err != nil {
		return fmt.Errorf("setresuid: %w", err)
	}
	if err := onAllThreads(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	if syscall.Setuid(0) == nil {
		return errors.New("root can be had back")
	}
	return nil
}

// dropBoundingSet takes every capability out of the bounding set, up to the
// last that the kernel knows.
func dropBoundingSet() error {
	for capability := uintptr(0); ; capability++ {
		err := onAllThreads(unix.PR_CAPBSET_DROP, capability)
		if errors.Is(err, syscall.EINVAL) && capability > 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("bounding set of capabilities: %w", err)
		}
	}
}

// onAllThreads is prctl(2) for every thread; the system call is about one only.
// It needs a program without cgo, as goldapd is.
func onAllThreads(option int, value uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, uintptr(option), value, 0, 0, 0, 0)
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return fmt.Errorf("this goldapd was built with cgo, build it with CGO_ENABLED=0: %w", errno)
	}
	return errno
}
