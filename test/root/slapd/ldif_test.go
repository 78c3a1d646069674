package slapd

import (
	"strings"
	"testing"
	"time"
)

func TestWriteLDIF(t *testing.T) {
	e := entry{dn: "uid=müller," + Base}
	e.add("cn", "plain", "two words")
	e.add("sn", " blank first", "blank last ", ":colon", "<less", "line\nfeed", "")
	var out strings.Builder
	if err := writeLDIF(&out, []entry{e}); err != nil {
		t.Fatal(err)
	}
	const want = `dn:: dWlkPW3DvGxsZXIsZGM9bXlkb21haW4sZGM9Y29t
cn: plain
cn: two words
sn:: IGJsYW5rIGZpcnN0
sn:: YmxhbmsgbGFzdCA=
sn:: OmNvbG9u
sn:: PGxlc3M=
sn:: bGluZQpmZWVk
sn: 

`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestDN(t *testing.T) {
	for name, want := range map[string]string{
		"alice":      "uid=alice,ou=people," + Base,
		`back\slash`: `uid=back\\slash,ou=people,` + Base,
		"a,b+c=d":    `uid=a\,b\+c\=d,ou=people,` + Base,
	} {
		if got := (Person{Name: name}).DN(); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestContents is that a search for passwords in logs can mean something, and
// that plain users all get in.
func TestContents(t *testing.T) {
	for _, p := range People() {
		for _, q := range People() {
			if strings.Contains(q.Name, p.Password) {
				t.Errorf("the password of %s is in the name %s", p.Name, q.Name)
			}
		}
	}
	const plain = 250
	with, without := len(contents(plain, time.Now())), len(contents(0, time.Now()))
	if got := with - without; got != plain+3 {
		t.Errorf("%d entries more for %d users in 3 groups", got, plain)
	}
}
