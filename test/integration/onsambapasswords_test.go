//go:build integration

package integration

import (
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/root/samba"
)

// TestOnSambaTooOldToBind changes the password of somebody who may not bind with
// it. The server compares the old one, so that a wrong one changes nothing.
func TestOnSambaTooOldToBind(t *testing.T) {
	s, p, changed := startDomain(t), samba.Find("mustchange"), newPasswords[5]
	must(t, s.Restore(within(t, 20*time.Second), p)) // two wrong passwords before this one would lock the account
	restoreOnSamba(t, s, p)
	cfg := config.DefaultDirectory()
	cfg.URIs, cfg.Base, cfg.PasswordChange = []string{"ldap://" + samba.ServerName}, samba.Base, "ad"
	cfg.BindDN, cfg.BindPassword = samba.PseudouserDN, secret.FromString(samba.PseudouserPassword)
	cfg.TLS.CAFile = s.CAFile
	d, err := directory.New(cfg, directory.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	change := func(old, new string) (bound, changed directory.Reply) {
		bound, changed, err := d.ChangePassword(within(t, 20*time.Second), directory.PasswordChange{
			DN: p.DN(), Old: secret.FromString(old), New: secret.FromString(new),
		})
		must(t, err)
		return bound, changed
	}
	bind := func(password string) int {
		reply, err := d.BindAsUser(within(t, 20*time.Second), p.DN(), secret.FromString(password))
		must(t, err)
		return reply.Code
	}
	if bound, changed := change(wrongPassword, changed); bound.Code == 0 || changed.Code == 0 {
		t.Fatalf("with a wrong password: %+v, %+v", bound, changed)
	}
	if bound, changed := change(p.Password, "Ab1-x"); bound.Code != 0 || changed.Code == 0 {
		t.Fatalf("a short one: %+v, %+v", bound, changed)
	}
	if code := bind(p.Password); code != directory.ResultInvalidCredentials {
		t.Fatalf("the user may bind before the change: %d", code)
	}
	if bound, changed := change(p.Password, changed); bound.Code != 0 || changed.Code != 0 {
		t.Fatalf("%+v, %+v", bound, changed)
	}
	if code := bind(changed); code != 0 {
		t.Fatalf("bind with the new password: %d", code)
	}
}

// TestOnSambaForcedChange is passwd(1)'s way through PAM for somebody whom the
// domain lets not bind: the change proves the old password, and a wrong one gets
// nowhere.
func TestOnSambaForcedChange(t *testing.T) {
	p, changed := samba.Find("mustchange"), newPasswords[5]
	onSamba(t, func(t *testing.T, s *samba.Server) {
		restoreOnSamba(t, s, p)
		change := func(old string) answer { return changeAs(t, uint32(p.UID), "alone", p.Name, old, changed, changed) }
		change(wrongPassword).refuse(t)
		logIn(t, "alone", p.Name, p.Password).refuse(t, "Your password must be changed")
		change(p.Password).accept(t, tokenChanged)
		logIn(t, "alone", p.Name, changed).accept(t)
	})
}
