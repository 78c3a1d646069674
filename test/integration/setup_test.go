//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// setup is one way to put a module and a daemon together.
type setup struct {
	name string
	// module is what a service file calls, with options that come first.
	module string
	// start starts the daemon, if the setup has one.
	start func(t *testing.T)
}

// The setups. The goldap ones are what is tested; the mixed ones show that
// both sides speak nslcd's protocol; the reference shows that the tests ask
// for nothing that the stock pair does not do.
var (
	withDaemon    = setup{"daemon", "pam_goldap.so nodelay", startGoldapd}
	withoutDaemon = setup{"direct", "pam_goldap.so nodelay", writeGoldapConfig}
	stockModule   = setup{"stock module on goldapd", "pam_ldap.so", startGoldapd}
	stockDaemon   = setup{"module on stock nslcd", "pam_goldap.so nodelay mode=daemon socket=" + daemon.NslcdSocket, startNslcd}
	reference     = setup{"reference", "pam_ldap.so", startNslcd}
)

var goldapSetups = []setup{withDaemon, withoutDaemon}

// inSetups runs a test once in each setup.
func inSetups(t *testing.T, setups []setup, test func(t *testing.T, s setup)) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			showLogsOnFailure(t)
			s.start(t)
			writeServices(t, s)
			test(t, s)
		})
	}
}

// configLines are what the tests add to the five lines that must work: the highest
// log level, for the search for passwords in the logs.
var configLines = []string{"debug 1"}

func writeGoldapConfig(t *testing.T) {
	t.Helper()
	must(t, daemon.WriteGoldapConfig(server.PKI.CAFile, configLines...))
}

// startGoldapd starts goldapd on its own and on nslcd's socket for one test.
func startGoldapd(t *testing.T) {
	t.Helper()
	writeGoldapConfig(t)
	runGoldapd(t)
}

func runGoldapd(t *testing.T) *daemon.Daemon {
	t.Helper()
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"),
		daemon.GoldapConfig, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	t.Cleanup(func() { must(t, d.Stop()) })
	return d
}

// startNslcd starts the stock daemon for one test.
func startNslcd(t *testing.T) {
	t.Helper()
	must(t, daemon.WriteNslcdConfig(server.PKI.CAFile))
	d, err := daemon.StartNslcd(within(t, 20*time.Second), logFile(t, "nslcd"))
	must(t, err)
	t.Cleanup(func() { must(t, d.Stop()) })
}

func logFile(t *testing.T, program string) string {
	return filepath.Join(logs, strings.NewReplacer("/", "_", " ", "_").Replace(t.Name())+"."+program)
}

// showLogsOnFailure prints, if the test fails, what was logged since now to
// syslog and by the test's own programs.
func showLogsOnFailure(t *testing.T) {
	t.Helper()
	syslog := filepath.Join(logs, "syslog")
	before, err := os.ReadFile(syslog)
	must(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		after, err := os.ReadFile(syslog)
		must(t, err)
		t.Logf("syslog:\n%s", after[len(before):])
		files, err := filepath.Glob(logFile(t, "*"))
		must(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			must(t, err)
			t.Logf("%s:\n%s", filepath.Base(file), text)
		}
	})
}

// The service files that must work are etc/pam.d, word for word but for two
// options: pam_unix does not wait two seconds after a refusal, and pam_pwquality
// has no word list here.
const servicesDir = "/goldap/etc/pam.d/"

func shipped(t *testing.T, service string) string {
	t.Helper()
	text, err := os.ReadFile(servicesDir + service)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"nullok try_first_pass\n", "nullok try_first_pass nodelay\n",
		"authtok_type=\n", "authtok_type= dictcheck=0\n",
	).Replace(string(text))
}

const (
	// plain is system-auth with nothing but pam_unix beside goldap's lines, so
	// that goldap's account line decides about local users, too.
	plain = `
auth        sufficient    pam_unix.so nodelay
auth        sufficient    pam_goldap.so minimum_uid=1000 use_first_pass
auth        required      pam_deny.so
account     required      pam_unix.so broken_shadow
account     required      pam_goldap.so minimum_uid=1000
password    sufficient    pam_unix.so sha512 shadow
password    sufficient    pam_goldap.so minimum_uid=1000 try_first_pass
password    required      pam_deny.so
session     required      pam_unix.so
session     required      pam_goldap.so minimum_uid=1000
`
	// alone has nothing but the module, so that its own answers are seen.
	alone = `
auth        required      pam_goldap.so
account     required      pam_goldap.so
password    required      pam_goldap.so
session     required      pam_goldap.so
`
	// application is what sshd, su and sudo get.
	application = `
auth        include       system-auth
account     include       system-auth
password    include       system-auth
session     include       system-auth
`
)

// writeServices writes the service files with the setup's module. Options
// that only goldap knows are in the module's name.
func writeServices(t *testing.T, s setup) {
	t.Helper()
	for service, text := range map[string]string{
		"coronerd": shipped(t, "coronerd"), "system-auth": shipped(t, "system-auth"), "plain": plain, "alone": alone,
		"sshd": application, "su": application, "sudo": application,
	} {
		writeFile(t, "/etc/pam.d/"+service, 0o644, strings.ReplaceAll(text, "pam_goldap.so", s.module))
	}
}

// person is slapd.Find, for short lines.
func person(name string) slapd.Person { return slapd.Find(name) }
