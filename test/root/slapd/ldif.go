package slapd

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"io"
)

// attribute is one value of an entry.
type attribute struct{ name, value string }

// entry is an LDAP entry in the order in which it is written.
type entry struct {
	dn         string
	attributes []attribute
}

func (e *entry) add(name string, values ...string) {
	for _, value := range values {
		e.attributes = append(e.attributes, attribute{name, value})
	}
}

// writeLDIF writes entries as LDIF content records (RFC 2849).
func writeLDIF(w io.Writer, entries []entry) error {
	out := bufio.NewWriter(w)
	for _, e := range entries {
		writeLine(out, "dn", e.dn)
		for _, a := range e.attributes {
			writeLine(out, a.name, a.value)
		}
		out.WriteByte('\n')
	}
	return out.Flush()
}

// writeLine leaves errors to the bufio.Writer, which keeps the first.
func writeLine(out *bufio.Writer, name, value string) {
	out.WriteString(name)
	if safe(value) {
		out.WriteString(": " + value + "\n")
		return
	}
	out.WriteString(":: " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n")
}

// safe reports whether value is a SAFE-STRING that does not end in a blank.
func safe(value string) bool {
	if value == "" {
		return true
	}
	if c := value[0]; c == ' ' || c == ':' || c == '<' || value[len(value)-1] == ' ' {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// hash returns password as an {SSHA} value, OpenLDAP's default scheme.
func hash(password string) string {
	salt := make([]byte, 8)
	rand.Read(salt) //nolint:errcheck // it never fails (crypto/rand)
	sum := sha1.Sum(append([]byte(password), salt...))
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}
