package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// readServers reads where the servers are.
func (x *sssdDomain) readServers() {
	if x.provider == "ad" {
		x.readDomainControllers()
	} else {
		x.addServers("ldap_uri", "uris", &x.dir.URIs, asIs)
		x.addServers("ldap_backup_uri", "uris", &x.dir.URIs, asIs)
	}
	if len(x.dir.URIs) == 0 {
		x.dir.URIs = []string{x.discovered()}
		x.places[x.path+"uris"] = x.at("ldap_uri")
	}
	x.addServers("ldap_chpass_uri", "write_uris", &x.dir.WriteURIs, asIs)
	x.addServers("ldap_chpass_backup_uri", "write_uris", &x.dir.WriteURIs, asIs)
	if len(x.dir.WriteURIs) > 0 {
		x.warnAt(x.at("ldap_chpass_uri"), "", "shells and home directories are changed there, too")
	}
	if key, given := x.section.get("ldap_dns_service_name"); given && key.value != "ldap" {
		x.loseAt(key.at, key.value, "is not carried over: goldap asks DNS for _ldap._tcp; write the servers into ldap_uri")
	}
	x.readTransport()
}

func asIs(uri string) string { return uri }

// addServers adds the servers of a list to a list of the directory.
func (x *sssdDomain) addServers(name, path string, to *[]string, asURI func(string) string) {
	key, _ := x.section.get(name)
	for _, word := range splitCommas(key.value) {
		uri := asURI(word)
		if strings.EqualFold(word, "_srv_") {
			uri = x.discovered()
		}
		if slices.Contains(*to, uri) {
			x.warnAt(key.at, "", "names a server twice; the second does nothing")
			continue
		}
		x.places[index(x.path+path, len(*to))] = key.at
		*to = append(*to, uri)
	}
}

// discovered returns the word for the servers that DNS knows.
func (x *sssdDomain) discovered() string {
	word := srv
	if x.flag("ad_use_ldaps", false) {
		word = srvLDAPS
	}
	domain := x.value("dns_discovery_domain")
	if x.provider == "ad" {
		domain = cmp.Or(domain, x.adDomain())
	}
	if domain == "" {
		return word
	}
	return word + ":" + domain
}

// adDomain returns the name of the domain of Active Directory.
func (x *sssdDomain) adDomain() string { return cmp.Or(x.value("ad_domain"), x.name) }

// readDomainControllers reads ad_server: host names.
func (x *sssdDomain) readDomainControllers() {
	scheme := "ldap://"
	if x.flag("ad_use_ldaps", false) {
		scheme = "ldaps://"
	}
	asURI := func(host string) string { return scheme + host }
	x.addServers("ad_server", "uris", &x.dir.URIs, asURI)
	x.addServers("ad_backup_server", "uris", &x.dir.URIs, asURI)
	for _, name := range []string{"ldap_uri", "ldap_backup_uri"} {
		if key, given := x.section.get(name); given {
			x.loseAt(key.at, "", "is not carried over: with id_provider = ad SSSD takes the servers from ad_server and DNS")
		}
	}
}

// readTransport says what becomes of connections without TLS. goldap has none,
// unless somebody insists.
func (x *sssdDomain) readTransport() {
	withTLS := x.flag("ldap_id_use_start_tls", false)
	if key, given := x.section.get("ldap_auth_disable_tls_never_use_in_production"); given && x.flag(key.name, false) {
		x.loseAt(key.at, "", `is not carried over: goldap uses StartTLS, for passwords must not travel in clear text; where there is no TLS at all, write mode = "off" and allow_clear_text = true into [directory.tls]`)
	}
	if hasFarClearURI(x.dir.URIs) && !withTLS && x.provider == "ldap" {
		x.warnAt(x.at("ldap_uri"), "", "lookups use StartTLS, too, which SSSD does for logins only unless ldap_id_use_start_tls is on")
	}
	off := x.flag("ldap_disable_paging", false)
	n, key, given := x.number("ldap_page_size")
	switch {
	case off:
		x.dir.PageSize, x.places[x.path+"page_size"] = 0, x.at("ldap_disable_paging")
	case given:
		x.dir.PageSize, x.places[x.path+"page_size"] = n, key.at
	}
}

// readBases reads where users, groups and the rest are.
func (x *sssdDomain) readBases() {
	key, given := x.section.get("ldap_search_base")
	all := x.splitBases(key)
	x.setSearchBase(all, key.at)
	users := x.basesOf("ldap_user_search_base", "ldap_user_search_filter", all)
	groups := x.basesOf("ldap_group_search_base", "ldap_group_search_filter", all)
	x.setBases("passwd", users, x.at("ldap_user_search_base"))
	x.setBases("shadow", users, x.at("ldap_user_search_base"))
	x.setBases("group", groups, x.at("ldap_group_search_base"))
	for name, of := range map[string]string{"ldap_netgroup_search_base": "netgroup", "ldap_service_search_base": "services",
		"ldap_iphost_search_base": "hosts", "ldap_ipnetwork_search_base": "networks"} {
		own, _ := x.section.get(name)
		x.setBases(of, x.splitBases(own), own.at)
	}
	switch {
	case given || x.provider == "ldap" && len(users) > 0 && len(groups) > 0:
	case x.provider == "ad":
		x.dir.Base = "dc=" + strings.ReplaceAll(strings.Trim(x.adDomain(), "."), ".", ",dc=")
		x.places[x.path+"base"] = x.at("ad_domain")
	default:
		x.failAt(x.at("ldap_search_base"), "", "is missing: SSSD takes what the server says, but whoever may say where users are decides who logs in; write it, such as dc=example,dc=com")
		x.dir.Base = "dc=missing" // said once is enough
	}
}

func (x *sssdDomain) splitBases(key iniKey) []SearchBase {
	if key.value == "" {
		return nil
	}
	bases, err := splitSearchBases(key.value)
	if err != nil {
		x.failAt(key.at, key.value, err.Error())
		return []SearchBase{{DN: "dc=missing", Scope: "sub"}} // said once is enough
	}
	return bases
}

// setSearchBase puts the bases of ldap_search_base where the model has them: one
// without a filter is the base of the directory.
func (x *sssdDomain) setSearchBase(all []SearchBase, at place) {
	if len(all) == 1 && all[0].Filter == "" {
		x.dir.Base, x.dir.Scope = all[0].DN, all[0].Scope
		x.places[x.path+"base"] = at
		return
	}
	for i, base := range all {
		x.placeBase(index(x.path+"bases", i), at)
		x.dir.Bases = append(x.dir.Bases, base)
	}
}

func (x *sssdDomain) placeBase(path string, at place) {
	for _, part := range []string{"", ".dn", ".scope", ".filter"} {
		x.places[path+part] = at
	}
}

// basesOf returns the bases of users or groups, nil if they are those of everything.
// The filter is of a key that SSSD still obeys where there is one base.
func (x *sssdDomain) basesOf(name, filterName string, all []SearchBase) []SearchBase {
	key, given := x.section.get(name)
	bases := x.splitBases(key)
	filter, filtered := x.section.get(filterName)
	if !given && filtered && len(all) == 1 {
		bases = slices.Clone(all)
	}
	switch {
	case filtered && len(bases) == 1 && bases[0].Filter == "":
		bases[0].Filter = inParentheses(filter.value)
	case filtered:
		x.loseAt(filter.at, "", "is not carried over: SSSD obeys it only beside a single search base without a filter")
	}
	return bases
}

// setBases gives a map bases of its own.
func (x *sssdDomain) setBases(name string, bases []SearchBase, at place) {
	m := x.dir.mapNamed(name)
	for i, base := range bases {
		x.placeBase(index(x.path+name+".bases", i), at)
		if base.Scope == x.dir.Scope {
			base.Scope = ""
		}
		m.Bases = append(m.Bases, base)
	}
}
