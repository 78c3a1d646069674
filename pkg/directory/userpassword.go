package directory

import (
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// fieldEnd are the bytes that end a field or a line of the files of passwd(5).
const fieldEnd = ":\n\x00"

// password returns the password hash of crypt(5) that the map gives an entry,
// "" if there is none. userPassword (RFC 2307, section 5.3) may hold a password
// in clear text or a hash of another kind; those never leave.
func (m *mapping) password(e entry) string {
	if m.expressions["userPassword"] != nil {
		value := m.value(e, "userPassword")
		if strings.HasPrefix(value, "$") { // ${userPassword#{crypt\}} has cut the scheme
			return asField(value)
		}
		return crypted(value)
	}
	for _, value := range e.values(m.attribute("userPassword")) {
		if hash := crypted(value); hash != "" {
			return hash
		}
	}
	return ""
}

// crypted returns what comes after {crypt} or crypt$ in a value, "" for any
// other.
func crypted(value string) string {
	for _, scheme := range []string{"{crypt}", "crypt$"} {
		if len(value) > len(scheme) && account.SameLetters(value[:len(scheme)], scheme) {
			return asField(value[len(scheme):])
		}
	}
	return ""
}

// asField returns a hash, "" if it could not stand in a field of shadow(5).
func asField(hash string) string {
	for _, c := range []byte(hash) {
		if c <= ' ' || c > '~' || c == ':' {
			return ""
		}
	}
	return hash
}
