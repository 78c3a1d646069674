//go:build integration

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

const goldapctl = "/goldap/build/goldapctl"

// TestMemory is what goldapd remembers, seen with getent: it is given out while
// the directory is away, and forgotten by a flush; a local account counts at
// once.
func TestMemory(t *testing.T) {
	showLogsOnFailure(t)
	const config = "/etc/memory.toml"
	writeFile(t, config, 0o600, fmt.Sprintf(`[lookups]
cache_ttl = "2s"
[[directory]]
uris = ["ldap://%s"]
base = %q
bind_dn = %q
bind_password = %q
tls.ca_file = %q
`, slapd.ServerName, slapd.Base, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile))
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), config, daemon.GoldapSocket)
	must(t, err)
	stopAtEnd(t, d)
	namesFromGoldap(t)

	gecos := func() string {
		a := run(t, "getent", "passwd", "alice")
		return strings.Split(a.text+":::::", ":")[4]
	}
	old := gecos()
	rename := func(text string) {
		must(t, server.Modify(within(t, 20*time.Second), person("alice").DN(), "replace: gecos\ngecos: "+text+"\n"))
	}
	rename("Another")
	t.Cleanup(func() { rename(old) })
	if got := gecos(); got != old {
		t.Errorf("gecos %q: nothing was remembered", got)
	}
	run(t, goldapctl, "flush").accept(t)
	if got := gecos(); got != "Another" {
		t.Errorf("gecos %q after a flush", got)
	}
	asUID(t, 10001, "", goldapctl, "flush").refuse(t, "root")

	passwd := readFile(t, "/etc/passwd")
	writeFile(t, "/etc/passwd", 0o644, passwd+"somebody:x:10001:10000::/:/bin/sh\n")
	if a := run(t, goldapctl, "lookup", "passwd", "alice"); a.ok {
		t.Errorf("alice has the uid of a local user: %s", a.text)
	}
	writeFile(t, "/etc/passwd", 0o644, passwd)
	if got := gecos(); got != "Another" {
		t.Errorf("gecos %q without the local user", got)
	}

	stopServer(t)
	time.Sleep(2 * time.Second) // the time of the entry
	for range 3 {
		if got := gecos(); got != "Another" {
			t.Errorf("gecos %q while the directory is away", got)
		}
	}
	run(t, goldapctl, "status").accept(t, "down", "refused: local 1", "flushed: 20")
}
