package account

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameLength is the longest user or group name, in bytes. It is the limit
// of the nslcd protocol, which is larger than useradd's.
const maxNameLength = 255

// ParseID parses a uid or gid: base 10, digits only, no sign and no blanks, at
// most 4294967294. RFC 2307 has them as INTEGER; 4294967295 is (uid_t)-1,
// which chown(2) and setreuid(2) take for "leave unchanged".
func ParseID(s string) (uint32, error) {
	if len(s) == 0 || s[0] < '0' || s[0] > '9' {
		return 0, fmt.Errorf("%q is not a decimal number", s)
	}
	id, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a decimal number below 2^32", s)
	}
	if id == 1<<32-1 {
		return 0, fmt.Errorf("%q means no id", s)
	}
	return uint32(id), nil
}

// Range is a closed range of ids.
type Range struct{ Min, Max uint32 }

func (r Range) has(id uint32) bool { return r.Min <= id && id <= r.Max }

// reserved are ids that a directory never gives, whatever the windows say.
var reserved = []struct {
	ids Range
	why string
}{
	{Range{0, 0}, "it is root's"},
	{Range{61184, 65519}, "systemd gives it to services that run (DynamicUser=, systemd.exec(5))"},
	{Range{65534, 65534}, "it is nobody's"},
	{Range{65535, 65535}, "it was (uid_t)-1 when ids had 16 bits"},
	{Range{1<<32 - 1, 1<<32 - 1}, "it means no id"},
}

// Rules are what a directory's users and groups must meet to exist on this
// machine.
type Rules struct {
	// UIDs and GIDs are the windows of allowed ids.
	UIDs, GIDs Range
	// Name reports whether a user or group name has an allowed form.
	Name func(string) bool
}

// ValidName reports whether name may be a user or group name: the configured
// form, and whatever that is, between 1 and 255 bytes that are a line (IsLine)
// without the characters that separate names in the files of passwd(5) and
// group(5).
func (r Rules) ValidName(name string) bool {
	return isSafeName(name) && (r.Name == nil || r.Name(name))
}

func isSafeName(name string) bool {
	if name == "" || len(name) > maxNameLength || name[0] == '-' || !utf8.ValidString(name) {
		return false
	}
	if name == "." || name == ".." {
		return false
	}
	if strings.ContainsAny(name, ":,/") || !IsLine(name) {
		return false
	}
	return !isNumber(name)
}

// IsLine reports whether text can be shown and stored as what it is: not empty,
// valid UTF-8 in one line, without blanks around it, without control characters
// and without those that have no shape or turn the direction of others.
func IsLine(text string) bool {
	if text == "" || strings.TrimSpace(text) != text || !utf8.ValidString(text) {
		return false
	}
	return strings.IndexFunc(text, isUnseen) < 0
}

func isUnseen(c rune) bool {
	return c < ' ' || c >= 0x7f && unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// IsWord reports whether text is a line without blanks that could not be taken
// for an option or a comment.
func IsWord(text string) bool {
	return IsLine(text) && text[0] != '-' && text[0] != '#' && strings.IndexFunc(text, unicode.IsSpace) < 0
}

// isNumber reports whether tools would take name for an id instead of a name.
func isNumber(name string) bool {
	_, err := strconv.ParseUint(name, 0, 64)
	if err == nil {
		return true
	}
	for _, c := range name {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// CheckUID returns why uid may not be a user's, or nil.
func (r Rules) CheckUID(uid uint32) error { return check("uid", uid, r.UIDs) }

// CheckGID returns why gid may not be a group's, or nil.
func (r Rules) CheckGID(gid uint32) error { return check("gid", gid, r.GIDs) }

func check(what string, id uint32, allowed Range) error {
	for _, never := range reserved {
		if never.ids.has(id) {
			return fmt.Errorf("%s %d is refused: %s", what, id, never.why)
		}
	}
	if !allowed.has(id) {
		return fmt.Errorf("%s %d is outside %d..%d (accounts.min_%s, accounts.max_%s)",
			what, id, allowed.Min, allowed.Max, what, what)
	}
	return nil
}

// SameLetters reports whether two names differ at most in the case of ASCII
// letters. Other letters have no case here: to Unicode a sharp s is a long s,
// and a Kelvin sign a k.
func SameLetters(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lowerASCII(a[i]) != lowerASCII(b[i]) {
			return false
		}
	}
	return true
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
