package directory

import "testing"

func TestDomainOf(t *testing.T) {
	domain, err := parseDomain("S-1-5-21-1-2-4000000000")
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		string(domain.bytes(1104)):        "S-1-5-21-1-2-4000000000",
		string(builtinDomain.bytes(544)):  "S-1-5-32",
		"":                                "",
		"S-1-5-21-1-2-3-1104":             "",
		string(domain.bytes(1104))[:20]:   "",
		string(domain.bytes(1104)) + "xx": "",
	} {
		if got := domainOf(value); got != want {
			t.Errorf("%x: %q, want %q", value, got, want)
		}
	}
}
