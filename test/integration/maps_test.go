//go:build integration

package integration

import (
	"strings"
	"testing"
)

// mapsFromDirectory makes the machine ask the directory for every map, through
// the stock libnss-ldapd.
func mapsFromDirectory(t *testing.T) {
	t.Helper()
	mapsFrom(t, "ldap")
}

// mapsFrom is the same through the library of that name.
func mapsFrom(t *testing.T, library string) {
	t.Helper()
	var lines strings.Builder
	for _, name := range []string{"passwd", "group", "shadow", "hosts", "networks", "protocols", "services", "ethers", "rpc", "netgroup"} {
		lines.WriteString(name + ": files " + library + "\n")
	}
	writeFile(t, "/etc/nsswitch.conf", 0o644, lines.String())
}

// mapAnswers are the lines of getent for keys of the maps that logins do not need.
var mapAnswers = []struct{ database, key, want string }{
	{"hosts", "10.20.0.5", "10.20.0.5 box.mydomain.com box\n"},
	{"hosts", "2001:db8::5", "2001:db8::5 box.mydomain.com box\n"},
	{"hosts", "box", "2001:db8::5 box.mydomain.com box\n"},
	{"networks", "lan", "lan 10.20.0.0\n"},
	{"networks", "10.20.0.0", "lan 10.20.0.0\n"},
	{"netgroup", "admins", "admins (box,alice,) (,bob,mydomain)\n"},
	{"protocols", "palias", "prot 222 palias\n"},
	{"protocols", "222", "prot 222 palias\n"},
	{"rpc", "rpcx", "rpcx 150999\n"},
	{"rpc", "150999", "rpcx 150999\n"},
	{"services", "ssvcalias/udp", "ssvc 4242/udp ssvcalias\n"},
	{"services", "4242/tcp", "ssvc 4242/tcp ssvcalias\n"},
	{"ethers", "box", "0:18:8a:54:1a:e box\n"},
	{"ethers", "00:18:8a:54:1a:0e", "0:18:8a:54:1a:e box.mydomain.com\n"},
}

// answersMaps is that getent finds all of them, and nothing else.
func answersMaps(t *testing.T) {
	for _, test := range mapAnswers {
		t.Run(test.database+" "+test.key, func(t *testing.T) { exactly(t, test.want, "getent", test.database, test.key) })
	}
	for _, database := range []string{"hosts", "networks", "protocols", "rpc", "services", "netgroup"} {
		run(t, "getent", database, "no-such").refuse(t)
	}
}

// enumeratesMaps is getent without a key.
func enumeratesMaps(t *testing.T) {
	for database, text := range map[string]string{
		"passwd": "\nalice:", "group": "\ndev:*:10101:", "shadow": "\nalice:*:",
		"hosts": "box.mydomain.com", "networks": "lan ", "protocols": "prot ", "rpc": "rpcx ", "services": "4242/udp",
	} {
		run(t, "getent", database).accept(t, text)
	}
}

// TestMaps is getent in the maps that logins do not need, through the stock
// libnss-ldapd.
func TestMaps(t *testing.T) {
	inSetups(t, nameSetups, func(t *testing.T, _ setup) {
		mapsFromDirectory(t)
		answersMaps(t)
	})
}

// TestEnumerations is getent without a key.
func TestEnumerations(t *testing.T) {
	inSetups(t, nameSetups, func(t *testing.T, _ setup) {
		mapsFromDirectory(t)
		enumeratesMaps(t)
	})
}

// TestEnumerationKeepsTheRules is that what no lookup would find is not in the
// list, either.
func TestEnumerationKeepsTheRules(t *testing.T) {
	inSetups(t, []setup{stockModule}, func(t *testing.T, _ setup) {
		mapsFromDirectory(t)
		a := run(t, "getent", "passwd")
		a.accept(t, "\nalice:")
		for _, name := range []string{"toor", "lowuid", "nouid"} {
			if strings.Contains(a.text, "\n"+name+":") {
				t.Errorf("%s is in the list", name)
			}
		}
	})
}
