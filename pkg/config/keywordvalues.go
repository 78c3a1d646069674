package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// choice translates an enumerated value, in whatever case it is written. The
// meanings are pairs: what may stand in the file, and what the model calls it.
func choice(value string, meanings ...string) (string, error) {
	var allowed []string
	for i := 0; i < len(meanings); i += 2 {
		if strings.EqualFold(value, meanings[i]) {
			return meanings[i+1], nil
		}
		allowed = append(allowed, meanings[i])
	}
	text := "is none of " + strings.Join(allowed, ", ") + didYouMean(value, allowed)
	if strings.Contains(value, "#") {
		text += "; a comment needs a line of its own"
	}
	return "", errors.New(text)
}

// parseNumber parses a whole number from 0 to 2^31-1.
func parseNumber(value string) (uint32, error) {
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, errors.New("is not a whole number from 0 to 2147483647")
	}
	return uint32(n), nil
}

func (r *keywordReader) setVersion(_ place, value string) error {
	if value != "3" {
		return errors.New("is not a version that goldap speaks: LDAP is version 3 (RFC 4511)")
	}
	return nil
}

// setDebug takes libldap's debug level for a wish to see more.
func (r *keywordReader) setDebug(_ place, value string) error {
	level, err := strconv.Atoi(value)
	if err != nil {
		return errors.New("is not a number")
	}
	if level != 0 {
		r.cfg.Daemon.LogLevel = "debug"
	}
	return nil
}

func (r *keywordReader) setScope(_ place, value string) error {
	scope, err := parseScope(value)
	if err == nil {
		r.dir.Scope = scope
	}
	return err
}

func parseScope(value string) (string, error) {
	return choice(value, "sub", "sub", "one", "one", "base", "base", "subtree", "sub", "onelevel", "one")
}

// setVerify understands tls_reqcert (ldap.conf(5)) and tls_checkpeer. For a
// server's certificate try is as good as demand, and allow is as bad as never.
func (r *keywordReader) setVerify(_ place, value string) error {
	verify, err := choice(value, "demand", "demand", "hard", "demand", "try", "demand", "yes", "demand", "on", "demand",
		"true", "demand", "never", "never", "allow", "never", "no", "never", "off", "never", "false", "never")
	if err == nil {
		r.dir.TLS.Verify = verify
	}
	return err
}

// setCiphers takes what it can from a list in the language of the TLS library
// that the old programs were built with. If nothing is left Go chooses.
func (r *keywordReader) setCiphers(at place, value string) error {
	known, unknown := cutCiphers(value)
	r.dir.TLS.Ciphers = known
	if len(unknown) > 0 {
		r.loseAt(at, strings.Join(unknown, ":"), "is left out: Go's TLS has no cipher suites of that name")
	}
	return nil
}

// cutCiphers splits a list into the cipher suites that Go has, by its names, and
// the other words.
func cutCiphers(value string) (known, unknown []string) {
	for _, word := range strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(" \t:,", c) }) {
		if name := cipherSuite(word); name != "" {
			known = append(known, name)
			continue
		}
		unknown = append(unknown, word)
	}
	return known, unknown
}

// searchBase returns the setter of nss_base_<map>: DN?scope?filter.
func searchBase(name string) func(*keywordReader, place, string) error {
	return func(r *keywordReader, at place, value string) error {
		parts := strings.SplitN(value, "?", 3)
		base := SearchBase{DN: strings.TrimSpace(parts[0])}
		if len(parts) > 1 && parts[1] != "" {
			scope, err := parseScope(parts[1])
			if err != nil {
				return fmt.Errorf("has a scope that %w", err)
			}
			base.Scope = scope
		}
		if len(parts) > 2 {
			base.Filter = inParentheses(parts[2])
		}
		bases := &r.dir.mapNamed(name).Bases
		r.places[first+name+".bases["+strconv.Itoa(len(*bases))+"]"] = at
		*bases = append(*bases, base)
		return nil
	}
}

// inParentheses returns a filter with its outer parentheses, which the old
// programs want left out in some places.
func inParentheses(filter string) string {
	if filter == "" || strings.HasPrefix(filter, "(") {
		return filter
	}
	return "(" + filter + ")"
}

func (r *keywordReader) setLoginFilter(_ place, value string) error {
	r.dir.LoginFilter = inParentheses(value)
	return nil
}

// setAttribute reads "[map:]FROM TO". Without a map it counts for every map
// that has the attribute.
func (r *keywordReader) setAttribute(at place, value string) error {
	from, to, err := cutPair(value)
	if err != nil {
		return err
	}
	only, attribute, named := strings.Cut(from, ":")
	if !named {
		only, attribute = "", from
	}
	if strings.EqualFold(attribute, "uniqueMember") {
		attribute = "member" // what the model calls a member that is a DN
	}
	found := false
	for _, name := range mapNames() {
		i := slices.IndexFunc(mapAttributes(name), func(a string) bool { return strings.EqualFold(a, attribute) })
		if i < 0 || named && only != name {
			continue
		}
		found = true
		r.rename(at, name, mapAttributes(name)[i], to)
	}
	if !found {
		r.loseAt(at, value, "is not honoured: no map of goldap has that attribute")
	}
	return nil
}

func (r *keywordReader) rename(at place, name, from, to string) {
	m := r.dir.mapNamed(name)
	if m.Attributes == nil {
		m.Attributes = map[string]string{}
	}
	m.Attributes[from] = to
	r.places[first+name+".attributes."+from] = at
}

// setObjectClass reads "FROM TO".
func (r *keywordReader) setObjectClass(at place, value string) error {
	from, to, err := cutPair(value)
	if err != nil {
		return err
	}
	found := false
	defaults := DefaultDirectory()
	for _, name := range mapNames() {
		if strings.EqualFold(from, defaults.mapNamed(name).ObjectClass) {
			found = true
			r.dir.mapNamed(name).ObjectClass = to
			r.places[first+name+".object_class"] = at
		}
	}
	if !found {
		r.loseAt(at, value, "is not honoured: no map of goldap has that object class")
	}
	return nil
}

func cutPair(value string) (from, to string, err error) {
	words := strings.Fields(value)
	if len(words) != 2 {
		return "", "", errors.New("must be two words: the name in the schema and the name in the directory")
	}
	return words[0], words[1], nil
}

// setPasswordChange accepts all values of pam_password. (The default of the old
// programs, clear, is not carried over: exop lets the server hash.)
func (r *keywordReader) setPasswordChange(_ place, value string) error {
	var same []string
	for _, way := range passwordChanges() {
		same = append(same, way, way)
	}
	way, err := choice(value, same...)
	if err == nil {
		r.dir.PasswordChange = way
	}
	return err
}

// setCrypt reads the older spelling of pam_password crypt. Its other values left
// the hash to the server, as exop does.
func (r *keywordReader) setCrypt(_ place, value string) error {
	if strings.EqualFold(value, "local") {
		r.dir.PasswordChange = "crypt"
	}
	return nil
}

func (r *keywordReader) setProhibitMessage(_ place, value string) error {
	r.cfg.Login.PasswordProhibitMessage = strings.Trim(value, `"`)
	return nil
}
