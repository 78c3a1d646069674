package architecture

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// page is a file of Markdown: where its links lead, and the anchors of its
// headings.
type page struct {
	links   []string
	anchors map[string]bool
}

var (
	fencePattern   = regexp.MustCompile("(?ms)^```.*?^```[ \t]*$")
	codePattern    = regexp.MustCompile("`[^`\n]*`")
	linkPattern    = regexp.MustCompile(`\]\(([^()\s]+)\)|(?m)^\[[^\]]+\]: +(\S+)`)
	headingPattern = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	targetPattern  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// readPage takes the links and headings out of text.
func readPage(text string) page {
	text = fencePattern.ReplaceAllString(text, "")
	p := page{anchors: map[string]bool{}}
	for _, match := range headingPattern.FindAllStringSubmatch(text, -1) {
		anchor := anchorOf(match[1])
		for n := 1; p.anchors[anchor]; n++ {
			anchor = fmt.Sprintf("%s-%d", anchorOf(match[1]), n)
		}
		p.anchors[anchor] = true
	}
	for _, match := range linkPattern.FindAllStringSubmatch(codePattern.ReplaceAllString(text, "``"), -1) {
		p.links = append(p.links, match[1]+match[2])
	}
	return p
}

// anchorOf is what GitHub makes of a heading: lower case, without punctuation,
// with hyphens for blanks.
func anchorOf(heading string) string {
	heading = targetPattern.ReplaceAllString(heading, "$1")
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case unicode.IsLetter(c) || unicode.IsDigit(c) || c == '-' || c == '_':
			return unicode.ToLower(c)
		}
		return -1
	}, heading)
}

// pages reads every file of Markdown in the repository, by its path.
func pages(t *testing.T) map[string]page {
	t.Helper()
	all := map[string]page{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "build" || name == ".git" || name == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".md") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		all[relative] = readPage(string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d pages", len(all))
	}
	return all
}

// resolve returns the file and the anchor that a link on page from leads to;
// inside is false for links to other places.
func resolve(from, link string) (file, anchor string, inside bool) {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return "", "", false
	}
	file, anchor, _ = strings.Cut(link, "#")
	if file == "" {
		return from, anchor, true
	}
	return filepath.Join(filepath.Dir(from), file), anchor, true
}

// TestLinksLeadSomewhere follows every link inside the repository, to the
// heading if it names one.
func TestLinksLeadSomewhere(t *testing.T) {
	all, followed := pages(t), 0
	for from, p := range all {
		for _, link := range p.links {
			file, anchor, inside := resolve(from, link)
			if !inside {
				continue
			}
			followed++
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s links to %s, which does not exist", from, link)
			} else if target, isPage := all[file]; anchor != "" && isPage && !target.anchors[anchor] {
				t.Errorf("%s links to %s: %s has no heading of that name", from, link, file)
			}
		}
	}
	if followed < 100 {
		t.Errorf("followed only %d links", followed)
	}
}

// TestEveryPageIsInTheIndex: docs/README.md names each page beside it, and what
// lies deeper can be reached from there.
func TestEveryPageIsInTheIndex(t *testing.T) {
	const index = "docs/README.md"
	all := pages(t)
	reached, queue := map[string]bool{}, []string{index}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, link := range all[from].links {
			file, _, inside := resolve(from, link)
			if inside && !reached[file] && strings.HasPrefix(file, "docs/") {
				reached[file] = true
				queue = append(queue, file)
			}
		}
	}
	var named []string
	for _, link := range all[index].links {
		if file, _, inside := resolve(index, link); inside {
			named = append(named, file)
		}
	}
	for file := range all {
		switch {
		case !strings.HasPrefix(file, "docs/") || file == index:
		case filepath.Dir(file) == "docs" && !slices.Contains(named, file):
			t.Errorf("%s does not name %s", index, file)
		case !reached[file]:
			t.Errorf("no link leads from %s to %s", index, file)
		}
	}
}

func TestAnchorOf(t *testing.T) {
	for heading, want := range map[string]string{
		"Who may log in":                   "who-may-log-in",
		"`ssl start_tls`, or not":          "ssl-start_tls-or-not",
		"1. Look before you change":        "1-look-before-you-change",
		"[Groups](lookups.md) of somebody": "groups-of-somebody",
	} {
		if got := anchorOf(heading); got != want {
			t.Errorf("%q: got %q, want %q", heading, got, want)
		}
	}
}
