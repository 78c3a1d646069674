package config_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/config/internal/reference"
	"github.com/goldap/goldap/pkg/secret"
)

const etc = "../../etc"

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// install puts a file into a directory of its own, with a secret file beside
// it, both closed to others.
func install(t *testing.T, name string, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	password := []byte("Password1234!\n")
	for file, data := range map[string][]byte{name: content, "bind.secret": password, "partner.secret": password, "ca.pem": nil, "partner-ca.pem": nil} {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name)
}

func TestReferenceIsUpToDate(t *testing.T) {
	want, err := reference.Generate(".")
	if err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, etc+"/goldap.toml"); !bytes.Equal(got, want) {
		t.Error("etc/goldap.toml is stale; run: go generate ./pkg/config")
	}
	if got := readFile(t, "../../packaging/man/goldap.toml.5"); string(got) != reference.Manual(want) {
		t.Error("packaging/man/goldap.toml.5 is stale; run: go generate ./pkg/config")
	}
}

// TestReferenceMeansDefaults loads the reference with every key in force: it
// must be valid and mean nothing but defaults and the examples.
func TestReferenceMeansDefaults(t *testing.T) {
	path := install(t, "goldap.toml", reference.Uncomment(readFile(t, etc+"/goldap.toml")))
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Warnings) > 0 || len(cfg.Directories) != 1 {
		t.Fatalf("warnings %v, directories %v", cfg.Warnings, cfg.Directories)
	}
	want := config.DefaultDirectory()
	want.Name = "dc=example,dc=com"
	want.Base = "dc=example,dc=com"
	want.URIs = []string{"ldap://ldap1.example.com", "ldap://ldap2.example.com"}
	want.BindDN = "cn=goldap,ou=services,dc=example,dc=com"
	want.BindPasswordFile = filepath.Join(filepath.Dir(path), "bind.secret")
	want.BindPassword = secret.FromString("Password1234!")
	want.RootBindPassword = secret.FromString("")
	want.TLS.Ciphers = []string{}
	want.Servers = []config.Server{{URI: "ldap://ldap3.example.com", TLS: config.TLS{Ciphers: []string{}}}}
	want.Bases = []config.SearchBase{{DN: "ou=accounts,dc=example,dc=com"}}
	want.ReferralURIs, want.LoginSearches, want.WriteURIs = []string{}, []string{}, []string{}
	for _, m := range []*config.Map{&want.Passwd, &want.Group, &want.Shadow, &want.Aliases, &want.Ethers,
		&want.Hosts, &want.Netgroup, &want.Networks, &want.Protocols, &want.RPC, &want.Services} {
		m.Bases = []config.SearchBase{{DN: "ou=accounts,dc=example,dc=com"}}
		m.Attributes, m.Expressions = map[string]string{}, map[string]string{}
	}
	got := cfg.Directories[0]
	want.Servers[0].BindPassword = got.Servers[0].BindPassword
	if got.RootBindPassword.IsEmpty() {
		want.RootBindPassword = got.RootBindPassword
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("directory:\ngot  %+v\nwant %+v", got, want)
	}
	defaults := config.Default()
	defaults.Daemon.Logs = []config.Log{{Target: "syslog"}}
	defaults.Daemon.User, defaults.Daemon.Group = "goldap", "goldap"
	defaults.Login.OtherServices = "admit"
	defaults.Daemon.Invalidate, defaults.Lookups.NoGroupsFor = []string{}, []string{}
	for name, pair := range map[string][2]any{
		"daemon":   {cfg.Daemon, defaults.Daemon},
		"accounts": {cfg.Accounts, defaults.Accounts},
		"lookups":  {cfg.Lookups, defaults.Lookups},
		"login":    {cfg.Login, defaults.Login},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, pair[0], pair[1])
		}
	}
}

// TestReferenceHasEveryKey walks through the model.
func TestReferenceHasEveryKey(t *testing.T) {
	text := string(readFile(t, etc+"/goldap.toml"))
	var walk func(t reflect.Type) []string
	walk = func(t reflect.Type) (keys []string) {
		for i := range t.NumField() {
			field := t.Field(i)
			inner := field.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			switch key := field.Tag.Get("toml"); {
			case key == "-":
			case inner.Kind() == reflect.Struct && inner != reflect.TypeFor[secret.Secret]():
				keys = append(keys, walk(inner)...)
			default:
				keys = append(keys, key)
			}
		}
		return keys
	}
	keys := walk(reflect.TypeFor[config.Config]())
	if len(keys) < 60 {
		t.Errorf("only %d keys", len(keys))
	}
	for _, key := range keys {
		if !strings.Contains(text, "\n# "+key+" ") && !strings.Contains(text, "\n# "+key+", ") || !strings.Contains(text, "\n#"+key+" = ") {
			t.Errorf("%s is not in the reference with its text", key)
		}
	}
}

// TestReferenceAsItStands: what is missing is said with the line to edit.
func TestReferenceAsItStands(t *testing.T) {
	path := install(t, "goldap.toml", readFile(t, etc+"/goldap.toml"))
	_, err := config.Load(path)
	if err == nil {
		t.Fatal("accepted without servers")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "directory.uris: is missing") || !strings.Contains(lines[1], "directory.base: is missing") {
		t.Errorf("got %v", err)
	}
}

// TestExamples reads every other example.
func TestExamples(t *testing.T) {
	var read []string
	err := filepath.WalkDir(etc, func(path string, entry fs.DirEntry, err error) error {
		isExample := filepath.Ext(path) == ".toml" && path != etc+"/goldap.toml" || filepath.Ext(path) == ".conf"
		if err != nil || entry.IsDir() || !isExample {
			return err
		}
		read = append(read, path)
		cfg, err := config.Load(install(t, filepath.Base(path), readFile(t, path)))
		if err != nil {
			t.Error(err)
			return nil
		}
		if d := cfg.Directories[0]; len(cfg.Warnings) > 0 || string(d.BindPassword.Bytes()) != "Password1234!" || !strings.HasSuffix(d.URIs[0], ".mydomain.com") {
			t.Errorf("%s: %+v, warnings %v", path, d, cfg.Warnings)
		}
		return nil
	})
	if err != nil || len(read) < 8 {
		t.Errorf("read %v, %v", read, err)
	}
}
