//go:build integration

package packages

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var allPackages = []string{"goldap", "libpam-goldap", "libnss-goldap", "goldap-compat"}

// has is what each package must hold, by what a Debian package calls it.
var has = map[string][]string{
	"goldap": {
		"/usr/sbin/goldapd", "/usr/bin/goldapctl", "/etc/goldap",
		"/usr/lib/systemd/system/goldapd.service", "/usr/lib/systemd/system/goldapd.socket",
		"/usr/lib/systemd/system/goldapd-admin.socket", "/usr/lib/sysusers.d/goldap.conf", "/usr/lib/tmpfiles.d/goldap.conf",
		"/usr/share/man/man1/goldapctl.1.gz", "/usr/share/man/man5/goldap.toml.5.gz", "/usr/share/man/man8/goldapd.8.gz",
		"/usr/share/bash-completion/completions/goldapctl", "/usr/share/fish/vendor_completions.d/goldapctl.fish",
		"/usr/share/doc/goldap/README.md", "/usr/share/doc/goldap/docs/packages.md", "/usr/share/doc/goldap/examples/goldap.toml",
	},
	"libpam-goldap": {"LIBRARIES/security/pam_goldap.so", "/usr/libexec/goldap/pam-lines"},
	"libnss-goldap": {"LIBRARIES/libnss_goldap.so.2", "/usr/libexec/goldap/nsswitch"},
	"goldap-compat": {"LIBRARIES/security/pam_ldap.so", "LIBRARIES/libnss_ldap.so.2", "/usr/lib/systemd/system/goldapd-nslcd.socket"},
}

// unpack returns the folders with what a Debian package installs, and with its
// control files.
func unpack(t *testing.T, name string) (files, control string) {
	t.Helper()
	deb := one(t, filepath.Join(oldPackages, name+"_*.deb"))
	files, control = t.TempDir(), t.TempDir()
	run(t, "dpkg-deb", "--extract", deb, files)
	run(t, "dpkg-deb", "--control", deb, control)
	return files, control
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, said)
	}
	return string(said)
}

// TestContents is what is in the Debian packages, and that everything belongs to
// root and nobody else may write it.
func TestContents(t *testing.T) {
	onlyInside(t)
	libraries := filepath.Dir(filepath.Dir(one(t, "/usr/lib/*/security/pam_unix.so")))
	for _, name := range allPackages {
		t.Run(name, func(t *testing.T) {
			files, control := unpack(t, name)
			want := append(has[name], "/usr/share/doc/"+name+"/copyright", "/usr/share/doc/"+name+"/changelog.Debian.gz")
			if name == "goldap" {
				want = append(want, "/usr/share/zsh/vendor-completions/_goldapctl")
			}
			for _, path := range want {
				path = strings.Replace(path, "LIBRARIES", libraries, 1)
				if _, err := os.Lstat(files + path); err != nil {
					t.Errorf("%s is not there: %v", path, err)
				}
			}
			if name == "libpam-goldap" && read(t, files+"/usr/share/pam-configs/goldap") != read(t, "/goldap/etc/pam-configs/goldap") {
				t.Error("the profile is another one")
			}
			for line := range strings.Lines(run(t, "dpkg-deb", "--contents", one(t, filepath.Join(oldPackages, name+"_*.deb")))) {
				if !regexp.MustCompile(`^(-rwxr-xr-x|-rw-r--r--|drwxr-xr-x|l.........) root/root `).MatchString(line) {
					t.Errorf("mode or owner: %s", line)
				}
			}
			sums := exec.Command("md5sum", "--check", "--quiet", filepath.Join(control, "md5sums"))
			sums.Dir = files
			if said, err := sums.CombinedOutput(); err != nil {
				t.Errorf("md5sums: %v\n%s", err, said)
			}
			if text, err := os.ReadFile(filepath.Join(control, "conffiles")); err == nil {
				for path := range strings.Lines(string(text)) {
					if !strings.HasPrefix(path, "/etc/apparmor.d/") {
						t.Errorf("a configuration file that the package would ask questions about: %s", path)
					}
				}
			}
		})
	}
}

// TestDependencies is that the packages ask for a C library that is new enough
// for their programs, and not for a newer one.
func TestDependencies(t *testing.T) {
	onlyInside(t)
	for _, name := range allPackages {
		t.Run(name, func(t *testing.T) {
			files, control := unpack(t, name)
			needed := newestGlibc(t, files)
			_, depends, _ := strings.Cut(read(t, filepath.Join(control, "control")), "\nDepends: ")
			depends, _, _ = strings.Cut(depends, "\n")
			if needed != "" && !strings.Contains(depends, "libc6 (>= "+needed+")") {
				t.Errorf("the programs need glibc %s, the package %s", needed, depends)
			}
			if strings.Contains(name, "nss") || name == "goldap-compat" {
				if trigger := read(t, filepath.Join(control, "triggers")); !strings.Contains(trigger, "activate-noawait ldconfig") {
					t.Errorf("ldconfig is not run: %q", trigger)
				}
			}
		})
	}
	_, control := unpack(t, "goldap-compat")
	text := read(t, filepath.Join(control, "control"))
	for _, stock := range []string{"libpam-ldapd", "libnss-ldapd", "nslcd"} {
		if !regexp.MustCompile(`(?m)^Conflicts:.*\b` + stock + `\b`).MatchString(text) {
			t.Errorf("goldap-compat can be installed beside %s:\n%s", stock, text)
		}
	}
}

// newestGlibc is the newest version of a symbol of the C library that a program
// or library below folder uses. Links lead to packages that are elsewhere.
func newestGlibc(t *testing.T, folder string) string {
	t.Helper()
	var versions []string
	must(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := elf.Open(path)
		if err != nil {
			return nil //nolint:nilerr // it is no program
		}
		defer file.Close()
		symbols, _ := file.ImportedSymbols() // a static one has none
		for _, symbol := range symbols {
			if version, ok := strings.CutPrefix(symbol.Version, "GLIBC_"); ok {
				versions = append(versions, version)
			}
		}
		return nil
	}))
	if len(versions) == 0 {
		return ""
	}
	return slices.MaxFunc(versions, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
}

func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		n := 0
		for _, digit := range part {
			n = 10*n + int(digit-'0')
		}
		all = append(all, n)
	}
	return all
}
