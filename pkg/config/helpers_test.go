package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// marker is the password in the files of the tests. It must never be shown.
const marker = "S3cret-Marker!"

// write creates a file that only its owner may read, and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads a file of that name and content; it must be accepted. A file of
// another program's converts to the same.
func load(t *testing.T, name, content string) *Config {
	t.Helper()
	path := write(t, name, content)
	cfg, err := Load(path)
	if err != nil {
		t.Fatalf("%s:\n%s\n%v", name, content, err)
	}
	noMarker(t, problems(cfg.Warnings))
	if !strings.HasSuffix(name, ".toml") {
		convertsTo(t, path, cfg)
	}
	return cfg
}

// loadBad loads a file that must be refused, and returns what is wrong without
// the directory of the file.
func loadBad(t *testing.T, name, content string) string {
	t.Helper()
	path := write(t, name, content)
	cfg, err := Load(path)
	if err == nil || cfg != nil {
		t.Fatalf("%s was accepted:\n%s", name, content)
	}
	noMarker(t, err.Error())
	for _, p := range err.(Errors) {
		noMarker(t, p.Value)
	}
	return strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")
}

func noMarker(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, marker) || strings.Contains(text, marker[:6]) {
		t.Errorf("the secret is shown: %s", text)
	}
}

// problems returns problems one per line, without their directories.
func problems(list []Problem) string {
	var lines []string
	for _, p := range list {
		p.File = filepath.Base(p.File)
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// contains reports an error for each wanted text that got lacks.
func contains(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in:\n%s", text, got)
		}
	}
}
