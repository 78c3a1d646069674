package names

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/goldap/goldap/pkg/account"
)

// localFile knows the names and ids in passwd(5) or group(5): both files have
// the name in the first column and the number in the third. It reads the file
// again when it changed, and never asks the name service, which would ask
// goldapd. A file that cannot be read leaves what was known before.
type localFile struct {
	path string
	fold func(string) string // what names are compared by
	mu   sync.Mutex          // held while reading the file again
	now  atomic.Pointer[localNames]
	// looked is when recent last looked at the file, since began; 0 is never.
	began  time.Time
	looked atomic.Int64
}

// localNames are the names and ids of one version of the file.
type localNames struct {
	version    fileVersion
	generation uint32 // counts the versions
	fold       func(string) string
	names      map[string]localName
	ids        map[uint32]bool
}

// localName is a name as it is spelled, and its id. A name that is there twice,
// not in the same way, or whose id is no id, is not clear.
type localName struct {
	spelled string
	id      uint32
	clear   bool
}

func (l *localNames) hasName(name string) bool {
	_, ok := l.names[l.fold(name)]
	return ok
}

// id returns the id of a name that is spelled like this.
func (l *localNames) id(name string) (id uint32, ok bool) {
	found := l.names[l.fold(name)]
	return found.id, found.clear && found.spelled == name
}

func (l *localNames) hasID(id uint32) bool { return l.ids[id] }

// fileVersion changes whenever the file does: tools replace it by rename(2).
type fileVersion struct {
	inode uint64
	size  int64
	mtime syscall.Timespec
}

func newLocalFile(path string, fold func(string) string) *localFile {
	l := &localFile{path: path, fold: fold, began: time.Now()}
	l.now.Store(&localNames{generation: 1, fold: fold})
	return l
}

// read reads the file for the first time. A file that is there and cannot be
// read is an error: nobody would be local. One that is missing is empty.
func (l *localFile) read() error {
	if known := l.current(); known.version != (fileVersion{}) {
		return nil
	}
	if _, err := os.ReadFile(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("local names: %w", err)
	}
	return nil
}

// localsAge is how old the local names may be where that is good enough.
const localsAge = 100 * time.Millisecond

// recent returns what the file said localsAge ago, or later.
func (l *localFile) recent() *localNames {
	now := time.Since(l.began)
	if last := time.Duration(l.looked.Load()); last > 0 && now-last < localsAge {
		return l.now.Load()
	}
	names := l.current()
	l.looked.Store(max(int64(now), 1)) // behind the reading: whoever sees it takes what was read
	return names
}

// current returns what the file says now. It costs one stat(2), nearly a
// microsecond, so that an account that was just added counts at once; a caller
// with several questions asks them of one result.
func (l *localFile) current() *localNames {
	version, ok := statVersion(l.path)
	known := l.now.Load()
	if !ok || version == known.version {
		return known
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if known = l.now.Load(); version == known.version {
		return known
	}
	data, err := os.ReadFile(l.path)
	if err != nil {
		return known
	}
	fresh := parseLocal(data, l.fold)
	fresh.version, fresh.generation = version, known.generation+1
	l.now.Store(fresh)
	return fresh
}

func statVersion(path string) (fileVersion, bool) {
	var st syscall.Stat_t
	if syscall.Stat(path, &st) != nil {
		return fileVersion{}, false
	}
	return fileVersion{st.Ino, st.Size, st.Mtim}, true
}

func parseLocal(data []byte, fold func(string) string) *localNames {
	l := &localNames{fold: fold, names: map[string]localName{}, ids: map[uint32]bool{}}
	for line := range bytes.Lines(data) {
		columns := bytes.SplitN(line, []byte(":"), 4)
		if len(columns) < 4 || len(columns[0]) == 0 || line[0] == '#' {
			continue
		}
		name := localName{spelled: string(columns[0])}
		id, err := account.ParseID(string(columns[2]))
		if err == nil {
			l.ids[id] = true
			name.id, name.clear = id, true
		}
		key := fold(name.spelled)
		if other, twice := l.names[key]; twice && other != name {
			name.clear = false
		}
		l.names[key] = name
	}
	return l
}
