package directory

import (
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// rebase translates DNs between a directory and a server that holds the same
// entries under another base DN. The zero value changes nothing.
//
// there is for whatever is asked of the server, back for what it answers.
// Nothing outside of this file and its few callers (conn.pages, conn.bindUser
// and what writes passwords) needs to know that there are two names.
type rebase struct{ ours, theirs *suffix }

// suffix is a base DN, ready to be looked for at the end of others.
type suffix struct {
	text   string
	parsed *ldap.DN
}

// newRebase returns the translation from the base DN ours to theirs; an empty
// theirs is the same as ours.
func newRebase(ours, theirs string) (rebase, error) {
	if theirs == "" || ours == "" || strings.EqualFold(ours, theirs) {
		return rebase{}, nil
	}
	from, err := newSuffix(ours)
	if err != nil {
		return rebase{}, err
	}
	to, err := newSuffix(theirs)
	if err != nil {
		return rebase{}, err
	}
	return rebase{ours: from, theirs: to}, nil
}

func newSuffix(text string) (*suffix, error) {
	parsed, err := parseDN(text)
	return &suffix{text: text, parsed: parsed}, err
}

// none reports whether nothing is to be translated.
func (r rebase) none() bool { return r.ours == nil }

// there returns the server's name for a DN of the directory.
func (r rebase) there(dn string) string {
	if r.none() {
		return dn
	}
	return replaceSuffix(dn, r.ours, r.theirs.text)
}

// back returns the directory's name for a DN of the server.
func (r rebase) back(dn string) string {
	if r.none() {
		return dn
	}
	return replaceSuffix(dn, r.theirs, r.ours.text)
}

// replaceSuffix replaces the end of a value if it is a DN that ends in old.
// Other values stay as they are.
func replaceSuffix(value string, old *suffix, with string) string {
	at, found := old.in(value)
	if !found {
		return value
	}
	return value[:at] + with
}

// in returns where the suffix begins in a DN.
func (s *suffix) in(dn string) (at int, found bool) {
	if len(dn) < 3 || !strings.Contains(dn, "=") {
		return 0, false
	}
	starts := rdnStarts(dn)
	if len(starts) < len(s.parsed.RDNs) {
		return 0, false
	}
	at = starts[len(starts)-len(s.parsed.RDNs)]
	if strings.EqualFold(dn[at:], s.text) {
		return at, true
	}
	end, err := parseDN(dn[at:])
	return at, err == nil && end.EqualFold(s.parsed)
}

// rdnStarts returns where the RDNs of a DN (RFC 4514) begin: at the start and
// behind every comma that no backslash escapes.
func rdnStarts(dn string) []int {
	starts := []int{0}
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',', ';':
			starts = append(starts, i+1)
		}
	}
	return starts
}

// entry translates an entry of the server's, its DN and every value that is a
// DN below the server's base.
func (r rebase) entry(e *ldap.Entry) {
	if r.none() {
		return
	}
	e.DN = r.back(e.DN)
	for _, a := range e.Attributes {
		for i, value := range a.Values {
			a.Values[i] = r.back(value)
		}
	}
}

// filter translates every DN that a filter compares a value with.
func (r rebase) filter(text string) (string, error) {
	if r.none() || !strings.Contains(text, ",") {
		return text, nil
	}
	packet, err := compileFilter(text)
	if err != nil {
		return "", err
	}
	if !r.assertions(packet) {
		return text, nil
	}
	return ldap.DecompileFilter(packet)
}

// The context tags of a filter (RFC 4511, section 4.5.1.7).
const (
	filterAnd      = 0
	filterOr       = 1
	filterNot      = 2
	filterEquality = 3
)

// assertions translates the equality assertions in a compiled filter and
// reports whether there was one to translate.
func (r rebase) assertions(p *ber.Packet) (changed bool) {
	switch p.Tag {
	case filterAnd, filterOr, filterNot:
		for _, child := range p.Children {
			changed = r.assertions(child) || changed
		}
	case filterEquality:
		if len(p.Children) != 2 {
			return false
		}
		value := ber.DecodeString(p.Children[1].Data.Bytes())
		if moved := r.there(value); moved != value {
			p.Children[1] = ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, moved, "")
			changed = true
		}
	}
	return changed
}
