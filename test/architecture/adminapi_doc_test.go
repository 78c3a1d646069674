package architecture

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAdminAPIPage compares the table of docs/admin-api.md with the description
// of the API.
func TestAdminAPIPage(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "pkg/admin/openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for path, operations := range document.Paths {
		for method := range operations {
			if method != "parameters" {
				there[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	page, err := os.ReadFile(filepath.Join(root, "docs/admin-api.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\|").FindAllStringSubmatch(string(page), -1) {
		named[match[1]] = true
	}
	if !maps.Equal(there, named) {
		t.Errorf("the page has\n%s\nand the API\n%s", lines(named), lines(there))
	}
}

func lines(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), "\n")
}
