package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/secret"
)

// ownFile is an administrator's file with two directories, and a role.
const ownFile = `# comment
[login]
timeout = "9s"
[[directory]]
name = "a"
uris = ["ldaps://a"]
base = "dc=a"
bind_dn = "cn=g,dc=a"
bind_password = "` + marker + `"
[[directory]]
name = "b"
uris = ["ldaps://b"]
base = "dc=b"
[[role]]
name = "staff"
directories = ["a"]
users = ["ann"]
`

// writeManaged writes a configuration with a managed file, and returns its path.
func writeManaged(t *testing.T, name, own, managed string) string {
	t.Helper()
	path := write(t, name, own)
	if err := os.Mkdir(filepath.Dir(ManagedPath(path)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ManagedPath(path), []byte(managed), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestManagedPath(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/goldap/goldap.toml": "/etc/goldap/managed/goldap.toml",
		"/etc/pam_ldap.conf":      "/etc/goldap/managed/pam_ldap.conf.toml",
		"/etc/nslcd.conf":         "/etc/goldap/managed/nslcd.conf.toml",
		"/srv/x/nslcd.conf":       "/srv/x/managed/nslcd.conf.toml",
		"goldap.toml":             "managed/goldap.toml",
	} {
		if got := ManagedPath(path); got != want {
			t.Errorf("of %s: %s, want %s", path, got, want)
		}
	}
}

func TestOverlay(t *testing.T) {
	const c = "[[directory]]\nname = 'c'\nuris = ['ldaps://c']\nbase = 'dc=c'\n"
	for name, test := range map[string]struct {
		managed string
		want    string // names of directories, then of roles
	}{
		"empty":            {"", "a b / staff"},
		"another":          {c, "a b c / staff"},
		"order":            {"directory_order = ['c', 'b']\n" + c, "c b a / staff"},
		"order of ghosts":  {"directory_order = ['ghost', 'b']\n", "b a / staff"},
		"removed":          {"removed_directories = ['b']\n", "a / staff"},
		"removed role":     {"removed_roles = ['staff']\n", "a b / "},
		"in its place":     {strings.ReplaceAll(c, "'c'", "'a'"), "a b / staff"},
		"removed and back": {"removed_directories = ['a']\n" + strings.ReplaceAll(c, "'c'", "'a'"), "a b / staff"},
		"a role":           {"[[role]]\nname = 'ops'\ndirectories = ['b']\nusers = ['bob']\n", "a b / staff ops"},
		"a role in place":  {"[[role]]\nname = 'staff'\ndirectories = ['b']\nusers = ['bob']\n", "a b / staff"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := Load(writeManaged(t, "goldap.toml", ownFile, test.managed))
			if err != nil {
				t.Fatal(err)
			}
			var directories, roles []string
			for _, d := range cfg.Directories {
				directories = append(directories, d.Name)
			}
			for _, r := range cfg.Roles {
				roles = append(roles, r.Name)
			}
			if got := strings.Join(directories, " ") + " / " + strings.Join(roles, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestOverlayAuthentication has the managed tables in the place of the
// administrator's, whole.
func TestOverlayAuthentication(t *testing.T) {
	cfg, err := Load(writeManaged(t, "goldap.toml", ownFile, "[authentication.login]\nother_services = 'admit'\n[[authentication.service]]\nnames = ['sshd']\nadmit = ['staff']\n"))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Login.Timeout != 10*time.Second || cfg.Login.OtherServices != "admit" || len(cfg.Services) != 1 || cfg.Managed.Authentication == nil {
		t.Errorf("got %+v, %+v", cfg.Login, cfg.Services)
	}
}

// TestManagedProblems has the file and the line of what is wrong, in either file.
func TestManagedProblems(t *testing.T) {
	for name, test := range map[string]struct{ managed, want string }{
		"syntax":        {"x = \n", "managed/goldap.toml:1: is not TOML"},
		"unknown key":   {"[[directory]]\nname='c'\nuri=['ldaps://c']\n", "managed/goldap.toml:3: directory.uri: is not a key of [[directory]]; did you mean uris?"},
		"not managed":   {"[daemon]\n", "managed/goldap.toml:1: daemon: is not a key of the top level"},
		"a value":       {"[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\nscope='all'\n", "managed/goldap.toml:5: directory.scope: \"all\" is none of"},
		"missing":       {"[[directory]]\nname='c'\nuris=['ldaps://c']\n", "managed/goldap.toml:1: directory.base: is missing"},
		"authenticates": {"[authentication.login]\ntimeout='2h'\n", "managed/goldap.toml:2: authentication.login.timeout: \"2h0m0s\" is not between"},
		"none is left":  {"removed_directories=['a','b']\n", "goldap.toml: directory: is missing"},
		"still in use":  {"removed_directories=['a']\n", "goldap.toml:16: role.directories: \"a\" is not the name of a directory"},
		"the other's":   {"directory_order=['b']\n[[role]]\nname='x'\ndirectories=['a']\nusers=['o']\nroles=['y']\n", "managed/goldap.toml:6: role.roles: \"y\" is not the name of a role"},
		"cycle":         {"[[role]]\nname='x'\ndirectories=['a']\nroles=['y']\n[[role]]\nname='y'\ndirectories=['a']\nroles=['x']\n", "managed/goldap.toml:4: role.roles: include each other in a circle: x -> y -> x"},
		"password file": {"[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\nbind_dn='cn=g'\nbind_password_file='/etc/shadow'\n", "managed/goldap.toml:6: directory.bind_password_file: \"/etc/shadow\" must be the name of a file in"},
		"way out":       {"[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\nbind_dn='cn=g'\nbind_password_file='../x'\n", "directory.bind_password_file: \"../x\" must be the name of a file in"},
		"twice":         {"[[role]]\nname='staff'\ndirectories=['a']\nusers=['o']\n[[role]]\nname='staff'\ndirectories=['a']\nusers=['p']\n", "managed/goldap.toml:6: role.name: \"staff\" is the name of another role, too"},
		"twice in all":  {"[[directory]]\nname='a'\nuris=['ldaps://c']\nbase='dc=c'\n[[directory]]\nname='a'\nuris=['ldaps://d']\nbase='dc=c'\n", "managed/goldap.toml:6: directory.name: \"a\" is the name of another directory, too"},
		"bases":         {"[[directory]]\nname='c'\nuris=['ldaps://c']\nbases=[{scope='one'}]\n", "managed/goldap.toml:4: directory.bases.dn: is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeManaged(t, "goldap.toml", ownFile, test.managed)
			_, err := Load(path)
			if err == nil {
				t.Fatal("it was accepted")
			}
			noMarker(t, err.Error())
			contains(t, strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""), test.want)
		})
	}
}

// TestRenamed has the administrator rename what the managed file removes or has in
// its own place.
func TestRenamed(t *testing.T) {
	path := writeManaged(t, "goldap.toml", ownFile, "removed_directories = ['b', 'old']\nremoved_roles = ['gone']\n")
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, strings.ReplaceAll(problems(cfg.Warnings), filepath.Dir(path)+"/", ""), "goldap.toml:1: removed_directories: \"old\" is not in goldap.toml any more", "goldap.toml:2: removed_roles: \"gone\" is not in")
	if len(cfg.Warnings) != 2 {
		t.Error(cfg.Warnings)
	}
	path = writeManaged(t, "goldap.toml", strings.ReplaceAll(ownFile, "\"a\"", "\"renamed\""), "[[directory]]\nname='a'\nuris=['ldaps://a']\nbase='dc=a'\nbind_dn='cn=g,dc=a'\n")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "managed/goldap.toml:5: directory.bind_dn: \"cn=g,dc=a\" has no password") {
		t.Errorf("got %v", err)
	}
}

// TestManagedPlacesOfTheOldSpellings has a problem of either file named as it is
// spelt there.
func TestManagedPlacesOfTheOldSpellings(t *testing.T) {
	path := writeManaged(t, "pam_ldap.conf", "host a\nbase dc=a\nssl start_tls\ntimelimit 9999999\n", "directory_order=['c']\n[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\nretry_min='2h'\n")
	_, err := Load(path)
	if err == nil {
		t.Fatal("it was accepted")
	}
	contains(t, strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""), "pam_ldap.conf:4: timelimit", "managed/pam_ldap.conf.toml:6: directory.retry_min")
}

// TestManagedSecrets has passwords inherited from the administrator's directory
// of the same name, for the same identity only.
func TestManagedSecrets(t *testing.T) {
	managed := func(dn string) string {
		return "[[directory]]\nname='a'\nuris=['ldaps://new']\nbase='dc=a'\nbind_dn='" + dn + "'\n"
	}
	cfg, err := Load(writeManaged(t, "goldap.toml", ownFile, managed("cn=g,dc=a")))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(cfg.Directories[0].BindPassword.Bytes()); got != marker {
		t.Errorf("the password is %d bytes long", len(got))
	}
	if _, err := Load(writeManaged(t, "goldap.toml", ownFile, managed("cn=other,dc=a"))); err == nil {
		t.Error("another identity got the password")
	}
}

// TestHostileManagedFiles has what goldapd's user could put there for root.
func TestHostileManagedFiles(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink("/etc/passwd", path) },
		"fifo":   func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"large":  func(path string) error { return os.Truncate(path, 5<<20) },
		"open": func(path string) error {
			return os.Chmod(path, 0o666)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeManaged(t, "goldap.toml", ownFile, "")
			if name != "large" && name != "open" {
				if err := os.Remove(ManagedPath(path)); err != nil {
					t.Fatal(err)
				}
			}
			if err := make(ManagedPath(path)); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if err == nil || !strings.Contains(err.Error(), ManagedPath(path)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSaveManaged saves, loads and saves again; what a killed process left does
// not matter.
func TestSaveManaged(t *testing.T) {
	path := writeManaged(t, "goldap.toml", ownFile, "")
	left := ManagedPath(path) + freshSuffix + "left"
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	directory := DefaultDirectory()
	directory.Name, directory.URIs, directory.Base = "c", []string{"ldaps://c"}, "dc=c"
	directory.BindDN, directory.BindPassword = "cn=c", secret.FromString(marker)
	authentication := DefaultAuthentication()
	authentication.Login.Timeout = 3 * time.Second
	m := &Managed{Directories: []Directory{directory}, DirectoryOrder: []string{"c"}, Authentication: &authentication}
	cfg, contents, err := LoadWith(path, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := SaveManaged(path, contents); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); err == nil {
		t.Error("what was left is still there")
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(cfg, again, equalConfigs); difference != "" {
		t.Error(difference)
	}
	if again.Login.Timeout != 3*time.Second || again.Directories[0].Name != "c" {
		t.Errorf("got %+v", again)
	}
	reread, err := LoadManaged(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(m, reread, equalConfigs); difference != "" {
		t.Error(difference)
	}
	info, err := os.Stat(ManagedPath(path))
	if err != nil || info.Mode().Perm() != managedMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if own, err := os.ReadFile(path); err != nil || !bytes.Equal(own, []byte(ownFile)) {
		t.Error("the administrator's file was written")
	}
}

// TestSaveManagedFails has the old file whole where the new one cannot be written.
func TestSaveManagedFails(t *testing.T) {
	path := write(t, "goldap.toml", ownFile)
	if err := SaveManaged(path, []byte("x")); err == nil {
		t.Error("it was written without a folder")
	}
	path = writeManaged(t, "goldap.toml", ownFile, "removed_roles = ['staff']\n")
	folder := filepath.Dir(ManagedPath(path))
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for files := range uint64(8) { // the first has room for no descriptor, the last for all
		few := limit
		few.Cur = uint64(openFiles(t)) + files
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			t.Fatal(err)
		}
		saveError := SaveManaged(path, []byte("directory_order = ['b']\n"))
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if saved := len(cfg.Roles) > 0; saved != (saveError == nil) {
			t.Errorf("with %d more files: saved is %v, and the error is %v", files, saved, saveError)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
			t.Errorf("left: %v, %v", left, err)
		}
		if err := SaveManaged(path, []byte("removed_roles = ['staff']\n")); err != nil {
			t.Fatal(err)
		}
	}
}

// openFiles is the number of descriptors of this process.
func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files) - 1
}

// TestDecode reads what Plain made, and names each key that does not fit.
func TestDecode(t *testing.T) {
	want := DefaultDirectory()
	want.Name, want.URIs, want.PageSize = "a", []string{"ldaps://a"}, 7
	want.Bases = []SearchBase{{DN: "", Scope: "one"}}
	data, err := json.Marshal(Plain(want))
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&table); err != nil {
		t.Fatal(err)
	}
	got := Directory{}
	if err := Decode(&got, table); err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(want, got, equalConfigs); difference != "" {
		t.Error(difference)
	}
	err = Decode(&Directory{}, map[string]any{
		"page_size": json.Number("1.5"), "bass": "x", "uris": "x", "timeout": json.Number("5"), "tls": map[string]any{"mode": true}, "bind_dn": nil, "bind_password": json.Number("1"),
	})
	if err == nil {
		t.Fatal("it was accepted")
	}
	contains(t, err.Error(), "page_size: \"1.5\" must be a whole number", "bass: is not a key of the top level; did you mean base?", "uris: \"x\" must be a list of texts",
		"timeout: \"5\" is not a duration", "tls.mode: \"true\" must be a text", "bind_dn: \"<nil>\" must be a text", "bind_password: must be a text")
}
