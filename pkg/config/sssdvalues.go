package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseSSSDBool parses a switch. SSSD takes two words only.
func parseSSSDBool(value string) (bool, error) {
	word, err := choice(value, "true", "true", "false", "false")
	return word == "true", err
}

// flag returns a switch of the domain, or what SSSD takes it for if there is none.
func (x *sssdDomain) flag(name string, usual bool) bool {
	key, given := x.section.get(name)
	if !given {
		return usual
	}
	x.setBool(key, &usual)
	return usual
}

func (r *sssdReader) setBool(key iniKey, field *bool) {
	on, err := parseSSSDBool(key.value)
	if err != nil {
		r.failAt(key.at, key.value, err.Error())
		return
	}
	*field = on
}

// number returns a number of the domain; ok is false if there is none.
func (x *sssdDomain) number(name string) (n uint32, key iniKey, ok bool) {
	key, given := x.section.get(name)
	if !given {
		return 0, key, false
	}
	n, ok = x.parseID(key)
	return n, key, ok
}

// parseID parses a whole number from 0 to 2^32-1.
func (r *sssdReader) parseID(key iniKey) (n uint32, ok bool) {
	wide, err := strconv.ParseUint(key.value, 10, 32)
	if err != nil {
		r.failAt(key.at, key.value, "is not a whole number from 0 to 4294967295")
	}
	return uint32(wide), err == nil
}

// setTime reads seconds. What is longer than goldap allows becomes the longest that
// it does; 0 leaves the default alone.
func (r *sssdReader) setTime(key iniKey, path string, field *time.Duration, longest time.Duration) {
	n, err := strconv.ParseUint(key.value, 10, 31)
	r.places[path] = key.at
	switch t := time.Duration(n) * time.Second; {
	case err != nil:
		r.failAt(key.at, key.value, "is not a number of seconds")
	case t > longest:
		r.warnAt(key.at, key.value, "becomes "+durationText(longest)+", which is the longest that goldap allows")
		*field = longest
	case t == 0 && longest == maxLimit && !strings.HasSuffix(path, "_ttl"):
		r.warnAt(key.at, key.value, "is no limit to SSSD; goldap always has one, and keeps "+durationText(*field))
	default:
		*field = t
	}
}

// rename gives an attribute of a map another name. The name that it has in the
// schema needs no saying.
func (x *sssdDomain) rename(at place, name, attribute, to string) {
	m := x.dir.mapNamed(name)
	if m.Attributes == nil {
		m.Attributes = map[string]string{}
	}
	m.Attributes[attribute] = to
	x.places[x.path+name+".attributes."+attribute] = at
	if strings.EqualFold(to, attribute) && attribute != "member" {
		delete(m.Attributes, attribute)
	}
}

// express has an attribute of the passwd map computed.
func (x *sssdDomain) express(at place, attribute, expression string) {
	m := &x.dir.Passwd
	if m.Expressions == nil {
		m.Expressions = map[string]string{}
	}
	m.Expressions[attribute] = expression
	delete(m.Attributes, attribute)
	x.places[x.path+"passwd.expressions."+attribute] = at
}

// attribute returns what an attribute of the passwd map is called in the directory.
func (x *sssdDomain) attribute(name string) string {
	if to := x.dir.Passwd.Attributes[name]; to != "" {
		return to
	}
	return name
}

// inherited returns a key that a domain has for itself or from [nss].
func (x *sssdDomain) inherited(name string) (iniKey, bool) {
	if key, given := x.section.get(name); given {
		return key, true
	}
	return x.ini.section("nss").get(name)
}

// setVerify reads ldap_tls_reqcert. For a server's certificate try is as good as
// demand, and allow is as bad as never.
func (x *sssdDomain) setVerify(key iniKey) {
	verify, err := choice(key.value, "demand", "demand", "hard", "demand", "try", "demand", "never", "never", "allow", "never")
	if err != nil {
		x.failAt(key.at, key.value, err.Error())
		return
	}
	x.dir.TLS.Verify = verify
}

// setCiphers takes what it can from a list in the language of libldap's TLS.
func (x *sssdDomain) setCiphers(key iniKey) {
	known, unknown := cutCiphers(key.value)
	x.dir.TLS.Ciphers = known
	if len(unknown) > 0 {
		x.loseAt(key.at, strings.Join(unknown, ":"), "is left out: Go's TLS has no cipher suites of that name")
	}
}

func (x *sssdDomain) setReferrals(key iniKey) {
	x.setBool(key, &x.dir.FollowReferrals)
	if x.dir.FollowReferrals {
		x.warnAt(key.at, "", "goldap follows referrals to servers of this directory only: name others in referral_uris")
	}
}

func (x *sssdDomain) setDeref(key iniKey) {
	deref, err := choice(key.value, "never", "never", "searching", "searching", "finding", "finding", "always", "always")
	if err != nil {
		x.failAt(key.at, key.value, err.Error())
		return
	}
	x.dir.Deref = deref
}

// setMember reads ldap_group_member: user names with the schema rfc2307, DNs with
// the others.
func (x *sssdDomain) setMember(key iniKey) {
	if x.schema == "rfc2307" {
		x.rename(key.at, "group", "memberUid", key.value)
		return
	}
	x.rename(key.at, "group", "member", key.value)
}

// splitSearchBases reads DN[?scope?filter[?DN?scope?filter]...].
func splitSearchBases(value string) ([]SearchBase, error) {
	parts := strings.Split(value, "?")
	if len(parts) == 1 {
		parts = append(parts, "", "")
	}
	if len(parts)%3 != 0 {
		return nil, errors.New("must be a DN, or DN?scope?filter for each: SSSD does not start with it")
	}
	var bases []SearchBase
	for i := 0; i < len(parts); i += 3 {
		scope := "sub"
		if word := strings.Trim(parts[i+1], " "); word != "" {
			var err error
			if scope, err = choice(word, "sub", "sub", "subtree", "sub", "one", "one", "onelevel", "one", "base", "base"); err != nil {
				return nil, fmt.Errorf("has a scope that %w", err)
			}
		}
		dn := strings.Trim(parts[i], " ")
		if dn == "" {
			return nil, errors.New("has an empty DN: SSSD does not start with it")
		}
		bases = append(bases, SearchBase{DN: dn, Scope: scope, Filter: inParentheses(parts[i+2])})
	}
	return bases, nil
}

// escapeFilter returns a name as the value of a filter (RFC 4515).
func escapeFilter(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; strings.IndexByte(`*()\`, c) >= 0 || c == 0 {
			fmt.Fprintf(&b, `\%02x`, c)
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// anyOf returns a filter for entries that have one of the names.
func anyOf(attribute string, names []string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("(" + attribute + "=" + escapeFilter(name) + ")")
	}
	if len(names) == 1 {
		return b.String()
	}
	return "(|" + b.String() + ")"
}

// allOf returns the filter that holds if all do; empty ones do not count.
func allOf(filters ...string) string {
	var given []string
	for _, filter := range filters {
		if filter != "" {
			given = append(given, filter)
		}
	}
	switch len(given) {
	case 0:
		return ""
	case 1:
		return given[0]
	}
	return "(&" + strings.Join(given, "") + ")"
}
