package login_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
)

// shellsFile writes a shells(5) and returns its path.
func shellsFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shells")
	text := "# comment\n/bin/sh\n  /bin/zsh # the better one\n\nnonsense\n#/bin/commented\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestModifyUser(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	none := "\x00none"
	down := fmt.Errorf("%w: connection refused", directory.ErrUnavailable)
	for name, tt := range map[string]struct {
		change      func(*world)
		req         login.ModifyRequest
		home, shell string
		want        account.Outcome
		written     []string // home and shell
		refused     [2]string
		message     string
	}{
		"both":             {nil, login.ModifyRequest{}, home, "/bin/zsh", account.Success, []string{home, "/bin/zsh"}, [2]string{}, ""},
		"shell":            {nil, login.ModifyRequest{}, none, "/bin/sh", account.Success, []string{"", "/bin/sh"}, [2]string{}, ""},
		"nothing":          {nil, login.ModifyRequest{}, none, none, account.Success, []string{"", ""}, [2]string{}, ""},
		"shell unknown":    {nil, login.ModifyRequest{}, home, "/bin/no", account.Success, []string{home, ""}, [2]string{"", "invalid shell"}, ""},
		"shell commented":  {nil, login.ModifyRequest{}, none, "/bin/commented", account.Success, []string{"", ""}, [2]string{"", "invalid shell"}, ""},
		"shell empty":      {nil, login.ModifyRequest{}, none, "", account.Success, []string{"", ""}, [2]string{"", "invalid shell"}, ""},
		"home relative":    {nil, login.ModifyRequest{}, "srv", "/bin/sh", account.Success, []string{"", "/bin/sh"}, [2]string{"not an absolute path", ""}, ""},
		"home missing":     {nil, login.ModifyRequest{}, home + "/no", none, account.Success, []string{"", ""}, [2]string{"no such directory", ""}, ""},
		"home is a file":   {nil, login.ModifyRequest{}, file, none, account.Success, []string{"", ""}, [2]string{"no such directory", ""}, ""},
		"home has a colon": {nil, login.ModifyRequest{}, "/srv:x", none, account.Success, []string{"", ""}, [2]string{"invalid home directory", ""}, ""},
		"computed":         {func(w *world) { w.computed = true }, login.ModifyRequest{}, home, "/bin/sh", account.Success, []string{"", ""}, [2]string{"cannot be changed here", "cannot be changed here"}, ""},
		"wrong password, bad values": {func(w *world) { w.bindReply = &directory.Reply{Code: 49, Policy: directory.NoPolicy} }, login.ModifyRequest{}, "srv", "/bin/no",
			account.BadCredentials, nil, [2]string{}, "The password is wrong."},
		"locked":       {func(w *world) { w.bindReply = policyReply(49, 1) }, login.ModifyRequest{}, home, none, account.AccountLocked, nil, [2]string{}, "Your account is locked."},
		"may not":      {func(w *world) { w.changed.Code = 50 }, login.ModifyRequest{}, home, none, account.ChangeRefused, []string{home, ""}, [2]string{}, "The directory did not accept the change."},
		"must change":  {func(w *world) { w.bindReply = policyReply(0, 2); w.changed.Code = 50 }, login.ModifyRequest{}, home, none, account.ChangeRefused, []string{home, ""}, [2]string{}, "You must change your password now."},
		"replica":      {func(w *world) { w.changed.Code = 10 }, login.ModifyRequest{}, home, none, account.ChangeRefused, []string{home, ""}, [2]string{}, "cannot be changed from this machine"},
		"not sent":     {func(w *world) { w.changed.Code = -1 }, login.ModifyRequest{}, home, none, account.ChangeRefused, []string{home, ""}, [2]string{}, "not accept"},
		"away":         {func(w *world) { w.bindErr = down }, login.ModifyRequest{}, home, none, account.Unavailable, nil, [2]string{}, "cannot be reached"},
		"unknown user": {func(w *world) { w.findErr = directory.ErrNotFound }, login.ModifyRequest{}, home, none, account.UnknownUser, nil, [2]string{}, ""},
		"root": {func(w *world) { w.admin = true }, login.ModifyRequest{AsRoot: true, CallerIsRoot: true}, "/no/where", "/bin/no",
			account.Success, []string{"/no/where", "/bin/no"}, [2]string{}, ""},
		"root, impossible": {func(w *world) { w.admin = true }, login.ModifyRequest{AsRoot: true, CallerIsRoot: true}, "/no:where", "/bin/\nsh",
			account.Success, []string{"", ""}, [2]string{"invalid home directory", "invalid shell"}, ""},
		"root without asking for it": {nil, login.ModifyRequest{CallerIsRoot: true}, "/no/where", "/bin/no",
			account.Success, []string{"", ""}, [2]string{"no such directory", "invalid shell"}, ""},
		"as root, not root": {func(w *world) { w.admin = true }, login.ModifyRequest{AsRoot: true}, home, none, account.PermissionDenied, nil, [2]string{}, "not allowed"},
		"no administrator":  {nil, login.ModifyRequest{AsRoot: true, CallerIsRoot: true}, home, none, account.PermissionDenied, nil, [2]string{}, "not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if tt.change != nil {
				tt.change(w)
			}
			l := w.login()
			l.ShellsFile = shellsFile(t)
			tt.req.Request = request("alice", rightPassword)
			if tt.home != none {
				tt.req.Home = &tt.home
			}
			if tt.shell != none {
				tt.req.Shell = &tt.shell
			}
			m := l.ModifyUser(context.Background(), tt.req)
			if m.Outcome != tt.want || m.Home != tt.refused[0] || m.Shell != tt.refused[1] || !strings.Contains(m.Message, tt.message) {
				t.Errorf("got %+v", m)
			}
			if (m.Message == "") != (tt.want == account.Success || tt.want == account.UnknownUser && m.Message == "") {
				t.Errorf("message %q", m.Message)
			}
			var written []string
			if len(w.modified) == 1 {
				written = []string{w.modified[0].Home, w.modified[0].Shell}
			}
			if !slices.Equal(written, tt.written) || len(w.modified) > 1 {
				t.Errorf("the directory was asked for %+v, want %q", w.modified, tt.written)
			}
			changed := tt.want == account.Success && strings.Join(tt.written, "") != ""
			if slices.Contains(w.forgotten, "alice") != changed {
				t.Errorf("forgotten: %q", w.forgotten)
			}
		})
	}
}

// TestModifyUserWithoutPassword is refused before anybody is asked; only the
// configured administrator needs none.
func TestModifyUserWithoutPassword(t *testing.T) {
	shell := "/bin/sh"
	for name, tt := range map[string]struct {
		known  bool
		asRoot bool
		want   account.Outcome
	}{
		"user":                         {true, false, account.BadCredentials},
		"administrator":                {true, true, account.Success},
		"administrator, not known yet": {false, true, account.BadCredentials},
	} {
		w := newWorld()
		w.admin, w.adminKnown = true, tt.known
		m := w.login().ModifyUser(context.Background(), login.ModifyRequest{
			Request: request("alice", ""), Shell: &shell, AsRoot: tt.asRoot, CallerIsRoot: true,
		})
		if m.Outcome != tt.want || m.NoAdministrator || (len(w.modified) == 1) != (tt.want == account.Success) {
			t.Errorf("%s: %+v, asked %v", name, m, w.modified)
		}
	}
}

// TestShellsWithoutFile are those of getusershell(3).
func TestShellsWithoutFile(t *testing.T) {
	for shell, want := range map[string]string{"/bin/sh": "", "/bin/csh": "", "/bin/bash": "invalid shell"} {
		l := newWorld().login()
		l.ShellsFile = filepath.Join(t.TempDir(), "shells")
		m := l.ModifyUser(context.Background(), login.ModifyRequest{Request: request("alice", rightPassword), Shell: &shell})
		if m.Outcome != account.Success || m.Shell != want {
			t.Errorf("%s: %+v", shell, m)
		}
	}
}
