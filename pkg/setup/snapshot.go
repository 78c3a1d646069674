package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Snapshot is a file as it is at a moment: not there, a file or a symbolic
// link.
type Snapshot struct {
	Exists bool        `json:"exists"`
	Link   string      `json:"link,omitempty"`
	Mode   fs.FileMode `json:"mode,omitempty"`
	UID    int         `json:"uid"`
	GID    int         `json:"gid"`
	Data   []byte      `json:"data,omitempty"`
}

// equal reports whether two snapshots are the same for a reader.
func (s Snapshot) equal(o Snapshot) bool {
	if !s.Exists || !o.Exists {
		return s.Exists == o.Exists
	}
	if s.Link != "" || o.Link != "" {
		return s.Link == o.Link
	}
	return s.Mode == o.Mode && s.UID == o.UID && s.GID == o.GID && bytes.Equal(s.Data, o.Data)
}

// largest is the largest file that is kept in the record.
const largest = 8 << 20

// snapshot looks at a file.
func snapshot(path string) (Snapshot, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Snapshot{}, nil
	}
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Exists: true, Mode: info.Mode().Perm()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s.UID, s.GID = int(stat.Uid), int(stat.Gid)
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		s.Link, err = os.Readlink(path)
	case !info.Mode().IsRegular():
		return Snapshot{}, fmt.Errorf("%s is neither a file nor a symbolic link", path)
	case info.Size() > largest:
		return Snapshot{}, fmt.Errorf("%s is larger than %d MiB", path, largest>>20)
	default:
		s.Data, err = os.ReadFile(path)
	}
	return s, err
}

// put makes the file at path what s says, in one step.
func put(path string, s Snapshot) error {
	if !s.Exists {
		err := os.Remove(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, syncFolder(filepath.Dir(path)))
	}
	beside, err := makeBeside(path, s)
	if err != nil {
		return err
	}
	if err := os.Rename(beside, path); err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return syncFolder(filepath.Dir(path))
}

// temporary is how the names of files begin that are not in their place yet.
// Names with a dot are none of a service of PAM's, nor of a configuration.
const temporary = ".goldap-setup-"

// makeBeside writes the file or link beside its place.
func makeBeside(path string, s Snapshot) (beside string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return "", err
	}
	beside = f.Name()
	defer func() {
		if err != nil {
			_ = os.Remove(beside)
		}
	}()
	if s.Link != "" {
		return beside, errors.Join(f.Close(), os.Remove(beside), os.Symlink(s.Link, beside))
	}
	_, err = f.Write(s.Data)
	err = errors.Join(err, ownedBy(f, s), f.Chmod(s.Mode), f.Sync())
	return beside, errors.Join(err, f.Close())
}

// ownedBy gives the file its owner, if it is not that already: whoever is not
// root cannot, and need not.
func ownedBy(f *os.File, s Snapshot) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) == s.UID && int(stat.Gid) == s.GID {
		return nil
	}
	return f.Chown(s.UID, s.GID)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
