package account

import (
	"fmt"
	"strconv"
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
// form, and whatever that is, between 1 and 255 bytes of valid UTF-8 without
// the characters that separate names in the files of passwd(5) and group(5)
// and without control characters.
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
	for _, c := range name {
		if c < ' ' || c == 0x7f || c == ':' || c == ',' || c == '/' {
			return false
		}
	}
	return !isNumber(name)
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
