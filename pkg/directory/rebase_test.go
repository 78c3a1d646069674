package directory

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func newTestRebase(t testing.TB) rebase {
	t.Helper()
	r, err := newRebase("dc=example,dc=com", "ou=Copy, o=Example\\, Inc")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRebase(t *testing.T) {
	r := newTestRebase(t)
	for ours, theirs := range map[string]string{
		"dc=example,dc=com":                          "ou=Copy, o=Example\\, Inc",
		"uid=alice,ou=people,dc=example,dc=com":      "uid=alice,ou=people,ou=Copy, o=Example\\, Inc",
		"cn=a\\,b+uid=c,dc=example,dc=com":           "cn=a\\,b+uid=c,ou=Copy, o=Example\\, Inc",
		"uid=alice,ou=people,dc=elsewhere,dc=com":    "uid=alice,ou=people,dc=elsewhere,dc=com",
		"uid=alice,dc=notexample,dc=com":             "uid=alice,dc=notexample,dc=com",
		"cn=x\\,dc=example,dc=com":                   "cn=x\\,dc=example,dc=com",
		"dc=com":                                     "dc=com",
		"":                                           "",
		"not a DN":                                   "not a DN",
		"dc=example,dc=com,o=above":                  "dc=example,dc=com,o=above",
		"uid=\\2c,dc=example,dc=com":                 "uid=\\2c,ou=Copy, o=Example\\, Inc",
		"trailing backslash=,dc=example,dc=com\\":    "trailing backslash=,dc=example,dc=com\\",
		"#%&,dc=example,dc=com and more, of a kind=": "#%&,dc=example,dc=com and more, of a kind=",
	} {
		if got := r.there(ours); got != theirs {
			t.Errorf("there(%q) = %q, want %q", ours, got, theirs)
		}
		if got := r.back(theirs); got != ours {
			t.Errorf("back(%q) = %q, want %q", theirs, got, ours)
		}
	}
	for spelling, want := range map[string]string{
		"uid=alice,DC=Example,DC=COM":              "uid=alice,ou=Copy, o=Example\\, Inc",
		"uid=alice, dc=example , dc = com":         "uid=alice,ou=Copy, o=Example\\, Inc",
		"uid=Alice, ou=People , dc=example,dc=com": "uid=Alice, ou=People ,ou=Copy, o=Example\\, Inc",
	} {
		if got := r.there(spelling); got != want {
			t.Errorf("there(%q) = %q, want %q", spelling, got, want)
		}
	}
	if got := r.back("uid=alice,OU=copy,o=example\\2c inc"); got != "uid=alice,dc=example,dc=com" {
		t.Errorf("another spelling of the server: %q", got)
	}
}

func TestRebaseFilter(t *testing.T) {
	r := newTestRebase(t)
	for text, want := range map[string]string{
		"(uid=alice)": "(uid=alice)",
		"(&(objectClass=posixGroup)(|(memberUid=a)(member=uid=a,dc=example,dc=com)(!(uniqueMember=uid=b,dc=example,dc=com))))": `(&(objectClass=posixGroup)(|(memberUid=a)(member=uid=a,ou=Copy, o=Example\5c, Inc)(!(uniqueMember=uid=b,ou=Copy, o=Example\5c, Inc))))`,
		`(member=cn=\28\2a\29\5c,x,dc=example,dc=com)`:          `(member=cn=\28\2a\29\5c,x,ou=Copy, o=Example\5c, Inc)`,
		"(member=*,dc=example,dc=com)":                          "(member=*,dc=example,dc=com)",
		"(description=a, b)":                                    "(description=a, b)",
		"(memberOf:1.2.840.113556.1.4.1941:=cn=g,dc=elsewhere)": "(memberOf:1.2.840.113556.1.4.1941:=cn=g,dc=elsewhere)",
	} {
		got, err := r.filter(text)
		if err != nil || got != want {
			t.Errorf("filter(%q) = %q, %v, want %q", text, got, err, want)
		}
		if _, err := ldap.CompileFilter(got); err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
}

// FuzzRebase: what goes there comes back, for whatever text, and nothing but a
// suffix changes.
func FuzzRebase(f *testing.F) {
	for _, seed := range []string{"uid=alice,dc=example,dc=com", "a=\\,dc=example,dc=com", "dc=example,dc=com", "=,dc=example,dc=com", "a=b;dc=example,dc=com"} {
		f.Add(seed)
	}
	r := newTestRebase(f)
	f.Fuzz(func(t *testing.T, dn string) {
		there := r.there(dn)
		if there == dn {
			return
		}
		if !strings.HasSuffix(there, r.theirs.text) {
			t.Errorf("%q became %q", dn, there)
		}
		if back := r.back(there); !strings.EqualFold(back, dn) && !sameDN(back, dn) {
			t.Errorf("%q came back as %q", dn, back)
		}
	})
}

func sameDN(a, b string) bool {
	one, err1 := parseDN(a)
	two, err2 := parseDN(b)
	return err1 == nil && err2 == nil && one.EqualFold(two)
}
