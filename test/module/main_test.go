package module

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The artefacts under test, absolute.
var (
	modulePath = artefact("pam_goldap.so")
	daemonPath = artefact("goldapd")
)

// built is what this package compiles for itself.
var built struct {
	host, session  string // the programs of test/hosts
	checkedHost    string // the same, with sanitizers
	checkedSession string
	checkedModule  string // the C files of the module, with sanitizers
}

func artefact(name string) string {
	path, err := filepath.Abs(filepath.Join("../../build", name))
	if err != nil {
		panic(err)
	}
	return path
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
	for _, path := range []string{modulePath, daemonPath} {
		if _, err := os.Stat(path); err != nil {
			fmt.Fprintf(os.Stderr, "%v: run make first\n", err)
			return 1
		}
	}
	dir, err := os.MkdirTemp("", "goldap-module-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := compileAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
