package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/secret"
)

// edit changes the managed part of the configuration at path and saves it.
func edit(t *testing.T, path string, change func(m *Managed, now *Config)) *Config {
	t.Helper()
	m, err := LoadManaged(path)
	if err != nil {
		t.Fatal(err)
	}
	now, _, err := LoadWith(path, m)
	if err != nil {
		t.Fatal(err)
	}
	change(now.Managed, now)
	cfg, contents, err := LoadWith(path, now.Managed)
	if err != nil {
		t.Fatal(err)
	}
	if err := SaveManaged(path, contents); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func names(cfg *Config) string {
	return strings.Join(namesOf(cfg.Directories, directoryName), " ") + " / " + strings.Join(namesOf(cfg.Roles, func(r *Role) string { return r.Name }), " ")
}

// TestEdit makes changes one after the other, each read from the file again.
func TestEdit(t *testing.T) {
	path := writeManaged(t, "goldap.toml", ownFile, "")
	directory := DefaultDirectory()
	directory.Name, directory.URIs, directory.Base = "c", []string{"ldaps://c"}, "dc=c"
	role := Role{Name: "ops", Directories: []string{"c"}, Users: []string{"bob"}}
	for _, step := range []struct {
		what   string
		change func(m *Managed, now *Config)
		want   string
	}{
		{"nothing", func(*Managed, *Config) {}, "a b / staff"},
		{"add", func(m *Managed, now *Config) { m.SetDirectory(directory, now) }, "a b c / staff"},
		{"first", func(m *Managed, now *Config) { m.MoveDirectory("c", 1, now) }, "c a b / staff"},
		{"far behind", func(m *Managed, now *Config) { m.MoveDirectory("c", 99, now) }, "a b c / staff"},
		{"in the middle", func(m *Managed, now *Config) { m.MoveDirectory("c", 2, now) }, "a c b / staff"},
		{"another role", func(m *Managed, _ *Config) { m.SetRole(role) }, "a c b / staff ops"},
		{"the same again", func(m *Managed, now *Config) { m.SetDirectory(directory, now); m.SetRole(role) }, "a c b / staff ops"},
		{"own role away", func(m *Managed, _ *Config) { m.RemoveRole("staff") }, "a c b / ops"},
		{"own directory away", func(m *Managed, _ *Config) { m.RemoveDirectory("b") }, "a c / ops"},
		{"and back", func(m *Managed, now *Config) { d := directory; d.Name = "b"; m.SetDirectory(d, now) }, "a c b / ops"},
		{"away again", func(m *Managed, _ *Config) { m.RemoveDirectory("b") }, "a c / ops"},
		{"role and directory away", func(m *Managed, _ *Config) { m.RemoveRole("ops"); m.RemoveDirectory("c") }, "a / "},
		{"back as they were", func(m *Managed, _ *Config) {
			if !m.ResetRole("staff") || !m.ResetDirectory("b") || m.ResetRole("ops") || m.ResetDirectory("c") {
				t.Error("an item is not where it belongs")
			}
		}, "a b / staff"},
		{"changed", func(m *Managed, now *Config) { d := directory; d.Name = "b"; m.SetDirectory(d, now) }, "a b / staff"},
		{"as before", func(m *Managed, _ *Config) { m.ResetDirectory("b"); m.RemoveRole("staff"); m.RemoveDirectory("b") }, "a / "},
		{"twice", func(m *Managed, _ *Config) { m.RemoveRole("ops"); m.RemoveDirectory("c") }, "a / "},
	} {
		if got := names(edit(t, path, step.change)); got != step.want {
			t.Errorf("%s: got %s, want %s", step.what, got, step.want)
		}
	}
}

// TestEditKeepsPasswords sets a directory as it is read, without its password,
// and one with another identity.
func TestEditKeepsPasswords(t *testing.T) {
	const rest = "[[directory]]\nname = 'a'\nuris = ['ldaps://a']\nbase = 'dc=a'\nbind_dn = 'cn=g'\n"
	for name, own := range map[string]string{
		"inline":    rest + "bind_password = '" + marker + "'\n",
		"file":      rest + "bind_password_file = 'bind.secret'\n",
		"elsewhere": rest + "bind_password_file = 'elsewhere/bind.secret'\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := writeManaged(t, "goldap.toml", own, "")
			for _, file := range []string{"bind.secret", "elsewhere/bind.secret"} {
				file = filepath.Join(filepath.Dir(path), file)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(marker+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				cfg := edit(t, path, func(m *Managed, now *Config) {
					d := now.Directories[0]
					d.BindPassword = secret.Secret{}
					d.URIs = append(d.URIs, "ldaps://a"+strings.Repeat("x", len(d.URIs)))
					m.SetDirectory(d, now)
				})
				if got := string(cfg.Directories[0].BindPassword.Bytes()); got != marker {
					t.Errorf("the password has become one of %d bytes", len(got))
				}
			}
			data, err := os.ReadFile(ManagedPath(path))
			if err != nil {
				t.Fatal(err)
			}
			noMarker(t, string(data)) // it stays where the administrator has it
		})
	}
}

// TestEditSetsPasswords has a password that was set kept by changes that do not
// name it, but not for another identity.
func TestEditSetsPasswords(t *testing.T) {
	path := writeManaged(t, "goldap.toml", ownFile, "")
	set := func(dn, password string) func(m *Managed, now *Config) {
		return func(m *Managed, now *Config) {
			d := now.Directories[0]
			d.BindDN, d.BindPassword = dn, secret.FromString(password)
			m.SetDirectory(d, now)
		}
	}
	edit(t, path, set("cn=g,dc=a", "another"))
	cfg := edit(t, path, set("cn=g,dc=a", ""))
	if got := string(cfg.Directories[0].BindPassword.Bytes()); got != "another" {
		t.Errorf("the password was not kept")
	}
	m, err := LoadManaged(path)
	if err != nil {
		t.Fatal(err)
	}
	set("cn=else", "")(m, cfg)
	if _, _, err := LoadWith(path, m); err == nil || !strings.Contains(err.Error(), "bind_dn") {
		t.Errorf("the password was given to another identity: %v", err)
	}
}

// TestEditLeavesServerPasswords changes a directory twice whose server has a
// password of its own: it does not get into the managed file, where it would stay
// when the administrator changes it.
func TestEditLeavesServerPasswords(t *testing.T) {
	const own = "[[directory]]\nname='a'\nuris=['ldaps://a']\nbase='dc=a'\n[[directory.server]]\nuri='ldaps://b'\nbind_dn='cn=g'\nbind_password='" + marker + "'\n"
	path := writeManaged(t, "goldap.toml", own, "")
	for i := range 3 {
		edit(t, path, func(m *Managed, now *Config) {
			d := now.Directories[0]
			d.PageSize = uint32(i)
			d.Servers = []Server{{URI: "ldaps://b", BindDN: "cn=g"}}
			m.SetDirectory(d, now)
		})
		edit(t, path, func(m *Managed, _ *Config) { m.SetRole(Role{Name: "r", Users: []string{"ann"}}) })
		data, err := os.ReadFile(ManagedPath(path))
		if err != nil {
			t.Fatal(err)
		}
		noMarker(t, string(data))
	}
	rewritten := strings.Replace(own, marker, "changed", 1)
	if err := os.WriteFile(path, []byte(rewritten), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(cfg.Directories[0].Servers[0].BindPassword.Bytes()) != "changed" {
		t.Error("the administrator's new password does not count")
	}
}
