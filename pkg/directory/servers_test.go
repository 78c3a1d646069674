package directory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// copyBase is the base DN of a server that holds the entries under another
// name.
const copyBase = "ou=copy,o=replica"

// moved returns an entry as the other server has it.
func moved(e scripted.Entry) scripted.Entry {
	there := func(text string) string { return strings.ReplaceAll(text, baseDN, copyBase) }
	copied := scripted.Entry{DN: there(e.DN), Attributes: map[string][]string{}}
	for name, values := range e.Attributes {
		for _, value := range values {
			copied.Attributes[name] = append(copied.Attributes[name], there(value))
		}
	}
	return copied
}

// TestServerWithABaseOfItsOwn answers as the others do: nothing of its name for
// things is seen.
func TestServerWithABaseOfItsOwn(t *testing.T) {
	entries := []scripted.Entry{
		{DN: serviceDN, Attributes: map[string][]string{"userPassword": {servicePass}}},
		{DN: rootDN, Attributes: map[string][]string{"userPassword": {rootPass}}},
		person("alice", map[string][]string{"userPassword": {alicePass}, "shadowLastChange": {"1"}}),
		group("staff", map[string][]string{"member": {aliceDN, "cn=Bob,ou=people," + baseDN}}),
		{DN: "cn=Bob,ou=people," + baseDN, Attributes: map[string][]string{"objectClass": {"posixAccount"}, "uid": {"bob"}}},
	}
	replica := scripted.New(t)
	for _, e := range entries {
		replica.Add(moved(e))
	}
	cfg := plainConfig()
	cfg.Servers = []config.Server{{URI: "ldap://replica.example", Base: copyBase}}
	cfg.LoginGroupDN, cfg.LoginMemberAttribute = "cn=staff,ou=groups,"+baseDN, "member"
	d := newDirectory(t, cfg, directory.Options{Dial: replica.Dial})
	ctx := within(t, 10*time.Second)

	found, err := d.AccountByName(ctx, "alice")
	if err != nil || found.DN != aliceDN {
		t.Fatalf("%+v, %v", found, err)
	}
	staff, err := d.GroupByName(ctx, "staff")
	if err != nil || staff.DN != "cn=staff,ou=groups,"+baseDN || !slices.Equal(staff.Members, []string{"alice", "bob"}) {
		t.Errorf("%+v, %v", staff, err)
	}
	if groups, err := d.GroupsOfMember(ctx, "alice", aliceDN); err != nil || len(groups) != 1 || groups[0].DN != staff.DN {
		t.Errorf("%+v, %v", groups, err)
	}
	if member, err := d.IsGroupMember(ctx, aliceDN); err != nil || !member {
		t.Errorf("member: %v, %v", member, err)
	}
	if reply, err := d.BindAsUser(ctx, aliceDN, secretOf(alicePass)); err != nil || reply.Code != 0 {
		t.Errorf("bind: %+v, %v", reply, err)
	}
	if reply, err := d.BindAsRoot(ctx, secretOf(rootPass)); err != nil || reply.Code != 0 {
		t.Errorf("bind as root: %+v, %v", reply, err)
	}
	if bound, changed, err := d.Modify(ctx, directory.Modification{DN: aliceDN, Password: secretOf(alicePass), Shell: "/bin/zsh"}); err != nil || bound.Code != 0 || changed.Code != 0 {
		t.Errorf("modify: %+v, %+v, %v", bound, changed, err)
	}
	bound, changed, err := d.ChangePassword(ctx, directory.PasswordChange{
		DN: aliceDN, Old: secretOf(alicePass), New: secretOf("new-password"), LastChange: 20000,
	})
	if err != nil || bound.Code != 0 || changed.Code != 0 {
		t.Errorf("change: %+v, %+v, %v", bound, changed, err)
	}
	if modifies := replica.Modifies(); len(modifies) != 2 || modifies[0].DN != modifies[1].DN || !strings.HasSuffix(modifies[0].DN, copyBase) {
		t.Errorf("modifies %+v", modifies)
	}
	for _, search := range replica.Searches() {
		if strings.Contains(search.Base+search.Filter, baseDN) {
			t.Errorf("the server was asked with the directory's base: %+v", search)
		}
	}
}

// TestServersOfTheirOwn come last, and use what is theirs.
func TestServersOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		usual, own := newServer(t), newServer(t)
		own.Add(scripted.Entry{DN: "cn=reader,o=other", Attributes: map[string][]string{"userPassword": {"other-password"}}})
		cfg := plainConfig("ldap://usual.example")
		cfg.Servers = []config.Server{{
			URI: "ldap://own.example", BindDN: "cn=reader,o=other", BindPassword: secretOf("other-password"),
			ConnectTimeout: 3 * time.Second, SearchTimeout: time.Second,
		}}
		d := newDirectory(t, cfg, directory.Options{Dial: scripted.Dialer(map[string]*scripted.Server{
			"usual.example:389": usual, "own.example:389": own,
		})})
		lookUp(t, d, time.Second)
		if own.Connections() != 0 {
			t.Error("the server with settings of its own does not come last")
		}
		usual.Refuse(true)
		usual.Drop()
		synctest.Wait()
		lookUp(t, d, 10*time.Second)
		if binds := own.Binds(); len(binds) != 1 || binds[0].DN != "cn=reader,o=other" {
			t.Errorf("binds %+v", binds)
		}
		if searches := own.Searches(); len(searches) != 1 || searches[0].TimeLimit != 1 {
			t.Errorf("searches %+v", searches)
		}
		for _, bind := range usual.Binds() {
			if bind.DN != serviceDN {
				t.Errorf("bind at the other server: %+v", bind)
			}
		}
		hangAll(own)
		own.Drop()
		synctest.Wait()
		start := time.Now()
		_, err := d.AccountByName(within(t, time.Minute), "alice")
		wantError(t, err, directory.ErrUnavailable)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("connecting took %v instead of 3 s", took)
		}
	})
}

// TestTLSOfItsOwn: each server is held against its own authority and name.
func TestTLSOfItsOwn(t *testing.T) {
	ca, other := scripted.NewCA(t), scripted.NewCA(t)
	for name, test := range map[string]struct {
		trusts *scripted.CA
		name   string
		good   bool
	}{
		"own authority":       {other, "127.0.0.1", true},
		"directory's":         {ca, "127.0.0.1", false},
		"own, another's name": {other, "ldap.example", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.TLS = other.Server(t, test.name)
			cfg := plainConfig()
			cfg.TLS = config.TLS{Mode: "start_tls", CAFile: ca.File}
			cfg.Servers = []config.Server{{URI: "ldap://" + server.Listen(t), TLS: config.TLS{Mode: "start_tls", CAFile: test.trusts.File}}}
			d := newDirectory(t, cfg, directory.Options{})
			_, err := d.AccountByName(within(t, 5*time.Second), "alice")
			if (err == nil) != test.good {
				t.Errorf("%v", err)
			}
			if !test.good && len(server.Binds()) > 0 {
				t.Error("the server got a password")
			}
		})
	}
}

// TestDeref reaches the server.
func TestDeref(t *testing.T) {
	for deref, want := range map[string]int{"": 0, "never": 0, "searching": 1, "finding": 2, "always": 3} {
		server := newServer(t)
		cfg := plainConfig("ldap://one.example")
		cfg.Deref = deref
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		lookUp(t, d, time.Second)
		if searches := server.Searches(); len(searches) != 1 || searches[0].Deref != want {
			t.Errorf("%q: %+v", deref, searches)
		}
	}
}

// TestIdleTimeout is the configured one, for both kinds of connections.
func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		cfg := plainConfig("ldap://one.example")
		cfg.IdleTimeout = 20 * time.Second
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		lookUp(t, d, time.Second)
		if _, err := bindAlice(t, d, alicePass); err != nil {
			t.Fatal(err)
		}
		time.Sleep(19 * time.Second)
		if n := server.Open(); n != 2 {
			t.Errorf("%d connections after 19 s", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections after 21 s", n)
		}
	})
}

// TestOwnSettingsThatAreWrong are all named before any connection.
func TestOwnSettingsThatAreWrong(t *testing.T) {
	cfg := plainConfig()
	cfg.Deref = "sometimes"
	cfg.Servers = []config.Server{
		{URI: "ldap://one.example", Base: "not a DN"},
		{URI: "ldap://two.example", TLS: config.TLS{Mode: "perhaps"}},
		{URI: "http://three.example"},
		{URI: "DNS:"},
	}
	_, err := directory.New(cfg, directory.Options{})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{`"sometimes"`, `"ldap://one.example"`, `"not a DN"`, `"ldap://two.example"`, `"perhaps"`, "three.example", "DNS:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in the error: %v", want, err)
		}
	}
	if errors.Is(err, directory.ErrUnavailable) {
		t.Error("a wrong configuration is no outage")
	}
}
