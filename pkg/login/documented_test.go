package login

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSentencesAreDocumented: docs/passwords.md shows what users read, word for
// word, in the second column of one of its tables.
func TestSentencesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/passwords.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## What the user reads")
	table, _, _ = strings.Cut(table, "## What is logged")
	for _, text := range []string{
		textUnavailable, textChangeRefused, textEmptyNewPassword, textModNotAllowed, textMustSupplyOld, textQuality,
		textTooShort, textTooYoung, textInHistory, textRestriction, textElsewhere, strings.Replace(notBefore(2), "2", "N", 1),
	} {
		if !strings.Contains(table, "| "+text+" |") {
			t.Errorf("docs/passwords.md does not have %q", text)
		}
	}
	if rows := regexp.MustCompile(`(?m)^\| .* \|$`).FindAllString(table, -1); len(rows) != 15 {
		t.Errorf("%d rows: does each of them have a sentence of this package?", len(rows))
	}
}
