package directory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/expression"
)

// maps are the parts of the configuration that say where entries are, checked
// and compiled.
type maps struct {
	passwd, group, shadow mapping
	// These have nothing to do with logins and may have no place.
	aliases, ethers, hosts, netgroup, networks, protocols, rpc, services mapping
	// anyGroup is the group map with groups of all classes, for roles.
	anyGroup mapping
	// loginAttribute holds the name that users log in with.
	loginAttribute string
	loginFilter    filter
	searches       loginSearches
}

// mapping is one map of the configuration.
type mapping struct {
	name   string
	class  string
	filter filter
	places []place
	// These are by the schema's name.
	rename      map[string]string
	expressions map[string]*expression.Expression
	domains     map[string]domainSID // of attributes that hold a SID
	// offsets are added to the ids of the directory.
	offsets map[string]uint32
	// shadowClass is the class of the shadow map's entries.
	shadowClass string
	// needsBases: a base that does not exist is an error, and not a base without
	// entries.
	needsBases bool
	// ignoreCase: names that differ in the case of ASCII letters are equal.
	ignoreCase bool
}

// place is one base to search, with the filter for entries of the map.
type place struct {
	dn     string
	scope  int
	filter filter
}

func newMaps(cfg *config.Directory, ignoreCase bool) (maps, error) {
	var m maps
	var problems []error
	for _, one := range []struct {
		to          *mapping
		name, class string
		from        config.Map
		optional    bool
	}{
		{&m.passwd, "passwd", "posixAccount", cfg.Passwd, false},
		{&m.group, "group", "posixGroup", cfg.Group, false},
		{&m.shadow, "shadow", "shadowAccount", cfg.Shadow, false},
		{&m.aliases, "aliases", "nisMailAlias", cfg.Aliases, true},
		{&m.ethers, "ethers", "ieee802Device", cfg.Ethers, true},
		{&m.hosts, "hosts", "ipHost", cfg.Hosts, true},
		{&m.netgroup, "netgroup", "nisNetgroup", cfg.Netgroup, true},
		{&m.networks, "networks", "ipNetwork", cfg.Networks, true},
		{&m.protocols, "protocols", "ipProtocol", cfg.Protocols, true},
		{&m.rpc, "rpc", "oncRpc", cfg.RPC, true},
		{&m.services, "services", "ipService", cfg.Services, true},
	} {
		var err error
		if *one.to, err = newMapping(one.name, one.class, cfg, one.from); err == nil && len(one.to.places) == 0 && !one.optional {
			err = fmt.Errorf("map %s: no base DN", one.name)
		}
		problems = append(problems, err)
	}
	for _, named := range []*mapping{&m.passwd, &m.group, &m.shadow, &m.netgroup, &m.protocols, &m.rpc, &m.services} {
		named.ignoreCase = ignoreCase
	}
	m.passwd.shadowClass = m.shadow.class
	m.anyGroup = m.group.withAllClasses()
	m.loginAttribute = cfg.LoginAttribute
	if m.loginAttribute == "" {
		m.loginAttribute = m.passwd.attribute("uid")
	}
	var err error
	m.loginFilter, err = parseFilter(cfg.LoginFilter)
	problems = append(problems, err)
	m.searches, err = newLoginSearches(cfg)
	return m, errors.Join(append(problems, err, checkAttribute(m.loginAttribute))...)
}

func newMapping(name, class string, cfg *config.Directory, from config.Map) (mapping, error) {
	m := mapping{name: name, offsets: map[string]uint32{"uidNumber": cfg.UIDOffset, "gidNumber": cfg.GIDOffset}}
	problems := []error{m.setAttributes(from)}
	if from.ObjectClass != "" {
		class = from.ObjectClass
	}
	m.class = class
	own, err := parseFilter(from.Filter)
	problems = append(problems, err)
	if own.text == "" {
		own = equal("objectClass", class)
	}
	m.filter = own
	bases := from.Bases
	if len(bases) == 0 {
		bases = globalBases(cfg)
	}
	for _, base := range bases {
		at, err := newPlace(base, own, cfg.Scope)
		m.places = append(m.places, at)
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return m, fmt.Errorf("map %s: %w", name, err)
	}
	return m, nil
}

// globalBases are where to search for what has no base of its own.
func globalBases(cfg *config.Directory) []config.SearchBase {
	if cfg.Base == "" {
		return cfg.Bases
	}
	return append([]config.SearchBase{{DN: cfg.Base}}, cfg.Bases...)
}

func newPlace(base config.SearchBase, own filter, scope string) (place, error) {
	if base.Scope != "" {
		scope = base.Scope
	}
	code, err := parseScope(scope)
	extra, err2 := parseFilter(base.Filter)
	return place{dn: base.DN, scope: code, filter: and(own, extra)}, errors.Join(err, err2)
}

func parseScope(scope string) (int, error) {
	switch strings.ToLower(scope) {
	case "", "sub", "subtree":
		return ldap.ScopeWholeSubtree, nil
	case "one", "onelevel":
		return ldap.ScopeSingleLevel, nil
	case "base":
		return ldap.ScopeBaseObject, nil
	case "children":
		return ldap.ScopeChildren, nil
	}
	return 0, fmt.Errorf("scope %q: must be sub, one, base or children", scope)
}

// equal is the assertion that an attribute of the schema has the value; empty
// if the attribute does not exist.
func (m *mapping) equal(schema, value string) filter {
	actual := m.attribute(schema)
	if actual == "" || value == "" {
		return filter{}
	}
	return equal(actual, value)
}
