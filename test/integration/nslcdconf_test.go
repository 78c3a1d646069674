//go:build integration

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/test/root/daemon"
)

// runFromNslcdConf starts goldapd as root with a stock nslcd.conf, as Debian
// has it but for the lines in more: of root and the group nslcd.
func runFromNslcdConf(t *testing.T, more ...string) *daemon.Daemon {
	t.Helper()
	showLogsOnFailure(t)
	must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, more...))
	must(t, command("chown", "root:nslcd", daemon.NslcdConfig))
	must(t, os.Chmod(daemon.NslcdConfig, 0o640))
	for _, path := range []string{filepath.Dir(daemon.GoldapSocket), filepath.Dir(daemon.NslcdSocket), logFile(t, "goldapd")} {
		must(t, os.RemoveAll(path))
	}
	d, err := daemon.StartGoldapdAsConfigured(within(t, 20*time.Second), logFile(t, "goldapd"),
		daemon.NslcdConfig, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	t.Cleanup(func() { must(t, d.Stop()) })
	// The sockets are there before root is given up.
	eventually(t, 5*time.Second, "being ready", func() bool { return strings.Contains(readFile(t, d.LogFile), "goldapd: ready") })
	return d
}

// nslcdUser returns the numbers of the user that the stock package made.
func nslcdUser(t *testing.T) (uid, gid int) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^nslcd:[^:]*:(\d+):(\d+):`).FindStringSubmatch(readFile(t, "/etc/passwd"))
	if line == nil {
		t.Fatal("there is no user nslcd")
	}
	uid, err := strconv.Atoi(line[1])
	must(t, err)
	gid, err = strconv.Atoi(line[2])
	must(t, err)
	return uid, gid
}

// TestRootIsGivenUp looks at every thread of a goldapd that root started with
// a stock nslcd.conf.
func TestRootIsGivenUp(t *testing.T) {
	uid, gid := nslcdUser(t)
	must(t, command("usermod", "-a", "-G", "adm", "nslcd"))
	d := runFromNslcdConf(t)
	group := regexp.MustCompile(`(?m)^adm:[^:]*:(\d+):`).FindStringSubmatch(readFile(t, "/etc/group"))[1]
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", d.Pid()))
	if err != nil || len(threads) < 2 {
		t.Fatalf("threads %v, %v", threads, err)
	}
	for _, thread := range threads {
		status := readFile(t, thread)
		for field, want := range map[string]string{
			"Uid": fmt.Sprintf(`%d\t%[1]d\t%[1]d\t%[1]d`, uid), "Gid": fmt.Sprintf(`%d\t%[1]d\t%[1]d\t%[1]d`, gid),
			"Groups": fmt.Sprintf(`(%d %s|%[2]s %[1]d) ?`, gid, group), "NoNewPrivs": "1",
			"CapInh": "0+", "CapPrm": "0+", "CapEff": "0+", "CapBnd": "0+", "CapAmb": "0+",
		} {
			if !regexp.MustCompile(`(?m)^` + field + `:\s+` + want + `$`).MatchString(status) {
				t.Errorf("%s: %s is not %s:\n%s", thread, field, want, status)
			}
		}
	}
	for _, socket := range []string{daemon.GoldapSocket, daemon.NslcdSocket} {
		info, err := os.Stat(filepath.Dir(socket))
		must(t, err)
		if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != uid || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: owner %d, mode %v", socket, owner, info.Mode())
		}
	}
	if got, err := client.New(daemon.NslcdSocket).PasswdByName(within(t, 5*time.Second), "alice"); err != nil || got.Name != "alice" {
		t.Errorf("alice: %+v, %v", got, err)
	}
	must(t, syscall.Kill(d.Pid(), syscall.SIGHUP))
	eventually(t, 5*time.Second, "reading the configuration without root", func() bool {
		return strings.Contains(readFile(t, d.LogFile), "configuration read again")
	})
	if _, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", d.Pid())); err != nil {
		t.Errorf("root may look: %v", err)
	}
	var own syscall.Stat_t
	must(t, syscall.Stat(fmt.Sprintf("/proc/%d/environ", d.Pid()), &own))
	if own.Uid != 0 {
		t.Error("goldapd's own user may read its memory: it is dumpable")
	}
}

// TestRootThatCannotBeGivenUp is a user that is not there.
func TestRootThatCannotBeGivenUp(t *testing.T) {
	must(t, daemon.WriteNslcdConfig(server.PKI.CAFile, "uid nosuchuser"))
	for _, check := range [][]string{nil, {"--check"}} {
		ctx := within(t, 10*time.Second)
		said, err := exec.CommandContext(ctx, daemon.GoldapProgram, append(check, "--config", daemon.NslcdConfig)...).CombinedOutput()
		if want := `user "nosuchuser" (daemon.user, uid) is not in /etc/passwd`; err == nil || !strings.Contains(string(said), want) {
			t.Errorf("%v: %v\n%s", check, err, said)
		}
	}
}

// TestOtherCachesAreEmptied has a program in nscd's place that writes down who
// called it and how, and takes the directory away and brings it back.
func TestOtherCachesAreEmptied(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	must(t, os.WriteFile(calls, nil, 0o600))
	script := "#!/bin/sh\necho \"$0 $* $(id -u)\" >>" + calls + "\n"
	writeFile(t, "/usr/sbin/nscd", 0o755, script)
	writeFile(t, "/usr/sbin/nfsidmap", 0o755, script)
	helper := 0
	t.Cleanup(func() { // after the end of goldapd
		eventually(t, 5*time.Second, "the end of the helper", func() bool {
			_, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", helper)) // what has ended runs no program
			return err != nil
		})
	})
	d := runFromNslcdConf(t, "reconnect_invalidate passwd,group nfsidmap")
	const once = "/usr/sbin/nscd -i passwd 0\n/usr/sbin/nscd -i group 0\n/usr/sbin/nfsidmap -c 0\n"
	called := func(times int) func() bool {
		return func() bool { return readFile(t, calls) == strings.Repeat(once, times) }
	}
	eventually(t, 5*time.Second, "emptying caches at the start", called(1))

	names := client.New(daemon.NslcdSocket)
	must(t, server.Stop())
	t.Cleanup(func() { must(t, server.Resume(within(t, 20*time.Second))) })
	if _, err := names.PasswdByName(within(t, 10*time.Second), "alice"); err == nil {
		t.Fatal("alice is known although the server is down: the test shows nothing")
	}
	must(t, server.Resume(within(t, 20*time.Second)))
	eventually(t, 60*time.Second, "emptying caches when the directory is back", func() bool {
		_, _ = names.PasswdByName(within(t, 5*time.Second), "alice")
		return called(2)()
	})
	found, err := exec.Command("pgrep", "-P", fmt.Sprint(d.Pid())).Output()
	must(t, err)
	helper, err = strconv.Atoi(strings.TrimSpace(string(found)))
	must(t, err)
}

// TestLogOfNslcdConf logs to syslog and to a file, and not to stderr.
func TestLogOfNslcdConf(t *testing.T) {
	uid, _ := nslcdUser(t)
	file := filepath.Join(logs, "nslcdconf.log")
	d := runFromNslcdConf(t, "log syslog notice", "log "+file+" debug")
	must(t, syscall.Kill(d.Pid(), syscall.SIGHUP))
	again := regexp.MustCompile(fmt.Sprintf(`<30>.{15} goldapd\[%d\]: msg="configuration read again"`, d.Pid()))
	eventually(t, 5*time.Second, "logging", func() bool {
		return strings.Contains(readFile(t, file), "configuration read again") && again.MatchString(readFile(t, filepath.Join(logs, "syslog")))
	})
	var made syscall.Stat_t
	must(t, syscall.Stat(file, &made))
	if int(made.Uid) != uid || made.Mode&0o777 != 0o640 {
		t.Errorf("the log: uid %d, mode %o", made.Uid, made.Mode)
	}
	if said := readFile(t, d.LogFile); strings.Contains(said, "msg=") {
		t.Errorf("stderr: %s", said)
	}
}

// TestLoginsFromNslcdConf logs in with rules and mappings of nslcd.conf:
// through goldapd, with the stock module, and without any daemon.
func TestLoginsFromNslcdConf(t *testing.T) {
	runFromNslcdConf(t,
		"pam_authz_search (&(objectClass=groupOfNames)(cn=ops)(member=$dn))",
		"pam_authz_search (&(uid=$username)(!(uid=${service:-none})))",
		"pam_authc_search BASE",
		`map passwd homeDirectory "/net/$uid"`,
		`map passwd gecos "${gecos:-$cn}"`,
		"validnames /^[a-z][a-z0-9.]*$/",
	)
	for _, s := range []setup{
		{name: "daemon", module: "pam_goldap.so nodelay mode=daemon"},
		{name: "direct", module: "pam_goldap.so nodelay mode=direct config=" + daemon.NslcdConfig},
		{name: "stock module", module: "pam_ldap.so"},
	} {
		t.Run(s.name, func(t *testing.T) { groupRule(t, s, true, false) })
	}
	got, err := client.New(daemon.GoldapSocket).PasswdByName(within(t, 5*time.Second), "alice")
	if err != nil || got.Home != "/net/alice" || got.Gecos == "" {
		t.Errorf("alice: %+v, %v", got, err)
	}
}
