package config

import (
	"slices"
	"strings"
)

// sssdReader reads the files of SSSD (sssd.conf(5), sssd-ldap(5)) into a draft:
// each domain that is an LDAP directory becomes one of goldap's. What cannot be
// carried over is a warning that is Lost, unless it keeps somebody out: that is an
// error, so that nobody gets in by a conversion.
type sssdReader struct {
	*draft
	ini iniFile
	// only is the domain to read, all if it is empty.
	only    string
	domains []*sssdDomain
	// shared are the settings that SSSD has for each domain and goldap once: the
	// path, and what was first said of it.
	shared map[string]iniKey
}

// sssdDomain is a domain that becomes a directory.
type sssdDomain struct {
	*sssdReader
	name    string
	section *iniSection
	// header is where the section begins.
	header place
	dir    *Directory
	// path is that of the directory in the draft, with a dot.
	path string
	// provider is ldap or ad, schema one of ldap_schema's in lower case.
	provider, schema string
	// allowed and denied are what access_provider = simple says of groups.
	simple *simpleAccess
}

// sssdFile is a file of SSSD's that has been read.
type sssdFile struct {
	name string
	data []byte
}

// readSSSD reads sssd.conf and the snippets that add to it.
func (d *draft) readSSSD(files []sssdFile, only string) {
	r := &sssdReader{draft: d, ini: iniFile{draft: d}, only: only, shared: map[string]iniKey{}}
	for _, file := range files {
		r.ini.readINI(file.name, file.data)
	}
	r.readMonitor()
	r.readResponders()
	r.findDomains()
	for _, x := range r.domains {
		x.read()
	}
	r.finishIDs()
	r.finishEnumeration()
	r.finishSimple()
	r.readOtherSections()
	d.stopped = len(r.domains) == 0
}

// readMonitor reads the section [sssd].
func (r *sssdReader) readMonitor() {
	s := r.ini.section("sssd")
	if s == nil {
		return
	}
	for _, key := range s.keys {
		switch key.name {
		case "domains":
		case "services":
			r.readServices(key)
		case "config_file_version":
			if key.value != "2" {
				r.failAt(key.at, key.value, "is a version of the file that SSSD does not read any more: it is 2")
			}
		default:
			r.leave(inMonitor, key)
		}
	}
}

// readServices names the responders whose work goldap does not do.
func (r *sssdReader) readServices(key iniKey) {
	for _, name := range splitCommas(key.value) {
		switch why := sssdServices()[strings.ToLower(name)]; {
		case strings.EqualFold(name, "nss") || strings.EqualFold(name, "pam"):
		case why == "":
			r.failAt(key.at, name, "is no service of SSSD's"+didYouMean(name, []string{"nss", "pam", "sudo", "autofs", "ssh", "pac", "ifp"}))
		default:
			r.loseAt(key.at, name, "is not carried over: "+why)
		}
	}
}

// sssdServices says who does the work of SSSD's other responders.
func sssdServices() map[string]string {
	return map[string]string{
		"sudo":   "goldap has no sudo rules: install sudo-ldap, which reads them from the directory itself (sudoers.ldap(5)), and write sudoers: files ldap in nsswitch.conf",
		"autofs": "goldap has no automount maps: install autofs-ldap, which reads them from the directory itself (auto.master(5)), and write automount: files ldap in nsswitch.conf",
		"ssh":    "let sshd ask for keys with AuthorizedKeysCommand /usr/bin/goldapctl ssh-keys (docs/goldapctl.md)",
		"pac":    "goldap does not read the groups in Kerberos tickets; it asks the directory",
		"ifp":    "goldap has no D-Bus interface: goldapctl lookup and its --json take that place",
	}
}

// readResponders reads what is not a matter of domains in [nss] and [pam].
func (r *sssdReader) readResponders() {
	if s := r.ini.section("nss"); s != nil {
		for _, key := range s.keys {
			if !slices.Contains(nssOfDomains(), key.name) && !r.setResponder(key) {
				r.leave(inNSS, key)
			}
		}
	}
	if s := r.ini.section("pam"); s != nil {
		for _, key := range s.keys {
			if !r.setResponder(key) {
				r.leave(inPAM, key)
			}
		}
	}
}

// setResponder reads a key of [nss] or [pam] that goldap has, too.
func (r *sssdReader) setResponder(key iniKey) bool {
	switch key.name {
	case "entry_negative_timeout":
		r.setTime(key, "lookups.negative_ttl", &r.cfg.Lookups.NegativeTTL, day)
	case "pam_id_timeout":
		r.setTime(key, "login.cache_ttl", &r.cfg.Login.CacheTTL, maxLimit)
	default:
		return false
	}
	return true
}

// nssOfDomains are the keys of [nss] that each domain may have for itself.
func nssOfDomains() []string {
	return []string{"filter_users", "filter_groups", "override_homedir", "fallback_homedir", "homedir_substring", "override_shell", "default_shell"}
}

// findDomains finds the domains that become directories, in the order in which
// SSSD asks them.
func (r *sssdReader) findDomains() {
	listed, _ := r.ini.section("sssd").get("domains")
	names := splitCommas(listed.value)
	for _, s := range r.ini.sections {
		name, isDomain := cutPrefixFold(s.name, "domain/")
		if isDomain && !strings.Contains(name, "/") && !containsFold(names, name) && isEnabled(s) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		s := r.ini.section("domain/" + name)
		switch enabled, given := s.get("enabled"); {
		case s == nil:
			r.failAt(listed.at, name, "is a domain without a section [domain/"+name+"]")
		case given && strings.EqualFold(enabled.value, "false"), r.only != "" && !strings.EqualFold(name, r.only):
		default:
			r.addDomain(name, s)
		}
	}
	if len(r.domains) == 0 && len(r.errors) == 0 {
		r.failAt(listed.at, "", r.noDomain(names))
	}
	r.cfg.Directories = make([]Directory, len(r.domains))
	for i, x := range r.domains {
		r.cfg.Directories[i] = DefaultDirectory()
		x.dir, x.path = &r.cfg.Directories[i], index("directory", i)+"."
		x.dir.Name = x.name
		r.places[index("directory", i)] = x.header
		r.places[x.path+"name"] = x.header
	}
}

func isEnabled(s *iniSection) bool {
	enabled, _ := s.get("enabled")
	return strings.EqualFold(enabled.value, "true")
}

func (r *sssdReader) noDomain(names []string) string {
	switch {
	case len(names) == 0:
		return "there is no domain in use: name one in domains = of [sssd]"
	case r.only != "":
		return "the domain " + shown(r.only) + " is not one that SSSD uses" + didYouMean(r.only, names)
	}
	return "none of the domains is an LDAP directory that goldap could ask"
}

// addDomain adds a domain whose provider goldap can take the place of.
func (r *sssdReader) addDomain(name string, s *iniSection) {
	x := &sssdDomain{sssdReader: r, name: name, section: s, header: s.at}
	provider, given := s.get("id_provider")
	x.provider = strings.ToLower(provider.value)
	switch {
	case !given:
		r.failAt(s.at, "", "has no id_provider: SSSD does not start with it")
	case x.provider == "ldap", x.provider == "ad":
		r.domains = append(r.domains, x)
	default:
		r.loseAt(provider.at, provider.value, "is not carried over, with the whole domain: "+whyNoProvider(x.provider))
	}
}

func whyNoProvider(provider string) string {
	switch provider {
	case "ipa":
		return "its rules are FreeIPA's own. goldap can ask FreeIPA's LDAP server: write the domain with id_provider = ldap and ldap_schema = IPA, and convert that"
	case "files", "local", "proxy":
		return "goldap asks LDAP directories; users of this machine stay with files in nsswitch.conf"
	}
	return "goldap asks LDAP directories"
}

// readOtherSections names the sections that goldap has nothing for.
func (r *sssdReader) readOtherSections() {
	for _, s := range r.ini.sections {
		name := strings.ToLower(s.name)
		kind, rest, _ := strings.Cut(name, "/")
		switch why, known := sssdSections()[kind]; {
		case slices.Contains([]string{"sssd", "nss", "pam"}, name):
		case kind == "domain" && strings.Contains(rest, "/"):
			r.loseAt(s.at, "", "is not carried over: goldap does not find the domains that a domain trusts; write a domain for each")
		case kind == "domain":
			if r.isUnused(rest) {
				r.warnAt(s.at, "", "is left out: the domain is not in use, or not asked for")
			}
		case known && len(s.keys) == 0:
		case known:
			r.loseAt(s.at, "", "is not carried over: "+why)
		default:
			r.loseAt(s.at, "", "is not carried over: SSSD has no such section"+didYouMean(s.name, []string{"sssd", "nss", "pam", "sudo", "autofs", "ssh", "pac", "ifp", "kcm"}))
		}
	}
}

// isUnused reports whether a domain is not among those that SSSD asks, or not the
// one to convert.
func (r *sssdReader) isUnused(name string) bool {
	listed, _ := r.ini.section("sssd").get("domains")
	s := r.ini.section("domain/" + name)
	return r.only != "" && !strings.EqualFold(name, r.only) ||
		!containsFold(splitCommas(listed.value), name) && !isEnabled(s)
}

func sssdSections() map[string]string {
	sections := map[string]string{
		"kcm":               "goldap keeps no Kerberos tickets: the default cache of krb5.conf does",
		"secrets":           "goldap keeps no secrets for other programs",
		"session_recording": "goldap does not record sessions: tlog can be started by pam_exec.so or as a shell",
		"prompting":         "libpam's own prompt is used",
		"certmap":           "goldap has no logins with certificates and smartcards",
		"application":       "goldap has no domains for applications without POSIX attributes",
	}
	for name, why := range sssdServices() {
		sections[name] = why
	}
	return sections
}

// splitCommas splits a list of SSSD's: at commas, with blanks around them.
func splitCommas(value string) []string {
	var list []string
	for _, word := range strings.Split(value, ",") {
		if word = strings.Trim(word, " \t"); word != "" {
			list = append(list, word)
		}
	}
	return list
}

func containsFold(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}
