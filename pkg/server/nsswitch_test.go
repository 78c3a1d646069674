package server

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestNSSwitchIsReadOnceAMinute, and a change is seen then; a file that cannot
// be read names nobody.
func TestNSSwitchIsReadOnceAMinute(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nsswitch.conf")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		n := &nsswitch{path: path, logger: slog.New(slog.DiscardHandler)}
		expect := func(when string, want bool) {
			if got := n.hasShadow(); got != want {
				t.Errorf("%s: %v", when, got)
			}
		}
		expect("no file", false)
		write("shadow: files ldap\n")
		expect("within the minute", false)
		time.Sleep(time.Minute)
		expect("after a minute", true)
		write("shadow: files\n")
		time.Sleep(59 * time.Second)
		expect("after 59 seconds", true)
		time.Sleep(time.Second)
		expect("after the second minute", false)
	})
}
