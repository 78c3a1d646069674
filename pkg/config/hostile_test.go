package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestHostileContents has root take no more than a moment for what goldapd's user
// can write into the managed file. Each of these took minutes, all of the memory,
// or all of the stack.
func TestHostileContents(t *testing.T) {
	repeat := func(text string) string { return strings.Repeat(text, (maxManagedSize-200)/len(text)) }
	half := func(text string) string { return strings.Repeat(text, (maxManagedSize-200)/2/len(text)) }
	var keys strings.Builder
	for i := 0; keys.Len() < maxManagedSize-100; i++ {
		fmt.Fprintf(&keys, "k%d=1\n", i)
	}
	for name, test := range map[string]struct{ managed, want string }{
		"directories":  {repeat("[[directory]]\n"), "has 37434 tables; there can be 2000"},
		"roles":        {repeat("[[role]]\nname='a'\n"), "tables; there can be 2000"},
		"roles' roles": {"[[role]]\nname='x'\nroles=[" + repeat("'a',") + "]\n", "has more problems than these"},
		"users":        {"[[role]]\nname='x'\ndirectories=['a']\nusers=[" + repeat("'a',") + "]\n", ""},
		"order":        {"directory_order=[" + repeat("'z',") + "]\n", ""},
		"admitted":     {"[[authentication.service]]\nnames=['a']\nadmit=[" + repeat("'z',") + "]\n", "has more problems than these"},
		"keys":         {keys.String(), "has more problems than these"},
		"lists":        {"x=" + half("[") + half("]"), ":1: has tables in tables"},
		"tables":       {"\nx=" + half("{a=") + "1" + half("}"), ":2: has tables in tables"},
		"points":       {repeat("a.") + "b=1\n", ":1: has tables in tables"},
		"header":       {"[" + repeat("a.") + "b]\n", ":1: has tables in tables"},
		"lines":        {repeat(strings.Repeat("a.", 32) + "b=1\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeManaged(t, "goldap.toml", ownFile, "")
			if err := os.WriteFile(ManagedPath(path), []byte(test.managed), 0o600); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err := Load(path)
			if took := time.Since(began); took > 20*time.Second { // a second, and this machine is busy
				t.Errorf("it took %v", took)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %.300v", err)
			}
		})
	}
}

// TestDeepLine counts nothing that is in quotes or a comment.
func TestDeepLine(t *testing.T) {
	many := strings.Repeat("[", 100)
	for text, want := range map[string]int{
		"":                                   0,
		"a = '" + many + "'\n":               0,
		"a = \"\\\"" + many + "\"\n":         0,
		"a = '''\n'" + many + "'''\n":        0,
		"a = \"\"\"\n\\\"\"\"" + many:        0,
		"a = 1 # " + many + "\n":             0,
		"# '\n" + many:                       2,
		"a = 'x\n" + many:                    2, // the quotes are not closed
		strings.Repeat("a = [[1.5]]\n", 100): 0,
		"a = \"\"\"\n\n\"\"\"\n" + many:      4,
	} {
		if got := deepLine(text); got != want {
			t.Errorf("%q: line %d, want %d", text, got, want)
		}
	}
}
