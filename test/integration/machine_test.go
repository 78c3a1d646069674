//go:build integration

package integration

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/test/root/slapd"
)

// The local users, and passwords that tests set or guess.
const (
	rootPassword   = "Local-root-key-01"
	localPassword  = "Local-person-key-02"
	systemPassword = "Local-system-key-03"
	wrongPassword  = "Not-the-one-04"

	localUser  = "localuser" // uid 1500; the directory has the name and the uid, too
	systemUser = "localsys"  // uid 900
)

// newPasswords are the ones that tests change passwords to.
var newPasswords = []string{
	"Newly-made-dave-11", "Newly-made-erin-12", "Newly-made-must-13", "Newly-made-local-14",
	"Newly-chosen-erin-15", "Newly-written-dave-16",
}

const (
	goldapModule      = "/goldap/build/pam_goldap.so"
	goldapNameService = "/goldap/build/libnss_goldap.so.2"
)

// setUpMachine makes the local users and puts goldap's module, if it is
// built, where libpam looks.
func setUpMachine() error {
	for _, user := range []struct{ name, uid, password string }{
		{localUser, fmt.Sprint(slapd.LocalUserUID), localPassword},
		{systemUser, "900", systemPassword},
	} {
		if err := command("useradd", "-m", "-s", "/bin/sh", "-u", user.uid, user.name); err != nil {
			return err
		}
		if err := setLocalPassword(user.name, user.password); err != nil {
			return err
		}
	}
	if err := setLocalPassword("root", rootPassword); err != nil {
		return err
	}
	// A password is changed by a program that is root's, as passwd(1) is, but
	// acts for whoever started it.
	if err := os.Chmod("/usr/bin/pamtester", 0o755|os.ModeSetuid); err != nil {
		return err
	}
	if err := leaveOutSSSD(); err != nil {
		return err
	}
	return installModules()
}

// installModules puts goldap's modules where libpam and the C library look.
func installModules() error {
	found, err := filepath.Glob("/usr/lib/*/security/pam_unix.so")
	if err != nil || len(found) != 1 {
		return fmt.Errorf("where is pam_unix.so? found %v, %w", found, err)
	}
	security := filepath.Dir(found[0])
	return errors.Join(
		install(goldapModule, security),
		install(goldapNameService, filepath.Dir(security)),
	)
}

// install copies a library to dir. The reference tests do without goldap's, if
// there are none; the others will say so.
func install(library, dir string) error {
	data, err := os.ReadFile(library)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.Base(library)), data, 0o755)
}

// setLocalPassword writes /etc/shadow without asking PAM.
func setLocalPassword(user, password string) error {
	change := exec.Command("chpasswd", "-c", "SHA512")
	change.Stdin = strings.NewReader(user + ":" + password + "\n")
	if said, err := change.CombinedOutput(); err != nil {
		return fmt.Errorf("chpasswd: %w\n%s", err, said)
	}
	return nil
}

// command runs a program that is expected to succeed.
func command(name string, arguments ...string) error {
	if said, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, arguments, err, said)
	}
	return nil
}

// writeFile writes a file of the machine for one test, and brings back what
// stood there before.
func writeFile(t *testing.T, path string, mode os.FileMode, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	t.Cleanup(func() {
		if err != nil {
			must(t, os.Remove(path))
			return
		}
		must(t, os.WriteFile(path, before, mode))
	})
	must(t, os.WriteFile(path, []byte(text), mode))
	must(t, os.Chmod(path, mode))
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// namesFromDirectory lets the machine's programs see directory users through
// the stock libnss-ldapd, which asks whoever listens on nslcd's socket.
func namesFromDirectory(t *testing.T) {
	t.Helper()
	writeFile(t, "/etc/nsswitch.conf", 0o644, "passwd: files ldap\ngroup: files ldap\nshadow: files ldap\nhosts: files\n")
}

// namesFromGoldap is the same through goldap's own name-service module.
func namesFromGoldap(t *testing.T) {
	t.Helper()
	writeFile(t, "/etc/nsswitch.conf", 0o644, "passwd: files goldap\ngroup: files goldap\nshadow: files goldap\nhosts: files\n")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
