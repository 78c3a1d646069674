package directory

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// dnMarks are the characters that have a meaning between the parts of a DN.
var dnMarks = strings.NewReplacer(`\`, `\\`, ",", `\,`, "+", `\+`)

// normalDN returns the one spelling of a DN that stands for all of them: types
// and values in lower case, blanks as caseIgnoreMatch has them (RFC 4518,
// section 2.6.1), the parts of an RDN in order. It is for comparing only. What
// is no DN is at least in lower case.
//
// Types that are spelled as numbers are not translated, and values whose type
// has another matching rule are compared like the rest: those of cn, uid, ou, o
// and dc, which DNs are made of, all ignore case.
func normalDN(dn string) string {
	if isPlainDN(dn) {
		return strings.ToLower(dn)
	}
	return normalParsedDN(dn)
}

// isPlainDN reports whether the normal DN differs in case at most: types of
// letters, values without escapes and with single blanks between words, one
// part in each RDN. Most DNs are like that.
func isPlainDN(dn string) bool {
	for rest, more := dn, true; more; {
		var rdn string
		rdn, rest, more = strings.Cut(rest, ",")
		attribute, value, _ := strings.Cut(rdn, "=")
		if attribute == "" || value == "" || strings.ContainsFunc(attribute, notLetter) || !isPlainValue(value) {
			return false
		}
	}
	return true
}

func notLetter(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }

func isPlainValue(value string) bool {
	blank := true // before the next character
	for i := range len(value) {
		c := value[i]
		if c < ' ' || c > '~' || c == ' ' && blank || strings.IndexByte(`\"+;<>#=`, c) >= 0 {
			return false
		}
		blank = c == ' '
	}
	return !blank
}

func normalParsedDN(dn string) string {
	parsed, err := parseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	rdns := make([]string, 0, len(parsed.RDNs))
	for _, rdn := range parsed.RDNs {
		parts := make([]string, 0, len(rdn.Attributes))
		for _, part := range rdn.Attributes {
			value := strings.ToLower(strings.Join(strings.Fields(part.Value), " "))
			parts = append(parts, strings.ToLower(part.Type)+"="+dnMarks.Replace(value))
		}
		slices.Sort(parts)
		rdns = append(rdns, strings.Join(parts, "+"))
	}
	return strings.Join(rdns, ",")
}

// plainRDN returns the type and the value of the first RDN of a DN in which
// nothing needs a closer look.
func plainRDN(dn string) (attribute, value string, ok bool) {
	end := strings.IndexAny(dn, `,;+\"<>#`)
	if end < 0 || dn[end] != ',' {
		return "", "", false
	}
	attribute, value, ok = strings.Cut(dn[:end], "=")
	return attribute, value, ok && attribute != "" && value != "" && !strings.ContainsAny(dn[:end], " \n\r\t\x00") && utf8.ValidString(value)
}

// rdnValue returns the value of an attribute in the first RDN of dn, or "".
func rdnValue(dn, attribute string) string {
	if name, value, ok := plainRDN(dn); ok {
		if strings.EqualFold(name, attribute) {
			return value
		}
		return ""
	}
	parsed, err := parseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 {
		return ""
	}
	for _, part := range parsed.RDNs[0].Attributes {
		if strings.EqualFold(part.Type, attribute) {
			return part.Value
		}
	}
	return ""
}

// maxDNLength is the longest DN, in bytes, that an entry is searched for by.
const maxDNLength = 4096

// rdnFilter is the assertion that an entry has the values of the first RDN of
// dn, which the entry with that DN has (RFC 4512, section 2.3.1). It is empty
// for what is not the DN of an entry.
func rdnFilter(dn string) filter {
	parsed, err := parseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 || len(dn) > maxDNLength {
		return filter{}
	}
	var parts []filter
	for _, part := range parsed.RDNs[0].Attributes {
		if part.Value == "" || checkAttribute(part.Type) != nil {
			return filter{}
		}
		parts = append(parts, equal(part.Type, part.Value))
	}
	return and(parts...)
}

// parseDN is the library's, fenced.
func parseDN(dn string) (parsed *ldap.DN, err error) {
	panicked := guarded(func() { parsed, err = ldap.ParseDN(dn) })
	if panicked != nil {
		return nil, panicked
	}
	return parsed, err
}

// memberDN returns the DN in a value of member or uniqueMember. The latter may
// have a bit string behind it (RFC 4517, section 3.3.21): #'0101'B.
func memberDN(value string) string {
	dn, isUID := strings.CutSuffix(value, "'B")
	mark := strings.LastIndex(dn, "#'")
	if !isUID || mark < 0 || strings.Trim(dn[mark+2:], "01") != "" {
		return value
	}
	return dn[:mark]
}
