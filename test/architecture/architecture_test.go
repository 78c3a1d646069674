// Package architecture holds the rules about the code as a whole: which room
// may import which, and that ARCHITECTURE.md speaks of things that exist.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/goldap/goldap/"

// below says what each room may import of ours. Arrows point down:
// server -> login, names -> directory -> account.
var below = map[string][]string{
	"pkg/secret":      {},
	"pkg/account":     {},
	"pkg/expression":  {},
	"pkg/manual":      {},
	"pkg/sshkey":      {},
	"pkg/trace":       {},
	"pkg/throttle":    {},
	"pkg/config":      {"pkg/expression", "pkg/secret"},
	"pkg/nslcd":       {"pkg/account", "pkg/secret"},
	"pkg/directory":   {"pkg/account", "pkg/config", "pkg/expression", "pkg/secret", "pkg/throttle", "pkg/trace"},
	"pkg/names":       {"pkg/account", "pkg/directory", "pkg/trace"},
	"pkg/roles":       {"pkg/account", "pkg/trace"},
	"pkg/login":       {"pkg/account", "pkg/directory", "pkg/roles", "pkg/secret", "pkg/trace"},
	"pkg/server":      {"pkg/account", "pkg/config", "pkg/directory", "pkg/login", "pkg/names", "pkg/nslcd", "pkg/roles", "pkg/secret", "pkg/throttle", "pkg/trace"},
	"pkg/metrics":     {"pkg/server"},
	"pkg/client":      {"pkg/account", "pkg/nslcd", "pkg/secret"},
	"pkg/admin":       {"pkg/config", "pkg/directory", "pkg/secret", "pkg/server"},
	"pkg/adminclient": {"pkg/admin", "pkg/directory", "pkg/server"},
	"pkg/embedded":    {"pkg/secret"},
	"pkg/machine":     {"pkg/client", "pkg/config", "pkg/directory", "pkg/nslcd"},
	"pkg/setup":       {"pkg/directory"},
}

// only says who alone may import a library, and why.
var only = []struct{ library, room, why string }{
	{"github.com/go-ldap/ldap", "pkg/directory", "its traps are fenced in there (docs/directory.md)"},
	{"github.com/BurntSushi/toml", "pkg/config", "there is one configuration model, read in one place"},
	{"github.com/spf13/cobra", "cmd/goldapctl", "the daemon and the module start in milliseconds"},
	{"github.com/coreos/go-systemd", "cmd/goldapd", "the rest of goldap runs without systemd, and does not know it"},
	{"github.com/prometheus/client_golang", "pkg/metrics", "it is never to be linked into the module"},
	{"golang.org/x/crypto/ssh", "pkg/sshkey", "it is never to be linked into the module"},
	{"github.com/jimlambrt/gldap", "pkg/embedded", "it is the demo's directory, not a part of goldap"},
}

func TestImportsPointDown(t *testing.T) {
	for dir, imports := range importsByRoom(t) {
		allowed, known := below[dir]
		if strings.HasPrefix(dir, "pkg/") && !strings.Contains(dir, "/internal/") && !known {
			t.Errorf("%s is a new room: say in this test what it may import", dir)
		}
		for _, imported := range imports {
			for _, rule := range only {
				if strings.HasPrefix(imported, rule.library) && dir != rule.room {
					t.Errorf("%s imports %s: only %s may, because %s", dir, imported, rule.room, rule.why)
				}
			}
			ours, isOurs := strings.CutPrefix(imported, module)
			if known && isOurs && !slices.Contains(allowed, ours) && !strings.HasPrefix(ours, dir+"/") {
				t.Errorf("%s imports %s, which is not below it", dir, ours)
			}
		}
	}
}

// TestModuleStaysSmall: metrics and ssh keys are the daemon's. The module is loaded into every
// program that logs people in. (net/http is in it: go-ldap imports it for NTLM.)
func TestModuleStaysSmall(t *testing.T) {
	linked := packages(t, "./pam_module")
	for _, never := range []string{"github.com/prometheus/client_golang/prometheus", module + "pkg/metrics", "golang.org/x/crypto/ssh"} {
		if slices.Contains(linked, never) {
			t.Errorf("pam_module links %s", never)
		}
		if !slices.Contains(packages(t, "./cmd/goldapd"), never) {
			t.Errorf("goldapd does not link %s: does this test look for the right thing?", never)
		}
	}
}

// packages are those that are linked into a program.
func packages(t *testing.T, program string) []string {
	t.Helper()
	list := exec.Command("go", "list", "-deps", program)
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// importsByRoom lists what the files of each folder import, tests left out.
func importsByRoom(t *testing.T) map[string][]string {
	t.Helper()
	rooms := map[string][]string{}
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			rooms[dir] = append(rooms[dir], name)
		}
	})
	if len(rooms) < len(below) {
		t.Fatalf("found only %d rooms: is the path to the repository right?", len(rooms))
	}
	return rooms
}

const root = "../.."

// walk calls visit with the path of every source file.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	for _, top := range []string{"cmd", "pkg", "pam_module", "nss_module"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			relative, err := filepath.Rel(root, path)
			visit(relative)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestArchitectureNamesWhatExists looks for each `name` and `path` of
// ARCHITECTURE.md in the source.
func TestArchitectureNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	walk(t, func(path string) {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		source.WriteString(path + "\n" + string(data))
	})
	quoted := regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(string(text), -1)
	if len(quoted) < 20 {
		t.Fatalf("ARCHITECTURE.md names only %d things", len(quoted))
	}
	for _, match := range quoted {
		name := match[1]
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			continue
		}
		last := name[strings.LastIndexAny(name, ".")+1:]
		if !strings.Contains(source.String(), name) && !regexp.MustCompile(`\b`+regexp.QuoteMeta(last)+`\b`).MatchString(source.String()) {
			t.Errorf("ARCHITECTURE.md speaks of %q, which is neither a file nor in the source", name)
		}
	}
}

// TestNoRoomOutgrowsOneReading keeps files short enough to be read at once.
func TestNoRoomOutgrowsOneReading(t *testing.T) {
	const most = 450
	walk(t, func(path string) {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(data), "\n"); lines > most && !strings.HasSuffix(path, "_test.go") && path != "pkg/admin/openapi.json" { // generated
			t.Errorf("%s has %d lines: does it still do one thing?", path, lines)
		}
	})
}
