//go:build integration

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/test/differential"
	"github.com/goldap/goldap/test/root/daemon"
)

// TestNetgroups is what programs use netgroups for: sudo's rules, pam_access and
// innetgr(3), with a netgroup in a netgroup.
func TestNetgroups(t *testing.T) {
	for _, library := range []string{"ldap", "goldap"} {
		t.Run(library, func(t *testing.T) {
			showLogsOnFailure(t)
			startGoldapd(t)
			writeServices(t, withDaemon)
			mapsFrom(t, library)
			// Of admins: alice, and bob by way of others.
			writeFile(t, "/etc/sudoers.d/netgroup", 0o440, "+admins ALL=(ALL) ALL\n")
			writeFile(t, "/etc/security/netgroup.conf", 0o644, "+:@admins:ALL\n-:ALL:ALL\n")
			writeFile(t, "/etc/pam.d/netgroup", 0o644, "account required pam_access.so accessfile=/etc/security/netgroup.conf\n")
			for name, in := range map[string]bool{"alice": true, "bob": true, "carol": false} {
				if a := sudo(t, name, person(name).Password, "root"); a.ok != in || in && !strings.HasSuffix(a.text, "root\n") {
					t.Errorf("sudo by %s: %v, %s", name, a.ok, a.text)
				}
				if a := run(t, "pamtester", "netgroup", name, "acct_mgmt"); a.ok != in {
					t.Errorf("pam_access for %s: %v, %s", name, a.ok, a.text)
				}
				if a := run(t, "getent", "netgroup", "admins", "box", name, "mydomain"); strings.HasSuffix(a.text, "= 1\n") != in {
					t.Errorf("innetgr of %s: %s", name, a.text)
				}
			}
		})
	}
}

// runWithNslcdConf starts goldapd on nslcd.conf with the lines in more.
func runWithNslcdConf(t *testing.T, more ...string) *daemon.Daemon {
	t.Helper()
	must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, more...))
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.NslcdConfig, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	stopAtEnd(t, d)
	return d
}

// TestReload changes nslcd.conf under a goldapd that is in use: a good file
// counts from the next answer on, a bad one changes nothing.
func TestReload(t *testing.T) {
	showLogsOnFailure(t)
	d := runWithNslcdConf(t, "uid root", "gid root")
	namesFromGoldap(t)
	for i, step := range []struct {
		lines       []string
		shell, says string
	}{
		{[]string{`map passwd loginShell "/bin/one"`}, "/bin/one", "configuration read again"},
		{[]string{`map passwd loginShell "/bin/two`}, "/bin/one", "the configuration is bad; the old one stays"},
		{[]string{"tls_cacertfile /nonexistent"}, "/bin/one", "the configuration is bad; the old one stays"},
		{[]string{"no_such_keyword 1"}, "/bin/one", "the configuration is bad; the old one stays"},
		{[]string{`map passwd loginShell "/bin/three"`}, "/bin/three", "configuration read again"},
		{nil, "/bin/sh", "configuration read again"},
	} {
		said := strings.Count(readFile(t, d.LogFile), step.says)
		must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, append([]string{"uid root", "gid root"}, step.lines...)...))
		must(t, syscall.Kill(d.Pid(), syscall.SIGHUP))
		eventually(t, 5*time.Second, step.says, func() bool { return strings.Count(readFile(t, d.LogFile), step.says) > said })
		if got := shellOf(t, "alice"); got != step.shell {
			t.Errorf("step %d: alice's shell is %s, want %s", i, got, step.shell)
		}
	}
}

// lookupStatus is goldapctl's exit status: 0 found, 1 not there, 3 no answer.
func lookupStatus(t *testing.T, arguments ...string) int {
	t.Helper()
	program := exec.CommandContext(within(t, 20*time.Second), goldapctl, append([]string{"lookup"}, arguments...)...)
	if err := program.Run(); err != nil && program.ProcessState == nil {
		t.Fatal(err)
	}
	return program.ProcessState.ExitCode()
}

// TestDirectoryAway takes the directory away and brings it back: who was seen
// stays known, and nobody is said not to exist who may.
func TestDirectoryAway(t *testing.T) {
	showLogsOnFailure(t)
	runWithNslcdConf(t, "uid root", "gid root")
	namesFromGoldap(t)
	seen := func() string {
		return run(t, "getent", "passwd", "alice").text + run(t, "id", "-G", "alice").text + run(t, "getent", "group", "dev").text
	}
	before := seen()
	stopServer(t)
	for range 3 {
		if got := seen(); got != before {
			t.Errorf("with the directory away: %q, want %q", got, before)
		}
		for _, question := range [][]string{{"passwd", "dave"}, {"passwd", "nobody-here"}, {"passwd", "10004"}, {"group", "ops"}} {
			if status := lookupStatus(t, question...); status != 3 {
				t.Errorf("%v: status %d, want no answer", question, status)
			}
		}
	}
	must(t, server.Resume(within(t, 30*time.Second)))
	took := eventually(t, 10*time.Second, "dave is found", func() bool { return lookupStatus(t, "passwd", "dave") == 0 })
	t.Logf("found again after %v", took)
	if status := lookupStatus(t, "passwd", "nobody-here"); status != 1 {
		t.Errorf("nobody: status %d", status)
	}
	if got := seen(); got != before {
		t.Errorf("with the directory back: %q, want %q", got, before)
	}
}

// TestLocalAccountAdded adds a user and a group of the directory's names to the
// machine while goldapd runs: they win at once, whichever is asked first, by name
// and by id, and the directory is back when they are gone.
func TestLocalAccountAdded(t *testing.T) {
	showLogsOnFailure(t)
	runWithNslcdConf(t, "uid root", "gid root")
	for _, order := range []string{"files goldap", "goldap files", "ldap files"} {
		writeFile(t, "/etc/nsswitch.conf", 0o644, fmt.Sprintf("passwd: %s\ngroup: %[1]s\nshadow: files\nhosts: files\n", order))
		passwd, group := readFile(t, "/etc/passwd"), readFile(t, "/etc/group")
		run(t, "getent", "passwd", "alice").accept(t, ":10001:10000:")
		run(t, "getent", "group", "dev").accept(t, ":10101:alice,bob")
		replaceFile(t, "/etc/passwd", passwd+"alice:x:3001:3001::/home/local:/bin/sh\nother:x:10002:3001::/:/bin/sh\n")
		replaceFile(t, "/etc/group", group+"dev:x:3002:other\n")
		run(t, "getent", "passwd", "alice").accept(t, "alice:x:3001:3001:")
		run(t, "getent", "passwd", "10002").accept(t, "other:x:10002:")
		run(t, "getent", "group", "dev").accept(t, "dev:x:3002:other")
		if status := lookupStatus(t, "passwd", "10001"); status != 1 {
			t.Errorf("%s: the directory's alice by uid: status %d", order, status)
		}
		replaceFile(t, "/etc/passwd", passwd)
		replaceFile(t, "/etc/group", group)
		run(t, "getent", "passwd", "alice").accept(t, ":10001:10000:")
		run(t, "getent", "group", "10101").accept(t, "dev:*:10101:alice,bob")
	}
}

// replaceFile changes a file as passwd(1) does: by rename.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path+".new", []byte(text), 0o644))
	must(t, os.Rename(path+".new", path))
}

// TestStockToolsAlike is getent.ldap of nslcd-utils, for every map but aliases,
// with both daemons: it prints every result that it is sent.
func TestStockToolsAlike(t *testing.T) {
	printed := map[string]string{}
	inSetups(t, nameSetups, func(t *testing.T, s setup) {
		mapsFrom(t, "ldap")
		for _, question := range []string{"passwd alice", "passwd 10001", "group dev", "group.bymember alice", "shadow alice", "hosts box", "hosts 10.20.0.5",
			"ethers box", "netgroup admins", "networks lan", "protocols prot", "protocols 222", "rpc rpcx", "rpc 150999",
			"services ssvc", "services 4242", "services ssvc/udp", "protocols", "rpc", "services", "networks", "ethers", "hosts", "netgroup"} {
			a := run(t, "getent.ldap", strings.Fields(question)...)
			text := words(a.text)
			if text == "" {
				t.Errorf("getent.ldap %s: %v, nothing", question, a.ok)
			}
			if before, both := printed[question]; both && before != text {
				t.Errorf("getent.ldap %s: %q with %s, %q before", question, text, s.name, before)
			}
			printed[question] = text
		}
	})
}

// TestStockToolsAliases is the same for the mail aliases, which the odd directory
// has the schema for.
func TestStockToolsAliases(t *testing.T) {
	showLogsOnFailure(t)
	writeVariant(t, startPeculiar(t), differential.Variant{})
	ask := func(d *daemon.Daemon, err error) (printed []string) {
		must(t, err)
		defer func() { must(t, d.Kill()) }()
		for _, question := range []string{"aliases postmaster", "aliases POSTMASTER", "aliases aliastwo", "aliases nobody-here"} {
			a := run(t, "getent.ldap", strings.Fields(question)...)
			printed = append(printed, fmt.Sprintf("%s: %v %s", question, a.ok, words(a.text)))
		}
		return printed
	}
	stock := ask(daemon.StartNslcd(within(t, 20*time.Second), logFile(t, "nslcd")))
	must(t, os.RemoveAll(daemon.NslcdSocket))
	own := ask(daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.NslcdConfig, daemon.NslcdSocket))
	if !slices.Equal(stock, own) || !strings.Contains(stock[0], "bob@mydomain.com") {
		t.Errorf("getent.ldap prints %q with nslcd, %q with goldapd", stock, own)
	}
}
