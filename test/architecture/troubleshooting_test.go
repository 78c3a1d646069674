package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// joint stands between two string literals of which the compiler makes one.
	joint = regexp.MustCompile(`" *\+?\s*"`)
	verb  = regexp.MustCompile(`%[+#]?[a-z]`)
	row   = regexp.MustCompile("(?m)^\\| (`[^|]*?) \\|")
	code  = regexp.MustCompile("`([^`]+)`")
)

// texts is all source, with string literals as they read.
func texts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	walk(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	})
	joined := joint.ReplaceAllString(all.String(), "")
	return strings.ReplaceAll(joined, `\"`, `"`)
}

// sections cuts a page at its headings of the second level.
func sections(text string) map[string]string {
	found := map[string]string{}
	for _, part := range strings.Split(text, "\n## ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		found[title] = body
	}
	return found
}

// pieces are the parts of a quoted message that do not differ from time to time.
func pieces(message string) []string {
	var parts []string
	for _, part := range strings.Split(message, "...") {
		if part = strings.Trim(part, " :,;?"); part != "" && part != `"` {
			parts = append(parts, strings.Trim(part, `"`))
		}
	}
	return parts
}

// ours are the sections whose first column has goldap's own messages.
var ours = []string{"What a person reads", "goldapd does not start", "What goldapd logs", "What the module logs"}

// foreign are messages of others in those columns: of Go's libraries, and keys
// of a log line with their values.
var foreign = regexp.MustCompile(`^(x509: |certificate has expired|connection refused$|i/o timeout$|deadline exceeded$|no such host$|result_code=|outcome=)`)

// TestTroubleshootingQuotesWhatIsSaid looks for each message of
// docs/troubleshooting.md in the source.
func TestTroubleshootingQuotesWhatIsSaid(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, bySection, quoted := texts(t), sections(string(page)), 0
	for _, title := range ours {
		for _, line := range row.FindAllStringSubmatch(bySection[title], -1) {
			quoted++
			for _, message := range code.FindAllStringSubmatch(line[1], -1) {
				if foreign.MatchString(message[1]) {
					continue
				}
				for _, piece := range pieces(message[1]) {
					if !strings.Contains(source, piece) {
						t.Errorf("%s: nothing says %q", title, piece)
					}
				}
			}
		}
	}
	if quoted < 60 {
		t.Errorf("only %d messages are explained", quoted)
	}
}

// TestEveryTextForPeopleIsExplained: what a person can get to read has a row.
func TestEveryTextForPeopleIsExplained(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	messages, err := os.ReadFile(filepath.Join(root, "pkg/login/messages.go"))
	if err != nil {
		t.Fatal(err)
	}
	sentences := regexp.MustCompile(`"([A-Z][^"]*\.)"`).FindAllStringSubmatch(string(messages), -1)
	if len(sentences) < 20 {
		t.Fatalf("found only %d sentences", len(sentences))
	}
	for _, sentence := range sentences {
		text := strings.TrimSpace(verb.ReplaceAllString(sentence[1], "..."))
		if !strings.Contains(string(page), "`"+text+"`") {
			t.Errorf("docs/troubleshooting.md does not explain %q", text)
		}
	}
}
