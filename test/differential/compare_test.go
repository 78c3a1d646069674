package differential

import (
	"bytes"
	"strings"
	"testing"
)

// frames are answers to "passwd name alice" and to "group all", as bytes.
const (
	passwdHead = "\x00\x00\x00\x02\x00\x08\x00\x01"
	alice      = "\x00\x00\x00\x01\x00\x00\x00\x05alice\x00\x00\x00\x01*\x00\x00\x27\x11\xff\xff\xff\xfe" +
		"\x00\x00\x00\x00\x00\x00\x00\x02/a\x00\x00\x00\x03/\x0as"
	end = "\x00\x00\x00\x02"
)

// TestRead is every way in which an answer ends.
func TestRead(t *testing.T) {
	q := Names("passwd", "alice")[0]
	const line = `alice:*:10001:4294967294::/a:/\ns`
	for name, test := range map[string]struct{ bytes, want, err string }{
		"found":               {passwdHead + alice + end, line + " | END", ""},
		"twice":               {passwdHead + alice + alice + end, line + " | " + line + " | END", ""},
		"not there":           {passwdHead + end, "END", ""},
		"refused":             {"", "refused", ""},
		"broken off":          {passwdHead + alice, line + " | EOF", ""},
		"in a head":           {passwdHead[:6], "EOF", ""},
		"in a result":         {passwdHead + alice[:9], "EOF", ""},
		"of another version":  {"\x00\x00\x00\x01" + passwdHead[4:] + end, "", "the answer begins with 1"},
		"to another question": {"\x00\x00\x00\x02\x00\x08\x00\x02" + end, "", "the answer begins with 2"},
		"of nonsense":         {passwdHead + "\x00\x00\x00\x07", "", "marker 7"},
		"of a length":         {passwdHead + "\x00\x00\x00\x01\x7f\xff\xff\xff", "EOF", "a length of"},
	} {
		got, err := q.Read(bytes.NewReader([]byte(test.bytes)))
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: error %v, want %q", name, err, test.err)
		}
		if test.want != "" && got.String() != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestCompare is what counts as a difference.
func TestCompare(t *testing.T) {
	one, all := Names("passwd", "x")[0], All("group")[0]
	answer := func(ending string, results ...string) Answer { return Answer{results, ending} }
	for name, test := range map[string]struct {
		q         Question
		one, two  Answer
		different []Seen
	}{
		"the same":      {one, answer(End, "a"), answer(End, "a"), nil},
		"order":         {one, answer(End, "a", "b"), answer(End, "b", "a"), []Seen{{"v", "passwd name x", "a | b | END", "b | a | END"}}},
		"an ending":     {one, answer(End), answer(EOF), []Seen{{"v", "passwd name x", "END", "EOF"}}},
		"list":          {all, answer(End, "a", "b"), answer(End, "b", "a"), nil},
		"list, results": {all, answer(End, "a", "a"), answer(End, "a", "c"), []Seen{{"v", "group all", "a", ""}, {"v", "group all", "", "c"}}},
		"list, ending":  {all, answer(End), answer(Nothing), []Seen{{"v", "group all", "END", "refused"}}},
	} {
		got := Compare("v", test.q, test.one, test.two)
		if len(got) != len(test.different) {
			t.Errorf("%s: %v", name, got)
			continue
		}
		for i := range got {
			if got[i] != test.different[i] {
				t.Errorf("%s: %v, want %v", name, got[i], test.different[i])
			}
		}
	}
}

// TestCompareOutput is that members have no order, and fields have one.
func TestCompareOutput(t *testing.T) {
	q := Names("group", "x")[0]
	if got := CompareOutput("v", "", q, "x:*:1:a,b\n", "x:*:1:b,a\n"); got != nil {
		t.Errorf("members in another order: %v", got)
	}
	want := Seen{"v", "libnss_x: group name x", "x:*:1:a", "x:*:1:a,b"}
	if got := CompareOutput("v", "libnss_x: ", q, "x:*:1:a\n", "x:*:1:a,b\n"); len(got) != 1 || got[0] != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestLedger is that both kinds of mistakes are found.
func TestLedger(t *testing.T) {
	l, first := NewLedger(), Known[0].Seen[0]
	if l.Has(Seen{"no", "such", "difference", ""}) {
		t.Error("what is not listed is known")
	}
	before := len(l.Unseen(first.Variant))
	if !l.Has(first) || len(l.Unseen(first.Variant)) != before-1 {
		t.Errorf("%v is not marked as seen", first)
	}
	if unseen := l.Unseen("no such variant"); len(unseen) != 0 {
		t.Errorf("unseen although nobody asked: %v", unseen)
	}
}
