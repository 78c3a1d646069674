package module

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func openModule(t *testing.T) *elf.File {
	t.Helper()
	file, err := elf.Open(modulePath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestExports: what libpam looks up, and nothing else.
func TestExports(t *testing.T) {
	t.Parallel()
	symbols, err := openModule(t).DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var exported []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && s.Section != elf.SHN_ABS {
			exported = append(exported, s.Name)
		}
	}
	slices.Sort(exported)
	want := []string{
		"pam_sm_acct_mgmt", "pam_sm_authenticate", "pam_sm_chauthtok", "pam_sm_close_session", "pam_sm_open_session", "pam_sm_setcred",
	}
	if !slices.Equal(exported, want) {
		t.Errorf("exports %q, want %q", exported, want)
	}
}

// TestBuildInfo: the module is Go with cgo, and has the LDAP library in it.
func TestBuildInfo(t *testing.T) {
	t.Parallel()
	info, err := buildinfo.ReadFile(modulePath)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["-buildmode"] != "c-shared" || settings["CGO_ENABLED"] != "1" {
		t.Errorf("settings %v", settings)
	}
	for _, dependency := range info.Deps {
		if strings.HasPrefix(dependency.Path, "github.com/go-ldap/ldap/") {
			return
		}
	}
	t.Error("go-ldap is not in the build info")
}

// TestProgramHeaders: a library that can be executed, and hardened as one.
func TestProgramHeaders(t *testing.T) {
	t.Parallel()
	file := openModule(t)
	if file.Type != elf.ET_DYN || file.Entry == 0 {
		t.Errorf("type %v, entry point %#x", file.Type, file.Entry)
	}
	seen := map[elf.ProgType]bool{}
	for _, p := range file.Progs {
		seen[p.Type] = true
		if p.Flags&elf.PF_W != 0 && p.Flags&elf.PF_X != 0 {
			t.Errorf("%v is writable and executable", p.Type)
		}
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && file.Entry >= p.Vaddr && file.Entry < p.Vaddr+p.Memsz {
			seen[elf.PT_NULL] = true
		}
	}
	for kind, name := range map[elf.ProgType]string{
		elf.PT_INTERP: "loader", elf.PT_GNU_RELRO: "RELRO", elf.PT_GNU_STACK: "stack without execution", elf.PT_NULL: "entry point in code",
	} {
		if !seen[kind] {
			t.Errorf("no %s", name)
		}
	}
}

func TestInterpreter(t *testing.T) {
	t.Parallel()
	data, err := openModule(t).Section(".interp").Data()
	if err != nil {
		t.Fatal(err)
	}
	loader := string(bytes.TrimRight(data, "\x00"))
	if _, err := os.Stat(loader); err != nil {
		t.Errorf("the loader: %v", err)
	}
	shell, err := elf.Open("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	ofShell, err := shell.Section(".interp").Data()
	if err != nil || !bytes.Equal(ofShell, data) {
		t.Errorf("the loader is %q, that of the shell %q, %v", loader, ofShell, err)
	}
}

// TestDynamicFlags: symbols are bound when the module is loaded, and no
// relocation writes into code.
func TestDynamicFlags(t *testing.T) {
	t.Parallel()
	file := openModule(t)
	if v, err := file.DynValue(elf.DT_TEXTREL); err != nil || len(v) != 0 {
		t.Errorf("TEXTREL %v, %v", v, err)
	}
	flags, err := file.DynValue(elf.DT_FLAGS)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flags {
		if elf.DynFlag(f)&elf.DF_TEXTREL != 0 {
			t.Error("DF_TEXTREL is set")
		}
	}
	flags1, err := file.DynValue(elf.DT_FLAGS_1)
	if err != nil || len(flags1) != 1 || elf.DynFlag1(flags1[0])&elf.DF_1_NOW == 0 {
		t.Errorf("not bound at once: flags %v, %v", flags1, err)
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		if v, err := file.DynString(tag); err != nil || len(v) != 0 {
			t.Errorf("%v %q, %v", tag, v, err)
		}
	}
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 2 || !slices.Contains(libraries, "libpam.so.0") {
		t.Errorf("needs %q, %v", libraries, err)
	}
}

// TestSleepingInitialiser: nothing of Go runs when the module is loaded. What
// is in .init_array is the C compiler's (frame_dummy), which is one pointer.
func TestSleepingInitialiser(t *testing.T) {
	t.Parallel()
	file := openModule(t)
	if s := file.Section(".goldap_go_init"); s == nil || s.Size != 8 {
		t.Errorf("Go's initialiser is not where dormant.ld puts it: %v", s)
	}
	if s := file.Section(".init_array"); s != nil && s.Size > 8 {
		t.Errorf(".init_array has %d bytes", s.Size)
	}
}

// TestOneThread: while the module is loaded there is no thread and no signal
// handler more than before. The host keeps it loaded, and counts.
func TestOneThread(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	reports := theHosts()[0].start(t, s, s.service(modulePath, "mode=daemon"), "-x", "never-end").end()
	check(t, reports, []string{"host"}, busy, noService)
	if reports[0].numbers["mapped"] == 0 {
		t.Error("the module was not loaded")
	}
}

// TestExecutedByHand: somebody who runs the file is told what it is.
func TestExecutedByHand(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{nil, {"--help"}, {"1000", ""}, {"1000", "/etc/passwd", "x"}} {
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(t.Context(), modulePath, arguments...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%q: ended with %v", arguments, err)
		}
		if !strings.HasPrefix(stderr.String(), "pam_goldap.so is a PAM module;") || stdout.Len() != 0 {
			t.Errorf("%q: said %q and %q", arguments, stdout.String(), stderr.String())
		}
	}
}
