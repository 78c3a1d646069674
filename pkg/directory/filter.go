package directory

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// filter is a search filter (RFC 4515) that is complete, with parentheses
// around it. Values get into one only through equal, which escapes them.
type filter struct{ text string }

// equal is the assertion that the attribute has the value. attribute comes
// from the configuration and was checked there by checkAttribute.
func equal(attribute, value string) filter {
	return filter{"(" + attribute + "=" + ldap.EscapeFilter(value) + ")"}
}

// present is the assertion that the attribute exists.
func present(attribute string) filter { return filter{"(" + attribute + "=*)"} }

// and joins filters; empty ones do not count.
func and(parts ...filter) filter { return join("&", parts) }

// or joins filters; empty ones do not count.
func or(parts ...filter) filter { return join("|", parts) }

func join(operator string, parts []filter) filter {
	var text strings.Builder
	count, last := 0, filter{}
	for _, part := range parts {
		if part.text != "" {
			text.WriteString(part.text)
			last = part
			count++
		}
	}
	if count < 2 {
		return last
	}
	return filter{"(" + operator + text.String() + ")"}
}

// parseFilter checks a filter from the configuration. PADL's pam_filter has no
// parentheses around it; they are added. What a backslash is before that is not
// two hexadecimal digits stands for itself.
func parseFilter(text string) (filter, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return filter{}, nil
	}
	if !strings.HasPrefix(text, "(") {
		text = "(" + text + ")"
	}
	text = literalBackslashes(text)
	if err := compiles(text); err != nil {
		return filter{}, fmt.Errorf("filter %q: %w", text, err)
	}
	return filter{text}, nil
}

// compiles reports why the library cannot send the filter, if it cannot.
func compiles(text string) error {
	_, err := compileFilter(text)
	return err
}

// compileFilter is the library's, fenced.
func compileFilter(text string) (packet *ber.Packet, err error) {
	panicked := guarded(func() {
		if packet, err = ldap.CompileFilter(text); err == nil && packet == nil {
			err = errors.New("not a filter")
		}
	})
	return packet, errors.Join(err, panicked)
}

// checkAttribute checks an attribute description (RFC 4512, section 2.5):
// letters, digits, hyphens and dots, with options after semicolons.
func checkAttribute(name string) error {
	for _, part := range strings.Split(name, ";") {
		if part == "" || part[0] == '-' || strings.ContainsFunc(part, notInAttribute) {
			return fmt.Errorf("attribute %q: not an attribute name", name)
		}
	}
	return nil
}

func notInAttribute(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
}

// maxNameLength is the longest name that is searched for, in bytes.
const maxNameLength = 255

// canExist reports whether an entry can have that name: what is not text
// matches nothing, and is not sent to a server.
func canExist(name string) bool {
	return name != "" && len(name) <= maxNameLength && utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

// canLeave reports whether a name that an entry has can be told: it must not
// end a field or a line of the files of passwd(5) either.
func canLeave(name string) bool {
	return canExist(name) && !strings.ContainsAny(name, fieldEnd)
}
