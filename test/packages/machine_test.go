//go:build integration

package packages

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// machine is a copy of the private root inside of it, in which a test installs
// packages, edits /etc and starts daemons as an administrator would. It shares
// the network and the processes with the test.
type machine string

// newMachine makes a Debian that has never heard of LDAP: without the stock
// packages, without goldap, with a local user, an sshd, and our authority in
// the system's list.
func newMachine(t *testing.T) machine {
	t.Helper()
	m := newStockMachine(t)
	m.shell(t, `dpkg --purge nslcd-utils libnss-ldapd libpam-ldapd nslcd
		rm -rf /etc/nslcd.conf* /etc/pam_ldap.conf /run/nslcd`)
	return m
}

// newStockMachine is the same with the stock packages, which are installed but
// left out of the stacks.
func newStockMachine(t *testing.T) machine {
	t.Helper()
	onlyInside(t)
	dir := t.TempDir()
	m := machine(filepath.Join(dir, "new"))
	said, err := exec.Command("sh", "-euc", `
		mount -t tmpfs -o mode=755 machine "$1" && cd "$1"
		mkdir upper work new
		mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work machine new && cd new
		mount -t tmpfs -o mode=755 run run
		mount -t tmpfs -o mode=1777 tmp tmp
		mkdir -p run/sshd run/lock
		for shown in proc dev goldap; do mount --rbind "/$shown" "$shown"; done
		cp "$2" usr/local/share/ca-certificates/mydomain.crt`, "sh", dir, server.PKI.CAFile).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Cleanup(func() {
		if said, err := exec.Command("umount", "-R", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
	})
	m.shell(t, "update-ca-certificates; useradd -m -s /bin/sh -u 1500 "+localUser)
	m.input(t, fmt.Sprintf("%s:%s\nroot:%s\n", localUser, localPassword, rootPassword), "chpasswd", "-c", "SHA512")
	return m
}

// path is where the machine's file is for the test.
func (m machine) path(name string) string { return filepath.Join(string(m), name) }

// shell runs a script as root and returns what it says.
func (m machine) shell(t *testing.T, script string) string {
	t.Helper()
	return m.input(t, script, "sh", "-eu")
}

// input runs a program with input.
func (m machine) input(t *testing.T, input string, program ...string) string {
	t.Helper()
	said, err := m.try(t, input, program...)
	if err != nil {
		t.Fatalf("%v: %v\n%s\n%s", program, err, input, said)
	}
	return said
}

// try runs a program that may fail.
func (m machine) try(t *testing.T, input string, program ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(within(t, 2*time.Minute), "chroot", append([]string{string(m)}, program...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	command.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	// What it leaves running must not keep us waiting.
	command.WaitDelay = time.Second
	err := command.Run()
	return said.String(), err
}

// start runs a program in the background until the test ends, or stop is called.
func (m machine) start(t *testing.T, log string, program ...string) (stop func()) {
	t.Helper()
	file, err := os.OpenFile(m.path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	defer file.Close()
	command := exec.Command("chroot", append([]string{string(m)}, program...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	command.Stdout, command.Stderr = file, file
	must(t, command.Start())
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		// SIGINT is ignored in what a shell has started in the background.
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%v has ended by itself: %v", program, err)
		}
		command.Wait() //nolint:errcheck // it was told to end
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			text, _ := os.ReadFile(m.path(log))
			t.Logf("%s:\n%s", log, text)
		}
	})
	return stop
}

// dpkg installs packages of a version, from the folder that has them.
func (m machine) dpkg(t *testing.T, folder string, names ...string) string {
	t.Helper()
	command := []string{"dpkg", "--install"}
	for _, name := range names {
		command = append(command, one(t, filepath.Join(folder, name+"_*.deb")))
	}
	return m.input(t, "", command...)
}

// configure writes what goldapctl setup would write, for the directory of the
// tests.
func (m machine) configure(t *testing.T) {
	t.Helper()
	m.input(t, strings.NewReplacer("NAME", slapd.ServerName, "BASE", slapd.Base, "DN", slapd.PseudouserDN,
		"PASSWORD", slapd.PseudouserPassword).Replace(`
[[directory]]
uris = ["ldap://NAME"]
base = "BASE"
bind_dn = "DN"
bind_password = "PASSWORD"
`), "sh", "-euc", "umask 027; cat >/etc/goldap/goldap.toml; chgrp goldap /etc/goldap/goldap.toml")
}

// startDaemon starts goldapd as its unit would: as its own user, without any
// capability. There is no systemd here, so the folder of the socket is the
// daemon's.
func (m machine) startDaemon(t *testing.T) (stop func()) {
	t.Helper()
	m.shell(t, "install -d -o goldap -g goldap /run/goldap")
	stop = m.start(t, "/var/log/goldapd", "setpriv", "--reuid=goldap", "--regid=goldap", "--init-groups",
		"--inh-caps=-all", "/usr/sbin/goldapd")
	eventually(t, 15*time.Second, "goldapd answers", func() bool {
		conn, err := net.Dial("unix", m.path("/run/goldap/socket"))
		return err == nil && conn.Close() == nil
	})
	return stop
}

// unstable are files that say what happened rather than what is there: dpkg's
// and apt's own, logs, caches, and the backups of passwd and its friends.
var unstable = regexp.MustCompile(`^/(proc|dev|run|tmp|goldap|root|home)/|^/var/(log|cache|backups|mail|lib/(dpkg|apt))/|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^/etc/\.pwd\.lock$|^/etc/ld\.so\.cache$`)

// files lists every file of the machine with its mode, owner and size or target.
func (m machine) files(t *testing.T) []string {
	t.Helper()
	out := m.shell(t, `find / -xdev \( -type l -printf '%p %M %u:%g %l\n' \) -o \( -type d -printf '%p/ %M %u:%g\n' \) -o -printf '%p %M %u:%g %s\n'`)
	var all []string
	for line := range strings.Lines(out) {
		if name, _, _ := strings.Cut(line, " "); !unstable.MatchString(name) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	slices.Sort(all)
	return all
}

// settings are the contents of the files that decide about logins.
func (m machine) settings(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"/etc/nsswitch.conf": read(t, m.path("/etc/nsswitch.conf"))}
	must(t, filepath.WalkDir(m.path("/etc/pam.d"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all[strings.TrimPrefix(path, string(m))] = read(t, path)
		}
		return err
	}))
	return all
}
