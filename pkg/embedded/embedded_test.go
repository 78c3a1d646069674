// These tests use go-ldap as an independent client: the server here is
// written on the same codec but shares no code with it. In production code
// only pkg/directory imports go-ldap.
package embedded_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/goldap/goldap/pkg/embedded"
	"github.com/goldap/goldap/pkg/secret"
)

const (
	base       = "dc=mydomain,dc=com"
	pseudouser = "uid=app_backtraceio,ou=pseudousers," + base
	admin      = "cn=admin," + base
	password   = "Password1234!"
)

func user(name string, uid uint32, policy embedded.Policy) embedded.User {
	return embedded.User{Name: name, UID: uid, GID: 5000, Password: secret.FromString(password), Policy: policy}
}

func options() embedded.Options {
	return embedded.Options{
		Base:       base,
		Pseudouser: embedded.Identity{DN: pseudouser, Password: secret.FromString(password)},
		Admin:      embedded.Identity{DN: admin, Password: secret.FromString(password)},
		Users: []embedded.User{
			{Name: "Alice", UID: 5001, GID: 5000, FullName: "Alice  Liddell", Password: secret.FromString(password)},
			user("bob", 5002, embedded.Policy{}),
			user("carol", 5003, embedded.Policy{}),
			{Name: "mute", UID: 5004, GID: 5000},
		},
		Groups: []embedded.Group{
			{Name: "staff", GID: 5000, MemberUIDs: []string{"Alice", "bob"}},
			{Name: "wheel", GID: 5010, Members: []string{"UID=alice, OU=people, " + base}},
		},
		MinPasswordLength: 8,
	}
}

func start(t *testing.T, o embedded.Options) *embedded.Directory {
	t.Helper()
	d, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// plain connects without TLS.
func plain(t *testing.T, d *embedded.Directory) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL("ldap://" + d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c.SetTimeout(10 * time.Second)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func trust(t *testing.T, d *embedded.Directory, host string) *tls.Config {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(d.CAPEM()) {
		t.Fatal("CAPEM is not a certificate")
	}
	return &tls.Config{RootCAs: pool, ServerName: host}
}

// secured connects and starts TLS; dn empty means that it stays anonymous.
func secured(t *testing.T, d *embedded.Directory, dn string) *ldap.Conn {
	t.Helper()
	c := plain(t, d)
	if err := c.StartTLS(trust(t, d, "localhost")); err != nil {
		t.Fatal(err)
	}
	if dn != "" {
		if err := c.Bind(dn, password); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// wantCode fails the test unless err is the LDAP result code; 0 is success.
func wantCode(t *testing.T, what string, err error, code uint16) {
	t.Helper()
	if code == 0 && err == nil || code != 0 && ldap.IsErrorWithCode(err, code) {
		return
	}
	t.Errorf("%s: got %v, want result code %d", what, err, code)
}

func find(c *ldap.Conn, base string, scope int, filter string, attributes ...string) (*ldap.SearchResult, error) {
	return c.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil))
}

func dns(r *ldap.SearchResult) []string {
	list := []string{}
	for _, e := range r.Entries {
		list = append(list, e.DN)
	}
	return list
}

func TestNothingBeforeStartTLS(t *testing.T) {
	d := start(t, options())
	c := plain(t, d)
	wantCode(t, "bind", c.Bind(pseudouser, password), ldap.LDAPResultConfidentialityRequired)
	wantCode(t, "wrong bind", c.Bind(pseudouser, "wrong"), ldap.LDAPResultConfidentialityRequired)
	_, err := find(c, base, ldap.ScopeWholeSubtree, "(uid=bob)")
	wantCode(t, "search", err, ldap.LDAPResultConfidentialityRequired)
	_, err = c.PasswordModify(ldap.NewPasswordModifyRequest("", password, "new password"))
	wantCode(t, "password modify", err, ldap.LDAPResultConfidentialityRequired)
	root, err := find(c, "", ldap.ScopeBaseObject, "(objectClass=*)", "namingContexts")
	if err != nil || len(root.Entries) != 1 || root.Entries[0].GetAttributeValue("namingContexts") != base {
		t.Errorf("root DSE: %v, %v", root, err)
	}
}

func TestClearTextIfAllowed(t *testing.T) {
	o := options()
	o.AllowClearText = true
	c := plain(t, start(t, o))
	wantCode(t, "bind", c.Bind(pseudouser, password), 0)
	r, err := find(c, base, ldap.ScopeWholeSubtree, "(uid=bob)")
	if err != nil || len(r.Entries) != 1 {
		t.Errorf("search: %v, %v", r, err)
	}
}

func TestCertificateIsForTheHostOnly(t *testing.T) {
	for host, ok := range map[string]bool{"ldap.mydomain.com": true, "localhost": false, "127.0.0.1": false} {
		t.Run(host, func(t *testing.T) {
			o := options()
			o.Host = "ldap.mydomain.com"
			d := start(t, o)
			err := plain(t, d).StartTLS(trust(t, d, host))
			if (err == nil) != ok {
				t.Errorf("StartTLS for %s: %v", host, err)
			}
		})
	}
	for _, host := range []string{"localhost", "127.0.0.1"} {
		d := start(t, options())
		wantCode(t, host, plain(t, d).StartTLS(trust(t, d, host)), 0)
	}
}

func TestEachDirectoryHasItsOwnAuthority(t *testing.T) {
	one, other := start(t, options()), start(t, options())
	if err := plain(t, one).StartTLS(trust(t, other, "localhost")); err == nil {
		t.Error("the certificate of one directory is accepted with the CA of another")
	}
}

func TestStartTLSTwice(t *testing.T) {
	d := start(t, options())
	c := secured(t, d, "")
	// go-ldap refuses by itself, so the request is made by hand.
	_, err := c.Extended(ldap.NewExtendedRequest("1.3.6.1.4.1.1466.20037", nil))
	wantCode(t, "second StartTLS", err, ldap.LDAPResultProtocolError)
}

func TestBind(t *testing.T) {
	d := start(t, options())
	c := secured(t, d, "")
	alice := embedded.UserDN("Alice", base)
	for name, test := range map[string]struct {
		dn, password string
		code         uint16
	}{
		"right":            {alice, password, 0},
		"other spelling":   {"UID=ALICE , ou=People,DC=mydomain,dc=com", password, 0},
		"wrong":            {alice, "password1234!", ldap.LDAPResultInvalidCredentials},
		"prefix":           {alice, password[:5], ldap.LDAPResultInvalidCredentials},
		"unknown":          {embedded.UserDN("nobody", base), password, ldap.LDAPResultInvalidCredentials},
		"without password": {embedded.UserDN("mute", base), password, ldap.LDAPResultInvalidCredentials},
		"not a DN":         {"alice", password, ldap.LDAPResultInvalidDNSyntax},
		"pseudouser":       {pseudouser, password, 0},
		"administrator":    {admin, password, 0},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, test.dn, c.Bind(test.dn, test.password), test.code) })
	}
	wantCode(t, "empty password", c.UnauthenticatedBind(alice), ldap.LDAPResultUnwillingToPerform)
	wantCode(t, "anonymous", c.UnauthenticatedBind(""), 0)
	wantCode(t, "SASL", c.ExternalBind(), ldap.LDAPResultAuthMethodNotSupported)
}

func TestFailedBindMakesAnonymous(t *testing.T) {
	c := secured(t, start(t, options()), pseudouser)
	wantCode(t, "bind", c.Bind(pseudouser, "wrong"), ldap.LDAPResultInvalidCredentials)
	_, err := find(c, base, ldap.ScopeWholeSubtree, "(uid=bob)")
	wantCode(t, "search", err, ldap.LDAPResultNoSuchObject)
}

func TestWhoMayRead(t *testing.T) {
	d := start(t, options())
	bob := embedded.UserDN("bob", base)
	for name, test := range map[string]struct {
		dn   string
		code uint16
		want int
	}{
		"anonymous":     {"", ldap.LDAPResultNoSuchObject, 0},
		"user":          {bob, 0, 1},
		"pseudouser":    {pseudouser, 0, 4},
		"administrator": {admin, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			c := secured(t, d, test.dn)
			r, err := find(c, base, ldap.ScopeWholeSubtree, "(objectClass=posixAccount)")
			wantCode(t, "search", err, test.code)
			if err == nil && len(r.Entries) != test.want {
				t.Errorf("reads %v, want %d entries", dns(r), test.want)
			}
		})
	}
}

func TestNobodyReadsPasswords(t *testing.T) {
	d := start(t, options())
	for _, dn := range []string{pseudouser, admin} {
		c := secured(t, d, dn)
		r, err := find(c, base, ldap.ScopeWholeSubtree, "(uid=bob)", "userPassword", "uid")
		if err != nil || len(r.Entries) != 1 || len(r.Entries[0].Attributes) != 1 {
			t.Errorf("%s: %v, %v", dn, r, err)
		}
		for _, filter := range []string{"(userPassword=*)", "(userPassword=P*)", "(userPassword=" + password + ")", "(!(userPassword=x))"} {
			r, err := find(c, base, ldap.ScopeWholeSubtree, filter)
			if err != nil || len(r.Entries) != 0 {
				t.Errorf("%s %s: %v, %v", dn, filter, r, err)
			}
		}
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*embedded.Options){
		"no base":         func(o *embedded.Options) { o.Base = "" },
		"outside":         func(o *embedded.Options) { o.Admin.DN = "cn=admin,dc=elsewhere" },
		"twice":           func(o *embedded.Options) { o.Users = append(o.Users, user("BOB", 1, embedded.Policy{})) },
		"no name":         func(o *embedded.Options) { o.Users = append(o.Users, user("", 1, embedded.Policy{})) },
		"group no name":   func(o *embedded.Options) { o.Groups = append(o.Groups, embedded.Group{GID: 1}) },
		"not a DN":        func(o *embedded.Options) { o.Entries = []embedded.Entry{{DN: "nonsense"}} },
		"empty password":  func(o *embedded.Options) { o.Pseudouser.Password = secret.Secret{} },
		"password stored": func(o *embedded.Options) { o.Users[0].Attributes = map[string][]string{"UserPassword": {"x"}} },
		"address":         func(o *embedded.Options) { o.Address = "127.0.0.1:no" },
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			change(&o)
			d, err := embedded.Start(t.Context(), o)
			if err == nil {
				_ = d.Close()
				t.Error("started")
			}
		})
	}
}

func TestWriteCAFile(t *testing.T) {
	d := start(t, options())
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := d.WriteCAFile(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != string(d.CAPEM()) {
		t.Errorf("%v, %v", got, err)
	}
	if err := d.WriteCAFile(filepath.Join(path, "impossible")); err == nil {
		t.Error("no error for a path below a file")
	}
}

// TestCloseCutsKeptConnections: Close must not wait for clients that stay.
func TestCloseCutsKeptConnections(t *testing.T) {
	d, err := embedded.Start(t.Context(), options())
	if err != nil {
		t.Fatal(err)
	}
	c := secured(t, d, pseudouser)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := find(c, base, ldap.ScopeBaseObject, "(objectClass=*)"); err == nil {
		t.Error("search after Close succeeded")
	}
	if _, err := ldap.DialURL("ldap://" + d.Addr()); err == nil {
		t.Error("connect after Close succeeded")
	}
}

func TestContextEndsTheDirectory(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := embedded.Start(ctx, options())
	if err != nil {
		t.Fatal(err)
	}
	c := secured(t, d, "")
	cancel()
	for !c.IsClosing() { // ends when the server hangs up, else with the test's timeout
		_, _ = find(c, "", ldap.ScopeBaseObject, "(objectClass=*)")
	}
	_ = d.Close()
}

// TestConcurrentUse drives binds, password changes and searches at once; it
// is for the race detector as much as for the answers.
func TestConcurrentUse(t *testing.T) {
	d := start(t, options())
	const workers, rounds = 8, 50
	var wg sync.WaitGroup
	failures := make(chan error, workers)
	for range workers {
		binds, searches := secured(t, d, ""), secured(t, d, pseudouser)
		wg.Go(func() { failures <- hammer(binds, searches, rounds) })
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			t.Error(err)
		}
	}
	got := d.Counts()
	if got.Binds != workers*rounds+workers || got.SuccessfulBinds != got.Binds || got.Searches != workers*rounds {
		t.Errorf("counts: %+v", got)
	}
	if got.Connections != 2*workers || got.StartTLS != 2*workers {
		t.Errorf("counts: %+v", got)
	}
}

func hammer(binds, searches *ldap.Conn, rounds int) error {
	for range rounds {
		if err := binds.Bind(embedded.UserDN("bob", base), password); err != nil {
			return err
		}
		r, err := find(searches, base, ldap.ScopeWholeSubtree, "(&(objectClass=posixAccount)(uid=carol))")
		if err != nil {
			return err
		}
		if len(r.Entries) != 1 {
			return errors.New("carol was not found")
		}
	}
	return nil
}

func BenchmarkBind(b *testing.B) {
	d, err := embedded.Start(b.Context(), options())
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	c, err := ldap.DialURL("ldap://" + d.Addr())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(d.CAPEM())
	if err := c.StartTLS(&tls.Config{RootCAs: pool, ServerName: "localhost"}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := c.Bind(embedded.UserDN("bob", base), password); err != nil {
			b.Fatal(err)
		}
	}
}
