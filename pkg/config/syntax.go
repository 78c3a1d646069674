package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// The texts of this file's errors continue a sentence that begins with the
// value.

// checkURI checks the URI of a server: ldap://host[:port], ldaps://host[:port]
// or ldapi://%2Fpath (RFC 4516 without a DN; ldapi as libldap has it), or the
// words that have servers looked for in DNS.
func checkURI(uri string) error {
	if word, domain, ok := cutSRV(uri); ok {
		return checkSRV(uri, word, domain)
	}
	if rest, ok := cutPrefixFold(uri, "ldapi://"); ok {
		return checkSocketURI(rest)
	}
	if strings.Contains(uri, "@") {
		return errors.New("must not hold a user name or a password")
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("is not a URI such as ldap://ldap.example.com")
	}
	switch {
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		return errors.New("must begin with ldap://, ldaps:// or ldapi://")
	case u.Hostname() == "":
		return errors.New("names no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return errors.New("must end with the host or the port: the base DN has a key of its own")
	case strings.Count(u.Host, ":") > 1 && u.Host[0] != '[':
		return errors.New("has several colons: an IPv6 address stands in brackets, such as ldap://[::1]:389")
	case strings.HasSuffix(u.Host, ":"):
		return errors.New("ends in a colon without a port")
	}
	return checkPort(u.Port())
}

func checkSRV(uri, word, domain string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	switch {
	case !strings.HasPrefix(uri, word):
		return fmt.Errorf("must be written %s", word)
	case strings.HasSuffix(uri, ":"):
		return errors.New("names no domain behind the colon")
	case strings.Trim(domain, allowed) != "" || strings.Contains("."+domain, ".."):
		return errors.New("names no domain such as example.com")
	}
	return nil
}

func checkPort(port string) error {
	if port == "" {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("has a port that is not between 1 and 65535")
	}
	return nil
}

func checkSocketURI(escaped string) error {
	escaped = strings.TrimSuffix(escaped, "/")
	path, err := url.PathUnescape(escaped)
	if err != nil || strings.Contains(escaped, "/") || !strings.HasPrefix(path, "/") {
		return errors.New("does not name a socket: write the path with %2F for each slash, such as ldapi://%2Frun%2Fslapd%2Fldapi")
	}
	return checkSocket(path)
}

// checkDN checks the shape of a DN (RFC 4514). Blanks around = , and + are
// allowed, as RFC 4512 lets implementations do.
func checkDN(dn string) error {
	for rest, more := dn, true; more; {
		var part string
		part, rest, more = cutUnescaped(rest, ",+")
		attribute, value, found := strings.Cut(part, "=")
		attribute = strings.Trim(attribute, " ")
		switch {
		case !found && strings.Trim(part, " ") == "":
			return errors.New("is not a DN: there is nothing before or after a comma")
		case !found:
			return fmt.Errorf("is not a DN: %s is not of the form attribute=value", shown(part))
		case checkDescription(attribute) != nil || strings.Contains(attribute, ";"):
			return fmt.Errorf("is not a DN: %s is not the name of an attribute", shown(attribute))
		case strings.Trim(value, " ") == "":
			return fmt.Errorf("is not a DN: %s has no value", attribute)
		}
		if err := checkDNValue(strings.Trim(value, " ")); err != nil {
			return err
		}
	}
	return nil
}

// cutUnescaped cuts s at the first of the separators that has no backslash
// before it.
func cutUnescaped(s, separators string) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.IndexByte(separators, s[i]) >= 0:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func checkDNValue(value string) error {
	if value[0] == '#' {
		if len(value) < 3 || len(value)%2 == 0 || strings.Trim(value[1:], hexDigits) != "" {
			return errors.New("is not a DN: after # there must be pairs of hexadecimal digits")
		}
		return nil
	}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && isHexPair(value[i+1:]):
			i += 2
		case c == '\\' && i+1 < len(value) && strings.IndexByte(` "#+,;<=>\`, value[i+1]) >= 0:
			i++
		case c == '\\' && i+1 == len(value): // the blank behind it was trimmed
		case c == 0 || strings.IndexByte("\"\\;<>", c) >= 0:
			return fmt.Errorf("is not a DN: %s must be written \\%02x", shown(value[i:i+1]), c)
		}
	}
	return nil
}

const hexDigits = "0123456789abcdefABCDEF"

// isHexPair reports whether s begins with two hexadecimal digits.
func isHexPair(s string) bool {
	return len(s) >= 2 && strings.Trim(s[:2], hexDigits) == ""
}

// checkDescription checks the name of an attribute or of an object class: a
// short name or an OID, perhaps with options (RFC 4512, 2.5).
func checkDescription(name string) error {
	kind, options, _ := strings.Cut(name, ";")
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const keyChars = letters + "0123456789-"
	switch {
	case kind == "":
		return errors.New("is empty or has no name before its options")
	case strings.Trim(kind, "0123456789.") == "" && !strings.Contains("."+kind+".", ".."):
	case strings.IndexByte(letters, kind[0]) < 0, strings.Trim(kind, keyChars) != "":
		return errors.New("is not a name that an attribute or an object class can have")
	}
	if strings.Trim(options, keyChars+";") != "" {
		return errors.New("has options that are not letters, digits and hyphens")
	}
	return nil
}
