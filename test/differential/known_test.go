package differential

import (
	"os"
	"strings"
	"testing"
)

// TestDocumented is that docs/lookups.md shows the list, each difference in a
// row, in this order.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/lookups.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, d := range Known {
		rows.WriteString("| " + strings.Join([]string{d.Title, d.Nslcd, d.Goldap, d.Why}, " | ") + " |\n")
	}
	if _, section, _ := strings.Cut(string(page), "\n## Differences to nslcd\n"); !strings.Contains(section, "\n| --- | --- | --- | --- |\n"+rows.String()) {
		t.Errorf("docs/lookups.md, Differences to nslcd, must have these rows and no others:\n%s", rows.String())
	}
}

// TestKnown is that each row has a text and answers to questions of a variant,
// and that no answer stands in two.
func TestKnown(t *testing.T) {
	once := map[Seen]bool{}
	variants := map[string]bool{}
	for _, v := range Variants() {
		if variants[v.Name] {
			t.Errorf("two variants are called %s", v.Name)
		}
		variants[v.Name] = true
	}
	for _, d := range Known {
		if d.Title == "" || d.Nslcd == "" || d.Goldap == "" || d.Why == "" || len(d.Seen) == 0 {
			t.Errorf("%+v: something is missing", d)
		}
		for _, seen := range d.Seen {
			if once[seen] || seen.Nslcd == seen.Goldap {
				t.Errorf("%s stands here twice, or is no difference", seen)
			}
			once[seen] = true
			if !variants[seen.Variant] {
				t.Errorf("%s: there is no such variant", seen)
			}
		}
	}
}

// TestQuestionsAreDifferent is that a variant asks nothing twice, for the list
// could not tell the answers apart.
func TestQuestionsAreDifferent(t *testing.T) {
	for _, v := range Variants() {
		asked := map[string]bool{}
		for _, q := range v.Questions {
			if asked[q.Text] {
				t.Errorf("%s: %s is asked twice", v.Name, q.Text)
			}
			asked[q.Text] = true
		}
	}
}
