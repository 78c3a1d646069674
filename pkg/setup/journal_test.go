package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// machine is a folder with files of a machine.
func machine(t *testing.T) string {
	t.Helper()
	root := inMemory(t)
	for path, text := range map[string]string{
		"/etc/nsswitch.conf":       "passwd: files\n",
		"/etc/pam.d/common-auth":   "auth required pam_unix.so\n",
		"/etc/pam.d/other":         "auth required pam_deny.so\n",
		"/var/lib/pam/auth":        "unix\n",
		"/etc/goldap/bind.secret":  "old\n",
		"/etc/nsswitch.conf.extra": "x",
	} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, path), []byte(text), 0o600))
	}
	must(t, os.Symlink("common-auth", filepath.Join(root, "/etc/pam.d/common-link")))
	must(t, os.MkdirAll(filepath.Join(root, "/var/lib"), 0o755))
	return root
}

// inMemory is a folder of a test that need not wait for a disk: every step of a
// setup does.
func inMemory(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("/dev/shm", "setup")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	return root
}

// contents are all files, links and folders of a machine.
func contents(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		must(t, err)
		if e.IsDir() {
			fmt.Fprintf(&all, "%s/\n", path)
			return nil
		}
		snap, err := snapshot(path)
		must(t, err)
		fmt.Fprintf(&all, "%s %+v\n", path, snap)
		return nil
	}))
	return all.String()
}

// pamAuthUpdate changes files as the program of that name does: one after the
// other, not in one step, and makes new ones.
func pamAuthUpdate(root string, crash func(string)) func(context.Context, string, ...string) error {
	return func(context.Context, string, ...string) error {
		crash("first file")
		err := os.WriteFile(filepath.Join(root, "/etc/pam.d/common-auth"), []byte("auth sufficient pam_goldap.so\n"), 0o644)
		crash("second file")
		err2 := os.WriteFile(filepath.Join(root, "/var/lib/pam/seen"), []byte("goldap\n"), 0o600)
		crash("third file")
		err3 := errors.Join(os.Remove(filepath.Join(root, "/etc/pam.d/common-link")), os.Symlink("other", filepath.Join(root, "/etc/pam.d/common-link")))
		return errors.Join(err, err2, err3)
	}
}

// setUp is a setup that changes, makes and leaves files.
func setUp(opts Options) error {
	j, err := Open(opts)
	if err != nil {
		return err
	}
	return errors.Join(
		j.Write("/etc/goldap/bind.secret", []byte("new\n"), Private),
		j.Write("/etc/goldap/more/ca.pem", []byte("CA\n"), Public),
		j.Write("/etc/goldap/goldap.toml", []byte("[[directory]]\n"), Private),
		j.Command(context.Background(), []string{"/etc/pam.d/common-*", "/var/lib/pam/*"}, "pam-auth-update", "--enable", "goldap"),
		j.Write("/etc/goldap/goldap.toml", []byte("# once more\n"), Private),
		j.Finish(),
	)
}

func undo(opts Options, force bool) error {
	return Undo(context.Background(), opts, force, func(string) {})
}

func TestUndoPutsEverythingBack(t *testing.T) {
	root := machine(t)
	before := contents(t, root)
	opts := Options{Root: root, Run: pamAuthUpdate(root, func(string) {})}
	must(t, setUp(opts))
	for path, want := range map[string]struct {
		text string
		mode fs.FileMode
	}{
		"/etc/goldap/bind.secret": {"new\n", 0o640}, "/etc/goldap/goldap.toml": {"# once more\n", 0o640},
		"/etc/goldap/more/ca.pem": {"CA\n", 0o644}, "/var/lib/goldap-setup/setup.json": {"", 0o600},
	} {
		snap, err := snapshot(filepath.Join(root, path))
		must(t, err)
		if snap.Mode != want.mode || want.text != "" && string(snap.Data) != want.text {
			t.Errorf("%s: %+v", path, snap)
		}
	}
	must(t, undo(opts, false))
	if after := contents(t, root); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if err := undo(opts, false); !errors.Is(err, errNoRecord) {
		t.Errorf("a second time: %v", err)
	}
}

// TestTwoSetupsAreUndoneTogether is that the second goes on in the record of
// the first.
func TestTwoSetupsAreUndoneTogether(t *testing.T) {
	root := machine(t)
	before := contents(t, root)
	opts := Options{Root: root, Run: pamAuthUpdate(root, func(string) {})}
	must(t, setUp(opts))
	must(t, setUp(opts))
	must(t, undo(opts, false))
	if after := contents(t, root); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// killed is what a kill is in these tests.
type killed struct{}

// killAt runs f and kills it at the n-th moment that matters. It reports whether
// f was over before.
func killAt(n int, f func(crash func(string)) error) (over bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(killed); !ours {
				panic(r)
			}
		}
	}()
	count := 0
	err = f(func(string) {
		if count++; count == n {
			panic(killed{})
		}
	})
	return true, err
}

// TestKilledAtEveryStep is that a setup can be undone whenever it was killed,
// and an undo repeated whenever that was.
func TestKilledAtEveryStep(t *testing.T) {
	over := false
	for n := 1; !over; n++ {
		root := machine(t)
		before := contents(t, root)
		var err error
		over, err = killAt(n, func(crash func(string)) error {
			return setUp(Options{Root: root, Run: pamAuthUpdate(root, crash), crash: crash})
		})
		must(t, err)
		opts := Options{Root: root, Run: pamAuthUpdate(root, func(string) {})}
		if !over && HasRecord(opts) {
			r, err := opts.load()
			must(t, err)
			if _, err := Open(opts); !r.Finished && (err == nil || !strings.Contains(err.Error(), "--undo")) {
				t.Errorf("killed at %d: a new setup begins: %v", n, err)
			}
		}
		if err := undo(opts, false); err != nil && !errors.Is(err, errNoRecord) {
			t.Fatalf("killed at %d: %v", n, err)
		}
		if after := contents(t, root); after != before && !emptyStateOnly(before, after, root) {
			t.Fatalf("killed at %d: before:\n%s\nafter:\n%s", n, before, after)
		}
		if n > 200 {
			t.Fatal("the setup never ends")
		}
		if over && n < 20 {
			t.Errorf("only %d moments: are they all tried?", n)
		}
	}
}

// emptyStateOnly: a kill before the first record was written leaves its folder.
func emptyStateOnly(before, after, root string) bool {
	return strings.Replace(after, root+stateFolder+"/\n", "", 1) == before
}

func TestUndoKilledAtEveryStep(t *testing.T) {
	over := false
	for n := 1; !over; n++ {
		root := machine(t)
		before := contents(t, root)
		must(t, setUp(Options{Root: root, Run: pamAuthUpdate(root, func(string) {})}))
		var err error
		over, err = killAt(n, func(crash func(string)) error { return undo(Options{Root: root, crash: crash}, false) })
		must(t, err)
		if !over {
			must(t, undo(Options{Root: root}, false))
		}
		if after := contents(t, root); after != before {
			t.Fatalf("killed at %d: before:\n%s\nafter:\n%s", n, before, after)
		}
		if over && n < 10 {
			t.Errorf("only %d moments: are they all tried?", n)
		}
	}
}

// TestUndoRefusesWhatOthersChanged is that nothing is put back if a file was
// changed since, unless it is forced.
func TestUndoRefusesWhatOthersChanged(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"other text": func(path string) error { return os.WriteFile(path, []byte("mine\n"), 0o640) },
		"mode":       func(path string) error { return os.Chmod(path, 0o600) },
		"a link":     func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path)) },
	} {
		t.Run(name, func(t *testing.T) {
			root := machine(t)
			before := contents(t, root)
			opts := Options{Root: root, Run: pamAuthUpdate(root, func(string) {})}
			must(t, setUp(opts))
			must(t, change(filepath.Join(root, "/etc/goldap/goldap.toml")))
			between := contents(t, root)
			err := undo(opts, false)
			if err == nil || !strings.Contains(err.Error(), "/etc/goldap/goldap.toml") || !strings.Contains(err.Error(), "--force") {
				t.Errorf("error %v", err)
			}
			if after := contents(t, root); after != between {
				t.Error("something was put back nevertheless")
			}
			must(t, undo(opts, true))
			if after := contents(t, root); after != before {
				t.Errorf("forced: before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// TestTheRecordIsRootsAlone is that one which others may have written is not
// believed.
func TestTheRecordIsRootsAlone(t *testing.T) {
	for name, open := range map[string]func(folder string) error{
		"file":   func(folder string) error { return os.Chmod(filepath.Join(folder, recordName), 0o666) },
		"folder": func(folder string) error { return os.Chmod(folder, 0o777) },
		"link": func(folder string) error {
			path := filepath.Join(folder, recordName)
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		},
		"version": func(folder string) error {
			path := filepath.Join(folder, recordName)
			data, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, bytes.Replace(data, []byte(`"version": 1`), []byte(`"version": 9`), 1), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := machine(t)
			opts := Options{Root: root, Run: pamAuthUpdate(root, func(string) {})}
			must(t, setUp(opts))
			must(t, open(filepath.Join(root, stateFolder)))
			between := contents(t, root)
			if err := undo(opts, true); err == nil {
				t.Error("it was believed")
			}
			if contents(t, root) != between {
				t.Error("something was put back")
			}
		})
	}
}

// TestWriteChangesNothingTwice is that a file that is right is not in the record.
func TestWriteChangesNothingTwice(t *testing.T) {
	root := machine(t)
	opts := Options{Root: root}
	for range 2 {
		j, err := Open(opts)
		must(t, err)
		must(t, j.Write("/etc/goldap/goldap.toml", []byte("x"), Private))
		must(t, j.Finish())
	}
	r, err := opts.load()
	must(t, err)
	if len(r.Steps) != 1 {
		t.Errorf("%d steps", len(r.Steps))
	}
}

// TestFailedCommandIsUndone is that what a program changed before it failed is
// known.
func TestFailedCommandIsUndone(t *testing.T) {
	root := machine(t)
	before := contents(t, root)
	opts := Options{Root: root, Run: func(context.Context, string, ...string) error {
		return errors.Join(errors.New("no"), os.WriteFile(filepath.Join(root, "/etc/pam.d/common-new"), nil, 0o644))
	}}
	j, err := Open(opts)
	must(t, err)
	if err := j.Command(t.Context(), []string{"/etc/pam.d/common-*"}, "x"); err == nil {
		t.Error("no error")
	}
	must(t, undo(opts, false))
	if after := contents(t, root); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
