//go:build integration

package integration

import (
	"os"
	"regexp"
	"testing"
)

// TestSessionStack is the session group of docs/configuration.md: a first login
// makes the home directory, and umask and limits apply.
func TestSessionStack(t *testing.T) {
	stack := regexp.MustCompile(`(?m)^### Home directories, umask and limits\n(?:[^#]*?\n)\n((?:    session .*\n)+)`).FindStringSubmatch(readFile(t, "/goldap/docs/configuration.md"))
	if stack == nil {
		t.Fatal("docs/configuration.md has no such stack")
	}
	inSetups(t, []setup{withDaemon}, func(t *testing.T, _ setup) {
		namesFromGoldap(t)
		writeFile(t, "/etc/security/limits.conf", 0o644, "* - nofile 321\n")
		writeFile(t, "/etc/pam.d/su", 0o644, "auth sufficient pam_rootok.so\naccount required pam_goldap.so\n"+
			regexp.MustCompile(`(?m)^ +`).ReplaceAllString(stack[1], ""))
		must(t, os.RemoveAll("/home/alice"))
		asUID(t, 0, "", "su", "-l", "alice", "-c", "umask; ulimit -n; pwd; stat -c '%U %a' .").
			accept(t, "0027\n321\n/home/alice\nalice 700\n")
	})
}
