package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamplesInTheDocs loads every block of TOML in the pages of docs. A block
// that is about something else than directories gets one.
func TestExamplesInTheDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?ms)^```toml\n(.*?)^```$")
	found := 0
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, match := range block.FindAllStringSubmatch(string(data), -1) {
			found++
			t.Run(fmt.Sprint(filepath.Base(page), " ", i), func(t *testing.T) {
				example := match[1]
				if !strings.Contains(example, "[[directory]]") {
					example += minimal
				}
				cfg := load(t, "goldap.toml", example)
				if len(cfg.Warnings) > 0 {
					t.Errorf("warnings: %s\n%s", problems(cfg.Warnings), example)
				}
			})
		}
	}
	if found < 5 {
		t.Errorf("found only %d examples", found)
	}
}
