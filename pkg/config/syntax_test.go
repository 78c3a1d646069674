package config

import (
	"crypto/tls"
	"math"
	"slices"
	"strings"
	"testing"
)

// accepts reports what check makes of texts that are right and wrong.
func accepts(t *testing.T, check func(string) error, good, bad []string) {
	t.Helper()
	for _, s := range good {
		if err := check(s); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, s := range bad {
		if check(s) == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestCheckURI(t *testing.T) {
	accepts(t, checkURI,
		[]string{"ldap://a", "LDAPS://a.b-c.example:636", "ldap://a/", "ldap://[::1]", "ldap://[::1]:389", "ldap://10.0.0.1:1",
			"ldapi://%2Frun%2Fldapi", "ldapi://%2frun%2fldapi/", "LDAPI://%2Fa",
			"DNS", "DNSLDAPS", "DNS:example.com", "DNSLDAPS:sub.example-1.com"},
		[]string{"", "a", "DNS:", "dns", "DNS:a..b", "DNS:a/b", "DNSLDAP", "DNS: a", "ldap:a", "ldap://", "ldap:///dc=x", "ldap://:389", "ldap://a:", "ldap://a:0", "ldap://a:65536", "ldap://a:x",
			"ldap://a/dc=x", "ldap://a?x", "ldap://a/?", "ldap://a#x", "ldap://u:p@a", "ldap://a b", "http://a", "ldap://::1", "ldap://a%zz",
			"ldapi://", "ldapi:///", "ldapi:///run/ldapi", "ldapi://run", "ldapi://%2Frun%2F..%2Fx", "ldapi://%zz", "ldapi://%2F" + strings.Repeat("x", 107)})
}

func TestCheckDN(t *testing.T) {
	accepts(t, checkDN,
		[]string{"dc=x", "dc=a,dc=b", "dc = a , dc = b", "cn=a b+uid=c,dc=d", "2.5.4.3=x", "cn=#04024869", `cn=a\,b\+c\"\\\20`, `cn=\c3\a4`, "cn=ä",
			`cn=a\ `, "cn=a=b", `cn=\#x`, "cn=James \\\"Jim\\\" Smith\\, III,dc=x"},
		[]string{"", "x", "dc", "dc=", "dc=x,", ",dc=x", "dc=x,,dc=y", "dc=x+", "=x", "1a=x", "a_b=x", "cn=a;b=c", "cn=\"a\"", "cn=<a>", "cn=a\x00",
			`cn=\x`, "cn=#", "cn=#1", "cn=#1x", "cn;x=a", "2..5=x"})
}

func TestCheckFilter(t *testing.T) {
	accepts(t, checkFilter,
		[]string{"(a=b)", "(a=)", "(a=*)", "(a=*b*c*)", "(&(a=b)(|(c=d)(!(e=f))))", "(&)", "(|)", "(a>=1)", "(a<=1)", "(a~=b)", "(a:=b)", "(a:dn:=b)",
			"(a:dn:2.4.6.8:=b)", "(:caseExactMatch:=b)", "(:dn:caseExactMatch:=b)", "(memberOf:1.2.840.113556.1.4.1941:=cn=x,dc=y)",
			`(cn=\2a\28\29\5c\00)`, "(cn;lang-de=ä)", "(a= b )", "(a=b=c)",
			`(host=\*)`, `(a=\(b\))`, `(a=\x1)`, `(a=\2)`, `(a=\g\\)`},
		[]string{"", "a=b", "()", "(a)", "(a=b", "(a=b))", "(a=b)(c=d)", "((a=b))", "(&a=b)", "(!(a=b)(c=d))", "(!)", "(a=(b))", `(a=\)`,
			"(a=\x00)", "(=b)", "(a b=c)", "(a><=b)", "(a b:=c)", "(a:b c:=d)", strings.Repeat("(!", 100) + "(a=b)" + strings.Repeat(")", 100)})
}

func TestCheckDescription(t *testing.T) {
	accepts(t, checkDescription,
		[]string{"uid", "sAMAccountName", "a-1", "2.5.4.3", "userCertificate;binary", "cn;lang-de;x-a"},
		[]string{"", "1a", "-a", "a b", "a_b", "ä", "a*", ";binary", "2..5", ".2", "cn;a_b", "a=b"})
}

func TestNearest(t *testing.T) {
	candidates := []string{"base", "binddn", "bindpw", "tls_cacertfile"}
	tests := map[string]string{"bsae": "base", "bindd": "binddn", "bind_pw": "bindpw", "TLS_CACERTFIL": "tls_cacertfile",
		"tls_cafile": "tls_cacertfile", "": "", "xyz": "", "b": "", strings.Repeat("base", 100): ""}
	for word, want := range tests {
		if got := nearest(word, candidates); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abcd", 1}, {"abc", "xbc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}}
	for _, test := range tests {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q, %q: got %d, want %d", test.a, test.b, got, test.want)
		}
		if got := distance(test.b, test.a); got != test.want {
			t.Errorf("%q, %q: got %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

// TestCipherSuites holds the table of names against the TLS library.
func TestCipherSuites(t *testing.T) {
	var want, got []string
	for _, suite := range tls.CipherSuites() {
		if slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			want = append(want, suite.Name)
		}
	}
	for openssl, name := range cipherSuites() {
		got = append(got, name)
		if cipherSuite(strings.ToLower(openssl)) != name || cipherSuite(name) != name {
			t.Errorf("%s is not found", openssl)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestValidNames(t *testing.T) {
	valid := func(name string) bool { return Default().Accounts.ValidNames.MatchString(name) }
	for _, name := range []string{"joe", "Joe", "j", "_apt", "joe.smith", "joe-smith", "joe@example.com", "machine$", "7up", "joe_1", "1a", "a" + strings.Repeat("b", 254)} {
		if !valid(name) {
			t.Errorf("%q is refused", name)
		}
	}
	for _, name := range []string{"", "0", "1000", "1.5", "0x10", "0day", "-a", ".a", ".", "..", "@a", "$", "a$b", "a b", " a", "a ", "a\n", "a:b", "a/b",
		"a\x00", "ä", "a\u202eb", "a\\b", "a,b", "(a)", "a~", "*", "\n", "a\nroot"} {
		if valid(name) {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestRegexpText(t *testing.T) {
	for _, s := range []string{"^a|b$", "^$", defaultValidNames} {
		text, err := mustRegexp(s).MarshalText()
		if err != nil || string(text) != s {
			t.Errorf("%s became %s, %v", s, text, err)
		}
	}
}

// TestKeywordTable looks for rows that contradict each other.
func TestKeywordTable(t *testing.T) {
	seen := map[string]spelling{}
	for _, k := range keywords() {
		if k.in == 0 || k.in&seen[k.name] != 0 {
			t.Errorf("%s: in no spelling, or twice in one", k.name)
		}
		seen[k.name] |= k.in
		if k.name != strings.ToLower(k.name) {
			t.Errorf("%s: not in lower case", k.name)
		}
		if (k.set == nil) == (k.why == "") {
			t.Errorf("%s: either a setter or a reason", k.name)
		}
		if len(k.name) > maxWord {
			t.Errorf("%s: too long for nearest", k.name)
		}
	}
}

// TestEveryIgnoredKeywordWarns reads a file with all of them.
func TestEveryIgnoredKeywordWarns(t *testing.T) {
	file := site
	var want []string
	for _, k := range notHonoured() {
		if k.in&spellPADL != 0 {
			file += k.name + " something\n"
			want = append(want, k.name)
		}
	}
	var got []string
	for _, p := range load(t, "pam_ldap.conf", file).Warnings {
		got = append(got, p.Key)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(want) < 35 {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestSortByLine(t *testing.T) {
	list := []Problem{{Line: 0, Key: "a"}, {Line: 2, Key: "b"}, {Line: math.MaxInt}, {Line: 2, Key: "c"}, {Line: 1}}
	sortByLine(list)
	var got []int
	for _, p := range list {
		got = append(got, p.Line)
	}
	if !slices.Equal(got, []int{1, 2, 2, math.MaxInt, 0}) || list[1].Key != "b" {
		t.Errorf("got %v", list)
	}
}
