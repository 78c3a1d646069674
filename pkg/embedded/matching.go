package embedded

import (
	"strconv"
	"strings"
)

// rule is how the values of an attribute are compared.
type rule int

const (
	// caseIgnore is the rule for everything not listed below, as for uid, cn
	// and objectClass.
	caseIgnore rule = iota
	caseExact
	integer
	distinguishedName
	// unreadable values match nothing at all.
	unreadable
)

// rules are the EQUALITY rules of RFC 2307 and RFC 4519, by lower-case name.
var rules = map[string]rule{
	"memberuid":         caseExact,
	"homedirectory":     caseExact,
	"loginshell":        caseExact,
	"uidnumber":         integer,
	"gidnumber":         integer,
	"shadowlastchange":  integer,
	"shadowmin":         integer,
	"shadowmax":         integer,
	"shadowwarning":     integer,
	"shadowinactive":    integer,
	"shadowexpire":      integer,
	"shadowflag":        integer,
	"member":            distinguishedName,
	"uniquemember":      distinguishedName,
	"memberof":          distinguishedName,
	"owner":             distinguishedName,
	"distinguishedname": distinguishedName,
	"entrydn":           distinguishedName,
	"userpassword":      unreadable,
}

// normalize brings a value into the spelling in which equal values are equal
// strings. It is false for a value that is not of the attribute's syntax.
func normalize(lower, value string) (string, bool) {
	switch rules[lower] {
	case caseExact:
		return value, true
	case integer:
		n, err := strconv.ParseInt(value, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	case distinguishedName:
		dn, err := normalizeDN(value)
		return dn, err == nil
	case unreadable:
		return "", false
	}
	return foldCase(value), true
}

// normalizeStored is normalize for the values of entries, which may be wrong
// on purpose: those are kept as they are.
func normalizeStored(lower, value string) string {
	if normalized, ok := normalize(lower, value); ok {
		return normalized
	}
	return value
}

// foldSubstring prepares a piece of a substrings filter. Unlike foldCase it
// keeps the space at the ends, which is part of what was asked for.
func foldSubstring(lower, piece string) string {
	if rules[lower] == caseIgnore {
		return strings.ToLower(piece)
	}
	return piece
}
