package packages

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const profile = "../../packaging/authselect"

var (
	condition = regexp.MustCompile(`\s*\{(include|exclude|continue) if (not )?"([^"]*)"\}`)
	choice    = regexp.MustCompile(`\{if (not )?"([^"]*)":([^|}]*)\|?([^}]*)\}`)
)

// render is what authselect makes of a file of a profile (authselect-profiles(5)),
// as far as ours go.
func render(template string, features ...string) string {
	on := func(not, feature string) bool { return slices.Contains(features, feature) == (not == "") }
	var text strings.Builder
	for line := range strings.Lines(template) {
		if c := condition.FindStringSubmatch(line); c != nil {
			if on(c[2], c[3]) == (c[1] == "exclude") {
				if c[1] == "continue" {
					return ""
				}
				continue
			}
			line = condition.ReplaceAllString(line, "")
		}
		text.WriteString(choice.ReplaceAllStringFunc(line, func(found string) string {
			c := choice.FindStringSubmatch(found)
			if on(c[1], c[2]) {
				return c[3]
			}
			return c[4]
		}))
	}
	return text.String()
}

// TestAuthselectFeatures is that the profile's README names every feature that
// its files know, and no other.
func TestAuthselectFeatures(t *testing.T) {
	used := map[string]bool{}
	files, err := os.ReadDir(profile)
	must(t, err)
	for _, file := range files {
		if file.Name() == "README" {
			continue
		}
		for _, found := range regexp.MustCompile(`"(with[a-z-]*)"`).FindAllStringSubmatch(read(t, filepath.Join(profile, file.Name())), -1) {
			used[found[1]] = true
		}
	}
	readme := read(t, filepath.Join(profile, "README"))
	for feature := range used {
		if !regexp.MustCompile(`(?m)^(.*, )?` + feature + `(, .*)?::`).MatchString(readme) {
			t.Errorf("README does not explain %s", feature)
		}
	}
	for _, heading := range regexp.MustCompile(`(?m)^(with.*)::$`).FindAllStringSubmatch(readme, -1) {
		for feature := range strings.SplitSeq(heading[1], ", ") {
			if !used[feature] {
				t.Errorf("README explains %s, which no file knows", feature)
			}
		}
	}
}

// TestAuthselectProfile is that a local user never gets to a line of ours that
// could refuse him, whatever is selected.
func TestAuthselectProfile(t *testing.T) {
	for _, file := range []string{"system-auth", "password-auth", "fingerprint-auth"} {
		text := render(read(t, filepath.Join(profile, file)), "with-faillock", "with-fingerprint", "with-pamaccess", "with-mkhomedir", "with-pwhistory")
		if strings.ContainsAny(text, "{}") {
			t.Errorf("%s: not understood:\n%s", file, text)
		}
		local := strings.Index(text, "account     sufficient                                   pam_localuser.so")
		ours := regexp.MustCompile(`(?m)^account .*pam_goldap.so`).FindStringIndex(text)
		if local < 0 || ours == nil || local > ours[0] {
			t.Errorf("%s: the account line comes before pam_localuser.so:\n%s", file, text)
		}
		for _, line := range regexp.MustCompile(`(?m)^(auth|password|session) .*pam_goldap.so`).FindAllString(text, -1) {
			if !strings.Contains(line, "sufficient") && !strings.Contains(line, "[success=ok default=ignore]") {
				t.Errorf("%s: refuses everybody once the module is gone: %s", file, line)
			}
		}
	}
	if text := render(read(t, filepath.Join(profile, "fingerprint-auth"))); text != "" {
		t.Errorf("fingerprint-auth without the feature is\n%s", text)
	}
}
