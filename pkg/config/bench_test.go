package config

import (
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
