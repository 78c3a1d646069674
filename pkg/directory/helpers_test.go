package directory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

const (
	baseDN      = "dc=example,dc=com"
	peopleDN    = "ou=people," + baseDN
	aliceDN     = "uid=alice," + peopleDN
	alicePass   = "correct horse"
	servicePass = "service-password"
	serviceDN   = "uid=app,ou=pseudousers," + baseDN
	rootDN      = "cn=admin," + baseDN
	rootPass    = "root-password"
)

// person returns a posixAccount.
func person(name string, attributes map[string][]string) scripted.Entry {
	entry := scripted.Entry{DN: "uid=" + name + "," + peopleDN, Attributes: map[string][]string{
		"objectClass": {"posixAccount", "shadowAccount"}, "uid": {name}, "cn": {name + " of example"},
		"uidNumber": {"10001"}, "gidNumber": {"10000"},
		"homeDirectory": {"/home/" + name}, "loginShell": {"/bin/sh"},
	}}
	for key, values := range attributes {
		if values == nil {
			delete(entry.Attributes, key)
		} else {
			entry.Attributes[key] = values
		}
	}
	return entry
}

func group(name string, attributes map[string][]string) scripted.Entry {
	entry := scripted.Entry{DN: "cn=" + name + ",ou=groups," + baseDN, Attributes: map[string][]string{
		"objectClass": {"posixGroup"}, "cn": {name}, "gidNumber": {"20001"},
	}}
	for key, values := range attributes {
		entry.Attributes[key] = values
	}
	return entry
}

// newServer returns a scripted server with the pseudouser, the administrator
// and alice.
func newServer(t testing.TB) *scripted.Server {
	server := scripted.New(t)
	server.Add(
		scripted.Entry{DN: serviceDN, Attributes: map[string][]string{"userPassword": {servicePass}}},
		scripted.Entry{DN: rootDN, Attributes: map[string][]string{"userPassword": {rootPass}}},
		person("alice", map[string][]string{"userPassword": {alicePass}}),
	)
	return server
}

// plainConfig is a configuration without TLS, for net.Pipe.
func plainConfig(uris ...string) config.Directory {
	return config.Directory{
		Name: "test", URIs: uris, Base: baseDN, BindDN: serviceDN, BindPassword: secret.FromString(servicePass),
		RootBindDN: rootDN, RootBindPassword: secret.FromString(rootPass),
		TLS:            config.TLS{Mode: "off", AllowClearText: true},
		PasswordPolicy: true, UpdateLastChange: true,
		ConnectTimeout: 5 * time.Second, SearchTimeout: 10 * time.Second,
		SearchConnections: 1, BindConnections: 4,
	}
}

// newDirectory returns a directory that is closed at the end of the test.
func newDirectory(t testing.TB, cfg config.Directory, opts directory.Options) *directory.Directory {
	t.Helper()
	d, err := directory.New(cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// piped returns a directory with one server behind net.Pipe.
func piped(t testing.TB, server *scripted.Server) *directory.Directory {
	t.Helper()
	return newDirectory(t, plainConfig("ldap://one.example"), directory.Options{Dial: server.Dial})
}

// within returns a context for one request.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// wantError checks that err matches want and none of the other sentinels.
func wantError(t testing.TB, err, want error) {
	t.Helper()
	for _, sentinel := range []error{
		directory.ErrNotFound, directory.ErrNotUnique, directory.ErrBadEntry,
		directory.ErrUnavailable, directory.ErrRefused,
	} {
		if errors.Is(err, sentinel) != (sentinel == want) {
			t.Errorf("error %v: errors.Is(%q) is %v", err, sentinel, errors.Is(err, sentinel))
		}
	}
}

func secretOf(s string) secret.Secret { return secret.FromString(s) }

func bindAlice(t testing.TB, d *directory.Directory, password string) (directory.Reply, error) {
	t.Helper()
	return d.BindAsUser(within(t, 10*time.Second), aliceDN, secretOf(password))
}
