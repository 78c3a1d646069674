package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// stateFolder is root's alone. It is not goldapd's own folder: the record says
// which files root writes.
const stateFolder = "/var/lib/goldap-setup"

const recordName = "setup.json"

// record is what was done, in order.
type record struct {
	Version int       `json:"version"`
	Began   time.Time `json:"began"`
	// Finished: the setup came to its end.
	Finished bool   `json:"finished"`
	Steps    []step `json:"steps"`
}

// recordVersion is the version that this program writes and reads.
const recordVersion = 1

// step is one change.
type step struct {
	What  string    `json:"what"`
	Began time.Time `json:"began"`
	// Folder is a folder that was made, Service one that was started.
	Folder  string `json:"folder,omitempty"`
	Service string `json:"service,omitempty"`
	Files   []file `json:"files,omitempty"`
	// Patterns are the files among which a program has changed some.
	Patterns []string `json:"patterns,omitempty"`
	// Done: what was to be changed has been. A step that is not done may have
	// changed any of its files.
	Done bool `json:"done"`
	// Undone: it was put back.
	Undone bool `json:"undone,omitempty"`
}

// file is a file that a step changes.
type file struct {
	Path   string   `json:"path"`
	Before Snapshot `json:"before"`
	// After is nil as long as it is not known: while a program changes it.
	After *Snapshot `json:"after,omitempty"`
}

// errNoRecord: there is nothing to undo.
var errNoRecord = errors.New("there is no record of a setup")

func (o Options) recordPath() string { return filepath.Join(o.real(stateFolder), recordName) }

// load reads the record. It must be root's alone.
func (o Options) load() (*record, error) {
	path := o.recordPath()
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s)", errNoRecord, path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := o.isOurs(f, path); err != nil {
		return nil, err
	}
	var r record
	if err := json.NewDecoder(f).Decode(&r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if r.Version != recordVersion {
		return nil, fmt.Errorf("%s is of version %d, which this goldapctl does not know: use the goldapctl that made it", path, r.Version)
	}
	return &r, nil
}

// isOurs refuses a record, or a folder of it, that others may have written.
func (o Options) isOurs(f *os.File, path string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	folder, err := os.Lstat(filepath.Dir(path))
	if err != nil {
		return err
	}
	for name, info := range map[string]fs.FileInfo{path: info, filepath.Dir(path): folder} {
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
			return fmt.Errorf("%s may have been written by others than root: it is not believed", name)
		}
	}
	return nil
}

// save writes the record, and does not return before it is on the disk.
func (o Options) save(r *record) error {
	o.at("save")
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	defer clear(data)
	folder := o.real(stateFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	err = put(o.recordPath(), Snapshot{Exists: true, Mode: 0o600, UID: os.Geteuid(), GID: os.Getegid(), Data: data})
	o.at("saved")
	return err
}

// forget takes the record away.
func (o Options) forget() error {
	o.at("forget")
	err := errors.Join(os.Remove(o.recordPath()), syncFolder(o.real(stateFolder)))
	_ = os.Remove(o.real(stateFolder)) // stays if there is something else in it
	return err
}
