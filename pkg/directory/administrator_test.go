package directory_test

import (
	"math"
	"testing"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
)

func TestLoginUIDs(t *testing.T) {
	for name, test := range map[string]struct{ least, most uint32 }{
		"no limit": {0, 0},
		"least":    {1000, 0},
		"most":     {0, 60000},
		"both":     {1000, 60000},
		"one uid":  {5, 5},
		"nobody":   {2, 1},
		"largest":  {math.MaxUint32 - 1, math.MaxUint32},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := plainConfig("ldap://one.example")
			cfg.LoginMinUID, cfg.LoginMaxUID = test.least, test.most
			d := newDirectory(t, cfg, directory.Options{})
			if least, most := d.LoginUIDs(); least != test.least || most != test.most {
				t.Errorf("%d to %d instead of %d to %d", least, most, test.least, test.most)
			}
		})
	}
}

// TestAdministrator: the pseudouser is never taken for one, and a password
// without a name makes none.
func TestAdministrator(t *testing.T) {
	for name, test := range map[string]struct {
		dn                      string
		password                secret.Secret
		configured, hasPassword bool
	}{
		"none":              {"", secret.Secret{}, false, false},
		"name":              {rootDN, secret.Secret{}, true, false},
		"empty password":    {rootDN, secretOf(""), true, false},
		"name, password":    {rootDN, secretOf(rootPass), true, true},
		"password, no name": {"", secretOf(rootPass), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := plainConfig("ldap://one.example")
			cfg.RootBindDN, cfg.RootBindPassword = test.dn, test.password
			d := newDirectory(t, cfg, directory.Options{})
			configured, hasPassword := d.Administrator()
			if configured != test.configured || hasPassword != test.hasPassword {
				t.Errorf("configured %v, has password %v", configured, hasPassword)
			}
		})
	}
}

// TestDirectoriesDiffer: each directory answers for its own configuration.
func TestDirectoriesDiffer(t *testing.T) {
	with := func(change func(*config.Directory)) *directory.Directory {
		cfg := plainConfig("ldap://one.example")
		change(&cfg)
		return newDirectory(t, cfg, directory.Options{})
	}
	first := with(func(c *config.Directory) { c.LoginMinUID = 1000; c.RootBindDN = "" })
	second := with(func(c *config.Directory) { c.LoginMinUID = 2000 })
	least, _ := first.LoginUIDs()
	other, _ := second.LoginUIDs()
	if least != 1000 || other != 2000 {
		t.Errorf("least uids %d and %d", least, other)
	}
	one, _ := first.Administrator()
	two, _ := second.Administrator()
	if one || !two {
		t.Errorf("administrators %v and %v", one, two)
	}
}
