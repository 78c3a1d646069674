package embedded

import (
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
)

// normalizeDN brings a distinguished name (RFC 4514) into one spelling, so
// that equal names are equal strings: types and values in lower case, no
// insignificant space, the parts of a multi-valued RDN sorted, and "," "+"
// "\" inside a value in hexadecimal, so that a "," always separates.
func normalizeDN(dn string) (string, error) {
	if strings.TrimSpace(dn) == "" {
		return "", nil
	}
	var rdns []string
	for _, rdn := range splitUnescaped(dn, ',') {
		normalized, err := normalizeRDN(rdn)
		if err != nil {
			return "", fmt.Errorf("distinguished name %q: %w", dn, err)
		}
		rdns = append(rdns, normalized)
	}
	return strings.Join(rdns, ","), nil
}

func normalizeRDN(rdn string) (string, error) {
	var parts []string
	for _, part := range splitUnescaped(rdn, '+') {
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			return "", fmt.Errorf("no attribute type in %q", part)
		}
		value, err := unescape(strings.TrimSpace(value))
		if err != nil {
			return "", err
		}
		parts = append(parts, name+"="+escape(foldCase(value)))
	}
	sort.Strings(parts)
	return strings.Join(parts, "+"), nil
}

// splitUnescaped splits at each sep that no backslash precedes.
func splitUnescaped(s string, sep byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape undoes the escapes of RFC 4514, section 2.4: a backslash before
// two hexadecimal digits or before the character itself.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 < len(s) {
			if octet, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(octet)
				i += 2
				continue
			}
		}
		if i++; i == len(s) {
			return "", fmt.Errorf("backslash at the end of %q", s)
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}

var dnEscaper = strings.NewReplacer(`\`, `\5c`, ",", `\2c`, "+", `\2b`)

func escape(s string) string { return dnEscaper.Replace(s) }

// foldCase is the comparison of caseIgnoreMatch (RFC 4517, section 4.2.11):
// lower case, one space for many, none at the ends.
func foldCase(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

// parentDN returns the name above a normalised one, "" at the top.
func parentDN(normalized string) string {
	_, parent, _ := strings.Cut(normalized, ",")
	return parent
}

// under reports whether a normalised name is base or below it.
func under(normalized, base string) bool {
	return base == "" || normalized == base || strings.HasSuffix(normalized, ","+base)
}

// escapeRDNValue writes a value so that it can stand in a distinguished name
// (RFC 4514, section 2.4).
func escapeRDNValue(value string) string {
	var b strings.Builder
	for i, r := range value {
		edge := (i == 0 && (r == ' ' || r == '#')) || (i == len(value)-1 && r == ' ')
		if edge || strings.ContainsRune(`,+"\<>;=`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
