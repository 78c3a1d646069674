package machine

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msteinert/pam/v2"
)

const stacksPlayed = 1000

// TestPlayIsLibpam plays stacks made by chance here and in libpam itself, with
// pam_debug, which answers what its arguments say.
func TestPlayIsLibpam(t *testing.T) {
	if found, _ := filepath.Glob("/lib/*/security/pam_debug.so"); len(found) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("libpam's pam_debug.so is not here (package libpam-modules)")
		}
		t.Skip("libpam's pam_debug.so is not here (package libpam-modules)")
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	admitted := 0
	for i := range stacksPlayed {
		service := fmt.Sprint("play", i)
		text, sub := randomStack(random, true), randomStack(random, false)
		text = strings.ReplaceAll(text, "SUB", filepath.Join(dir, service+"-sub"))
		must(t, os.WriteFile(filepath.Join(dir, service+"-sub"), []byte(sub), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, service), []byte(text), 0o644))
		r := &pamReader{host: host{}, included: map[string]bool{}}
		stack := r.service(filepath.Join(dir, service), "auth")
		got := play(stack, func(l pamLine) string {
			said, _ := l.option("auth")
			return said
		})
		if len(r.problems) > 0 {
			t.Fatalf("problems %v", r.problems)
		}
		want := authenticate(t, dir, service)
		if (got == success) != want {
			t.Fatalf("%q here, admitted by libpam: %v\n%s\nSUB:\n%s", got, want, text, sub)
		}
		if want {
			admitted++
		}
	}
	if admitted < stacksPlayed/10 || admitted > stacksPlayed*9/10 {
		t.Errorf("%d of %d stacks admit: that proves little", admitted, stacksPlayed)
	}
}

// authenticate has libpam itself go through the service.
func authenticate(t *testing.T, dir, service string) bool {
	t.Helper()
	session, err := pam.StartConfDir(service, "root", pam.ConversationFunc(func(pam.Style, string) (string, error) { return "", nil }), dir)
	must(t, err)
	defer func() { _ = session.End() }()
	return session.Authenticate(0) == nil
}

func randomStack(random *rand.Rand, withSub bool) string {
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	var text strings.Builder
	for range 1 + random.IntN(6) {
		if withSub && random.IntN(5) == 0 {
			fmt.Fprintf(&text, "auth %s SUB\n", pick("substack", "include"))
			continue
		}
		control := pick("required", "requisite", "sufficient", "optional", "[]")
		if control == "[]" {
			action := func() string { return pick("ok", "done", "bad", "die", "ignore", "reset", "1", "2", "3") }
			control = fmt.Sprintf("[success=%s auth_err=%s ignore=%s default=%s]", action(), action(), action(), action())
		}
		fmt.Fprintf(&text, "auth %s pam_debug.so auth=%s\n", control, pick("success", "success", "auth_err", "ignore", "user_unknown"))
	}
	return text.String()
}
