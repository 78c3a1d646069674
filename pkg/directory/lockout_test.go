package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
)

// Whatever tries a password of a user counts towards lockout_failures, and is
// not asked when one is left; the administrator is somebody else.
func TestLockoutFailures(t *testing.T) {
	ways := map[string]func(*testing.T, *directory.Directory, secret.Secret) (directory.Reply, error){
		"bind": func(t *testing.T, d *directory.Directory, password secret.Secret) (directory.Reply, error) {
			return d.BindAsUser(within(t, 5*time.Second), aliceDN, password)
		},
		"bind and search": func(t *testing.T, d *directory.Directory, password secret.Secret) (directory.Reply, error) {
			reply, _, err := d.BindAndSearch(within(t, 5*time.Second), aliceDN, password, directory.LoginVariables{})
			return reply, err
		},
		"modify": func(t *testing.T, d *directory.Directory, password secret.Secret) (directory.Reply, error) {
			m := homeAndShell
			m.Password = password
			reply, _, err := d.Modify(within(t, 5*time.Second), m)
			return reply, err
		},
		"change": func(t *testing.T, d *directory.Directory, password secret.Secret) (directory.Reply, error) {
			reply, _, err := d.ChangePassword(within(t, 5*time.Second), directory.PasswordChange{DN: "UID=alice" + aliceDN[len("uid=alice"):], Old: password, New: secretOf("a new one")})
			return reply, err
		},
	}
	for name, try := range ways {
		t.Run(name, func(t *testing.T) {
			server, cfg := newServer(t), plainConfig("ldap://one.example")
			cfg.LockoutFailures, cfg.LockoutInterval = 3, time.Hour
			if name == "bind and search" {
				cfg.LoginBindSearch = "(uid=alice)"
			}
			d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
			for i := range 2 {
				if reply, err := try(t, d, secretOf("wrong")); err != nil || reply.Code != 49 {
					t.Fatalf("try %d: %+v, %v", i, reply, err)
				}
			}
			asked := len(server.Binds())
			for other, again := range ways {
				if reply, err := again(t, d, secretOf(alicePass)); !errors.Is(err, directory.ErrLockoutNear) || reply.Code == directory.ResultSuccess {
					t.Errorf("%s: %+v, %v", other, reply, err)
				}
			}
			if got := len(server.Binds()); got != asked {
				t.Errorf("%d more binds", got-asked)
			}
			if reply, err := d.BindAsRoot(within(t, 5*time.Second), secretOf(rootPass)); err != nil || reply.Code != directory.ResultSuccess {
				t.Errorf("administrator: %+v, %v", reply, err)
			}
		})
	}
}

// A server that does not answer has not said that the password is wrong, nor
// that it is right.
func TestLockoutFailuresOfServersThatAreAway(t *testing.T) {
	server, cfg := newServer(t), plainConfig("ldap://one.example")
	cfg.LockoutFailures, cfg.LockoutInterval = 3, time.Hour
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	for i := range 2 {
		server.Refuse(true)
		server.Drop()
		for range 3 {
			_, err := bindAlice(t, d, alicePass)
			wantError(t, err, directory.ErrUnavailable)
			_, _, err = d.Modify(within(t, 5*time.Second), homeAndShell)
			wantError(t, err, directory.ErrUnavailable)
		}
		server.Refuse(false)
		d.RetryNow()
		if reply, err := bindAlice(t, d, "wrong"); err != nil || reply.Code != 49 {
			t.Fatalf("try %d: %+v, %v", i, reply, err)
		}
	}
	if _, err := bindAlice(t, d, alicePass); !errors.Is(err, directory.ErrLockoutNear) {
		t.Errorf("asked after two wrong passwords: %v", err)
	}
}
