package directory_test

import (
	"fmt"
	"iter"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// thing returns an entry of one of the maps that logins do not need.
func thing(class, name string, attributes map[string][]string) scripted.Entry {
	entry := scripted.Entry{DN: "cn=" + name + ",ou=" + class + "," + baseDN,
		Attributes: map[string][]string{"objectClass": {class}, "cn": {name}}}
	for key, values := range attributes {
		entry.Attributes[key] = values
	}
	return entry
}

func newMapServer(t *testing.T) *scripted.Server {
	server := newServer(t)
	server.Add(
		thing("nisMailAlias", "mal", map[string][]string{"cn": {"mal", "Sales"}, "rfc822MailMember": {"a@b", "|/bin/x", "bad\nline"}}),
		thing("ieee802Device", "h1", map[string][]string{"cn": {"h1", "h1a"}, "macAddress": {"0:18:8a:54:1a:e"}}),
		thing("ieee802Device", "h2", map[string][]string{"macAddress": {"00:18:8A:54:1A:0F", "1:2", "00:00:00:00:00:100"}}),
		thing("ieee802Device", "h3", map[string][]string{"macAddress": {"none"}}),
		thing("ipHost", "h1", map[string][]string{"cn": {"h1a", "h1", "bad\nname"}, "ipHostNumber": {"10.1.2.3", "2001:db8::5", "junk", "fe80::1%eth0"}}),
		thing("ipHost", "H2", map[string][]string{"cn": {"other", "h2"}, "ipHostNumber": {"2001:0DB8:0000:0000:0000:0000:0000:0006"}}),
		thing("ipHost", "h3", map[string][]string{"ipHostNumber": {"2001:db8:0:0:0:0:0:7", "10.1.2.7"}}),
		thing("ipHost", "nowhere", nil),
		thing("ipNetwork", "lan", map[string][]string{"ipNetworkNumber": {"10.0.0.0", "2001:db8::", "junk"}}),
		thing("ipNetwork", "six", map[string][]string{"ipNetworkNumber": {"2001:db8:1::"}}),
		thing("nisNetgroup", "ng", map[string][]string{"memberNisNetgroup": {" sub "},
			"nisNetgroupTriple": {"(h, u ,d)", "(,,)", "h,u,d", "(h,u)", "(a,b,c,d)", "(a,b,(c))", " (x,-,) "}}),
		thing("ipProtocol", "prot", map[string][]string{"cn": {"palias", "prot"}, "ipProtocolNumber": {"254"}}),
		thing("ipProtocol", "large", map[string][]string{"ipProtocolNumber": {"256"}}),
		thing("ipProtocol", "text", map[string][]string{"ipProtocolNumber": {"6x"}}),
		thing("oncRpc", "rpcx", map[string][]string{"oncRpcNumber": {"150001", "150002"}}),
		thing("oncRpc", "rpcmax", map[string][]string{"oncRpcNumber": {"4294967296"}}),
		thing("ipService", "ssvc", map[string][]string{"cn": {"ssvc", "ssvcalias"}, "ipServicePort": {"4242"}, "ipServiceProtocol": {"tcp", "udp"}}),
		thing("ipService", "zero", map[string][]string{"ipServicePort": {"0"}, "ipServiceProtocol": {"tcp"}}),
	)
	return server
}

func name(name string) account.Key { return account.Key{By: account.ByName, Name: name} }
func byNumber(n int32) account.Key { return account.Key{By: account.ByNumber, Number: n} }
func byAddress(text string) account.Key {
	return account.Key{By: account.ByAddress, Address: netip.MustParseAddr(text)}
}
func byEther(mac account.EtherAddr) account.Key { return account.Key{By: account.ByEther, Ether: mac} }

func ofProtocol(key account.Key, protocol string) account.Key {
	key.Protocol = protocol
	return key
}

var everything = account.Key{By: account.All}

// mapAnswer makes one text of an answer: its values, how many entries were
// unusable, and the error.
func mapAnswer[T any](all iter.Seq2[T, error]) string {
	values, bad, err := collect(all)
	return fmt.Sprintf("%v bad %d, %v", values, bad, err)
}

func TestMaps(t *testing.T) {
	d := piped(t, newMapServer(t))
	ctx := within(t, 10*time.Second)
	first, second := account.EtherAddr{0, 0x18, 0x8a, 0x54, 0x1a, 0x0e}, account.EtherAddr{0, 0x18, 0x8a, 0x54, 0x1a, 0x0f}
	const host = "[{h1 [h1a] [10.1.2.3 2001:db8::5 invalid IP invalid IP]}] bad 0, <nil>"
	const none = "[] bad 0, <nil>"
	const ng = "[{ng [{h u d} {  } {x - }] [sub]}] bad 0, <nil>"
	for _, test := range []struct{ got, want string }{
		{mapAnswer(d.Aliases(ctx, name("MAL"))), "[{mal [a@b |/bin/x]}] bad 0, <nil>"},
		{mapAnswer(d.Aliases(ctx, everything)), "[{mal [a@b |/bin/x]} {Sales [a@b |/bin/x]}] bad 0, <nil>"},
		{mapAnswer(d.Aliases(ctx, name(""))), none},
		{mapAnswer(d.Ethers(ctx, name("H1A"))), "[{h1a [0 24 138 84 26 14]}] bad 0, <nil>"},
		{mapAnswer(d.Ethers(ctx, byEther(first))), "[{h1 [0 24 138 84 26 14]} {h1a [0 24 138 84 26 14]}] bad 0, <nil>"},
		{mapAnswer(d.Ethers(ctx, byEther(second))), "[{h2 [0 24 138 84 26 15]}] bad 0, <nil>"},
		{mapAnswer(d.Ethers(ctx, everything)), "[{h1 [0 24 138 84 26 14]} {h1a [0 24 138 84 26 14]} {h2 [0 24 138 84 26 15]}] bad 1, <nil>"},
		{mapAnswer(d.Hosts(ctx, name("H1A"))), host},
		{mapAnswer(d.Hosts(ctx, byAddress("2001:db8::5"))), host},
		{mapAnswer(d.Hosts(ctx, byAddress("10.1.2.4"))), none},
		{mapAnswer(d.Hosts(ctx, byAddress("2001:db8::6"))), "[{h2 [other] [2001:db8::6]}] bad 0, <nil>"},
		{mapAnswer(d.Hosts(ctx, byAddress("2001:db8::7"))), "[{h3 [] [2001:db8::7 10.1.2.7]}] bad 0, <nil>"},
		{mapAnswer(d.Hosts(ctx, byAddress("10.1.2.7"))), "[{h3 [] [2001:db8::7 10.1.2.7]}] bad 0, <nil>"},
		{mapAnswer(d.Hosts(ctx, account.Key{By: account.ByAddress})), none},
		{mapAnswer(d.Hosts(ctx, everything)), "[" + host[1:len(host)-len("] bad 0, <nil>")] + " {h2 [other] [2001:db8::6]} {h3 [] [2001:db8::7 10.1.2.7]}] bad 1, <nil>"},
		{mapAnswer(d.Hosts(ctx, name("nowhere"))), "[] bad 1, <nil>"},
		{mapAnswer(d.Networks(ctx, name("lan"))), "[{lan [] [10.0.0.0 invalid IP]}] bad 0, <nil>"},
		{mapAnswer(d.Networks(ctx, byAddress("10.0.0.0"))), "[{lan [] [10.0.0.0 invalid IP]}] bad 0, <nil>"},
		{mapAnswer(d.Networks(ctx, name("six"))), none},
		{mapAnswer(d.Netgroups(ctx, name("ng"))), ng},
		{mapAnswer(d.Netgroups(ctx, name("NG"))), none},
		{mapAnswer(d.Netgroups(ctx, everything)), ng},
		{mapAnswer(d.Protocols(ctx, name("palias"))), "[{prot [palias] 254}] bad 0, <nil>"},
		{mapAnswer(d.Protocols(ctx, name("PALIAS"))), none},
		{mapAnswer(d.Protocols(ctx, name("large"))), "[] bad 1, <nil>"},
		{mapAnswer(d.Protocols(ctx, byNumber(254))), "[{prot [palias] 254}] bad 0, <nil>"},
		{mapAnswer(d.Protocols(ctx, byNumber(256))), "[] bad 1, <nil>"},
		{mapAnswer(d.Protocols(ctx, everything)), "[{prot [palias] 254}] bad 2, <nil>"},
		{mapAnswer(d.RPCs(ctx, byNumber(150002))), "[{rpcx [] 150002}] bad 0, <nil>"},
		{mapAnswer(d.RPCs(ctx, everything)), "[{rpcx [] 150001}] bad 1, <nil>"},
		{mapAnswer(d.Services(ctx, name("ssvcalias"))), "[{ssvc [ssvcalias] 4242 tcp} {ssvc [ssvcalias] 4242 udp}] bad 0, <nil>"},
		{mapAnswer(d.Services(ctx, ofProtocol(name("ssvcalias"), "udp"))), "[{ssvc [ssvcalias] 4242 udp}] bad 0, <nil>"},
		{mapAnswer(d.Services(ctx, ofProtocol(byNumber(4242), "tcp"))), "[{ssvc [ssvcalias] 4242 tcp}] bad 0, <nil>"},
		{mapAnswer(d.Services(ctx, ofProtocol(byNumber(4242), "TCP"))), none},
		{mapAnswer(d.Services(ctx, ofProtocol(byNumber(4242), "sctp"))), none},
		{mapAnswer(d.Services(ctx, ofProtocol(byNumber(4242), "\xff"))), none},
		{mapAnswer(d.Services(ctx, everything)), "[{ssvc [ssvcalias] 4242 tcp} {ssvc [ssvcalias] 4242 udp}] bad 1, <nil>"},
	} {
		if test.got != test.want {
			t.Errorf("got  %s\nwant %s", test.got, test.want)
		}
	}
}

// What is asked for goes into the filter with its special characters escaped,
// and into the map's base with the map's class and attributes.
func TestMapsAreConfigured(t *testing.T) {
	server := newMapServer(t)
	cfg := plainConfig("ldap://one.example")
	cfg.Base = ""
	for _, m := range []*config.Map{&cfg.Passwd, &cfg.Group, &cfg.Shadow} {
		m.Bases = []config.SearchBase{{DN: peopleDN}}
	}
	cfg.Hosts = config.Map{ObjectClass: "device", Attributes: map[string]string{"cn": "name"}, Bases: []config.SearchBase{{DN: "ou=h", Scope: "one"}}}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	ctx := within(t, 10*time.Second)
	for _, got := range []string{mapAnswer(d.Hosts(ctx, name("*)("))), mapAnswer(d.Protocols(ctx, name("prot"))), mapAnswer(d.Aliases(ctx, everything))} {
		if got != "[] bad 0, <nil>" {
			t.Error(got)
		}
	}
	searches := server.Searches()
	if len(searches) != 1 {
		t.Fatalf("maps without a base were searched: %+v", searches)
	}
	got := searches[0]
	if got.Base != "ou=h" || got.Scope != 1 || got.Filter != "(&(objectClass=device)(name=*)())" {
		t.Errorf("%+v", got)
	}
	if !reflect.DeepEqual(got.Attributes, []string{"name", "ipHostNumber"}) {
		t.Errorf("%v", got.Attributes)
	}
}

func TestMapsOfADirectoryThatIsAway(t *testing.T) {
	server := newMapServer(t)
	server.Refuse(true)
	_, _, err := collect(piped(t, server).Services(within(t, time.Second), name("ssvc")))
	wantError(t, err, directory.ErrUnavailable)
}
