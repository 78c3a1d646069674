package module

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The artefacts under test: copies of what is in build/, so that a make in the
// meantime disturbs nothing.
var modulePath, daemonPath string

// built is what this package compiles for itself.
var built struct {
	host, session  string // the programs of test/hosts
	checkedHost    string // the same, with sanitizers
	checkedSession string
	checkedModule  string // the C files of the module, with sanitizers
	faults         string // makes calls of the C library fail
}

// parallel is how many tests run at the same time: they wait more than they
// work.
const parallel = "16"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "goldap-module-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	modulePath, daemonPath = filepath.Join(dir, "pam_goldap.so"), filepath.Join(dir, "goldapd")
	for _, path := range []string{modulePath, daemonPath} {
		if err := copyArtefact(path); err != nil {
			fmt.Fprintf(os.Stderr, "%v: run make first\n", err)
			return 1
		}
	}
	if err := compileAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func copyArtefact(path string) error {
	data, err := os.ReadFile(filepath.Join("../../build", filepath.Base(path)))
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o755)
}
