//go:build integration

package packages

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReproducible builds the packages that make test-packages has built a second
// time, in another folder, later, with another umask, time zone, language and
// home, and without git. Not a byte may differ. With GOLDAP_FRESH_CACHE=1 Go compiles
// everything anew for that, too, which takes minutes.
func TestReproducible(t *testing.T) {
	if inside() {
		t.Skip("needs the sources and the compilers, which the private root does not have")
	}
	first := "../../build/test-packages/1"
	folder := filepath.Join(t.TempDir(), "another-folder-with-a-name-of-another-length")
	run(t, "sh", "-euc", `umask 077; mkdir "$1"; cd ../..
		git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -c | tar -x --touch -C "$1"
		chmod -R go= "$1"`, "sh", folder)
	build := exec.CommandContext(t.Context(), "sh", "-euc", `umask 077; make deb rpm VERSION=1.0.0`)
	build.Dir = folder
	build.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strings.TrimSpace(run(t, "../../packaging/version.sh", "epoch")),
		"TZ=Asia/Kathmandu", "LC_ALL=C.UTF-8", "USER=somebody", "MAKEFLAGS=", "MAKELEVEL=")
	if os.Getenv("GOLDAP_FRESH_CACHE") != "" {
		build.Env = append(build.Env, "GOCACHE="+t.TempDir())
	}
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	compared := 0
	for _, kind := range []string{"deb", "rpm"} {
		files, err := filepath.Glob(filepath.Join(first, "*."+kind))
		must(t, err)
		for _, file := range files {
			compared++
			if again := filepath.Join(folder, "build/packages", filepath.Base(file)); sum(t, file) != sum(t, again) {
				t.Errorf("%s is another one the second time", filepath.Base(file))
			}
		}
	}
	if compared != 2*len(allPackages) {
		t.Errorf("%d packages compared, want %d: make test-packages builds them first", compared, 2*len(allPackages))
	}
}

func sum(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(text))
}
