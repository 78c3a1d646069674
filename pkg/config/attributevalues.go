package config

import (
	"errors"
	"slices"
	"strings"
)

// attributeValue is a line of nss_default_attribute_value or
// nss_override_attribute_value.
type attributeValue struct {
	attribute, value string
	override         bool
	at               place
}

func (r *keywordReader) setDefaultValue(at place, value string) error {
	return r.addValue(at, value, false)
}

func (r *keywordReader) setOverrideValue(at place, value string) error {
	return r.addValue(at, value, true)
}

// addValue reads "ATTRIBUTE VALUE". It is kept for later: the attribute may be
// renamed in a line that follows.
func (r *keywordReader) addValue(at place, line string, override bool) error {
	attribute, value := cutWord(line)
	if value == "" {
		return errors.New("must be an attribute and its value")
	}
	r.values = append(r.values, attributeValue{attribute, value, override, at})
	return nil
}

// finishValues makes expressions of the values, in every map that has the
// attribute and does not search by it.
func (r *keywordReader) finishValues() {
	for _, v := range r.values {
		found := false
		for _, name := range mapNames() {
			computed := computedAttributes(name)
			i := slices.IndexFunc(computed, func(a string) bool { return strings.EqualFold(a, v.attribute) })
			if i < 0 {
				continue
			}
			found = true
			r.express(v.at, name, computed[i], v.expression(r.dir.mapNamed(name).Attributes[computed[i]], computed[i]))
		}
		if !found {
			r.loseAt(v.at, v.attribute, "is not honoured: goldap computes no attribute of that name")
		}
	}
}

// expression returns the value in the language of expressions. The attribute's
// name in the directory may be another.
func (v attributeValue) expression(renamed, attribute string) string {
	value := strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`, `{`, `\{`).Replace(v.value)
	if v.override {
		return value
	}
	if renamed == "" {
		renamed = attribute
	}
	return "${" + renamed + ":-" + value + "}"
}

// setSchema reads nss_schema. With rfc2307 groups have no members that are DNs;
// with rfc2307bis they may have both.
func (r *keywordReader) setSchema(at place, value string) error {
	schema, err := choice(value, "rfc2307", "rfc2307", "rfc2307bis", "rfc2307bis")
	if schema == "rfc2307" {
		r.rename(at, "group", "member", "")
	}
	return err
}

// setInitgroups reads nss_initgroups.
func (r *keywordReader) setInitgroups(_ place, value string) (err error) {
	r.dir.GroupsOfUser, err = choice(value, "backlink", "member_of")
	return err
}

// setUseSASL reads use_sasl: the old programs know GSSAPI only.
func (r *keywordReader) setUseSASL(_ place, value string) error {
	use, err := parseBool(value)
	if r.dir.SASL.Mechanism = ""; use {
		r.dir.SASL.Mechanism = "GSSAPI"
	}
	return err
}

func (r *keywordReader) setDomain(at place, value string) error {
	r.servers.domain, r.servers.domainAt = value, at
	return nil
}
