package config

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestKeywordsAreDocumented compares the keywords of the two old spellings with
// the tables of docs/configuration.md.
func TestKeywordsAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, in := range map[string]spelling{"pam_ldap.conf": spellPADL, "nslcd.conf": spellNSLCD} {
		t.Run(heading, func(t *testing.T) {
			_, text, _ := strings.Cut(string(data), "\n## "+heading+"\n")
			text, _, _ = strings.Cut(text, "\n## ")
			_, text, _ = strings.Cut(text, "\n### Honoured\n")
			honouredText, warnedText, _ := strings.Cut(text, "\n### Only warned about\n")
			compareKeywords(t, in, honoured(), keywordRows(honouredText), func(k keyword) string {
				if k.path == "" {
					return ""
				}
				return "`" + strings.TrimPrefix(k.path, ".") + "`"
			})
			compareKeywords(t, in, notHonoured(), keywordRows(warnedText), func(k keyword) string { return k.why })
		})
	}
}

// keywordRow is what a row of a table says about a keyword.
type keywordRow struct{ same, text string }

// keywordRows reads rows of the form | `keyword` (`same`), `keyword` | text |...
func keywordRows(section string) map[string]keywordRow {
	word := regexp.MustCompile("`([a-z0-9_]+)`(?: \\(`([a-z0-9]+)`\\))?")
	rows := map[string]keywordRow{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `") || len(cells) < 4 {
			continue
		}
		for _, match := range word.FindAllStringSubmatch(cells[1], -1) {
			rows[match[1]] = keywordRow{same: match[2], text: strings.TrimSpace(cells[2])}
		}
	}
	return rows
}

// compareKeywords reports every keyword of a spelling without its row, and every
// row without its keyword.
func compareKeywords(t *testing.T, in spelling, keywords []keyword, rows map[string]keywordRow, want func(keyword) string) {
	t.Helper()
	if len(rows) < 5 {
		t.Fatalf("found only %d rows", len(rows))
	}
	for _, k := range keywords {
		if k.in&in == 0 {
			continue
		}
		row, ok := rows[k.name]
		if wanted := want(k); !ok || row.same != k.same || row.text != wanted {
			t.Errorf("docs/configuration.md: the row of %s has %q, %q instead of %q, %q (there: %v)", k.name, row.same, row.text, k.same, wanted, ok)
		}
		delete(rows, k.name)
	}
	for name := range rows {
		t.Errorf("docs/configuration.md has a row for %s, which is not such a keyword", name)
	}
}

// TestSSSDKeysAreDocumented looks for each key that is carried over in the table of
// docs/migrating-from-sssd.md, and for each key of the table in SSSD's.
func TestSSSDKeysAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/migrating-from-sssd.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(data), "\n## Where each option goes\n")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[string]bool{"domains": true, "entry_negative_timeout": true, "pam_id_timeout": true}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, match := range regexp.MustCompile("`([a-z0-9_]+)(?: = [a-z]+)?`").FindAllStringSubmatch(cells[1], -1) {
			documented[match[1]] = true
		}
	}
	for _, name := range []string{"dns_discovery_domain", "ad_domain"} { // of ldap_uri
		documented[name] = true
	}
	for _, k := range sssdKeywords() {
		if !documented[k.name] {
			t.Errorf("docs/migrating-from-sssd.md has no row for %s", k.name)
		}
		delete(documented, k.name)
	}
	for _, name := range []string{"domains", "entry_negative_timeout", "pam_id_timeout", "deny"} {
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/migrating-from-sssd.md has a row for %s, which is not carried over", name)
	}
}

// TestMemoryIsDocumented compares the defaults in the table of docs/lookups.md
// with the model's.
func TestMemoryIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/lookups.md")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	for key, value := range map[string]any{
		"lookups.cache_ttl": cfg.Lookups.CacheTTL, "lookups.negative_ttl": cfg.Lookups.NegativeTTL,
		"lookups.stale_ttl": cfg.Lookups.StaleTTL, "lookups.cache_entries": cfg.Lookups.CacheEntries,
		"lookups.member_ttl": cfg.Lookups.MemberTTL, "lookups.member_negative_ttl": cfg.Lookups.MemberNegativeTTL,
		"login.cache_ttl": cfg.Login.CacheTTL,
	} {
		if row := fmt.Sprintf("\n| `%s` | %v | ", key, value); !strings.Contains(string(data), row) {
			t.Errorf("docs/lookups.md has no row that begins with %q", row)
		}
	}
}
