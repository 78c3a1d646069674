package account_test

import (
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
)

func TestParseID(t *testing.T) {
	tests := map[string]struct {
		in   string
		want uint32
		ok   bool
	}{
		"smallest":         {"0", 0, true},
		"ordinary":         {"1000", 1000, true},
		"leading zeros":    {"0010", 10, true},
		"largest":          {"4294967294", 4294967294, true},
		"minus one":        {"4294967295", 0, false},
		"wraps to 0":       {"4294967296", 0, false},
		"wraps to 1":       {"18446744073709551617", 0, false},
		"negative":         {"-1", 0, false},
		"plus sign":        {"+1", 0, false},
		"leading blank":    {" 1", 0, false},
		"trailing blank":   {"1 ", 0, false},
		"trailing newline": {"1\n", 0, false},
		"hexadecimal":      {"0x3e8", 0, false},
		"underscore":       {"1_000", 0, false},
		"fraction":         {"1000.0", 0, false},
		"exponent":         {"1e3", 0, false},
		"other digits":     {"١٠٠٠", 0, false},
		"empty":            {"", 0, false},
		"word":             {"root", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := account.ParseID(tt.in)
			if (err == nil) != tt.ok || got != tt.want {
				t.Errorf("ParseID(%q) = %d, %v; want %d, ok %v", tt.in, got, err, tt.want, tt.ok)
			}
		})
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"0", "1000", "4294967295", "-1", "0x10", "1e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := account.ParseID(s)
		if err == nil && id == 1<<32-1 {
			t.Errorf("ParseID(%q) gives (uid_t)-1", s)
		}
		if err == nil && strings.Trim(s, "0123456789") != "" {
			t.Errorf("ParseID(%q) = %d takes more than digits", s, id)
		}
	})
}

var rules = account.Rules{
	UIDs: account.Range{Min: 1000, Max: 1<<31 - 1},
	GIDs: account.Range{Min: 500, Max: 70000},
}

func TestIDWindows(t *testing.T) {
	for id, ok := range map[uint32]bool{
		0: false, 1: false, 999: false, 1000: true, 60000: true, 61183: true,
		61184: false, 65519: false, 65520: true, 65533: true, 65534: false,
		65535: false, 65536: true, 1<<31 - 1: true, 1 << 31: false, 1<<32 - 1: false,
	} {
		if err := rules.CheckUID(id); (err == nil) != ok {
			t.Errorf("CheckUID(%d) = %v, want ok %v", id, err, ok)
		}
	}
	for id, ok := range map[uint32]bool{0: false, 499: false, 500: true, 70000: true, 70001: false} {
		if err := rules.CheckGID(id); (err == nil) != ok {
			t.Errorf("CheckGID(%d) = %v, want ok %v", id, err, ok)
		}
	}
	everything := account.Rules{UIDs: account.Range{Max: 1<<32 - 1}}
	for _, id := range []uint32{0, 61184, 65534, 65535, 1<<32 - 1} {
		if everything.CheckUID(id) == nil {
			t.Errorf("CheckUID(%d) allows a reserved id where the window is open", id)
		}
	}
}

func TestValidName(t *testing.T) {
	tests := map[string]struct {
		name string
		ok   bool
	}{
		"ordinary":            {"alice", true},
		"dots and digits":     {"a.b-c_9", true},
		"machine account":     {"host$", true},
		"mail address":        {"alice@example.org", true},
		"upper case":          {"Alice", true},
		"other letters":       {"zoë", true},
		"backslash":           {`DOM\alice`, true},
		"digit first":         {"9lives", true},
		"empty":               {"", false},
		"all digits":          {"1000", false},
		"many digits":         {strings.Repeat("9", 40), false},
		"hexadecimal number":  {"0x10", false},
		"octal number":        {"0o17", false},
		"leading dash":        {"-rf", false},
		"dot":                 {".", false},
		"dot dot":             {"..", false},
		"colon":               {"a:b", false},
		"comma":               {"a,b", false},
		"slash":               {"../etc", false},
		"newline":             {"a\nroot:x:0:0", false},
		"NUL":                 {"a\x00b", false},
		"delete":              {"a\x7f", false},
		"invalid UTF-8":       {"a\xff", false},
		"blank behind":        {"alice ", false},
		"blank in front":      {" alice", false},
		"turns the direction": {"alice\u202egnp", false},
		"no shape":            {"al\u200bice", false},
		"line separator":      {"al\u2028ice", false},
		"next line":           {"al\u0085ice", false},
		"byte order mark":     {"\ufeffalice", false},
		"255 bytes":           {strings.Repeat("a", 255), true},
		"longer than allowed": {strings.Repeat("a", 256), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := rules.ValidName(tt.name); got != tt.ok {
				t.Errorf("ValidName(%q) = %v", tt.name, got)
			}
		})
	}
	lower := account.Rules{Name: func(s string) bool { return s == strings.ToLower(s) }}
	if lower.ValidName("Alice") || !lower.ValidName("alice") {
		t.Error("the configured form is not looked at")
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]struct{ line, word bool }{
		"alice": {true, true}, "a-b.c": {true, true}, "zoë": {true, true}, "3PC": {true, true}, "|/bin/cat": {true, true},
		"two words": {true, false}, "two\u00a0words": {true, false}, "-a": {true, false}, "#a": {true, false},
		"": {}, " ": {}, "a ": {}, "\ta": {}, "a\nb": {}, "a\x00": {}, "\x1b[2J": {}, "a\x7f": {}, "a\xff": {}, "\u202ea": {},
	} {
		if line, word := account.IsLine(text), account.IsWord(text); line != want.line || word != want.word {
			t.Errorf("%q: line %v, word %v", text, line, word)
		}
	}
}

func TestOutcomeRefusesByDefault(t *testing.T) {
	var forgotten account.Outcome
	if forgotten == account.Success {
		t.Error("the zero Outcome is success")
	}
	if got := account.Outcome(99).String(); got != "outcome(99)" {
		t.Errorf("String of an unknown outcome: %q", got)
	}
	if got := account.MustChange.String(); got != "must-change" {
		t.Errorf("MustChange is %q", got)
	}
}
