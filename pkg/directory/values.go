package directory

import (
	"errors"
	"fmt"
	gomaps "maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/expression"
)

// pseudoDN is what expressions call the DN of the entry.
const pseudoDN = "dn"

// needed returns the attributes that a map cannot do without: they are searched
// for, or an entry that lacks them is not usable.
func needed(name string) []string {
	return map[string][]string{
		"passwd": {"uid", "uidNumber", "gidNumber", "homeDirectory"}, "group": {"cn", "gidNumber"}, "shadow": {"uid"},
		"aliases": {"cn"}, "ethers": {"cn", "macAddress"}, "hosts": {"cn", "ipHostNumber"}, "netgroup": {"cn"},
		"networks": {"cn", "ipNetworkNumber"}, "protocols": {"cn", "ipProtocolNumber"}, "rpc": {"cn", "oncRpcNumber"},
		"services": {"cn", "ipServicePort", "ipServiceProtocol"},
	}[name]
}

// computable returns the attributes of a map that may be expressions: nothing
// is ever searched for by them.
func computable(name string) []string {
	return map[string][]string{
		"passwd": {"userPassword", "gidNumber", "gecos", "homeDirectory", "loginShell"},
		"group":  {"userPassword"},
		"shadow": append([]string{"userPassword"}, shadowAttributes...),
	}[name]
}

// sidAttributes returns the attributes of a map that may be taken from a SID.
func sidAttributes(name string) []string {
	return map[string][]string{"passwd": {"uidNumber", "gidNumber"}, "group": {"gidNumber"}}[name]
}

// schema are the attributes of RFC 2307 as this package spells them.
var schema = append([]string{
	"uid", "userPassword", "uidNumber", "gidNumber", "gecos", "cn", "homeDirectory", "loginShell",
	"memberUid", "member", "uniqueMember", "rfc822MailMember", "macAddress", "ipHostNumber", "ipNetworkNumber",
	"nisNetgroupTriple", "memberNisNetgroup", "ipProtocolNumber", "oncRpcNumber", "ipServicePort", "ipServiceProtocol",
}, shadowAttributes...)

// inSchema returns the schema's spelling of an attribute.
func inSchema(attribute string) string {
	for _, name := range schema {
		if strings.EqualFold(name, attribute) {
			return name
		}
	}
	return attribute
}

// contains reports whether an attribute is in the list; names have no case.
func contains(list []string, attribute string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, attribute) })
}

// setAttributes takes over what the attributes of the map are called and how
// they are computed.
func (m *mapping) setAttributes(from config.Map) error {
	m.rename = map[string]string{"userPassword": ""} // hashes are for those who ask for them
	m.domains = map[string]domainSID{}
	m.expressions = map[string]*expression.Expression{}
	var problems []error
	for _, schema := range slices.Sorted(gomaps.Keys(from.Attributes)) {
		problems = append(problems, m.renameAttribute(schema, from.Attributes[schema]))
	}
	for _, schema := range slices.Sorted(gomaps.Keys(from.Expressions)) {
		problems = append(problems, m.compute(schema, from.Expressions[schema]))
	}
	return errors.Join(problems...)
}

func (m *mapping) renameAttribute(schema, actual string) error {
	attribute, domain, isSID, err := cutSID(actual)
	schema = inSchema(schema)
	switch {
	case err != nil:
	case isSID && !contains(sidAttributes(m.name), schema):
		err = errors.New("only uidNumber and gidNumber of users and groups can be taken from a SID")
	case isSID:
		m.domains[schema] = domain
		err = checkAttribute(attribute)
	case actual != "":
		err = checkAttribute(attribute)
	case contains(needed(m.name), schema):
		err = errors.New("cannot be without an attribute")
	}
	m.rename[schema] = attribute
	if err != nil {
		return fmt.Errorf("attribute %s: %w", schema, err)
	}
	return nil
}

func (m *mapping) compute(schema, text string) error {
	e, err := expression.Parse(text)
	if err == nil && !contains(computable(m.name), schema) {
		err = errors.New("cannot be an expression, because entries are searched for by it")
	}
	if err == nil {
		m.expressions[inSchema(schema)] = e
		for _, attribute := range e.Attributes() {
			err = errors.Join(err, checkAttribute(attribute))
		}
	}
	if err != nil {
		return fmt.Errorf("expression for %s: %w", schema, err)
	}
	return nil
}

// attribute returns what the directory calls an attribute of the schema, or ""
// if there is none or it is computed.
func (m *mapping) attribute(schema string) string {
	if m.expressions[schema] != nil {
		return ""
	}
	if actual, ok := m.rename[schema]; ok {
		return actual
	}
	return schema
}

// attributes is what to ask a server for, to have the values of the schema's
// attributes: each once, without those that do not exist.
func (m *mapping) attributes(schema ...string) []string {
	result := make([]string, 0, len(schema))
	for _, name := range schema {
		actual := []string{m.attribute(name)}
		if e := m.expressions[name]; e != nil {
			actual = e.Attributes()
		}
		for _, attribute := range actual {
			if attribute != "" && !strings.EqualFold(attribute, pseudoDN) && !contains(result, attribute) {
				result = append(result, attribute)
			}
		}
	}
	return result
}

// value returns the first value of an attribute of the schema, or what its
// expression makes of the entry.
func (m *mapping) value(e entry, schema string) string {
	computed := m.expressions[schema]
	if computed == nil {
		return e.first(m.attribute(schema))
	}
	return computed.Value(func(name string) string {
		if strings.EqualFold(name, pseudoDN) {
			return e.DN
		}
		return e.first(name)
	})
}

// text is value for what becomes a field of a passwd line. Bytes that would end
// the field or the line are not allowed.
func (m *mapping) text(e entry, schema string) (string, error) {
	value := m.value(e, schema)
	if strings.ContainsAny(value, fieldEnd) {
		return "", e.bad(m.called(schema), "%q has a colon, a line end or a NUL", value)
	}
	return value, nil
}

// path is text for what must be an absolute path.
func (m *mapping) path(e entry, schema string) (string, error) {
	value, err := m.text(e, schema)
	if err == nil && !strings.HasPrefix(value, "/") {
		err = e.bad(m.called(schema), "%q is not an absolute path", value)
	}
	return value, err
}

// called is the name of an attribute for messages.
func (m *mapping) called(schema string) string {
	if actual := m.attribute(schema); actual != "" {
		return actual
	}
	return schema
}

// id returns the uid or gid that an attribute of the schema holds, with the
// configured offset.
func (m *mapping) id(e entry, schema string) (uint32, error) {
	id, err := m.rawID(e, schema)
	if err != nil {
		return 0, err
	}
	offset := m.offsets[schema]
	if id > math.MaxUint32-1-offset {
		return 0, e.bad(m.called(schema), "%d and the offset of %d are more than an id can be", id, offset)
	}
	return id + offset, nil
}

func (m *mapping) rawID(e entry, schema string) (uint32, error) {
	if m.expressions[schema] != nil {
		id, err := account.ParseID(m.value(e, schema))
		if err != nil {
			err = e.bad(schema, "%v", err)
		}
		return id, err
	}
	domain, isSID := m.domains[schema]
	if !isSID {
		return e.id(m.attribute(schema))
	}
	attribute := m.attribute(schema)
	values := e.values(attribute)
	if len(values) != 1 {
		return 0, e.bad(attribute, "%d values instead of one", len(values))
	}
	id, ok := m.idOfSID(domain, values[0])
	if !ok || id == math.MaxUint32 {
		return 0, e.bad(attribute, "%x is not a SID of the domain", values[0])
	}
	return id, nil
}

// equalID is the assertion that an attribute of the schema holds the uid or
// gid. ok is false if no entry can: the id is below the offset.
func (m *mapping) equalID(schema string, id uint32) (match filter, ok bool) {
	offset := m.offsets[schema]
	if id < offset {
		return filter{}, false
	}
	id -= offset
	if domain, isSID := m.domains[schema]; isSID {
		return equalBytes(m.attribute(schema), m.sidOf(domain, id)), true
	}
	return equal(m.attribute(schema), strconv.FormatUint(uint64(id), 10)), true
}

// spelled returns the entry's own spelling of a name that it was found by:
// exactly that one, or where case is ignored one that differs in the case of
// ASCII letters only.
func (m *mapping) spelled(e entry, attribute, name string) (string, bool) {
	if e.has(attribute, name) {
		return name, true
	}
	if m.ignoreCase {
		for _, value := range e.values(attribute) {
			if account.SameLetters(value, name) {
				return value, true
			}
		}
	}
	return "", false
}
