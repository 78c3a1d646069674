package directory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
)

// TestNewRefuses: everything that is wrong with a configuration is said at
// once, before any connection.
func TestNewRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*config.Directory)
		want   string
	}{
		"no server":        {func(c *config.Directory) { c.URIs = nil }, "no server"},
		"no scheme":        {func(c *config.Directory) { c.URIs = []string{"one.example"} }, "not an LDAP URI"},
		"scheme":           {func(c *config.Directory) { c.URIs = []string{"http://one.example"} }, "must be ldap"},
		"no host":          {func(c *config.Directory) { c.URIs = []string{"ldap://:389"} }, "no usable host"},
		"user in URI":      {func(c *config.Directory) { c.URIs = []string{"ldap://me@one.example"} }, "no usable host"},
		"path in URI":      {func(c *config.Directory) { c.URIs = []string{"ldap://one.example/dc=example"} }, "only the host"},
		"ldapi relative":   {func(c *config.Directory) { c.URIs = []string{"ldapi://socket"} }, "absolute path"},
		"mode":             {func(c *config.Directory) { c.TLS.Mode = "try" }, "TLS mode"},
		"CA file missing":  {func(c *config.Directory) { c.TLS.CAFile = "/nonexistent" }, "CA file"},
		"CA file empty":    {func(c *config.Directory) { c.TLS.CAFile = empty }, "no certificate"},
		"CA dir missing":   {func(c *config.Directory) { c.TLS.CADir = "/nonexistent" }, "CA directory"},
		"CA dir empty":     {func(c *config.Directory) { c.TLS.CADir = filepath.Dir(empty) }, "no certificate"},
		"certificate":      {func(c *config.Directory) { c.TLS.CertFile = empty; c.TLS.KeyFile = empty }, "client certificate"},
		"cipher":           {func(c *config.Directory) { c.TLS.Ciphers = []string{"RC4"} }, "cipher suites: RC4"},
		"no base":          {func(c *config.Directory) { c.Base = "" }, "no base DN"},
		"scope":            {func(c *config.Directory) { c.Scope = "tree" }, "scope"},
		"filter":           {func(c *config.Directory) { c.Passwd.Filter = "(objectClass=" }, "filter"},
		"login filter":     {func(c *config.Directory) { c.LoginFilter = "(&(a=b)" }, "filter"},
		"base's filter":    {func(c *config.Directory) { c.Group.Bases = []config.SearchBase{{DN: "dc=x", Filter: ")("}} }, "map group"},
		"attribute":        {func(c *config.Directory) { c.Passwd.Attributes = map[string]string{"uid": "a)(b"} }, "attribute name"},
		"login attribute":  {func(c *config.Directory) { c.LoginAttribute = "*" }, "attribute name"},
		"invalid UTF-8":    {func(c *config.Directory) { c.LoginFilter = "(cn=\xff)" }, "filter"},
		"two at once":      {func(c *config.Directory) { c.Scope = "tree"; c.TLS.Mode = "try" }, "TLS mode"},
		"two at once, too": {func(c *config.Directory) { c.Scope = "tree"; c.TLS.Mode = "try" }, "scope"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := plainConfig("ldap://one.example")
			test.change(&cfg)
			_, err := directory.New(cfg, directory.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestNewTakesEveryKindOfURI(t *testing.T) {
	cfg := plainConfig("ldap://one.example", "LDAP://one.example:1389/", "ldaps://[::1]", "ldaps://[::1]:1636", "ldapi://%2Frun%2Fldapi/")
	d, err := directory.New(cfg, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Status(); len(got) != len(cfg.URIs) || !got[0].Up || got[4].URI != cfg.URIs[4] {
		t.Errorf("status %+v", got)
	}
	if d.Name() != "test" {
		t.Errorf("name %q", d.Name())
	}
}
