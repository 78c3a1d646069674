package module

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"
)

// nameServices are the two libraries that nss_module is built to, by the name
// that nsswitch.conf has for them.
var nameServices = []string{"goldap", "ldap"}

// inNameServices runs a test with each of the libraries.
func inNameServices(t *testing.T, test func(t *testing.T, name string, file *elf.File)) {
	for _, name := range nameServices {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := elf.Open("../../build/libnss_" + name + ".so.2")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			test(t, name, file)
		})
	}
}

// nameServiceFunctions are what the C library looks up, and the two names for a
// daemon.
const nameServiceFunctions = `enablelookups version
	getaliasbyname_r setaliasent getaliasent_r endaliasent
	gethostton_r getntohost_r setetherent getetherent_r endetherent
	getgrnam_r getgrgid_r initgroups_dyn setgrent getgrent_r endgrent
	gethostbyname_r gethostbyname2_r gethostbyname3_r gethostbyname4_r gethostbyaddr_r
	sethostent gethostent_r endhostent
	setnetgrent getnetgrent_r endnetgrent
	getnetbyname_r getnetbyaddr_r setnetent getnetent_r endnetent
	getpwnam_r getpwuid_r setpwent getpwent_r endpwent
	getprotobyname_r getprotobynumber_r setprotoent getprotoent_r endprotoent
	getrpcbyname_r getrpcbynumber_r setrpcent getrpcent_r endrpcent
	getservbyname_r getservbyport_r setservent getservent_r endservent
	getspnam_r setspent getspent_r endspent`

// TestNameServiceExports: those, and nothing else.
func TestNameServiceExports(t *testing.T) {
	t.Parallel()
	inNameServices(t, func(t *testing.T, name string, file *elf.File) {
		symbols, err := file.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		var exported []string
		for _, s := range symbols {
			if s.Section != elf.SHN_UNDEF && s.Section != elf.SHN_ABS {
				exported = append(exported, s.Name)
			}
		}
		want := strings.Fields(nameServiceFunctions)
		for i, function := range want {
			want[i] = "_nss_" + name + "_" + function
		}
		slices.Sort(exported)
		slices.Sort(want)
		if !slices.Equal(exported, want) {
			t.Errorf("exports %q, want %q", exported, want)
		}
	})
}

// TestNameServiceNeeds: programs that look up a name get no other library with
// it, and keep it once they have it.
func TestNameServiceNeeds(t *testing.T) {
	t.Parallel()
	inNameServices(t, func(t *testing.T, name string, file *elf.File) {
		for tag, want := range map[elf.DynTag]string{elf.DT_SONAME: "libnss_" + name + ".so.2", elf.DT_NEEDED: "libc.so.6"} {
			if found, err := file.DynString(tag); err != nil || !slices.Equal(found, []string{want}) {
				t.Errorf("%v: %q, %v, want %s", tag, found, err, want)
			}
		}
		flags, err := file.DynValue(elf.DT_FLAGS_1)
		const kept = uint64(elf.DF_1_NOW | elf.DF_1_NODELETE)
		if err != nil || len(flags) != 1 || flags[0]&kept != kept {
			t.Errorf("flags %#x, %v", flags, err)
		}
	})
}

// TestNameServiceState: its threads share no memory that can change, but for the
// switch that a daemon sets before it starts, and where each finds its own.
func TestNameServiceState(t *testing.T) {
	t.Parallel()
	inNameServices(t, func(t *testing.T, name string, file *elf.File) {
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
		slices.Sort(changing)
		if want := []string{"_nss_" + name + "_enablelookups", "has_key", "key", "once"}; !slices.Equal(changing, want) {
			t.Errorf("can change: %q, want %q", changing, want)
		}
	})
}
