package wire

import "testing"

func TestFilesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, frame := range Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "about.txt", "refused.txt") {
		if seen[frame.Name] {
			t.Errorf("%s stands there twice", frame.Name)
		}
		seen[frame.Name] = true
	}
	if len(seen) < 50 {
		t.Errorf("only %d frames", len(seen))
	}
}

func TestParseRefusesBadFiles(t *testing.T) {
	for name, text := range map[string]string{
		"two words":         "a request",
		"four words":        "a request 00 00",
		"odd hex":           "a request 000",
		"response first":    "a response 00",
		"other name":        "a request 00\nb response 00",
		"no response":       "a request 00",
		"two requests":      "a request 00\na request 00",
		"neither direction": "a question 00",
	} {
		if frames, err := parse(text); err == nil {
			t.Errorf("%s: %v", name, frames)
		}
	}
}
