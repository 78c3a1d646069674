package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// What was put in the place of a socket does not lead to another file.
func TestReplacedSocketIsNotOpenedToAll(t *testing.T) {
	dir := t.TempDir()
	precious, link := filepath.Join(dir, "precious"), filepath.Join(dir, "socket")
	if err := errors.Join(os.WriteFile(precious, nil, 0o600), os.Symlink(precious, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, precious} {
		if err := (&Socket{path: path}).open(0o666); err == nil {
			t.Errorf("%s was opened to all", path)
		}
	}
	if info, err := os.Stat(precious); err != nil || info.Mode() != fs.FileMode(0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
