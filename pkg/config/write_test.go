package config

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldap/goldap/pkg/secret"
)

// equalConfigs are options for cmp: secrets by what they are, expressions by
// how they are written, and nothing about where it came from.
var equalConfigs = cmp.Options{
	cmp.Comparer(func(a, b secret.Secret) bool { return bytes.Equal(a.Bytes(), b.Bytes()) }),
	cmp.Comparer(func(a, b *Regexp) bool { return Plain(a) == Plain(b) }),
	cmp.FilterPath(func(p cmp.Path) bool {
		switch p.Last().String() {
		case ".Files", ".Warnings", ".Managed":
			return true
		}
		return false
	}, cmp.Ignore()),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreUnexported(Managed{}),
}

// TestWrite writes every configuration of the tests below and reads it again.
func TestWrite(t *testing.T) {
	for name, file := range map[string]struct{ name, text string }{
		"TOML": {"goldap.toml", `
[daemon]
sockets = ["/run/a", "/run/b \" c"]
log = [{target = "syslog", level = "debug"}, {target = "/var/log/g"}]
[accounts]
valid_names = '^[a-z"\\]+$'
max_uid = 70000
[lookups]
cache_ttl = "0s"
enumerate = false
no_groups_for = ["x"]
[login]
other_services = "refuse"
throttle = {failures = 0}
[[directory]]
uris = ["ldap://a", "ldapi://%2Frun%2Fslapd"]
base = "dc=a"
bind_dn = "cn=g,dc=a"
bind_password = "` + marker + `\"\\\u00e9"
bases = [{dn = "", scope = "one"}, {dn = "ou=x,dc=a", filter = "(a=b)"}]
password_policy = false
page_size = 0
[directory.tls]
verify = "never"
[directory.passwd]
filter = "(uid=*)"
bases = [{dn = ""}]
attributes = {gecos = "displayName", "loginShell" = ""}
[directory.passwd.expressions]
homeDirectory = "/home/${uid:-\"}"
[[directory.server]]
uri = "ldaps://b"
tls = {mode = "ldaps"}
connect_timeout = "90s"
[[directory]]
name = "second"
uris = ["ldaps://c"]
base = "dc=c"
[[role]]
name = "staff"
directories = ["second"]
users = ["ann"]
gid = 4000
[[service]]
names = ["sshd"]
admit = ["staff"]
`},
		"PADL":  {"pam_ldap.conf", "host a b:390\nbase dc=a\nssl start_tls\nbinddn cn=g,dc=a\nbindpw " + marker + "\npam_groupdn cn=g,dc=a\nnss_base_passwd ou=p,dc=a?one?(x=y)\npam_min_uid 5\n"},
		"nslcd": {"nslcd.conf", "uri ldap://a\nbase dc=a\nssl start_tls\nmap passwd uid sAMAccountName\nmap passwd homeDirectory \"/home/$uid\"\nvalidnames /^[a-z]+$/i\npam_authz_search (a=$username)\nignorecase yes\n"},
	} {
		t.Run(name, func(t *testing.T) { sameAgain(t, load(t, file.name, file.text)) })
	}
	examples, err := filepath.Glob("../../etc/examples/*.toml")
	if err != nil || len(examples) < 3 {
		t.Fatal(examples, err)
	}
	for _, path := range examples {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d := parse(path, data)
			if d.check(); len(d.errors) > 0 {
				t.Fatal(Errors(d.errors))
			}
			sameAgain(t, d.cfg)
		})
	}
}

// sameAgain writes cfg and reads the result.
func sameAgain(t *testing.T, cfg *Config) {
	t.Helper()
	var text bytes.Buffer
	if err := Write(&text, cfg, WriteOptions{Secrets: true}); err != nil {
		t.Fatal(err)
	}
	d := parse("goldap.toml", text.Bytes())
	if d.check(); len(d.errors) > 0 {
		t.Fatalf("%v\n%s", Errors(d.errors), text.String())
	}
	if difference := cmp.Diff(cfg, d.cfg, equalConfigs); difference != "" {
		t.Errorf("not the same again (-want +got):\n%s\n%s", difference, text.String())
	}
}

// TestWriteEveryKey sets each key of the model to something else than its
// default, and reads it again.
func TestWriteEveryKey(t *testing.T) {
	cfg := Default()
	unusual(reflect.ValueOf(cfg).Elem())
	cfg.Accounts.ValidNames = mustRegexp("^x$")
	var text bytes.Buffer
	if err := Write(&text, cfg, WriteOptions{Secrets: true}); err != nil {
		t.Fatal(err)
	}
	d := newDraft("goldap.toml", spellTOML)
	d.readTOML(text.Bytes())
	if difference := cmp.Diff(cfg, d.cfg, equalConfigs); difference != "" || len(d.errors) > 0 {
		t.Errorf("%v\n%s\n%s", d.errors, difference, text.String())
	}
}

// unusual changes everything in v.
func unusual(v reflect.Value) {
	switch v.Type() {
	case durationType:
		v.SetInt(v.Int() + int64(time.Hour+7*time.Millisecond))
		return
	case secretType:
		v.Set(reflect.ValueOf(secret.FromString("p\"\n" + marker)))
		return
	case regexpType:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i, key := range tomlKeys(v.Type()) {
			if key != "-" && !strings.HasSuffix(key, "_password_file") {
				unusual(v.Field(i))
			}
		}
	case reflect.Slice:
		element := reflect.New(v.Type().Elem()).Elem()
		unusual(element)
		v.Set(reflect.Append(v, element))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"a.b": "c = \"d\"", "": "\t"}))
	case reflect.String:
		v.SetString(v.String() + "'x\"#\n")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int:
		v.SetInt(v.Int() + 3)
	case reflect.Uint32:
		v.SetUint(v.Uint() + 3)
	}
}

// TestWriteKeepsSecrets has a password left out, and one that has a file.
func TestWriteKeepsSecrets(t *testing.T) {
	cfg := load(t, "goldap.toml", "[[directory]]\nuris=['ldaps://a']\nbase='dc=a'\nbind_dn='cn=g'\nbind_password='"+marker+"'\n")
	var text bytes.Buffer
	if err := Write(&text, cfg, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	noMarker(t, text.String())
	contains(t, text.String(), "# bind_password is left out")

	path := write(t, "goldap.toml", "[[directory]]\nuris=['ldaps://a']\nbase='dc=a'\nbind_dn='cn=g'\nbind_password_file='s'\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "s"), []byte(marker+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	text.Reset()
	if err := Write(&text, cfg, WriteOptions{Secrets: true}); err != nil {
		t.Fatal(err)
	}
	noMarker(t, text.String())
	contains(t, text.String(), "bind_password_file = ")
}

// TestWriteComments has the comment of each key above it.
func TestWriteComments(t *testing.T) {
	cfg := load(t, "goldap.toml", "[[directory]]\nuris=['ldaps://a']\nbase='dc=a'\n[directory.tls]\ncrl_check='none'\nca_file='/dev/null'\n")
	var text bytes.Buffer
	err := Write(&text, cfg, WriteOptions{Comment: func(key string) string {
		return map[string]string{"directory.base": "Where.\nAll of it.", "directory.tls": "How."}[key]
	}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `[[directory]]
name = "dc=a"
uris = ["ldaps://a"]
# Where.
# All of it.
base = "dc=a"

# How.
[directory.tls]
ca_file = "/dev/null"
`
	if difference := cmp.Diff(want, text.String()); difference != "" {
		t.Error(difference)
	}
}

func TestDurationText(t *testing.T) {
	for text, want := range map[string]string{
		"0s": "0s", "10s": "10s", "90s": "1m30s", "5m": "5m", "10m": "10m", "60m": "1h", "1h30m": "1h30m", "24h": "24h", "20h10s": "20h0m10s", "1500ms": "1.5s",
	} {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := durationText(d); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
		if again, err := time.ParseDuration(durationText(d)); err != nil || again != d {
			t.Errorf("%s: %v, %v", text, again, err)
		}
	}
}
