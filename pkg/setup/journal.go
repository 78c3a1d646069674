package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Options say where a setup takes place; the zero value is this machine.
type Options struct {
	// Root is a folder that stands for /.
	Root string
	// Run runs a program of the machine, whose output is in the error.
	Run func(ctx context.Context, name string, args ...string) error

	// crash, in tests, is called before each moment at which a kill would
	// leave something else behind.
	crash func(where string)
}

func (o Options) at(where string) {
	if o.crash != nil {
		o.crash(where)
	}
}

// real returns where a path of the machine is for this process.
func (o Options) real(path string) string {
	if o.Root == "" {
		return path
	}
	return filepath.Join(o.Root, path)
}

// Access is who may read a file that is written.
type Access int

const (
	// Public files are read by everybody.
	Public Access = iota
	// Private files are root's, and the group of goldapd may read them.
	Private
)

// Journal changes the machine, and keeps the record of it.
type Journal struct {
	opts   Options
	record *record
	group  int // goldapd's
}

// Open begins a setup, or goes on after one that is finished, so that Undo puts
// back both. One that was interrupted has to be undone first.
func Open(opts Options) (*Journal, error) {
	r, err := opts.load()
	switch {
	case errors.Is(err, errNoRecord):
		r = &record{Version: recordVersion, Began: time.Now().UTC()}
	case err != nil:
		return nil, err
	case !r.Finished:
		return nil, fmt.Errorf("the setup that began at %s was interrupted: goldapctl setup --undo puts back what it has changed", r.Began.Local().Format(time.DateTime))
	}
	if err := opts.clear(opts.real(stateFolder)); err != nil {
		return nil, err
	}
	r.Finished = false
	return &Journal{opts: opts, record: r, group: groupOf(opts.real("/etc/group"), daemonGroup)}, nil
}

// Finish notes that the setup came to its end.
func (j *Journal) Finish() error {
	j.record.Finished = true
	return j.opts.save(j.record)
}

// Changed reports whether there is anything in the record.
func (j *Journal) Changed() bool { return len(j.record.Steps) > 0 }

// begin notes a step that is about to be taken. end notes that it was.
func (j *Journal) begin(s step) (end func() error, err error) {
	s.Began = time.Now().UTC()
	j.record.Steps = append(j.record.Steps, s)
	i := len(j.record.Steps) - 1
	if err := j.opts.save(j.record); err != nil {
		j.record.Steps = j.record.Steps[:i]
		return nil, fmt.Errorf("%s: %w", j.opts.recordPath(), err)
	}
	return func() error {
		j.record.Steps[i].Done = true
		return j.opts.save(j.record)
	}, nil
}

// Folder makes a folder, and those above it, if they are not there.
func (j *Journal) Folder(path string) error {
	real := j.opts.real(path)
	if _, err := os.Stat(real); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent := filepath.Dir(path); parent != "/" {
		if err := j.Folder(parent); err != nil {
			return err
		}
	}
	end, err := j.begin(step{What: "make the folder " + path, Folder: path})
	if err != nil {
		return err
	}
	j.opts.at("folder")
	if err := os.Mkdir(real, 0o755); err != nil {
		return err
	}
	return end()
}

// Write makes a file be data, if it is not. It follows a symbolic link.
func (j *Journal) Write(path string, data []byte, access Access) error {
	if target, err := filepath.EvalSymlinks(j.opts.real(path)); err == nil && j.opts.Root == "" {
		path = target
	}
	before, err := snapshot(j.opts.real(path))
	if err != nil {
		return err
	}
	after := Snapshot{Exists: true, Mode: 0o644, UID: os.Geteuid(), GID: os.Getegid(), Data: data}
	if access == Private {
		after.Mode, after.GID = 0o640, j.group
	}
	if before.equal(after) {
		return nil
	}
	if err := j.Folder(filepath.Dir(path)); err != nil {
		return err
	}
	end, err := j.begin(step{What: "write " + path, Files: []file{{Path: path, Before: before, After: &after}}})
	if err != nil {
		return err
	}
	j.opts.at("write")
	if err := put(j.opts.real(path), after); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return end()
}

// Command runs a program that changes files among those of the patterns
// (filepath.Match, of the machine), or makes such files.
func (j *Journal) Command(ctx context.Context, patterns []string, name string, args ...string) error {
	s := step{What: commandText(name, args), Patterns: patterns}
	before, err := j.opts.snapshots(patterns)
	if err != nil {
		return err
	}
	for path, snap := range before {
		s.Files = append(s.Files, file{Path: path, Before: snap})
	}
	end, err := j.begin(s)
	if err != nil {
		return err
	}
	j.opts.at("command")
	failed := j.opts.Run(ctx, name, args...)
	j.opts.at("commanded")
	after, err := j.opts.snapshots(patterns)
	if err != nil {
		return err
	}
	j.compare(before, after)
	return errors.Join(failed, end())
}

func commandText(name string, args []string) string {
	text := name
	for _, arg := range args {
		text += " " + arg
	}
	return text
}

// snapshots looks at all files that the patterns name. A pattern without a
// star is a file that may not be there yet.
func (o Options) snapshots(patterns []string) (map[string]Snapshot, error) {
	found := map[string]Snapshot{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(o.real(pattern))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 && !hasStar(pattern) {
			paths = []string{o.real(pattern)}
		}
		for _, real := range paths {
			path := o.shown(real)
			if found[path], err = snapshot(real); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// Started notes that a service was started, which Undo will stop.
func (j *Journal) Started(service string) error {
	end, err := j.begin(step{What: "start " + service, Service: service})
	if err != nil {
		return err
	}
	return end()
}

// compare puts what a command has changed into the last step.
func (j *Journal) compare(before, after map[string]Snapshot) {
	last := &j.record.Steps[len(j.record.Steps)-1]
	last.Files = nil
	for path, snap := range after {
		if old := before[path]; !old.equal(snap) {
			last.Files = append(last.Files, file{Path: path, Before: old, After: &snap})
		}
	}
	for path, old := range before {
		if _, there := after[path]; !there && old.Exists {
			last.Files = append(last.Files, file{Path: path, Before: old, After: &Snapshot{}})
		}
	}
}
