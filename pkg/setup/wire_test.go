package setup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runner notes the programs that run, and does what each does.
type runner struct {
	ran []string
	do  map[string]func() error
}

func (r *runner) run(_ context.Context, name string, args ...string) error {
	text := commandText(filepath.Base(name), args)
	r.ran = append(r.ran, text)
	for prefix, do := range r.do {
		if strings.HasPrefix(text, prefix) {
			return do()
		}
	}
	return nil
}

func writes(root, path, text string) func() error {
	return func() error { return os.WriteFile(filepath.Join(root, path), []byte(text), 0o644) }
}

// has makes empty files.
func has(t *testing.T, root string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, path), nil, 0o755))
	}
}

func TestWirePAM(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		said  string // what pam-auth-update writes
		want  string // the error, or a part
	}{
		"Debian":           {[]string{pamAuthUpdateProgram, pamProfile}, "auth sufficient pam_goldap.so\n", ""},
		"edited by hand":   {[]string{pamAuthUpdateProgram, pamProfile}, "auth required pam_unix.so\n", "edited by hand"},
		"no profile":       {[]string{pamAuthUpdateProgram}, "", "install libpam-goldap"},
		"RHEL":             {[]string{authselectProgram, authselectProfile + "/README"}, "", ""},
		"RHEL, no profile": {[]string{authselectProgram}, "", "install libpam-goldap"},
		"neither":          {nil, "", ErrByHand.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			root := machine(t)
			has(t, root, test.files...)
			before := contents(t, root)
			r := &runner{do: map[string]func() error{
				"pam-auth-update": writes(root, "/etc/pam.d/common-auth", test.said),
				"authselect":      writes(root, "/etc/pam.d/system-auth", "x"),
			}}
			opts := Options{Root: root, Run: r.run}
			j, err := Open(opts)
			must(t, err)
			err = j.WirePAM(t.Context())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if err := undo(opts, false); err != nil && !errors.Is(err, errNoRecord) {
				t.Error(err)
			}
			if after := contents(t, root); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// TestWireNSSwitch runs the script that the packages have.
func TestWireNSSwitch(t *testing.T) {
	root := machine(t)
	opts := Options{Root: root, Run: Execute}
	j, err := Open(opts)
	must(t, err)
	if err := j.WireNSSwitch(t.Context()); err == nil || !strings.Contains(err.Error(), "install libnss-goldap") {
		t.Errorf("error %v", err)
	}
	script, err := os.ReadFile(filepath.Join("..", "..", "packaging", "nsswitch"))
	must(t, err)
	has(t, root, nsswitchProgram)
	must(t, os.WriteFile(filepath.Join(root, nsswitchProgram), script, 0o755))
	before := contents(t, root)
	must(t, j.WireNSSwitch(t.Context()))
	text, err := os.ReadFile(filepath.Join(root, nsswitchFile))
	must(t, err)
	if !strings.Contains(string(text), "passwd: files goldap\n") {
		t.Errorf("nsswitch.conf: %s", text)
	}
	must(t, undo(opts, false))
	if after := contents(t, root); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestStartDaemon(t *testing.T) {
	root := machine(t)
	r := &runner{}
	opts := Options{Root: root, Run: r.run}
	j, err := Open(opts)
	must(t, err)
	if left, err := j.StartDaemon(t.Context()); err != nil || left == "" || len(r.ran) > 0 {
		t.Errorf("without systemd: %q, %v, %v", left, err, r.ran)
	}
	must(t, os.MkdirAll(filepath.Join(root, "/run/systemd/system"), 0o755))
	r.do = map[string]func() error{"systemctl --quiet is-active": func() error {
		if strings.HasSuffix(r.ran[len(r.ran)-1], "goldapd.socket") {
			return nil
		}
		return errors.New("inactive")
	}}
	left, err := j.StartDaemon(t.Context())
	if err != nil || left != "" {
		t.Errorf("%q, %v", left, err)
	}
	must(t, undo(opts, false))
	for _, want := range []string{"systemctl start goldapd-admin.socket", "systemctl start goldapd.service", "systemctl restart goldapd.service",
		"systemctl stop goldapd.service", "systemctl stop goldapd-admin.socket"} {
		if !slices.Contains(r.ran, want) {
			t.Errorf("no %s in %q", want, r.ran)
		}
	}
	if slices.Contains(r.ran, "systemctl stop goldapd.socket") {
		t.Errorf("a unit that ran before was stopped: %q", r.ran)
	}
}

func TestExecuteSaysWhatTheProgramSaid(t *testing.T) {
	err := Execute(t.Context(), "/bin/sh", "-c", "echo out; echo trouble >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "trouble") || !strings.Contains(err.Error(), "3") {
		t.Errorf("error %v", err)
	}
}
