package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkLoadPADL(b *testing.B) {
	data := []byte("host ldap.mydomain.com\nbase dc=mydomain,dc=com\nbinddn uid=app,dc=mydomain,dc=com\nbindpw x\nssl start_tls\n")
	for b.Loop() {
		d := parse("pam_ldap.conf", data)
		d.check()
		if len(d.errors) > 0 {
			b.Fatal(d.errors)
		}
	}
}

func BenchmarkLoadTOML(b *testing.B) {
	for b.Loop() {
		d := parse("goldap.toml", []byte(minimal))
		d.check()
		if len(d.errors) > 0 {
			b.Fatal(d.errors)
		}
	}
}

// BenchmarkLoadManaged is what the managed file costs the module, which reads both
// for each login where there is no daemon.
func BenchmarkLoadManaged(b *testing.B) {
	own := filepath.Join(b.TempDir(), "goldap.toml")
	folder := filepath.Dir(ManagedPath(own))
	if err := errors.Join(os.WriteFile(own, []byte(ownFile), 0o600), os.Mkdir(folder, 0o700)); err != nil {
		b.Fatal(err)
	}
	load := func(b *testing.B) {
		for b.Loop() {
			if _, err := Load(own); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("without", load)
	_, contents, err := LoadWith(own, &Managed{Roles: []Role{{Name: "ops", Directories: []string{"b"}, Users: []string{"bob"}}}})
	if err != nil {
		b.Fatal(err)
	}
	if err := SaveManaged(own, contents); err != nil {
		b.Fatal(err)
	}
	b.Run("with", load)
}
