package directory

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/test/scripted"
)

func TestNormalDN(t *testing.T) {
	same := [][]string{
		{"uid=alice,ou=People,dc=example,dc=com", "UID=Alice, OU=people , DC=Example,dc=COM", `uid=\61lice,ou=People,dc=example,dc=com`},
		{"cn=Bob  Smith,dc=x", "CN=bob smith,dc=x"},
		{"cn=a+uid=b,dc=x", "UID=B+CN=A,dc=x"},
		{`cn=a\,b,dc=x`, `cn=a\2cb,dc=x`},
		{"cn=\u00c9mile,dc=x", "cn=\u00e9mile,dc=x"},
	}
	seen := map[string]string{}
	for _, group := range same {
		want := normalDN(group[0])
		for _, dn := range group {
			if got := normalDN(dn); got != want {
				t.Errorf("%s becomes %q, and %s %q", group[0], want, dn, got)
			}
		}
		if other, ok := seen[want]; ok {
			t.Errorf("%s and %s are one", other, group[0])
		}
		seen[want] = group[0]
	}
	for _, pair := range [][2]string{
		{`cn=a\,dc=x`, "cn=a,dc=x"}, {`cn=a\+b=c,dc=x`, "cn=a+b=c,dc=x"}, {"cn=a,cn=b", `cn=a\,cn=b`}, {"cn=ab", "cn=a b"}, {"", "cn=a"},
	} {
		if normalDN(pair[0]) == normalDN(pair[1]) {
			t.Errorf("%s and %s are one", pair[0], pair[1])
		}
	}
}

// FuzzNormalDN: two spellings of one DN have the same normal DN, and what is
// searched for instead of a DN is one assertion for each part of its RDN.
func FuzzNormalDN(f *testing.F) {
	for _, seed := range []string{"uid=a,dc=b", `cn=a\,b+c=d, dc=x`, "cn=#0403666f6f", "", "a", "=", `cn=\`, "cn= a  b ", "cn=*)(uid=a", "uid=a=b,c=d", "=,a=b", "uid=,a=b", "a=b c,d=e f", "a b", " a=b", "a=b ", "a= b", "a,b=c", ",", "=", "a==b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		_ = rdnValue(memberDN(dn), "uid")
		if fast, slow := normalDN(dn), normalParsedDN(dn); fast != slow {
			t.Errorf("%q becomes %q, taken apart %q", dn, fast, slow)
		}
		parsed, err := parseDN(dn)
		if err != nil || !utf8.ValidString(dn) {
			return
		}
		if name, value, ok := plainRDN(dn); ok {
			if first := parsed.RDNs[0].Attributes; len(first) != 1 || first[0].Type != name || first[0].Value != value {
				t.Errorf("%q begins with %s=%q", dn, name, value)
			}
		}
		if again := normalDN(parsed.String()); again != normalDN(dn) {
			t.Errorf("%q becomes %q, and %q %q", dn, normalDN(dn), parsed.String(), again)
		}
		match := rdnFilter(dn)
		if match.text == "" {
			return
		}
		packet, err := ldap.CompileFilter(match.text)
		if err != nil {
			t.Fatalf("%q: %v", match.text, err)
		}
		got, err := scripted.ParseFilter(ber.DecodePacket(packet.Bytes()))
		if err != nil {
			t.Fatalf("%q: %v", match.text, err)
		}
		parts := got.Parts
		if got.Kind == '=' {
			parts = []scripted.Filter{got}
		}
		for i, want := range parsed.RDNs[0].Attributes {
			if parts[i].Kind != '=' || parts[i].Attribute != want.Type || parts[i].Value != want.Value {
				t.Errorf("%q became %v", dn, got)
			}
		}
	})
}

func TestMemberCacheIsBounded(t *testing.T) {
	c := memberCache{ttl: time.Hour, negativeTTL: time.Hour}
	for i := range maxCachedMembers * 5 / 4 {
		c.put(strings.Repeat("x", i%7)+time.Duration(i).String(), "user", c.mark())
	}
	if n := len(c.names); n > maxCachedMembers || n < maxCachedMembers*3/4 {
		t.Errorf("%d names", n)
	}
	began := c.mark()
	c.forget()
	c.put("x", "from a search that began before", began)
	if _, known := c.get("x"); known || len(c.names) > 0 {
		t.Error("remembered")
	}
	off := memberCache{}
	off.put("a", "b", off.mark())
	if _, known := off.get("a"); known {
		t.Error("remembered without a time")
	}
}
