//go:build integration

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
)

// ownSetup is goldap's name-service module under one of its two names, with a
// daemon.
type ownSetup struct {
	name, library string
	start         func(t *testing.T)
}

var ownSetups = []ownSetup{
	{"goldapd", "goldap", func(t *testing.T) {
		writeGoldapConfig(t)
		stopAtEnd(t, goldapdAlone(t))
	}},
	{"as libnss_ldap on goldapd", "ldap", func(t *testing.T) {
		writeGoldapConfig(t)
		replaceStockLibrary(t)
		stopAtEnd(t, goldapdAlone(t))
	}},
	{"stock nslcd", "goldap", func(t *testing.T) {
		startNslcd(t)
		nslcdForOwnModule(t)
	}},
}

// inOwnSetups runs a test once in each of them.
func inOwnSetups(t *testing.T, test func(t *testing.T, library string)) {
	for _, s := range ownSetups {
		t.Run(s.name, func(t *testing.T) {
			showLogsOnFailure(t)
			s.start(t)
			test(t, s.library)
		})
	}
}

// nslcdForOwnModule has goldap's module find nslcd's socket where it looks for
// goldapd's.
func nslcdForOwnModule(t *testing.T) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(daemon.GoldapSocket), 0o755))
	must(t, os.RemoveAll(daemon.GoldapSocket))
	must(t, os.Symlink(daemon.NslcdSocket, daemon.GoldapSocket))
	t.Cleanup(func() { must(t, os.Remove(daemon.GoldapSocket)) })
}

// replaceStockLibrary puts goldap's libnss_ldap.so.2 in the place of the stock
// one, for one test.
func replaceStockLibrary(t *testing.T) {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/libnss_ldap.so.2")
	if err != nil || len(found) != 1 {
		t.Fatalf("where is libnss_ldap.so.2? found %v, %v", found, err)
	}
	must(t, os.Rename(found[0], found[0]+".stock"))
	t.Cleanup(func() { must(t, os.Rename(found[0]+".stock", found[0])) })
	must(t, install("/goldap/build/libnss_ldap.so.2", filepath.Dir(found[0])))
}

// TestOwnMaps is every map, by key and in full, through goldap's module.
func TestOwnMaps(t *testing.T) {
	inOwnSetups(t, func(t *testing.T, library string) {
		mapsFrom(t, library)
		answersMaps(t)
		enumeratesMaps(t)
		exactly(t, "10000 10101 10102\n", "id", "-G", "alice")
		run(t, "getent", "passwd", "alice").accept(t, "alice:", ":10001:10000:")
		run(t, "getent", "group", "crowd").accept(t, "crowd:*:10104:", "member4999")
	})
}

// TestOwnHosts is what getaddrinfo makes of a host with an address of either
// family, which it gets in one answer.
func TestOwnHosts(t *testing.T) {
	inOwnSetups(t, func(t *testing.T, library string) {
		mapsFrom(t, library)
		for database, wants := range map[string][]string{
			"ahosts":   {"10.20.0.5", "2001:db8::5"},
			"ahostsv4": {"10.20.0.5", "box.mydomain.com"},
			"ahostsv6": {"2001:db8::5"},
		} {
			// The machine has no address but its loopback's, which would not count.
			run(t, "getent", "--no-addrconfig", database, "box").accept(t, wants...)
			run(t, "getent", "--no-addrconfig", database, "no-such-box").refuse(t)
		}
		if a := run(t, "getent", "--no-addrconfig", "ahostsv4", "box"); strings.Contains(a.text, "2001:db8::5") {
			t.Errorf("IPv6 among %q", a.text)
		}
	})
}

// TestOwnLibraryInNslcd is a stock nslcd on a machine with goldap's
// libnss_ldap.so.2: it loads that, and switches it off for itself.
func TestOwnLibraryInNslcd(t *testing.T) {
	showLogsOnFailure(t)
	replaceStockLibrary(t)
	mapsFrom(t, "ldap")
	startNslcd(t)
	nslcdForOwnModule(t)
	run(t, "getent", "passwd", "alice").accept(t, "alice:", ":10001:10000:")
	exactly(t, "10000 10101 10102\n", "id", "-G", "alice")
	unknown(t, 2*time.Second, "getent passwd nobody-here")
	if strings.Contains(readFile(t, filepath.Join(logs, "syslog")), "NSS module") {
		t.Error("nslcd says something about the library")
	}
}

// TestOwnNamesOfTheDaemon is that the user who owns the socket never asks, for
// it would be the daemon that waits for itself.
func TestOwnNamesOfTheDaemon(t *testing.T) {
	stopAtEnd(t, ownNames(t))
	const daemonUID = 900 // systemUser's
	asUID(t, daemonUID, "", "getent", "passwd", "alice").accept(t, "alice:")
	must(t, os.Chown(daemon.GoldapSocket, daemonUID, daemonUID))
	asUID(t, daemonUID, "", "getent", "passwd", "alice").refuse(t)
	asUID(t, daemonUID, "", "getent", "group", "dev").refuse(t)
	if a := asUID(t, daemonUID, "", "getent", "passwd"); strings.Contains(a.text, "alice") {
		t.Error("the daemon's user enumerates")
	}
	asUID(t, uint32(person("alice").UID), "", "getent", "passwd", "alice").accept(t, "alice:")
	run(t, "getent", "passwd", "alice").accept(t, "alice:")
}
