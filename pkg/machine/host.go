package machine

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// host is the file system that is looked at.
type host struct {
	root  string
	owner func(path string, info fs.FileInfo) owner
}

// owner is who owns a file.
type owner struct{ uid, gid uint32 }

// real returns where a path of the machine is for this process.
func (h host) real(path string) string {
	if h.root == "" {
		return path
	}
	return filepath.Join(h.root, path)
}

// shown is the reverse of real.
func (h host) shown(path string) string {
	if inside, ok := strings.CutPrefix(path, filepath.Clean(h.root)); ok && h.root != "" {
		return inside
	}
	return path
}

func (h host) read(path string) ([]byte, error) { return os.ReadFile(h.real(path)) }

func (h host) stat(path string) (fs.FileInfo, error) { return os.Stat(h.real(path)) }

func (h host) exists(path string) bool {
	_, err := h.stat(path)
	return err == nil
}

// names returns the names in a folder, nothing if it cannot be read.
func (h host) names(folder string) []string {
	entries, err := os.ReadDir(h.real(folder))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// ownerOf returns who owns a file. In a copy of a machine, whoever made the
// copy stands for root.
func (h host) ownerOf(path string, info fs.FileInfo) owner {
	if h.owner != nil {
		return h.owner(path, info)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}
	}
	return owner{stat.Uid, stat.Gid}
}

// user returns the uid and the primary gid of a local user.
func (h host) user(name string) (who owner, ok bool) {
	fields := h.line("/etc/passwd", name)
	if len(fields) < 4 {
		return owner{}, false
	}
	uid, err1 := strconv.ParseUint(fields[2], 10, 32)
	gid, err2 := strconv.ParseUint(fields[3], 10, 32)
	return owner{uint32(uid), uint32(gid)}, err1 == nil && err2 == nil
}

// line returns the fields of the line of passwd(5) or group(5) that begins
// with the name.
func (h host) line(file, name string) []string {
	data, err := h.read(file)
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(data) {
		fields := strings.Split(strings.TrimRight(string(line), "\n"), ":")
		if fields[0] == name {
			return fields
		}
	}
	return nil
}

// libraries are the folders where libraries may be, with those of
// architectures.
func (h host) libraries() []string {
	var folders []string
	for _, top := range []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib"} {
		folders = append(folders, top)
		for _, name := range h.names(top) {
			if strings.Count(name, "-") >= 2 { // x86_64-linux-gnu
				folders = append(folders, filepath.Join(top, name))
			}
		}
	}
	return folders
}

// library returns the first of the folders' files with the name, "" if none.
func (h host) library(name string) string {
	for _, folder := range h.libraries() {
		if path := filepath.Join(folder, name); h.exists(path) {
			return path
		}
	}
	return ""
}

// modulePath returns the file of a PAM module, "" if there is none.
func (h host) modulePath(name string) string {
	if !filepath.IsAbs(name) {
		return h.library(filepath.Join("security", name))
	}
	if h.exists(name) {
		return name
	}
	return ""
}

// moduleName is the name of a PAM module without its folder: pam_ldap.so may be
// another name of goldap's (package goldap-compat).
func (h host) moduleName(path string) string {
	name := filepath.Base(path)
	if name != "pam_ldap.so" {
		return name
	}
	target, err := filepath.EvalSymlinks(h.real(h.modulePath(path)))
	if err == nil && filepath.Base(target) == goldapModule {
		return goldapModule
	}
	return name
}

// Running returns the numbers of the processes with this name.
func Running(name string) []int {
	var pids []int
	for _, p := range (host{}).processes(name) {
		if pid, err := strconv.Atoi(p.pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// process is a program that runs.
type process struct {
	pid  string
	name string
}

// processes are those of the names that run.
func (h host) processes(names ...string) []process {
	var found []process
	for _, pid := range h.names("/proc") {
		if _, err := strconv.Atoi(pid); err != nil {
			continue
		}
		comm, err := h.read(filepath.Join("/proc", pid, "comm"))
		if name := strings.TrimSpace(string(comm)); err == nil && slices.Contains(names, name) {
			found = append(found, process{pid, name})
		}
	}
	return found
}

// withoutPath takes the path off the text of an error: the finding names it.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
