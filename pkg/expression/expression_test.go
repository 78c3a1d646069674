package expression_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/expression"
)

// values are the attributes of the tests.
func values(name string) string {
	return map[string]string{
		"foo": "foobar", "cn": "Alice Example", "mail": "a.b@example.org@x", "path": "/home/alice/x",
		"question": "?oo", "userPassword": "{crypt}$1$x", "a;lang-de": "bär", "dn": "uid=x",
	}[name]
}

func TestValue(t *testing.T) {
	tests := map[string]string{
		"":                                "",
		"text":                            "text",
		"$foo":                            "foobar",
		"${foo}":                          "foobar",
		"$foo-x":                          "foobar-x",
		"$foo.x":                          "foobar.x",
		"${foo}x":                         "foobarx",
		"$none":                           "",
		"${none}":                         "",
		"${a;lang-de}":                    "bär",
		"${none:-word}":                   "word",
		"${foo:-word}":                    "foobar",
		"${none:+word}":                   "",
		"${foo:+word}":                    "word",
		"${gecos:-$cn}":                   "Alice Example",
		"a${foo}b${cn:+${none:-d$foo}e}c": "afoobarbdfoobarec",
		"${foo#foo}":                      "bar",
		"${foo#?oo}":                      "bar",
		`${foo#f\?o}`:                     "foobar",
		"${foo#bar}":                      "foobar",
		"${foo#}":                         "foobar",
		"${foo#foobarbaz}":                "foobar",
		"${foo#foobar}":                   "",
		"${foo#*}":                        "foobar",
		"${question#?}":                   "oo",
		`${question#\?}`:                  "oo",
		"${foo#$question}":                "foobar", // a value matches itself only
		"${foo#${none:-foo}}":             "bar",
		"${foo:3:6}":                      "bar",
		"${foo:0:3}":                      "foo",
		"${foo:0:0}":                      "",
		"${foo:6:1}":                      "",
		"${foo:99:1}":                     "",
		"${foo:1:2147483647}":             "oobar",
		"${foo%bar}":                      "foo",
		"${foo%b?r}":                      "foo",
		"${foo%foo}":                      "foobar",
		"${mail%@*}":                      "a.b@example.org",
		"${mail%%@*}":                     "a.b",
		"${path##*/}":                     "x",
		`${path##\*}`:                     "/home/alice/x",
		"${foo##*}":                       "",
		"${foo%*}":                        "foobar",
		"${userPassword#{crypt\\}}":       "$1$x",
		`\$foo \\ \"x\}`:                  `$foo \ "x}`,
		"}":                               "}",
		"{}":                              "{}",
		"100%":                            "100%",
		"/home/$dn/${none:-}":             "/home/uid=x/",
		"${none:-a\\}b}":                  "a}b",
		"${none:-*?}":                     "*?",
		"ü${none:-ß}":                     "üß",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			e, err := expression.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Value(values); got != want {
				t.Errorf("is %q, want %q", got, want)
			}
			if e.String() != text {
				t.Errorf("String is %q", e.String())
			}
		})
	}
}

// TestEveryAttributeTheSame has what nslcd is known to make of expressions if
// every attribute is foobar.
func TestEveryAttributeTheSame(t *testing.T) {
	for text, want := range map[string]string{
		"$test-x":                    "foobar-x",
		"${test-x}":                  "foobar",
		"a${t}b${t2:+${t3:-d$t4}e}c": "afoobarbfoobarec",
		"${t#foo}":                   "bar",
		"${t#?oo}":                   "bar",
		`${t#f\?o}`:                  "foobar",
		"${t:3:6}":                   "bar",
		"${a;b.c-d}":                 "foobar",
	} {
		e, err := expression.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.Value(func(string) string { return "foobar" }); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	tests := map[string]string{
		"$":                           "at byte 1: ",
		"a$":                          "at byte 2: ",
		"$&":                          "at byte 1: the name of an attribute",
		"$1":                          "at byte 1: the name of an attribute",
		"$-x":                         "at byte 1: the name of an attribute",
		"x${":                         "at byte 2: the name of an attribute",
		"${}":                         "at byte 1: the name of an attribute",
		"${ a}":                       "at byte 1: the name of an attribute",
		"${1a}":                       "at byte 1: the name of an attribute",
		"${a":                         "at byte 1: ${ has no }",
		"xx${a:-b":                    "at byte 8: the word",
		"${a:-$b":                     "at byte 6: the word",
		"${a?b}":                      `at byte 4: "?" cannot`,
		"${a/b/c}":                    `at byte 4: "/" cannot`,
		"${aäb}":                      `at byte 4: `,
		"${a:}":                       "at byte 4: after :",
		"${a:b}":                      "at byte 4: after :",
		"${a:1}":                      "at byte 4: after :",
		"${a:1:}":                     "at byte 4: after :",
		"${a:1:2":                     "at byte 4: after :",
		"${a:-1:2":                    "at byte 6: the word",
		"${a:1:-2}":                   "at byte 4: after :",
		"${a:1:99999999999999999999}": "at byte 4: after :",
		"${a:=b}":                     "at byte 4: after :",
		`a\`:                          `at byte 2: nothing comes after \`,
		`${a:-\`:                      `at byte 6: nothing comes after \`,
	}
	for text, want := range tests {
		e, err := expression.Parse(text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", text, e, err, want)
		}
	}
}

func TestAttributes(t *testing.T) {
	for text, want := range map[string][]string{
		"text":                                 nil,
		"$a $b $a":                             {"a", "b"},
		"${a:-${b:+$c}}${d#$e}${f%%x}${g:0:1}": {"a", "b", "c", "d", "e", "f", "g"},
	} {
		e, err := expression.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Attributes(); !slices.Equal(got, want) {
			t.Errorf("%s depends on %q, want %q", text, got, want)
		}
	}
}

func TestEachTellsValuesFromText(t *testing.T) {
	e, err := expression.Parse("(a=$foo)${none:-(b=${foo:0:2})}${foo:+yes}")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	e.Each(values, func(text string, fromAttribute bool) {
		if fromAttribute {
			text = "<" + text + ">"
		}
		got = append(got, text)
	})
	if want := "(a=<foobar>)(b=<fo>)yes"; strings.Join(got, "") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLongPatternOnLongValue would not end soon if matching tried every way.
func TestLongPatternOnLongValue(t *testing.T) {
	e, err := expression.Parse("${foo##" + strings.Repeat("*a", 50) + "b}")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 10_000)
	if got := e.Value(func(string) string { return long }); got != long {
		t.Errorf("cut to %d bytes", len(got))
	}
}
