package machine

import (
	"context"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/nslcd"
)

// tree is a machine for a test.
type tree struct {
	files  map[string]string
	modes  map[string]fs.FileMode
	owners map[string]owner
	// newer are files that were changed after the daemon had started.
	newer []string
	// links are symbolic links to files outside, sockets Unix sockets.
	links   map[string]string
	sockets []string
	opts    Options
}

const (
	daemonUID  = 998
	security   = "/usr/lib/x86_64-linux-gnu/security/"
	goodConfig = `[[directory]]
uris = ["ldap://ldap.example.com"]
base = "dc=example,dc=com"
bind_dn = "cn=goldap,dc=example,dc=com"
bind_password_file = "bind.secret"
`
	goodSSHD = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nKbdInteractiveAuthentication yes\n"
	goodPAM  = `auth	[success=2 default=ignore]	pam_unix.so nullok
auth	[success=1 default=ignore]	pam_goldap.so minimum_uid=1000 use_first_pass
auth	requisite			pam_deny.so
auth	required			pam_permit.so
`
	goodAccount = `account	[success=1 new_authtok_reqd=done default=ignore]	pam_unix.so
account	requisite			pam_deny.so
account	required			pam_permit.so
account	[success=ok new_authtok_reqd=done ignore=ignore user_unknown=ignore authinfo_unavail=ignore default=bad]	pam_goldap.so minimum_uid=1000
`
)

// started is when the goldapd of the trees was started.
var startedAt = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

// goodTree is a machine on which everything is as it should be.
func goodTree() *tree {
	return &tree{
		files: map[string]string{
			"/etc/goldap/goldap.toml":                      goodConfig,
			"/etc/goldap/bind.secret":                      "open sesame\n",
			"/etc/passwd":                                  "root:x:0:0:root:/root:/bin/sh\ngoldap:x:998:998::/:/usr/sbin/nologin\n",
			"/etc/nsswitch.conf":                           "passwd: files systemd goldap\ngroup: files systemd goldap\nshadow: files goldap\nhosts: files dns\n",
			"/etc/ssh/sshd_config":                         goodSSHD,
			"/etc/pam.d/common-auth":                       goodPAM,
			"/etc/pam.d/common-account":                    goodAccount,
			"/etc/pam.d/sshd":                              "@include common-auth\n# a comment\naccount required pam_nologin.so\n@include common-account\n",
			security + "pam_goldap.so":                     "",
			"/lib/aarch64-linux-gnu/libnss_other.so":       "",
			"/usr/lib/x86_64-linux-gnu/libnss_goldap.so.2": "",
			"/proc/stat":                                   "cpu 1\nbtime 1795766400\nprocesses 7\n", // 2026-11-27 08:00 UTC
			"/proc/100/comm":                               "goldapd\n",
			"/proc/100/stat":                               "100 (goldapd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0\n",
			"/proc/1/comm":                                 "systemd\n",
		},
		modes: map[string]fs.FileMode{
			"/etc/goldap/goldap.toml": 0o640, "/etc/goldap/bind.secret": 0o640, security + "pam_goldap.so": 0o755,
		},
		owners: map[string]owner{"/etc/goldap/goldap.toml": {0, daemonUID}, "/etc/goldap/bind.secret": {0, daemonUID}},
		links:  map[string]string{},
		opts: Options{
			Now: func() time.Time { return startedAt },
			survey: func(_ context.Context, cfg config.Directory) ([]directory.ServerSurvey, error) {
				return []directory.ServerSurvey{{URI: cfg.URIs[0], Encrypted: true, Base: cfg.Base, BaseExists: true}}, nil
			},
			status: func(context.Context, string) ([]nslcd.Fact, error) { return nil, nil },
			sshd:   func(context.Context) ([]byte, error) { return nil, fs.ErrNotExist },
		},
	}
}

// check writes the tree and returns what is found in it.
func (m *tree) check(t *testing.T) []Finding {
	t.Helper()
	opts := m.opts
	opts.Root = m.write(t)
	opts.owner = func(path string, _ fs.FileInfo) owner { return m.owners[path] }
	return Check(t.Context(), opts)
}

func (m *tree) write(t *testing.T) (root string) {
	t.Helper()
	root, err := os.MkdirTemp("", "machine") // t.TempDir is too long a name for sockets
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	for path, text := range m.files {
		real := filepath.Join(root, path)
		must(t, os.MkdirAll(filepath.Dir(real), 0o755))
		must(t, os.WriteFile(real, []byte(text), 0o644))
		at := startedAt.Add(-time.Hour)
		if slices.Contains(m.newer, path) {
			at = startedAt.Add(time.Hour)
		}
		must(t, os.Chtimes(real, at, at))
	}
	for path, target := range m.links {
		must(t, os.Symlink(target, filepath.Join(root, path)))
	}
	for _, path := range m.sockets {
		must(t, os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755))
		l, err := net.Listen("unix", filepath.Join(root, path))
		must(t, err)
		t.Cleanup(func() { _ = l.Close() })
	}
	for _, path := range slices.Sorted(maps.Keys(m.modes)) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		if m.modes[path].IsDir() {
			must(t, os.MkdirAll(filepath.Join(root, path), 0o755))
		}
		must(t, os.Chmod(filepath.Join(root, path), m.modes[path].Perm()))
	}
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ids are the ids of findings, each once, in order.
func ids(findings []Finding) string {
	found := map[string]bool{}
	for _, f := range findings {
		found[f.ID] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}
