//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const packaging = "/goldap/packaging/"

// TestOnAppArmorProfileCompiles has AppArmor's parser read the profile with all
// that it includes. That the rules are right, only a kernel with AppArmor could
// say.
func TestOnAppArmorProfileCompiles(t *testing.T) {
	const profile = packaging + "apparmor/usr.sbin.goldapd"
	a := run(t, "apparmor_parser", "--skip-kernel-load", "--skip-cache", "--abort-on-error", profile)
	a.accept(t)
	if strings.Contains(strings.ToLower(a.text), "deprecat") {
		t.Errorf("the parser says %s", a.text)
	}
	if a := run(t, "apparmor_parser", "--names", profile); !strings.HasSuffix(a.text, "\ngoldapd\n") && a.text != "goldapd\n" {
		t.Errorf("the profile is for %s", a.text)
	}

	text := readFile(t, profile)
	for _, rule := range []string{
		"profile goldapd /usr/sbin/goldapd ", "/{var/,}run/goldap/* rw,", "/etc/goldap/managed/* rw,", "/etc/goldap/** r,",
		"/run/credentials/goldapd.service/* r,", "/run/systemd/notify w,",
	} {
		if !strings.Contains(text, rule) {
			t.Errorf("the profile lacks %q, which the units need", rule)
		}
	}

	// And it does read: a profile with a mistake is refused.
	broken := filepath.Join(t.TempDir(), "broken")
	must(t, os.WriteFile(broken, []byte(strings.Replace(text, "network inet stream,", "network carrier pigeon,", 1)), 0o600))
	run(t, "apparmor_parser", "--skip-kernel-load", "--skip-cache", broken).refuse(t)
}

// TestOnSELinuxModuleCompiles compiles the module against Debian's reference
// policy, and looks at whom its file contexts give which path.
func TestOnSELinuxModuleCompiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"goldap.te", "goldap.if", "goldap.fc"} {
		must(t, install(packaging+"selinux/"+name, dir))
	}
	compile := func() answer {
		return run(t, "make", "-C", dir, "-f", "/usr/share/selinux/devel/Makefile", "goldap.pp")
	}
	compile().accept(t)
	unpacked := filepath.Join(dir, "contexts")
	run(t, "semodule_unpackage", filepath.Join(dir, "goldap.pp"), filepath.Join(dir, "goldap.mod"), unpacked).accept(t)
	for path, want := range map[string]string{
		"/usr/sbin/goldapd": "goldap_exec_t", "/run/goldap/socket": "goldap_runtime_t", "/run/goldap/admin.sock": "goldap_runtime_t",
		"/etc/goldap/goldap.toml": "goldap_conf_t", "/etc/goldap/managed/goldap.toml": "goldap_managed_t",
		"/etc/pam_ldap.secret": "goldap_conf_t", "/var/lib/goldap/x": "goldap_var_lib_t", "/usr/bin/goldapctl": "",
	} {
		if got := contextOf(t, unpacked, path); got != want {
			t.Errorf("%s gets %q, want %q", path, got, want)
		}
	}

	rules := readFile(t, filepath.Join(dir, "goldap.te"))
	must(t, os.WriteFile(filepath.Join(dir, "goldap.te"), []byte(rules+"\nallow goldap_t no_such_t:file read;\n"), 0o600))
	compile().refuse(t)
}

// contextOf is the type that a file_contexts(5) gives a path: that of its last
// line that fits.
func contextOf(t *testing.T, contexts, path string) string {
	t.Helper()
	found := ""
	for line := range strings.Lines(readFile(t, contexts)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if regexp.MustCompile("^(?:" + fields[0] + ")$").MatchString(path) {
			found = strings.Split(fields[len(fields)-1], ":")[2]
		}
	}
	return found
}
