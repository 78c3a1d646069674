package directory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

func TestLoginOverStartTLS(t *testing.T) {
	ca := scripted.NewCA(t)
	server := newServer(t)
	server.TLS = ca.Server(t, "127.0.0.1")
	cfg := plainConfig("ldap://" + server.Listen(t))
	cfg.TLS = config.TLS{Mode: "start_tls", CAFile: ca.File}
	d := newDirectory(t, cfg, directory.Options{})

	got, err := d.LoginAccount(within(t, 5*time.Second), "alice")
	if err != nil {
		t.Fatal(err)
	}
	want := account.Account{Shadowed: true, DN: aliceDN, Name: "alice", UID: 10001, GID: 10000, Gecos: "alice of example", Home: "/home/alice", Shell: "/bin/sh",
		Shadow: account.Shadow{LastChange: -1, Min: -1, Max: -1, Warn: -1, Inactive: -1, Expire: -1, Flag: 0}}
	if !cmp.Equal(got, want) {
		t.Errorf("account %+v", got)
	}
	for password, code := range map[string]int{alicePass: 0, "wrong": 49} {
		reply, err := bindAlice(t, d, password)
		if err != nil || reply.Code != code {
			t.Errorf("bind with %q: %+v, %v", password, reply, err)
		}
	}
	bound, changed, err := d.ChangePassword(within(t, 5*time.Second), directory.PasswordChange{
		DN: aliceDN, Old: secret.FromString(alicePass), New: secret.FromString("new password"),
	})
	if err != nil || bound.Code != 0 || changed.Code != 0 {
		t.Errorf("change: %+v, %+v, %v", bound, changed, err)
	}
	if reply, err := bindAlice(t, d, "new password"); err != nil || reply.Code != 0 {
		t.Errorf("bind with the new password: %+v, %v", reply, err)
	}
	for _, bind := range server.Binds() {
		if !bind.TLS {
			t.Errorf("bind of %q without TLS", bind.DN)
		}
	}
}
