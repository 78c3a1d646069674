package sshkey_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/pkg/sshkey"
)

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyG9g6gUd940AXQ/7j8PU4thxwLURQhAj53KnPP6zgB"

func TestCheck(t *testing.T) {
	for line, want := range map[string]string{
		key:                                   "",
		key + " ada@example.org, at home":     "",
		key + "\tå":                           "",
		`restrict,command="a b \"c\"" ` + key: "",
		"cert-authority " + key:               "",
		key + " " + strings.Repeat("x", sshkey.MaxSize-len(key)-1): "",
		"":                 "not a public key",
		"   ":              "not a public key",
		"# " + key:         "not a public key",
		"ssh-ed25519":      "not a public key",
		"ssh-ed25519 AAAA": "not a public key",
		"ssh-ed25519 " + strings.Fields(key)[1][:40]: "not a public key",
		"ssh-new " + strings.Fields(key)[1]:          "not a public key",
		`command="a ` + key:                          "not a public key",
		key + "\n":                                   "has a line end",
		key + "\n" + key:                             "has a line end",
		"x\r" + key:                                  "has a line end",
		key + "\x00":                                 "has a line end",
		key + " \x1b[2J":                             "has a line end",
		key + " \x7f":                                "has a line end",
		key + strings.Repeat(" x", sshkey.MaxSize):   "longer than 16384 bytes",
	} {
		err := sshkey.Check(line)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.100q: %v, want %q", line, err, want)
		}
	}
}

// FuzzCheck: what is taken is one key, whatever stands before and behind it, to
// whoever reads it line by line.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{key, key + " ada", `from="a,b",command="x" ` + key, key + "\n" + key, "# " + key, "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if sshkey.Check(line) != nil {
			return
		}
		if strings.ContainsAny(line, "\n\r\x00") {
			t.Errorf("%q is more than a line", line)
		}
		if _, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(line + "\n")); err != nil || len(rest) > 0 {
			t.Errorf("%q: %v, and %q behind it", line, err, rest)
		}
	})
}
