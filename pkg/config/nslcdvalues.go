package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errOneWord is about a value with several words where nslcd takes one.
var errOneWord = errors.New("is more than one word, of which nslcd takes one; a comment needs a line of its own")

// errNoMap is about a keyword whose first word must be a map.
var errNoMap = errors.New("does not begin with the name of a map, such as passwd")

// parseTime parses a time limit: seconds, and in nslcd's spelling also a number
// with a unit, or off. 0 means no limit to the old programs; goldap always has
// one and keeps its default.
func (r *keywordReader) parseTime(value string) (time.Duration, error) {
	if r.spelling == spellNSLCD {
		return parseNSLCDTime(value)
	}
	n, err := parseNumber(value)
	return time.Duration(n) * time.Second, err
}

func parseNSLCDTime(value string) (time.Duration, error) {
	if strings.EqualFold(value, "off") {
		return 0, nil
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	number, unit := value, time.Second
	if u, ok := units[value[len(value)-1]|0x20]; ok {
		number, unit = value[:len(value)-1], u
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || time.Duration(n) > 10*365*24*time.Hour/unit {
		return 0, errors.New("is not a time: write seconds, a number with s, m, h or d behind it, or off")
	}
	return time.Duration(n) * unit, nil
}

// parseBool parses a switch as nslcd does.
func parseBool(value string) (bool, error) {
	word, err := choice(value, "yes", "on", "no", "", "on", "on", "off", "", "true", "on", "false", "", "1", "on", "0", "")
	return word != "", err
}

// setThreads accepts the number of nslcd's threads: goldap serves as many
// callers at a time as there are (max_connections).
func (r *keywordReader) setThreads(_ place, value string) error {
	_, err := parseNumber(value)
	return err
}

func (r *keywordReader) addURIs(at place, value string) error {
	for _, uri := range strings.Fields(value) {
		if _, local := cutPrefixFold(uri, "ldapi://"); local {
			uri = r.servers.asURI(uri)
		}
		if slices.Contains(r.servers.uris, uri) {
			r.warnAt(at, uri, "is named twice; the second does nothing")
			continue
		}
		r.places[index(first+"uris", len(r.servers.uris))] = at
		r.servers.uris = append(r.servers.uris, uri)
	}
	r.servers.uriAt = at
	return nil
}

// addBase reads "[MAP] DN". DOMAIN stands for the domain of this machine, ""
// for the root of the tree.
func (r *keywordReader) addBase(at place, value string) error {
	name, dn := cutMap(value)
	if name == "" && mapCalled(dn) != "" {
		return errors.New("is the name of a map with no base DN behind it")
	}
	switch {
	case dn == `""`:
		dn = ""
	case strings.EqualFold(dn, "DOMAIN"):
		host, err := os.Hostname()
		if dn = domainDN(host); dn == "" || err != nil {
			return errors.New("stands for the domain of this machine, whose host name has none: write the base DN")
		}
	}
	if name == "" {
		r.bases.all = append(r.bases.all, placedDN{dn, at})
		return nil
	}
	r.bases.ofMap[name] = append(r.bases.ofMap[name], placedDN{dn, at})
	return nil
}

// domainDN returns the base DN that goes with the domain of a host (RFC 2247),
// or "".
func domainDN(host string) string {
	_, domain, _ := strings.Cut(strings.Trim(host, "."), ".")
	if domain == "" {
		return ""
	}
	return "dc=" + strings.ReplaceAll(domain, ".", ",dc=")
}

// setMapScope reads "[MAP] SCOPE".
func (r *keywordReader) setMapScope(at place, value string) error {
	name, word := cutMap(value)
	scope, err := parseNSLCDScope(word)
	switch {
	case err != nil:
		return err
	case name == "":
		r.dir.Scope = scope
	default:
		r.bases.scopes[name] = scope
	}
	return nil
}

func parseNSLCDScope(value string) (string, error) {
	return choice(value, "sub", "sub", "one", "one", "base", "base", "children", "children", "subtree", "sub", "onelevel", "one")
}

// setMapFilter reads "MAP FILTER".
func (r *keywordReader) setMapFilter(at place, value string) error {
	name, filter := cutMap(value)
	if name == "" {
		return errNoMap
	}
	r.dir.mapNamed(name).Filter = filter
	r.places[first+name+".filter"] = at
	return nil
}

// setMapAttribute reads "MAP ATTRIBUTE NEW", where NEW is another attribute or
// an expression in quotes.
func (r *keywordReader) setMapAttribute(at place, value string) error {
	name, rest := cutMap(value)
	if name == "" {
		return errNoMap
	}
	word, target := cutWord(rest)
	known := mapAttributes(name)
	i := slices.IndexFunc(known, func(a string) bool { return strings.EqualFold(a, word) })
	switch {
	case i < 0:
		return fmt.Errorf("names an attribute that the map %s does not have%s", name, didYouMean(word, known))
	case target == "":
		return errors.New("must be three words: a map, its attribute, and what stands for it in the directory")
	case target[0] == '"':
		return r.compute(at, name, known[i], target)
	case strings.ContainsAny(target, " \t"):
		return errOneWord
	}
	r.rename(at, name, known[i], target)
	delete(r.dir.mapNamed(name).Expressions, known[i])
	return nil
}

// compute reads an expression in quotes. An empty one for a member switches the
// attribute off.
func (r *keywordReader) compute(at place, name, attribute, quoted string) error {
	if len(quoted) < 2 || !strings.HasSuffix(quoted, `"`) {
		return errors.New(`has an expression without a closing quote: write it as "..." to the end of the line`)
	}
	expression := quoted[1 : len(quoted)-1]
	if expression == "" && attribute == "member" {
		r.rename(at, name, attribute, "")
		return nil
	}
	r.express(at, name, attribute, expression)
	return nil
}

func (r *keywordReader) express(at place, name, attribute, expression string) {
	m := r.dir.mapNamed(name)
	if m.Expressions == nil {
		m.Expressions = map[string]string{}
	}
	m.Expressions[attribute] = expression
	delete(m.Attributes, attribute)
	r.places[first+name+".expressions."+attribute] = at
}

func (r *keywordReader) setMinUID(_ place, value string) error {
	n, err := parseNumber(value)
	r.cfg.Accounts.MinUID = max(n, 1) // uid 0 is refused in any case
	return err
}

// addIgnoredUsers reads user names with commas between. ALLLOCAL is what goldap
// does anyway.
func (r *keywordReader) addIgnoredUsers(_ place, value string) error {
	for _, name := range splitList(value) {
		if !strings.EqualFold(name, "ALLLOCAL") {
			r.cfg.Lookups.NoGroupsFor = append(r.cfg.Lookups.NoGroupsFor, name)
		}
	}
	return nil
}

// splitList splits at commas and blanks.
func splitList(value string) []string {
	return strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(", \t", c) })
}

// setCache reads "dn2uid TIME [TIME]".
func (r *keywordReader) setCache(_ place, value string) error {
	words := strings.Fields(value)
	if !strings.EqualFold(words[0], "dn2uid") {
		return errors.New("does not begin with dn2uid, the only cache that nslcd has")
	}
	if len(words) < 2 || len(words) > 3 {
		return errors.New("must be dn2uid and one or two times")
	}
	found, err := parseNSLCDTime(words[1])
	missing, err2 := parseNSLCDTime(words[len(words)-1])
	r.cfg.Lookups.MemberTTL, r.cfg.Lookups.MemberNegativeTTL = found, missing
	if err == nil {
		err = err2
	}
	return err
}

// addLog reads "none|syslog|/FILE [LEVEL]".
func (r *keywordReader) addLog(at place, value string) error {
	target, word := cutWord(value)
	log := Log{Target: target}
	if lower := strings.ToLower(target); lower == "none" || lower == "syslog" {
		log.Target = lower
	}
	if word != "" {
		level, err := choice(word, "crit", "error", "error", "error", "err", "error", "warning", "warn",
			"notice", "info", "info", "info", "debug", "debug")
		if err != nil {
			return fmt.Errorf("has a level that %w", err)
		}
		log.Level = level
	}
	r.places[index("daemon.log", len(r.cfg.Daemon.Logs))] = at
	r.cfg.Daemon.Logs = append(r.cfg.Daemon.Logs, log)
	return nil
}

// addInvalidate reads names of maps with commas between.
func (r *keywordReader) addInvalidate(at place, value string) error {
	for _, word := range splitList(value) {
		name := mapCalled(word)
		if name == "" {
			name = strings.ToLower(word)
		}
		if slices.Contains(r.cfg.Daemon.Invalidate, name) {
			continue
		}
		r.places[index("daemon.invalidate", len(r.cfg.Daemon.Invalidate))] = at
		r.cfg.Daemon.Invalidate = append(r.cfg.Daemon.Invalidate, name)
	}
	return nil
}

// setBindSearch reads pam_authc_search. What BASE is there for, servers that
// take any password, goldap does without: it never sends an empty one.
func (r *keywordReader) setBindSearch(_ place, value string) error {
	r.dir.LoginBindSearch = ""
	if !strings.EqualFold(value, "BASE") && !strings.EqualFold(value, "NONE") {
		r.dir.LoginBindSearch = value
	}
	return nil
}

func (r *keywordReader) addLoginSearch(at place, value string) error {
	r.places[index(first+"login_searches", len(r.dir.LoginSearches))] = at
	r.dir.LoginSearches = append(r.dir.LoginSearches, value)
	return nil
}

// setMechanism reads sasl_mech.
func (r *keywordReader) setMechanism(_ place, value string) error {
	r.dir.SASL.Mechanism = strings.ToUpper(value)
	return nil
}

func (r *keywordReader) setCRLCheck(_ place, value string) (err error) {
	r.dir.TLS.CRLCheck, err = choice(value, "none", "none", "peer", "peer", "all", "all")
	return err
}

func (r *keywordReader) setDeref(_ place, value string) (err error) {
	r.dir.Deref, err = choice(value, "never", "never", "searching", "searching", "finding", "finding", "always", "always")
	return err
}

// kerberosFile returns the setter of the name of a Kerberos file, which may
// have its type in front.
func kerberosFile(field func(*Directory) *string) func(*keywordReader, place, string) error {
	return func(r *keywordReader, _ place, value string) error {
		for _, prefix := range []string{"FILE:", "WRFILE:"} {
			if rest, ok := cutPrefixFold(value, prefix); ok {
				value = rest
				break
			}
		}
		if !strings.HasPrefix(value, "/") {
			return errors.New("is not a file: goldap reads Kerberos credentials from files only, such as FILE:/run/nslcd/nslcd.tkt")
		}
		*field(r.dir) = value
		return nil
	}
}
