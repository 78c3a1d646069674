package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// named is a directory whose servers DNS names.
type named struct {
	*directory.Directory
	dns     *scripted.DNS
	servers map[string]*scripted.Server // by host:port
	log     *bytes.Buffer
}

// srv returns a record: priority and weight, host and port.
func srv(priority, weight uint16, host string, port uint16) net.SRV {
	return net.SRV{Priority: priority, Weight: weight, Target: host + ".", Port: port}
}

// newNamed makes servers for addresses, which may be named or not. The uris of
// the configuration are given.
func newNamed(t *testing.T, uris []string, addresses ...string) *named {
	t.Helper()
	n := &named{dns: scripted.NewDNS(), servers: map[string]*scripted.Server{}, log: &bytes.Buffer{}}
	for _, address := range addresses {
		n.servers[address] = newServer(t)
	}
	// Go's resolver hears of the end of a context only by its deadline.
	t.Cleanup(func() { time.Sleep(10 * time.Second) })
	n.Directory = newDirectory(t, plainConfig(uris...), directory.Options{
		Dial: scripted.Dialer(n.servers), Resolver: n.dns.Resolver(),
		Logger:   slog.New(slog.NewTextHandler(n.log, nil)),
		Hostname: func() (string, error) { return "client.example.com", nil },
	})
	return n
}

// inBubble runs a test in virtual time. Go's resolver reads resolv.conf(5)
// once, which must not happen inside.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	_, _, _ = scripted.NewDNS().Resolver().LookupSRV(t.Context(), "ldap", "tcp", "invalid.")
	synctest.Test(t, test)
}

func (n *named) uris() string {
	var all []string
	for _, status := range n.Status() {
		all = append(all, status.URI)
	}
	return strings.Join(all, " ")
}

// TestServersFromDNS: every spelling of nslcd.conf(5), and the order of
// RFC 2782.
func TestServersFromDNS(t *testing.T) {
	for uri, test := range map[string]struct{ domain, want string }{
		"DNS":                      {"example.com", "ldap://b.example.com ldap://a.example.com:1389 ldaps://c.example.com"},
		"dns:Example.COM.":         {"example.com", "ldap://b.example.com ldap://a.example.com:1389 ldaps://c.example.com"},
		"DNS:other.example.com":    {"other.example.com", "ldap://b.other.example.com ldap://a.other.example.com:1389 ldaps://c.other.example.com"},
		"DNSLDAPS":                 {"example.com", "ldaps://b.example.com:389 ldaps://a.example.com:1389 ldaps://c.example.com"},
		"DNSLDAPS:sub.example.com": {"sub.example.com", "ldaps://b.sub.example.com:389 ldaps://a.sub.example.com:1389 ldaps://c.sub.example.com"},
	} {
		t.Run(uri, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				d := newNamed(t, []string{uri})
				d.dns.Set(test.domain, srv(20, 0, "a."+test.domain, 1389), srv(10, 5, "B."+test.domain, 389), srv(30, 0, "c."+test.domain, 636))
				if d.uris() != "" || len(d.dns.Asked()) > 0 {
					t.Error("DNS was asked before the first request")
				}
				_, err := d.AccountByName(within(t, 2*time.Second), "alice")
				wantError(t, err, directory.ErrUnavailable) // nobody is there
				if got := d.uris(); got != test.want {
					t.Errorf("servers %s, want %s", got, test.want)
				}
				for _, name := range d.dns.Asked() {
					if name != "_ldap._tcp."+test.domain+"." {
						t.Errorf("DNS was asked for %s", name)
					}
				}
			})
		})
	}
}

// TestDNSMustNotChooseWhomWeTrust: servers outside of the domain are refused.
func TestDNSMustNotChooseWhomWeTrust(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		bad := []string{"trap.example.org", "example.com.evil.org", "notexample.com", "com"}
		addresses := []string{"good.example.com:389"}
		records := []net.SRV{srv(10, 0, "good.example.com", 389)}
		for _, host := range bad {
			addresses = append(addresses, host+":389")
			records = append(records, srv(0, 0, host, 389))
		}
		d := newNamed(t, []string{"DNS:example.com"}, addresses...)
		d.dns.Set("example.com", records...)
		lookUp(t, d.Directory, time.Second)
		if reply, err := bindAlice(t, d.Directory, alicePass); err != nil || reply.Code != 0 {
			t.Errorf("%+v, %v", reply, err)
		}
		for _, host := range bad {
			if d.servers[host+":389"].Connections() > 0 {
				t.Errorf("%s got a connection", host)
			}
		}
		d.RetryNow()
		synctest.Wait()
		for _, host := range bad {
			if n := strings.Count(d.log.String(), "target="+host+" "); n != 1 {
				t.Errorf("%s is %d times in the log", host, n)
			}
		}
		d.dns.Set("example.com", records[1:]...)
		d.RetryNow()
		synctest.Wait()
		lookUp(t, d.Directory, time.Second) // by what is known
	})
}

// TestDNSTrap: with TLS the certificate must have the name of the target, and
// one for another name in the domain is not enough.
func TestDNSTrap(t *testing.T) {
	ca := scripted.NewCA(t)
	server := newServer(t)
	server.TLS = ca.Server(t, "ldap.example.com")
	address := server.Listen(t)
	dns := scripted.NewDNS()
	resolver := dns.Listen(t)
	for target, good := range map[string]bool{"ldap.example.com": true, "www.example.com": false} {
		dns.Set("example.com", srv(0, 0, target, 389))
		cfg := plainConfig("DNS:example.com")
		cfg.TLS = config.TLS{Mode: "start_tls", CAFile: ca.File}
		d := newDirectory(t, cfg, directory.Options{Resolver: resolver, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}})
		before := len(server.Binds())
		_, err := d.AccountByName(within(t, 5*time.Second), "alice")
		if (err == nil) != good {
			t.Errorf("%s: %v", target, err)
		}
		if !good && len(server.Binds()) != before {
			t.Errorf("%s got a password", target)
		}
	}
}

// TestDNSChanges are seen within lookupInterval, 5 minutes; servers that stay
// keep their connections, those that are gone lose them.
func TestDNSChanges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newNamed(t, []string{"DNS:example.com"}, "a.example.com:389", "b.example.com:389", "c.example.com:389")
		d.dns.Set("example.com", srv(10, 0, "a.example.com", 389), srv(20, 0, "b.example.com", 389))
		lookUp(t, d.Directory, time.Second)
		d.dns.Set("example.com", srv(5, 0, "c.example.com", 389), srv(10, 0, "b.example.com", 389))
		for range 301 {
			time.Sleep(time.Second)
			lookUp(t, d.Directory, time.Second)
		}
		if n := len(d.dns.Asked()); n != 2 {
			t.Errorf("DNS was asked %d times in 5 minutes", n)
		}
		lookUp(t, d.Directory, time.Second)
		if got := d.uris(); got != "ldap://c.example.com ldap://b.example.com" {
			t.Errorf("servers %s", got)
		}
		synctest.Wait()
		if d.servers["a.example.com:389"].Open() > 0 || d.servers["c.example.com:389"].Connections() != 1 {
			t.Error("the change is not seen")
		}
	})
}

// TestDNSNamesAServerTwice: it is one server, and gone when DNS says so.
func TestDNSNamesAServerTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newNamed(t, []string{"DNS:example.com"}, "a.example.com:389", "b.example.com:389")
		d.dns.Set("example.com", srv(10, 0, "a.example.com", 389), srv(20, 0, "A.example.com", 389))
		lookUp(t, d.Directory, time.Second)
		if got := d.uris(); got != "ldap://a.example.com" {
			t.Errorf("servers %s", got)
		}
		d.dns.Set("example.com", srv(10, 0, "b.example.com", 389))
		for range 2 {
			time.Sleep(5 * time.Minute)
			lookUp(t, d.Directory, time.Second)
			synctest.Wait()
		}
		if got := d.uris(); got != "ldap://b.example.com" || d.servers["a.example.com:389"].Open() > 0 {
			t.Errorf("servers %s, %d connections to a", got, d.servers["a.example.com:389"].Open())
		}
	})
}

// TestOrderStays although DNS gives equal servers in another one each time.
func TestOrderStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var records []net.SRV
		var addresses []string
		for i := range 8 {
			host := fmt.Sprintf("s%d.example.com", i)
			records = append(records, srv(10, 10, host, 389))
			addresses = append(addresses, host+":389")
		}
		d := newNamed(t, []string{"DNS:example.com"}, addresses...)
		d.dns.Set("example.com", records...)
		lookUp(t, d.Directory, time.Second)
		first := d.uris()
		for range 10 {
			time.Sleep(6 * time.Minute)
			lookUp(t, d.Directory, time.Second)
			synctest.Wait()
		}
		if d.uris() != first || len(d.dns.Asked()) != 11 {
			t.Errorf("%d questions; servers %s, at first %s", len(d.dns.Asked()), d.uris(), first)
		}
	})
}

// TestDNSIsAway: what is known stays in use, whatever DNS says or does not say.
func TestDNSIsAway(t *testing.T) {
	for name, away := range map[string]func(*scripted.DNS){
		"silent":      func(s *scripted.DNS) { s.Silent(true) },
		"SERVFAIL":    func(s *scripted.DNS) { s.Failing(true) },
		"no records":  func(s *scripted.DNS) { s.Set("example.com") },
		"not offered": func(s *scripted.DNS) { s.Set("example.com", net.SRV{Target: "."}) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				d := newNamed(t, []string{"DNS:example.com"}, "a.example.com:389", "b.example.com:389")
				d.dns.Set("example.com", srv(10, 0, "a.example.com", 389))
				lookUp(t, d.Directory, time.Second)
				away(d.dns)
				for range 60 {
					time.Sleep(time.Minute)
					if took := lookUp(t, d.Directory, time.Second); took > 0 {
						t.Fatalf("a lookup waits %v for DNS", took)
					}
				}
				if n := strings.Count(d.log.String(), "DNS names no servers"); n != 1 {
					t.Errorf("logged %d times", n)
				}
			})
		})
	}
}

// TestDNSAtTheStart: as long as DNS never answered, one request waits for it,
// and the first after it is back finds the servers.
func TestDNSAtTheStart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newNamed(t, []string{"DNS:example.com", "ldap://fixed.example"}, "a.example.com:389", "fixed.example:389")
		d.dns.Silent(true)
		if took := lookUp(t, d.Directory, 2*time.Second); took != time.Second {
			t.Errorf("the first lookup takes %v", took)
		}
		time.Sleep(10 * time.Second)
		for range 60 {
			time.Sleep(time.Second)
			if took := lookUp(t, d.Directory, 2*time.Second); took > 0 {
				t.Fatalf("a lookup takes %v", took)
			}
		}
		d.dns.Silent(false)
		d.dns.Set("example.com", srv(10, 0, "a.example.com", 389))
		for waited := 0; d.servers["a.example.com:389"].Connections() == 0; waited++ {
			if waited > 36 {
				t.Fatal("not in use after 36 s")
			}
			time.Sleep(time.Second)
			lookUp(t, d.Directory, 2*time.Second)
		}
	})
}

// TestDNSNamesAnotherServer while all that are known are down: the request that
// finds it out is answered.
func TestDNSNamesAnotherServer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newNamed(t, []string{"DNS:example.com"}, "a.example.com:389", "b.example.com:389")
		d.dns.Set("example.com", srv(10, 0, "a.example.com", 389))
		lookUp(t, d.Directory, time.Second)
		time.Sleep(3 * time.Second)
		d.servers["a.example.com:389"].Refuse(true)
		d.servers["a.example.com:389"].Drop()
		d.dns.Set("example.com", srv(10, 0, "b.example.com", 389))
		synctest.Wait()
		lookUp(t, d.Directory, time.Second)
		if d.servers["b.example.com:389"].Connections() != 1 {
			t.Error("the new server is not asked")
		}
	})
}

// TestDomainOfTheMachine must come from the machine, not from DNS.
func TestDomainOfTheMachine(t *testing.T) {
	for host, want := range map[string]string{"client-without-domain": "write DNS:example.com", "": "write DNS:example.com", "!": "no name"} {
		dns := scripted.NewDNS()
		d := newDirectory(t, plainConfig("DNS"), directory.Options{Resolver: dns.Resolver(), Hostname: func() (string, error) {
			if host == "!" {
				return "", errors.New("no name")
			}
			return host, nil
		}})
		_, err := d.AccountByName(within(t, 5*time.Second), "alice")
		wantError(t, err, directory.ErrUnavailable)
		if err == nil || !strings.Contains(err.Error(), want) || len(dns.Asked()) > 0 {
			t.Errorf("%q: %v, %v", host, err, dns.Asked())
		}
	}
}
