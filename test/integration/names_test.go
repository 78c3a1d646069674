//go:build integration

package integration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// nameSetups are the daemons that the stock libnss-ldapd asks.
var nameSetups = []setup{stockModule, reference}

// run runs a program as root without input.
func run(t *testing.T, name string, arguments ...string) answer {
	t.Helper()
	return asUID(t, 0, "", name, arguments...)
}

// TestNames is getent and id through the stock libnss-ldapd.
func TestNames(t *testing.T) {
	inSetups(t, nameSetups, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		for _, name := range []string{"alice", "carol"} {
			p := person(name)
			// The password field is left open: nslcd has x there for a
			// shadowAccount if nsswitch.conf's shadow line names ldap, else *. No
			// hash is mapped.
			line := fmt.Sprintf("^%s:[x*]:%d:10000:The person %s:/home/%s:/bin/sh\n$", name, p.UID, name, name)
			for _, key := range []string{name, fmt.Sprint(p.UID)} {
				if a := run(t, "getent", "passwd", key); !regexp.MustCompile(line).MatchString(a.text) {
					t.Errorf("getent passwd %s: %q, want %s", key, a.text, line)
				}
			}
		}
		exactly(t, "dev:*:10101:alice,bob\n", "getent", "group", "dev")
		exactly(t, "dev:*:10101:alice,bob\n", "getent", "group", "10101")
		exactly(t, "ops:*:10102:alice\n", "getent", "group", "ops")
		exactly(t, "10000 10101 10102\n", "id", "-G", "alice")
		exactly(t, "users-of-ldap dev audit\n", "id", "-Gn", "bob")
		run(t, "getent", "shadow", "alice").accept(t, "alice:")
	})
}

// exactly fails the test unless the program prints want, with the numbers and
// names of a line in any order if there are several.
func exactly(t *testing.T, want, name string, arguments ...string) {
	t.Helper()
	a := run(t, name, arguments...)
	a.accept(t)
	if words(a.text) != words(want) {
		t.Errorf("%s %v prints %q, want %q", name, arguments, a.text, want)
	}
}

// words brings what is separated by blanks and commas into one order.
func words(line string) string {
	fields := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ,:\n", r) })
	slices.Sort(fields)
	return strings.Join(fields, " ")
}

// TestNamesOfNobody is that getent finds neither what does not exist nor what
// must not exist.
func TestNamesOfNobody(t *testing.T) {
	inSetups(t, []setup{stockModule}, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		for _, key := range []string{"nobody-here", "ALICE", "10099", "nouid", "toor", "lowuid", "500", "twin", "12345", "10030", "st*r", "*"} {
			if a := run(t, "getent", "passwd", key); a.ok && strings.Contains(a.text, "The person") {
				t.Errorf("getent passwd %s: %s", key, a.text)
			}
		}
	})
}

// TestLocalWins is that a local account is not mixed up with the directory's
// of the same name or uid.
func TestLocalWins(t *testing.T) {
	inSetups(t, []setup{stockModule}, func(t *testing.T, _ setup) {
		// The directory is asked first, so that what it says would be seen.
		writeFile(t, "/etc/nsswitch.conf", 0o644, "passwd: ldap files\ngroup: ldap files\nshadow: files\nhosts: files\n")
		for _, key := range []string{localUser, fmt.Sprint(slapd.LocalUserUID)} {
			run(t, "getent", "passwd", key).accept(t, fmt.Sprintf("%s:x:%d:", localUser, slapd.LocalUserUID))
		}
	})
}

// TestNamesRecover is that names come back when the directory does.
func TestNamesRecover(t *testing.T) {
	inSetups(t, []setup{stockModule}, func(t *testing.T, _ setup) {
		namesFromDirectory(t)
		run(t, "getent", "passwd", "alice").accept(t)
		stopServer(t)
		a := run(t, "getent", "passwd", "bob")
		a.refuse(t)
		if a.took > 6*time.Second {
			t.Errorf("a lookup without a directory takes %v", a.took)
		}
		must(t, server.Resume(within(t, 30*time.Second)))
		took := eventually(t, 10*time.Second, "bob is found again", func() bool {
			return run(t, "getent", "passwd", "bob").ok
		})
		t.Logf("names are back after %v", took)
	})
}
