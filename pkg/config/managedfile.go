package config

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
)

// maxManagedSize is the largest managed file, in bytes: some hundreds of
// directories, or a second of root's time if goldapd's user means harm.
const maxManagedSize = 512 << 10

// managedFile is the contents of a managed file.
type managedFile struct {
	path string
	data []byte
	mode fs.FileMode
}

func (f *managedFile) wipe() {
	if f != nil {
		clear(f.data)
	}
}

// readManaged reads the managed file of a configuration; nil means that there is
// none. The folder belongs to goldapd's own user, and root reads it, too: no link
// is followed, and nothing that is not a file is waited for.
func readManaged(path string) (*managedFile, error) {
	f, err := os.OpenFile(ManagedPath(path), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a file")
	}
	if err := checkOwner(f.Name(), info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxManagedSize+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(data) > maxManagedSize {
		return nil, fmt.Errorf("is larger than %d KiB", maxManagedSize>>10)
	}
	return &managedFile{path: ManagedPath(path), data: data, mode: info.Mode()}, nil
}

// checkOwner refuses a managed file that somebody else could have made than root
// and the user that its folder is for.
func checkOwner(path string, info fs.FileInfo) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return withoutPath(err)
	}
	if folder.Mode().Perm()&0o002 != 0 {
		return errors.New("everybody may write to its folder, and so decide who logs in: chmod 0755 " + shellQuote(filepath.Dir(path)))
	}
	owner, folderOwner := info.Sys().(*syscall.Stat_t).Uid, folder.Sys().(*syscall.Stat_t).Uid
	if !ownedRight(owner, folderOwner, uint32(os.Geteuid())) {
		return fmt.Errorf("belongs to uid %d, and its folder to uid %d: chown it to that one", owner, folderOwner)
	}
	return nil
}

// overlayFile puts a managed file, if there is one, over what was read.
func (d *draft) overlayFile(f *managedFile) {
	if f == nil {
		return
	}
	m, managed := parseManaged(f.path, d.file, f.data)
	m.checkMode(f.mode)
	if d.stopped = m.stopped; d.stopped {
		d.errors = append(d.errors, m.errors...)
		return
	}
	d.overlay(managed, m)
	d.cfg.Files = append(d.cfg.Files, f.path)
}

// LoadManaged returns the managed part of a configuration, empty if there is
// none yet. The error is as Load's.
func LoadManaged(path string) (*Managed, error) {
	f, err := readManaged(path)
	if err != nil {
		return nil, Errors{{File: ManagedPath(path), Text: err.Error(), Err: err}}
	}
	if f == nil {
		return &Managed{}, nil
	}
	defer f.wipe()
	d, m := parseManaged(f.path, path, f.data)
	d.checkMode(f.mode)
	if len(d.errors) > 0 {
		return nil, Errors(d.errors)
	}
	return m, nil
}

// LoadWith loads a configuration as it would be with this managed part. Nothing
// is written; contents is what the managed file would be, with passwords in it,
// which the caller wipes.
func LoadWith(path string, m *Managed) (cfg *Config, contents []byte, err error) {
	contents, err = m.encode()
	if err == nil && len(contents) > maxManagedSize {
		clear(contents)
		err = fmt.Errorf("the managed file would be larger than %d KiB", maxManagedSize>>10)
	}
	if err != nil {
		return nil, nil, Errors{{File: ManagedPath(path), Text: err.Error()}}
	}
	cfg, err = loadOver(path, &managedFile{path: ManagedPath(path), data: bytes.Clone(contents), mode: managedMode})
	if err != nil {
		clear(contents)
		return nil, nil, err
	}
	return cfg, contents, nil
}

// managedMode is that of the managed file: root reads it as root.
const managedMode = 0o640

const managedHeader = `# Written by goldapd for its admin API: what goldapctl directory, role and settings
# change. It comes over the administrator's file beside it. Changes made here by
# hand count after a reload, but the comments go with the next change.
`

func (m *Managed) encode() ([]byte, error) {
	out := writer{options: WriteOptions{Secrets: true}}
	out.text.WriteString(managedHeader)
	out.structure("", reflect.ValueOf(*m), reflect.ValueOf(Managed{}))
	return out.text.Bytes(), out.err
}

// ReadManaged returns what is in the managed file of a configuration, nil if
// there is none. There may be passwords in it, which the caller wipes. The error
// is as Load's.
func ReadManaged(path string) ([]byte, error) {
	f, err := readManaged(path)
	if err != nil {
		return nil, Errors{{File: ManagedPath(path), Text: err.Error(), Err: err}}
	}
	if f == nil {
		return nil, nil
	}
	return f.data, nil
}

// SaveManaged writes the managed file of a configuration: whole, or not at all.
// The folder must be there and be the caller's.
func SaveManaged(path string, contents []byte) error {
	final := ManagedPath(path)
	folder, err := os.Open(filepath.Dir(final)) // all that can fail comes before the rename
	if err != nil {
		return err
	}
	defer folder.Close()
	removeLeft(final)
	fresh := final + freshSuffix + rand.Text()
	if err = writeWhole(fresh, contents); err == nil {
		err = os.Rename(fresh, final)
	}
	if err != nil {
		_ = os.Remove(fresh)
		return err
	}
	_ = folder.Sync() // the change counts; without this a power cut may bring the old file back, whole
	return nil
}

// freshSuffix ends the name of a file that is being written, before what makes it
// the writer's own: the name of another's half is never renamed.
const freshSuffix = ".new-"

// removeLeft makes room: it removes what processes left that were killed while
// they wrote.
func removeLeft(final string) {
	files, _ := os.ReadDir(filepath.Dir(final))
	for _, file := range files {
		if strings.HasPrefix(file.Name(), filepath.Base(final)+freshSuffix) {
			_ = os.Remove(filepath.Join(filepath.Dir(final), file.Name()))
		}
	}
}

// writeWhole writes a file that is not there yet to the disk.
func writeWhole(path string, contents []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, managedMode)
	if err != nil {
		return err
	}
	_, err = f.Write(contents)
	return errors.Join(err, f.Sync(), f.Close())
}
