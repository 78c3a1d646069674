package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrChangedSince: files are not as setup left them.
var ErrChangedSince = errors.New("changed since by somebody else")

// Undo puts back everything that setups have changed since the first, the last
// first, and tells progress what it does. It refuses if a file is not as setup
// left it, unless it is to be forced; then what was changed since is lost. One
// that was interrupted may be repeated.
func Undo(ctx context.Context, opts Options, force bool, progress func(string)) error {
	r, err := opts.load()
	if err != nil {
		return err
	}
	changed, err := opts.changedSince(r)
	if err != nil {
		return err
	}
	if len(changed) > 0 && !force {
		return fmt.Errorf("%w: %s: nothing was put back; with --force, those changes are lost", ErrChangedSince, strings.Join(changed, ", "))
	}
	r.Finished = false
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if r.Steps[i].Undone {
			continue
		}
		progress("undo: " + r.Steps[i].What)
		if err := opts.undo(ctx, r.Steps[i]); err != nil {
			return fmt.Errorf("undo: %s: %w", r.Steps[i].What, err)
		}
		r.Steps[i].Undone = true
		if err := opts.save(r); err != nil {
			return err
		}
	}
	return opts.forget()
}

// changedSince names the files that are neither as a setup left them nor as
// they were before it. It goes back through the steps in mind only.
func (o Options) changedSince(r *record) ([]string, error) {
	now := map[string]Snapshot{}
	var changed []string
	for _, s := range slices.Backward(r.Steps) {
		if s.Undone {
			continue
		}
		for _, f := range s.Files {
			if _, looked := now[f.Path]; !looked {
				var err error
				if now[f.Path], err = snapshot(o.real(f.Path)); err != nil {
					return nil, err
				}
			}
			if !f.isOurs(now[f.Path], s) && !slices.Contains(changed, f.Path) {
				changed = append(changed, f.Path)
			}
			now[f.Path] = f.Before
		}
	}
	return changed, nil
}

// isOurs reports whether a file is as the step has left it, or as it was before.
// What a program was doing to it when it was interrupted is not known.
func (f file) isOurs(now Snapshot, s step) bool {
	return now.equal(f.Before) || f.After == nil && !s.Done || f.After != nil && now.equal(*f.After)
}

func (o Options) undo(ctx context.Context, s step) error {
	var failed []error
	for _, f := range s.Files {
		o.at("restore")
		if now, err := snapshot(o.real(f.Path)); err == nil && now.equal(f.Before) {
			continue
		}
		failed = append(failed, put(o.real(f.Path), f.Before))
	}
	failed = append(failed, o.removeMade(s))
	if s.Folder != "" {
		o.at("remove folder")
		_ = os.Remove(o.real(s.Folder)) // stays if somebody has put something in
	}
	if s.Service != "" && o.Run != nil {
		_ = o.Run(ctx, "systemctl", "stop", s.Service) // it may have been removed since
	}
	return errors.Join(failed...)
}

// removeMade takes away what a program that was interrupted has made, and what
// was not yet in its place.
func (o Options) removeMade(s step) error {
	var failed []error
	if !s.Done {
		made, err := o.snapshots(s.Patterns)
		failed = append(failed, err)
		for path, snap := range made {
			isKnown := slices.ContainsFunc(s.Files, func(f file) bool { return f.Path == path })
			if snap.Exists && !isKnown {
				failed = append(failed, put(o.real(path), Snapshot{}))
			}
		}
	}
	for _, f := range s.Files {
		failed = append(failed, o.clear(filepath.Dir(o.real(f.Path))))
	}
	return errors.Join(failed...)
}

// clear removes the files of an interrupted setup that are not in their place
// yet.
func (o Options) clear(folder string) error {
	left, err := filepath.Glob(filepath.Join(folder, temporary+"*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// HasRecord reports whether there is something to undo.
func HasRecord(opts Options) bool {
	_, err := opts.load()
	return !errors.Is(err, errNoRecord)
}
