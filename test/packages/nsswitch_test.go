package packages

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nsswitch runs the script on a file and returns what it prints.
func nsswitch(t *testing.T, verb, file string, more ...string) (string, error) {
	t.Helper()
	command := exec.Command("../../packaging/nsswitch", append([]string{verb, "--file", file}, more...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	said, err := command.Output()
	if stderr.Len() > 0 {
		t.Logf("nsswitch %s: %s", verb, &stderr)
	}
	return string(said), err
}

func mustNsswitch(t *testing.T, verb, file string, more ...string) string {
	t.Helper()
	said, err := nsswitch(t, verb, file, more...)
	if err != nil {
		t.Fatalf("nsswitch %s %v: %v", verb, more, err)
	}
	return said
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	return string(text)
}

// TestNsswitch is add, and that remove brings back the file byte for byte.
func TestNsswitch(t *testing.T) {
	const added = "# added by goldap\n"
	for name, c := range map[string]struct{ before, after string }{
		"Debian": {
			"passwd:         files systemd\ngroup:          files [SUCCESS=merge] systemd\nshadow:         files\nhosts: files dns\n",
			"passwd:         files systemd goldap\ngroup:          files [SUCCESS=merge] systemd goldap\nshadow:         files goldap\nhosts: files dns\n",
		},
		"compat, comments and initgroups": {
			"# passwd: files\npasswd: compat\ngroup:compat\nshadow:\tcompat # x\ninitgroups: files sss\n",
			"# passwd: files\npasswd: compat goldap\ngroup:compat goldap\nshadow:\tcompat goldap # x\ninitgroups: files goldap sss\n",
		},
		"odd blanks and actions": {
			" passwd :files   [NOTFOUND=continue] sss  \ngroup: sss files   \nshadow: ldap\n",
			" passwd :files   [NOTFOUND=continue] goldap sss  \ngroup: sss files goldap   \nshadow: ldap goldap\n",
		},
		"no lines": {
			"hosts: files\n",
			"hosts: files\npasswd:         files goldap " + added + "group:          files goldap " + added + "shadow:         files goldap " + added,
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "nsswitch.conf")
			must(t, os.WriteFile(file, []byte(c.before), 0o640))
			if _, err := nsswitch(t, "show", file); err == nil {
				t.Error("show says that it is wired before it is")
			}
			if got := mustNsswitch(t, "add", file, "--print"); got != c.after || read(t, file) != c.before {
				t.Errorf("add --print:\n%s\nand the file:\n%s", got, read(t, file))
			}
			mustNsswitch(t, "add", file)
			mustNsswitch(t, "add", file) // a second time changes nothing
			if got := read(t, file); got != c.after {
				t.Errorf("added:\n%s\nwant\n%s", got, c.after)
			}
			mustNsswitch(t, "show", file)
			mustNsswitch(t, "remove", file)
			if got := read(t, file); got != c.before {
				t.Errorf("removed:\n%q\nwant\n%q", got, c.before)
			}
			info, err := os.Stat(file)
			must(t, err)
			if info.Mode().Perm() != 0o640 {
				t.Errorf("the mode is %v now", info.Mode())
			}
			left, err := os.ReadDir(filepath.Dir(file))
			must(t, err)
			if len(left) != 1 {
				t.Errorf("left beside it: %v", left)
			}
		})
	}
}

// TestNsswitchService is that one service is not taken for another.
func TestNsswitchService(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nsswitch.conf")
	before := "passwd: files ldap [NOTFOUND=return] db\ngroup: files ldap # not goldap\nnetgroup: goldap nis\n"
	must(t, os.WriteFile(file, []byte(before), 0o644))
	mustNsswitch(t, "add", file, "--service", "ldap")
	if got := read(t, file); !strings.HasPrefix(got, before) || strings.Count(got, "ldap") != strings.Count(before, "ldap")+2 {
		t.Errorf("ldap was there, only shadow was to be added:\n%s", got)
	}
	mustNsswitch(t, "remove", file, "--service", "ldap")
	if want := "passwd: files db\ngroup: files # not goldap\nnetgroup: goldap nis\n"; read(t, file) != want {
		t.Errorf("without ldap:\n%s\nwant\n%s", read(t, file), want)
	}
	mustNsswitch(t, "remove", file)
	if want := "passwd: files db\ngroup: files # not goldap\nnetgroup: nis\n"; read(t, file) != want {
		t.Errorf("without goldap:\n%s\nwant\n%s", read(t, file), want)
	}
}

// TestNsswitchLinks is that what a link points to is changed, and that there
// need be no file.
func TestNsswitchLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	must(t, os.Symlink("real", link))
	mustNsswitch(t, "remove", link) // nothing there, nothing to do
	mustNsswitch(t, "add", link)
	if got := read(t, file); !strings.Contains(got, "passwd:         files goldap") {
		t.Errorf("made anew:\n%s", got)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
	mustNsswitch(t, "remove", link)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a file that was made by add is still there: %v", err)
	}
}

// TestNsswitchRefuses is wrong arguments, and a file that cannot be written.
func TestNsswitchRefuses(t *testing.T) {
	for _, arguments := range [][]string{{}, {"edit"}, {"add", "--service", "nis"}, {"add", "--file"}, {"add", "-x"}} {
		err := exec.Command("../../packaging/nsswitch", arguments...).Run()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 {
			t.Errorf("%v: %v, want exit status 2", arguments, err)
		}
	}
	if _, err := nsswitch(t, "add", filepath.Join(t.TempDir(), "no", "such", "file")); err == nil {
		t.Error("a file in no folder was written")
	}
}
