//go:build integration

package packages

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rpms returns the rpm packages in folder.
func rpms(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	for _, name := range allPackages {
		all = append(all, one(t, filepath.Join(folder, name+"-[0-9]*.rpm")))
	}
	return all
}

// rpmContents is what each rpm must hold beside what the deb does.
var rpmContents = map[string][]string{
	"goldap":        {"/usr/share/zsh/site-functions/_goldapctl", "/usr/lib/systemd/system-preset/50-goldap.preset"},
	"libpam-goldap": {"/usr/share/authselect/vendor/goldap/system-auth", "/usr/share/authselect/vendor/goldap/nsswitch.conf"},
}

// TestOnRPMContents reads the packages with rpm's own eyes.
func TestOnRPMContents(t *testing.T) {
	onlyInside(t)
	for i, file := range rpms(t, oldPackages) {
		name := allPackages[i]
		t.Run(name, func(t *testing.T) {
			if said := run(t, "rpm", "-K", file); !strings.Contains(said, "digests OK") {
				t.Errorf("rpm -K: %s", said)
			}
			list := strings.Fields(run(t, "rpm", "-qp", "--queryformat", "[%{FILENAMES}\n]", file))
			for _, path := range append(append(slices.Clone(has[name]), rpmContents[name]...), "/usr/share/licenses/"+name+"/LICENSE") {
				if path = strings.Replace(path, "LIBRARIES", "/usr/lib64", 1); !slices.Contains(list, path) {
					t.Errorf("%s is not there", path)
				}
			}
			owners := run(t, "rpm", "-qp", "--queryformat", "[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]", file)
			for line := range strings.Lines(owners) {
				if !regexp.MustCompile(`^(-rwxr-xr-x|-rw-r--r--|drwxr-xr-x|l.........) root:root `).MatchString(line) {
					t.Errorf("mode or owner: %s", line)
				}
				if strings.Contains(line, "-linux-gnu") || strings.Contains(line, "Debian") || strings.Contains(line, "pam-configs") {
					t.Errorf("that is Debian's: %s", line)
				}
			}
			requires := run(t, "rpm", "-qp", "--requires", file)
			files, _ := unpack(t, name) // the same programs
			if needed := newestGlibc(t, files); needed != "" && !strings.Contains(requires, "glibc >= "+needed+"\n") {
				t.Errorf("the programs need glibc %s, the package\n%s", needed, requires)
			}
			if scripts := run(t, "rpm", "-qp", "--scripts", file); !strings.Contains(scripts, "scriptlet (using /bin/sh)") {
				t.Errorf("scripts: %s", scripts)
			}
			if host := run(t, "rpm", "-qp", "--queryformat", "%{BUILDHOST}", file); host != "localhost" {
				t.Errorf("the package tells that it was built on %s", host)
			}
		})
	}
}

// TestOnRPMEmptyRoot puts the files into an empty folder and takes them out
// again: nothing stays, so each folder that is goldap's alone belongs to a package.
func TestOnRPMEmptyRoot(t *testing.T) {
	onlyInside(t)
	root := filepath.Join(t.TempDir(), "root")
	must(t, os.Mkdir(root, 0o755))
	run(t, "rpm", "--root", root, "--initdb")
	run(t, "sh", "-c", `root=$1; shift; cd "$root" && mkdir -p etc usr/bin usr/sbin usr/lib64/security usr/libexec
		mkdir -p usr/lib/systemd/system usr/lib/systemd/system-preset usr/lib/sysusers.d usr/lib/tmpfiles.d usr/share/doc usr/share/licenses
		mkdir -p usr/share/man/man1 usr/share/man/man5 usr/share/man/man7 usr/share/man/man8 usr/share/authselect/vendor
		mkdir -p usr/share/bash-completion/completions usr/share/zsh/site-functions usr/share/fish/vendor_completions.d
		find . -path ./var -prune -o -print | sort >"$root.before"`, "sh", root)
	common := []string{"--root", root, "--nodeps", "--noscripts"}
	run(t, "rpm", slices.Concat(common, []string{"--force-debian", "-i"}, rpms(t, oldPackages))...)
	run(t, "rpm", slices.Concat(common, []string{"-V"}, allPackages)...)
	run(t, "rpm", slices.Concat(common, []string{"--force-debian", "-U"}, rpms(t, newPackages))...)
	run(t, "rpm", slices.Concat(common, []string{"-V"}, allPackages)...)
	run(t, "rpm", slices.Concat(common, []string{"--force-debian", "-U", "--oldpackage"}, rpms(t, oldPackages))...)
	run(t, "rpm", slices.Concat(common, []string{"-e"}, allPackages)...)
	if left := run(t, "sh", "-c", `cd "$1" && find . -path ./var -prune -o -print | sort | diff "$1.before" - || true`, "sh", root); left != "" {
		t.Errorf("after the removal:\n%s", left)
	}
}

// TestOnRPMLifecycle runs the scripts, on a Debian for want of another: installed,
// wired with authselect's profile as authselect would write it, upgraded, removed.
func TestOnRPMLifecycle(t *testing.T) {
	m := newMachine(t)
	before := m.settings(t)["/etc/nsswitch.conf"]
	// There the C library looks in /usr/lib64, and what no preset names stays off.
	m.shell(t, `echo /usr/lib64 >/etc/ld.so.conf.d/rhel.conf
		mkdir -p /etc/systemd/system-preset; echo 'disable *' >/etc/systemd/system-preset/99-default-disable.preset`)
	m.input(t, "", slices.Concat([]string{"rpm", "--force-debian", "--nodeps", "-i"}, rpms(t, oldPackages))...)
	m.shell(t, "getent -s files passwd goldap; stat -c '%U:%G %a' /etc/goldap/managed /var/lib/goldap")
	m.shell(t, "systemctl is-enabled goldapd.socket goldapd-admin.socket goldapd-nslcd.socket goldapd.service")
	m.configure(t)
	m.shell(t, "/usr/libexec/goldap/nsswitch add")
	m.writeAuthselect(t, "with-faillock", "with-pwhistory")

	logsIn := func(step, name, password string, want bool) {
		t.Helper()
		said, err := m.try(t, password+"\n", "pamtester", "authselect", name, "authenticate", "acct_mgmt")
		if (err == nil) != want {
			t.Errorf("%s: %s: %v, want %v:\n%s", step, name, err, want, said)
		}
	}
	stop := m.startDaemon(t)
	for _, step := range []string{"installed", "upgraded", "downgraded"} {
		switch step {
		case "upgraded":
			m.input(t, "", slices.Concat([]string{"rpm", "--force-debian", "--nodeps", "-U"}, rpms(t, newPackages))...)
		case "downgraded":
			m.input(t, "", slices.Concat([]string{"rpm", "--force-debian", "--nodeps", "-U", "--oldpackage"}, rpms(t, oldPackages))...)
		}
		if got := m.settings(t)["/etc/nsswitch.conf"]; !strings.Contains(got, "goldap") {
			t.Errorf("%s: nsswitch.conf is\n%s", step, got)
		}
		logsIn(step, "alice", person("alice").Password, true)
		logsIn(step, localUser, localPassword, true)
	}
	logsIn("installed", "alice", wrongPassword, false)
	logsIn("installed", "locked", person("locked").Password, false)
	stop()

	m.input(t, "", append([]string{"rpm", "-e"}, allPackages...)...)
	if got := m.settings(t)["/etc/nsswitch.conf"]; got != before {
		t.Errorf("after the removal nsswitch.conf is\n%s\nbefore:\n%s", got, before)
	}
	// Nobody has selected another profile, and its lines name a module that is
	// gone: local users go on logging in.
	logsIn("removed", localUser, localPassword, true)
	logsIn("removed", "alice", person("alice").Password, false)
	m.shell(t, "test -s /etc/goldap/goldap.toml; ! test -e /usr/libexec/goldap; ! find /etc/systemd | grep goldap")
}

// writeAuthselect writes the service file "authselect" from the profile.
func (m machine) writeAuthselect(t *testing.T, features ...string) {
	t.Helper()
	profile := read(t, m.path("/usr/share/authselect/vendor/goldap/system-auth"))
	text := render(profile, features...)
	// Debian's libpam does not look in /usr/lib64.
	text = strings.ReplaceAll(text, "pam_goldap.so", "/usr/lib64/security/pam_goldap.so")
	m.input(t, strings.ReplaceAll(text, "delay=2000000", "delay=0"), "sh", "-c", "cat >/etc/pam.d/authselect")
}
