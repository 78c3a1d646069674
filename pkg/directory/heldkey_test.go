package directory

import (
	"bytes"
	"testing"

	"github.com/goldap/goldap/pkg/secret"
)

// TestWhatStandsForAPassword: without the key of the process nothing can be told
// from it, and it is for one DN.
func TestWhatStandsForAPassword(t *testing.T) {
	one, err := newHeldBinds()
	other, err2 := newHeldBinds()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	const dn, password = "uid=alice,dc=x", "a password"
	mac := one.mac(dn, secret.FromString(password))
	if !bytes.Equal(mac, one.mac("UID=Alice, DC=X", secret.FromString(password))) {
		t.Error("the same DN has another")
	}
	for name, different := range map[string][]byte{
		"process":  other.mac(dn, secret.FromString(password)),
		"DN":       one.mac("uid=bob,dc=x", secret.FromString(password)),
		"password": one.mac(dn, secret.FromString("A password")),
		"split":    one.mac("uid=alice,dc=", secret.FromString("x"+password)),
	} {
		if bytes.Equal(mac, different) {
			t.Errorf("another %s has the same", name)
		}
	}
	if len(mac) != 32 || bytes.Contains(mac, []byte(password)) {
		t.Errorf("%q", mac)
	}
}
