package architecture

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// TestProtocolDocHasTheConstants compares the tables of docs/protocol.md with
// the constants of pkg/nslcd: the same names with the same numbers.
func TestProtocolDocHasTheConstants(t *testing.T) {
	documented := documentedNumbers(t)
	declared := map[string]int64{}
	for _, file := range []string{"actions.go", "codes.go", "limits.go"} {
		maps.Copy(declared, constantsOf(t, filepath.Join(root, "pkg/nslcd", file)))
	}
	delete(declared, "Version")
	if len(declared) < 20 {
		t.Fatalf("found only %d constants in pkg/nslcd", len(declared))
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if number, ok := documented[name]; !ok || number != declared[name] {
			t.Errorf("docs/protocol.md has %#x for %s (there: %v), the source %#x", number, name, ok, declared[name])
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/protocol.md speaks of %s, which pkg/nslcd does not have", name)
	}
}

// documentedNumbers returns the first two columns of the rows that begin with
// the name of a constant.
func documentedNumbers(t *testing.T) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([A-Z][A-Za-z]+)` \\| ([0-9a-fx]+) \\|")
	numbers := map[string]int64{}
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		number, err := strconv.ParseInt(match[2], 0, 64)
		if err != nil {
			t.Errorf("docs/protocol.md: %s: %v", match[1], err)
		}
		numbers[match[1]] = number
	}
	return numbers
}

// constantsOf returns the exported constants that a file declares with a value
// that stands alone.
func constantsOf(t *testing.T, path string) map[string]int64 {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]int64{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !spec.Names[0].IsExported() {
			return true
		}
		value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, types.ExprString(spec.Values[0]))
		if err != nil || value.Value == nil || value.Value.Kind() != constant.Int {
			return true
		}
		if number, exact := constant.Int64Val(value.Value); exact {
			numbers[spec.Names[0].Name] = number
		}
		return true
	})
	return numbers
}

// TestDocsNameFilesThatExist looks for each path that a page in docs names or
// links to.
func TestDocsNameFilesThatExist(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil || len(pages) < 4 {
		t.Fatalf("found only %d pages: %v", len(pages), err)
	}
	path := regexp.MustCompile("`((?:pkg|pam_module|cmd|etc|test|docs)/[A-Za-z0-9_./-]*)`")
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[a-z-]+)?\)`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range path.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, match[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), match[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
