package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// convertsTo converts a file that was loaded: that is the same, and what is
// written of it is, too.
func convertsTo(t *testing.T, path string, loaded *Config) {
	t.Helper()
	c, err := Convert(path, "", "")
	if err != nil {
		t.Fatalf("loaded, but not converted: %v", err)
	}
	if difference := cmp.Diff(loaded, c.Config, equalConfigs); difference != "" {
		t.Errorf("converted, it is not the same (-loaded +converted):\n%s", difference)
	}
	if len(c.Lost)+len(c.Notes) != len(loaded.Warnings) {
		t.Errorf("%d lost, %d notes, but %d warnings", len(c.Lost), len(c.Notes), len(loaded.Warnings))
	}
	writtenSame(t, c.Config)
}

// writtenSame is sameAgain, but for passwords that TOML cannot say: those go into
// files of their own.
func writtenSame(t *testing.T, cfg *Config) {
	t.Helper()
	for _, d := range cfg.Directories {
		if !utf8.Valid(d.BindPassword.Bytes()) || !utf8.Valid(d.RootBindPassword.Bytes()) {
			return
		}
	}
	sameAgain(t, cfg)
}

// TestConvertExamples converts the examples of the old spellings.
func TestConvertExamples(t *testing.T) {
	for _, name := range []string{"nslcd.conf", "pam_ldap.conf"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("../../etc/" + name)
			if err != nil {
				t.Fatal(err)
			}
			load(t, name, strings.Replace(string(data), "/etc/ssl/certs/ca-certificates.crt", "/dev/null", 1))
		})
	}
}

// TestConvertSSSD converts files as they are found in the world. The goldens have
// the new file, and what was said of the old one; or what is wrong with it.
func TestConvertSSSD(t *testing.T) {
	files, err := filepath.Glob("testdata/convert/*.conf")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := conversionText(t, file)
			noMarker(t, got)
			golden := strings.TrimSuffix(file, ".conf") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(string(want), got); difference != "" {
				t.Errorf("not as in %s (-want +got); if it is meant, run the test with -update:\n%s", golden, difference)
			}
		})
	}
}

func conversionText(t *testing.T, file string) string {
	t.Helper()
	c, err := Convert(file, "sssd", "")
	if (err != nil) != strings.HasSuffix(file, ".bad.conf") {
		t.Fatalf("%v", err)
	}
	dir := filepath.Dir(file) + "/"
	if err != nil {
		return strings.ReplaceAll(err.Error(), dir, "") + "\n"
	}
	// Not every machine has Kerberos, and not every working copy the same modes.
	c.Notes = slices.DeleteFunc(c.Notes, func(p Problem) bool {
		return strings.Contains(p.Text, `"/etc/krb5.conf" cannot`) || strings.Contains(p.Text, "that others may read")
	})
	var text bytes.Buffer
	if err := Write(&text, c.Config, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	sameAgain(t, c.Config)
	for _, part := range []struct {
		heading  string
		problems []Problem
	}{{"lost", c.Lost}, {"different", c.Notes}} {
		text.WriteString("\n# " + part.heading + "\n")
		for line := range strings.Lines(problems(part.problems)) {
			text.WriteString("# " + line)
		}
		text.WriteString("\n")
	}
	return strings.ReplaceAll(text.String(), dir, "")
}

// TestBrokenLinesAreNamed holds that no broken line of syntax.bad.conf hides behind
// another.
func TestBrokenLinesAreNamed(t *testing.T) {
	_, err := Convert("testdata/convert/syntax.bad.conf", "", "")
	errs, _ := err.(Errors)
	var lines []int
	for _, p := range errs {
		lines = append(lines, p.Line)
	}
	for _, line := range []int{1, 3, 4, 5, 6, 10, 11, 12, 13, 14, 16, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 30, 31, 33} {
		if !slices.Contains(lines, line) {
			t.Errorf("line %d is not named:\n%v", line, err)
		}
	}
}

// TestConvertTellsOfOpenFiles is about a password that is known by now, and about
// files that are not there.
func TestConvertTellsOfOpenFiles(t *testing.T) {
	for name, content := range map[string]string{
		"nslcd.conf": nslcdSite + "binddn cn=a\nbindpw " + marker + "\ntls_cacertfile /no/such/file\n",
		"sssd.conf": "[sssd]\ndomains = a\n[domain/a]\nid_provider = ldap\nldap_search_base = dc=a\nldap_default_bind_dn = cn=a\nldap_default_authtok = " +
			marker + "\nldap_tls_cacert = /no/such/file\n",
	} {
		path := write(t, name, content)
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := Convert(path, "", "")
		if err != nil {
			t.Fatal(err)
		}
		got := problems(c.Notes)
		noMarker(t, got)
		contains(t, got, "others may read", `"/no/such/file" cannot be read`)
		if at, ok := c.Secrets["directory[0].bind_password"]; !ok || at.Line == 0 {
			t.Errorf("%s: the password is at %v", name, at)
		}
	}
}

// TestConvertSnippets has the files in conf.d count as they do for SSSD.
func TestConvertSnippets(t *testing.T) {
	path := write(t, "sssd.conf", "[sssd]\ndomains = a\n[domain/a]\nid_provider = ldap\nldap_uri = ldaps://one\nldap_search_base = dc=a\nmin_id = 1\n")
	snippets := filepath.Join(filepath.Dir(path), "conf.d")
	if err := os.Mkdir(snippets, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"20-b.conf": "[domain/A]\nldap_uri = ldaps://three\nldap_page_size = x\n", "10-a.conf": "[domain/a]\nldap_uri = ldaps://two\n\nldap_page_size = 5\n",
		".hidden.conf": "nonsense", "notes.txt": "nonsense", "30.conf": "\n\n[domain/a]\nldap_page_size = 77\n",
	} {
		if err := os.WriteFile(filepath.Join(snippets, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Convert(path, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Config.Directories[0]; d.URIs[0] != "ldaps://three" || d.PageSize != 77 {
		t.Errorf("%v, %d", d.URIs, d.PageSize)
	}
	contains(t, problems(c.Notes), "20-b.conf:2: ldap_uri: stands in ", "30.conf:4: ldap_page_size: stands in ")
	if err := os.WriteFile(filepath.Join(snippets, "30.conf"), []byte("[domain/a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Convert(path, "", "")
	contains(t, strings.ReplaceAll(err.Error(), snippets+"/", ""), "20-b.conf:3: ldap_page_size: \"x\" is not", "30.conf:1: the name of the section")
}

func TestConvertChooses(t *testing.T) {
	const two = "[sssd]\ndomains = a, b\n[domain/a]\nid_provider = ldap\nldap_uri = ldaps://one\nldap_search_base = dc=a\n[domain/b]\nid_provider = ldap\nldap_uri = ldaps://two\nldap_search_base = dc=b\n"
	path := write(t, "copy.of.some.file", two)
	c, err := Convert(path, "", "B")
	if err != nil || len(c.Config.Directories) != 1 || c.Config.Directories[0].Base != "dc=b" || c.From != "sssd" {
		t.Errorf("%+v, %v", c, err)
	}
	for name, args := range map[string][3]string{
		"no such domain":   {path, "", "c"},
		"no such program":  {path, "ssd", ""},
		"no domains":       {write(t, "nslcd.conf", nslcdSite), "", "a"},
		"the wrong file":   {path, "nslcd", ""},
		"no such file":     {path + "x", "", ""},
		"nothing to read":  {write(t, "sssd.conf", ""), "", ""},
		"only other kinds": {write(t, "sssd.conf", "[sssd]\ndomains = a\n[domain/a]\nid_provider = ipa\n"), "", ""},
	} {
		if c, err := Convert(args[0], args[1], args[2]); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestSSSDKeysHaveOneMeaning holds the tables together: a key is carried over, or
// there is a reason why not.
func TestSSSDKeysHaveOneMeaning(t *testing.T) {
	for _, section := range []sssdSection{inMonitor, inNSS, inPAM, inDomain} {
		seen := map[string]bool{}
		for _, name := range sssdVocabulary(section) {
			if seen[name] {
				t.Errorf("%s stands twice", name)
			}
			seen[name] = true
		}
	}
	paths := map[string]bool{}
	for _, k := range sssdKeywords() {
		paths[k.path] = true
	}
	for path := range paths {
		if path != "" && sssdKeyOf("directory[3]."+path) == "" {
			t.Errorf("%s has no key", path)
		}
	}
}
