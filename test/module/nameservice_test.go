package module

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"
)

func openNameService(t *testing.T) *elf.File {
	t.Helper()
	file, err := elf.Open("../../build/libnss_goldap.so.2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestNameServiceExports: what the C library looks up, the two names for a
// daemon, and nothing else.
func TestNameServiceExports(t *testing.T) {
	t.Parallel()
	symbols, err := openNameService(t).DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var exported []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && s.Section != elf.SHN_ABS {
			exported = append(exported, s.Name)
		}
	}
	want := strings.Fields(`enablelookups version
		getpwnam_r getpwuid_r setpwent getpwent_r endpwent
		getgrnam_r getgrgid_r setgrent getgrent_r endgrent initgroups_dyn
		getspnam_r setspent getspent_r endspent`)
	for i, name := range want {
		want[i] = "_nss_goldap_" + name
	}
	slices.Sort(exported)
	slices.Sort(want)
	if !slices.Equal(exported, want) {
		t.Errorf("exports %q, want %q", exported, want)
	}
}

// TestNameServiceNeeds: programs that look up a name get no other library with
// it, and keep it once they have it.
func TestNameServiceNeeds(t *testing.T) {
	t.Parallel()
	file := openNameService(t)
	for tag, want := range map[elf.DynTag]string{elf.DT_SONAME: "libnss_goldap.so.2", elf.DT_NEEDED: "libc.so.6"} {
		if found, err := file.DynString(tag); err != nil || !slices.Equal(found, []string{want}) {
			t.Errorf("%v: %q, %v, want %s", tag, found, err, want)
		}
	}
	flags, err := file.DynValue(elf.DT_FLAGS_1)
	const kept = uint64(elf.DF_1_NOW | elf.DF_1_NODELETE)
	if err != nil || len(flags) != 1 || flags[0]&kept != kept {
		t.Errorf("flags %#x, %v", flags, err)
	}
}

// TestNameServiceState: its functions share no memory that can change, but for
// the switch that a daemon sets before it starts.
func TestNameServiceState(t *testing.T) {
	t.Parallel()
	file := openNameService(t)
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	var changing []string
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) != elf.STT_OBJECT || int(s.Section) >= len(file.Sections) {
			continue
		}
		switch file.Sections[s.Section].Name {
		case ".data", ".bss", ".tdata", ".tbss":
			changing = append(changing, s.Name)
		}
	}
	changing = slices.DeleteFunc(changing, func(name string) bool {
		return name == "__dso_handle" || name == "__TMC_END__" || strings.HasPrefix(name, "completed.") // the compiler's
	})
	if !slices.Equal(changing, []string{"_nss_goldap_enablelookups"}) {
		t.Errorf("can change: %q", changing)
	}
}
