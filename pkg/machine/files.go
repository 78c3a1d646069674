package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// daemonUser is the user that the packages have goldapd run as.
const daemonUser = "goldap"

// fileLine is FILE:LINE, or the file alone.
func fileLine(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// checkFiles looks at who may write and read what goldap reads. That secrets
// are not open to others is a matter of the configuration.
func (x *examination) checkFiles(context.Context) {
	daemon, hasDaemon := x.host.user(daemonUser)
	for _, path := range x.files() {
		info, err := x.host.stat(path)
		if err != nil {
			continue // the configuration says so
		}
		x.checkClosed(path, info)
		owner := x.host.ownerOf(path, info)
		if owner.uid != 0 && !(hasDaemon && owner.uid == daemon.uid && x.isManaged(path)) {
			x.found("file-owner", path, "chown root:goldap "+path, "belongs to uid %d, who can thereby decide who logs in", owner.uid)
		}
		if hasDaemon && !mayRead(daemon, owner, info.Mode()) {
			x.found("file-unreadable", path, fmt.Sprintf("chown root:%s %s && chmod 0640 %s", daemonUser, path, path),
				"goldapd runs as %s, who may not read it (mode %04o)", daemonUser, info.Mode().Perm())
		}
	}
	x.checkFolder()
	x.checkManaged(daemon, hasDaemon)
}

// files are those that goldap reads, as they are called on the machine.
func (x *examination) files() []string {
	if x.path == "" {
		return nil
	}
	files := []string{x.path}
	if x.cfg != nil {
		for _, path := range x.cfg.Files {
			if shown := x.host.shown(path); shown != x.path && !strings.HasPrefix(shown, "/run/credentials/") {
				files = append(files, shown)
			}
		}
	}
	return files
}

func (x *examination) isManaged(path string) bool {
	return filepath.Base(filepath.Dir(path)) == "managed"
}

// checkClosed is about files and folders that others may write.
func (x *examination) checkClosed(path string, info fs.FileInfo) {
	if info.Mode().Perm()&0o022 == 0 {
		return
	}
	x.found("file-open", path, "chmod go-w "+path, "may be written by others than its owner (mode %04o), who then decide who logs in", info.Mode().Perm())
}

// mayRead goes by the mode alone, for a user with one group.
func mayRead(who, owner owner, mode fs.FileMode) bool {
	switch {
	case who.uid == 0:
		return true
	case who.uid == owner.uid:
		return mode&0o400 != 0
	case who.gid == owner.gid:
		return mode&0o040 != 0
	}
	return mode&0o004 != 0
}

// checkFolder is about the folder of the configuration: who may write there may
// replace it.
func (x *examination) checkFolder() {
	if x.path == "" {
		return
	}
	folder := filepath.Dir(x.path)
	info, err := x.host.stat(folder)
	if err != nil {
		return
	}
	x.checkClosed(folder, info)
	if owner := x.host.ownerOf(folder, info); owner.uid != 0 {
		x.found("file-owner", folder, "chown root:root "+folder, "belongs to uid %d, who can thereby replace the configuration", owner.uid)
	}
}

// checkManaged is about the folder that goldapd itself writes to.
func (x *examination) checkManaged(daemon owner, hasDaemon bool) {
	const folder = "/etc/goldap/managed"
	info, err := x.host.stat(folder)
	if errors.Is(err, fs.ErrNotExist) || err != nil || !hasDaemon {
		return
	}
	owner, remedy := x.host.ownerOf(folder, info), fmt.Sprintf("chown %s:%s %s && chmod 0755 %s", daemonUser, daemonUser, folder, folder)
	switch {
	case owner.uid != daemon.uid:
		x.found("managed-folder", folder, remedy, "belongs to uid %d, so that goldapd, which runs as %s, cannot save changes there", owner.uid, daemonUser)
	case info.Mode().Perm()&0o022 != 0:
		x.found("managed-folder", folder, remedy, "may be written by others than goldapd (mode %04o)", info.Mode().Perm())
	}
}

// checkSocket is about a socket of goldapd that is there.
func (x *examination) checkSocket(path string, mode fs.FileMode, why string) {
	info, err := x.host.stat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 {
		return
	}
	if info.Mode().Perm() != mode {
		x.found("socket-mode", path, fmt.Sprintf("chmod %04o %s, and see the unit goldapd.socket", mode, path),
			"has mode %04o instead of %04o: %s", info.Mode().Perm(), mode, why)
	}
}
