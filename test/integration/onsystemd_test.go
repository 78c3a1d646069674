//go:build integration

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
	"github.com/goldap/goldap/test/root/systemd"
)

// booted is the private root with systemd as process 1 and goldapd installed as
// the packages do it.
type booted struct {
	*systemd.Machine
	t *testing.T
}

const (
	unitFiles  = "/etc/systemd/system/"
	goldapFile = "/etc/goldap/goldap.toml"
)

// bootMachine installs goldapd, enables its sockets and boots.
func bootMachine(t *testing.T) booted {
	t.Helper()
	installDaemon(t)
	namesFromGoldap(t)
	machine, err := systemd.Boot(within(t, 30*time.Second), logFile(t, "console"))
	must(t, err)
	m := booted{machine, t}
	t.Cleanup(func() {
		journal, _ := m.Command("journalctl", "--no-pager", "--output=short-monotonic").CombinedOutput()
		must(t, os.WriteFile(logFile(t, "journal"), journal, 0o600)) // searched for passwords
		if t.Failed() {
			t.Logf("journal:\n%s", journal)
		}
		must(t, m.Stop())
	})
	return m
}

// installDaemon puts programs, units and configuration where the packages do.
func installDaemon(t *testing.T) {
	t.Helper()
	// Other tests have their configuration elsewhere, where it counts less.
	t.Cleanup(func() { must(t, os.Remove(goldapFile)) })
	for from, to := range map[string]string{
		"/goldap/build/goldapd": "/usr/sbin", "/goldap/build/goldapctl": "/usr/bin",
		"/goldap/packaging/sysusers.d/goldap.conf": "/usr/lib/sysusers.d",
		"/goldap/packaging/tmpfiles.d/goldap.conf": "/usr/lib/tmpfiles.d",
	} {
		must(t, install(from, to))
	}
	units, err := filepath.Glob("/goldap/packaging/systemd/goldapd*")
	must(t, err)
	for _, unit := range units {
		must(t, install(unit, "/usr/lib/systemd/system"))
		must(t, os.Chmod("/usr/lib/systemd/system/"+filepath.Base(unit), 0o644))
	}
	must(t, command("systemd-sysusers", "goldap.conf"))
	must(t, command("systemd-tmpfiles", "--create", "goldap.conf"))
	must(t, command("systemctl", "enable", "goldapd.socket", "goldapd-admin.socket"))
	must(t, install(server.PKI.CAFile, "/etc/goldap"))
	writeGoldapTOML(t, "")
}

// writeGoldapTOML writes the configuration, with more lines on top.
func writeGoldapTOML(t *testing.T, more string) {
	t.Helper()
	text := fmt.Sprintf(`%s
[[directory]]
uris = ["ldap://%s"]
base = %q
bind_dn = %q
bind_password = %q
tls.mode = "start_tls"
tls.ca_file = "/etc/goldap/%s"
`, more, slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, filepath.Base(server.PKI.CAFile))
	must(t, os.WriteFile(goldapFile, []byte(text), 0o640))
	must(t, command("chgrp", "goldap", goldapFile))
}

// run runs a program on the machine.
func (m booted) run(input, name string, arguments ...string) answer {
	m.t.Helper()
	began := time.Now()
	cmd := m.Command("timeout", append([]string{"20", name}, arguments...)...)
	cmd.Stdin = strings.NewReader(input)
	said, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		m.t.Fatal(err)
	}
	return answer{err == nil, string(said), time.Since(began)}
}

func (m booted) systemctl(arguments ...string) answer {
	m.t.Helper()
	return m.run("", "systemctl", arguments...)
}

// property is what systemd knows of goldapd.service.
func (m booted) property(name string) string {
	m.t.Helper()
	return strings.TrimSpace(m.systemctl("show", "--value", "--property", name, "goldapd.service").text)
}

func (m booted) daemonPID() int {
	m.t.Helper()
	pid, err := strconv.Atoi(m.property("MainPID"))
	must(m.t, err)
	return pid
}

// signal sends goldapd a signal, without systemd knowing.
func (m booted) signal(name string) {
	m.t.Helper()
	m.run("", "kill", "-"+name, strconv.Itoa(m.daemonPID())).accept(m.t)
}

// knows fails the test unless the machine knows the user.
func (m booted) knows(user string) answer {
	m.t.Helper()
	a := m.run("", "getent", "passwd", user)
	a.accept(m.t, user+":")
	return a
}

// drop writes a drop-in for goldapd.service.
func (m booted) drop(lines string) {
	m.t.Helper()
	folder := unitFiles + "goldapd.service.d"
	must(m.t, os.MkdirAll(folder, 0o755))
	must(m.t, os.WriteFile(folder+"/test.conf", []byte("[Service]\n"+lines+"\n"), 0o644))
	m.t.Cleanup(func() { must(m.t, os.RemoveAll(folder)) })
	m.systemctl("daemon-reload").accept(m.t)
}

// TestOnSystemd is one boot, and the day of a daemon.
func TestOnSystemd(t *testing.T) {
	m := bootMachine(t)
	step := func(name string, test func(m booted)) {
		if !t.Failed() { // or else the next says nothing new
			t.Run(name, func(t *testing.T) { test(booted{m.Machine, t}) })
		}
	}
	step("the sockets are there early", testEarly)
	step("a lookup starts it", testFirstLookup)
	step("it is locked in", testHardening)
	step("and logs users in", testLoginThroughService)
	step("reload", testReload)
	step("the admin API", testAdminAPI)
	step("killed while callers wait", testKilled)
	step("restarted while callers ask", testRestarted)
	step("the watchdog finds one that hangs", testWatchdog)
	step("a configuration that is bad at the start", testBadStart)
	step("a secret from systemd", testCredential)
	step("nslcd's socket for the stock module", testStockModule)
}

func testEarly(m booted) {
	m.systemctl("is-active", "goldapd.socket", "goldapd-admin.socket").accept(m.t)
	for path, mode := range map[string]string{daemon.GoldapSocket: "srw-rw-rw-", "/run/goldap/admin.sock": "srw-------"} {
		m.run("", "stat", "--format=%A %U", path).accept(m.t, mode+" root")
	}
	before := m.systemctl("show", "--value", "--property=Before", "goldapd.socket").text
	for _, unit := range []string{"sockets.target", "nss-user-lookup.target"} {
		if !strings.Contains(before, unit) {
			m.t.Errorf("the socket is not there before %s", unit)
		}
	}
	for _, unit := range []string{"goldapd.service", "goldapd.socket", "goldapd-admin.socket"} {
		after := m.systemctl("show", "--value", "--property=After", unit).text
		for _, late := range []string{"network", "basic.target", "sysinit.target", "tmpfiles"} {
			if strings.Contains(after, late) {
				m.t.Errorf("%s waits for %s: %s", unit, late, after)
			}
		}
	}
	// It looks up names, and waited 2 s for each while goldapd waited for it.
	if took := m.took("systemd-sysusers.service"); took > time.Second {
		m.t.Errorf("systemd-sysusers took %v of the boot", took)
	}
	m.systemctl("stop", "goldapd.service").accept(m.t)
	if state := m.property("ActiveState"); state != "inactive" {
		m.t.Errorf("goldapd is %s although nobody asks", state)
	}
}

// took is how long a unit of one command was at work.
func (m booted) took(unit string) time.Duration {
	m.t.Helper()
	at := func(property string) int64 {
		text := m.systemctl("show", "--value", "--property", property, unit).text
		microseconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		must(m.t, err)
		return microseconds
	}
	return time.Duration(at("ActiveEnterTimestampMonotonic")-at("InactiveExitTimestampMonotonic")) * time.Microsecond
}

func testFirstLookup(m booted) {
	// systemd looks up goldapd's user through the very socket that goldapd is to
	// answer on; waiting for that would take 2 s.
	if a := m.knows("alice"); a.took > 1500*time.Millisecond {
		m.t.Errorf("the first lookup took %v", a.took)
	}
	if state, status := m.property("ActiveState"), m.property("StatusText"); state != "active" || status != "listening on "+daemon.GoldapSocket {
		m.t.Errorf("goldapd is %s: %q", state, status)
	}
}

func testHardening(m booted) {
	status := readFile(m.t, m.Path(fmt.Sprintf("/proc/%d/status", m.daemonPID())))
	for _, line := range []string{
		"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
		"CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
	} {
		if !strings.Contains(status, line+"\n") {
			m.t.Errorf("goldapd lacks %q", line)
		}
	}
	uid := strings.TrimSpace(m.run("", "id", "-u", "goldap").text)
	if want := "Uid:\t" + strings.Join([]string{uid, uid, uid, uid}, "\t"); uid == "0" || !strings.Contains(status, want) {
		m.t.Errorf("goldapd does not run as goldap (%s)", uid)
	}
	if journal := m.run("", "journalctl", "--unit=goldapd").text; strings.Contains(journal, "passwords may end up in a core file") {
		m.t.Error("goldapd cannot protect its memory")
	}
}

// logIn is a login on the machine.
func (m booted) logIn(user, password string) answer {
	m.t.Helper()
	return m.run(password+"\n", "pamtester", "alone", user, "authenticate", "acct_mgmt")
}

func testLoginThroughService(m booted) {
	writeFile(m.t, "/etc/pam.d/alone", 0o644, strings.ReplaceAll(alone, "pam_goldap.so", "pam_goldap.so mode=daemon"))
	m.logIn("alice", person("alice").Password).accept(m.t, authenticated, accountDone)
	m.logIn("alice", wrongPassword).refuse(m.t, authFailure)
	m.run("", "setpriv", "--reuid=65534", "--clear-groups", "goldapctl", "lookup", "passwd", "alice").accept(m.t, "alice")
}

func testReload(m booted) {
	pid := m.daemonPID()
	writeGoldapTOML(m.t, "[accounts]\nmin_uid = 60000\nmax_uid = 70000")
	m.systemctl("reload", "goldapd").accept(m.t)
	eventually(m.t, 5*time.Second, "the new configuration", func() bool { return !m.run("", "getent", "passwd", "carol").ok })
	if status := m.property("StatusText"); status != "configuration read again: "+goldapFile {
		m.t.Errorf("status %q", status)
	}

	writeGoldapTOML(m.t, "frobnicate = true")
	m.systemctl("reload", "goldapd").refuse(m.t)
	m.run("", "journalctl", "--unit=goldapd").accept(m.t, goldapFile+":1: ", "frobnicate")
	m.signal("HUP") // as systemd does by itself since 253
	eventually(m.t, 5*time.Second, "a status that says so", func() bool {
		return strings.HasPrefix(m.property("StatusText"), "the configuration is bad, the old one stays: "+goldapFile+":1: ")
	})
	m.run("", "journalctl", "--unit=goldapd", "--priority=err").accept(m.t, "the configuration is bad")
	m.run("", "getent", "passwd", "carol").refuse(m.t)

	writeGoldapTOML(m.t, "")
	m.systemctl("reload", "goldapd").accept(m.t)
	eventually(m.t, 5*time.Second, "the old configuration", func() bool { return m.run("", "getent", "passwd", "carol").ok })
	if now := m.daemonPID(); now != pid {
		m.t.Errorf("a reload made process %d of %d", now, pid)
	}
}

// testAdminAPI changes a setting: goldapd may write that one file.
func testAdminAPI(m booted) {
	api := adminclient.New(m.Path("/run/goldap/admin.sock"))
	settings, err := api.Settings(within(m.t, 5*time.Second))
	must(m.t, err)
	accounts := settings.Settings["accounts"].(map[string]any)
	accounts["min_uid"], accounts["max_uid"] = 60000, 70000
	_, err = api.SetSettings(within(m.t, 5*time.Second), settings.Settings, settings.ETag)
	must(m.t, err)
	m.run("", "getent", "passwd", "carol").refuse(m.t)
	if text, err := api.Metrics(within(m.t, 5*time.Second)); err != nil || !strings.Contains(string(text), "process_resident_memory_bytes ") {
		m.t.Errorf("the figures lack what is in /proc: %v\n%s", err, text)
	}
	m.run("", "stat", "--format=%U", "/etc/goldap/managed/goldap.toml").accept(m.t, "goldap")
	m.systemctl("restart", "goldapd").accept(m.t)
	m.run("", "getent", "passwd", "carol").refuse(m.t)
	_, err = api.ResetSettings(within(m.t, 5*time.Second))
	must(m.t, err)
	m.knows("carol")
}

func testKilled(m booted) {
	m.knows("alice")
	for round := range 3 {
		m.signal("KILL")
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				if a := m.run("", "getent", "passwd", "bob"); !a.ok {
					m.t.Errorf("round %d: a caller who waited got %+v", round, a)
				}
			})
		}
		callers.Wait()
	}
	if restarts := m.property("NRestarts"); restarts != "3" {
		m.t.Errorf("%s restarts", restarts)
	}
}

func testRestarted(m booted) {
	stop := make(chan struct{})
	var callers sync.WaitGroup
	asked := make([]int, 4)
	for i := range asked {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a := m.run("", "getent", "passwd", "carol"); !a.ok {
					m.t.Errorf("a caller got %+v", a)
					return
				}
				asked[i]++
			}
		})
	}
	for range 3 {
		m.systemctl("restart", "goldapd").accept(m.t)
	}
	close(stop)
	callers.Wait()
	m.t.Logf("lookups meanwhile: %v", asked)
}

func testWatchdog(m booted) {
	m.drop("WatchdogSec=1s\nTimeoutAbortSec=500ms\nRestartSec=100ms")
	m.systemctl("restart", "goldapd").accept(m.t)
	hung := m.daemonPID()
	m.signal("STOP")
	eventually(m.t, 10*time.Second, "another process", func() bool { pid := m.daemonPID(); return pid != 0 && pid != hung })
	m.knows("alice")
	m.run("", "journalctl", "--unit=goldapd").accept(m.t, "Watchdog timeout")

	// An outage of the directory is not one of goldapd.
	must(m.t, server.Stop())
	defer func() { must(m.t, server.Resume(within(m.t, 20*time.Second))) }()
	before := m.daemonPID()
	time.Sleep(3 * time.Second)
	if now := m.daemonPID(); now != before {
		m.t.Errorf("goldapd was restarted because its directory is away")
	}
}

func testBadStart(m booted) {
	writeGoldapTOML(m.t, "frobnicate = true")
	defer writeGoldapTOML(m.t, "")
	m.systemctl("restart", "goldapd").refuse(m.t)
	// Whoever asks now has systemd try a few times, and then nobody waits.
	m.run("", "getent", "passwd", "alice").refuse(m.t)
	eventually(m.t, 10*time.Second, "nobody listens", func() bool {
		return m.systemctl("is-failed", "--quiet", "goldapd.socket").ok
	})
	if a := m.run("", "getent", "passwd", "alice"); a.ok || a.took > time.Second {
		m.t.Errorf("a lookup without a daemon: %+v", a)
	}
	m.run("", "journalctl", "--unit=goldapd").accept(m.t, "frobnicate")

	writeGoldapTOML(m.t, "")
	m.systemctl("reset-failed", "goldapd.service").accept(m.t) // or else systemd waits for the end of 5 s
	m.systemctl("start", "goldapd").accept(m.t)
	m.knows("alice")
}

func testCredential(m booted) {
	must(m.t, os.WriteFile("/etc/goldap/bindpw", []byte(slapd.PseudouserPassword), 0o600)) // root's
	text := strings.Replace(readFile(m.t, goldapFile), fmt.Sprintf("bind_password = %q", slapd.PseudouserPassword),
		`bind_password_file = "/run/credentials/goldapd.service/bindpw"`, 1)
	must(m.t, os.WriteFile(goldapFile, []byte(text), 0o640))
	m.drop("LoadCredential=bindpw:/etc/goldap/bindpw\nExecReload=\nExecReload=/bin/kill -HUP $MAINPID")
	m.systemctl("restart", "goldapd").accept(m.t)
	m.knows("carol")
	m.systemctl("reload", "goldapd").accept(m.t)
	eventually(m.t, 5*time.Second, "the secret is read again", func() bool {
		return strings.HasPrefix(m.property("StatusText"), "configuration read again")
	})
	m.knows("alice")
}

// testStockModule is libnss-ldapd and an nslcd.conf (docs/systemd.md). goldapd
// makes that socket itself: the stock module would wait for goldapd while
// systemd starts it.
func testStockModule(m booted) {
	namesFromDirectory(m.t)
	must(m.t, daemon.WriteNslcdConfig("/etc/goldap/"+filepath.Base(server.PKI.CAFile)))
	must(m.t, command("chgrp", "goldap", daemon.NslcdConfig))
	must(m.t, os.Chmod(daemon.NslcdConfig, 0o640))
	m.drop("Environment=\"GOLDAPD_OPTIONS=--config /etc/nslcd.conf --socket /run/nslcd/socket\"\nRuntimeDirectory=nslcd")
	if a := m.systemctl("restart", "goldapd"); !a.ok || a.took > 3*time.Second {
		m.t.Errorf("restart: %+v", a)
	}
	m.knows("alice")
	m.systemctl("reload", "goldapd").accept(m.t)
	m.knows("bob")
}

// TestOnSystemdUnitsAreSound has systemd read the units.
func TestOnSystemdUnitsAreSound(t *testing.T) {
	installDaemon(t)
	for _, unit := range []string{"goldapd.service", "goldapd.socket", "goldapd-admin.socket"} {
		a := run(t, "systemd-analyze", "verify", "--man=no", unit)
		a.accept(t)
		for line := range strings.Lines(a.text) { // what 252 says about the second Type=
			if strings.Contains(line, "goldap") && !strings.Contains(line, "ignoring: notify-reload") {
				t.Errorf("%s: %s", unit, line)
			}
		}
	}
	a := run(t, "systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", "goldapd.service")
	a.accept(t, "Overall exposure level for goldapd.service: ")
}
