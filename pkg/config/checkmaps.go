package config

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/expression"
)

var errEmptyFilter = errors.New("is empty: write a filter such as (objectClass=posixAccount)")

// checkBases sees to it that every map that logins need is told where to
// search. There is no default: whoever may write an entry that is found decides who logs in.
func (d *draft) checkBases(dir *Directory, at string) {
	if dir.Base != "" {
		d.checkText(at+".base", dir.Base, checkDN)
	}
	for i, base := range dir.Bases {
		d.checkBase(index(at+".bases", i), base)
	}
	if dir.Base != "" || len(dir.Bases) > 0 {
		return
	}
	for _, name := range accountMaps() {
		if len(dir.mapNamed(name).Bases) == 0 {
			d.fail(at+".base", "", "is missing: say where users and groups are, such as dc=example,dc=com")
			return
		}
	}
}

// checkBase checks one place to search. The root of the tree, whose DN is
// empty, must be meant.
func (d *draft) checkBase(at string, base SearchBase) {
	_, given := d.places[at+".dn"]
	switch {
	case base.DN != "":
		d.checkText(at+".dn", base.DN, checkDN)
	case !given && d.spelling != spellTOML: // fillStruct has looked
		d.fail(at+".dn", "", "is missing: say where to search")
	}
	if base.Scope != "" {
		d.checkChoice(at+".scope", base.Scope, scopes()...)
	}
	if base.Filter != "" {
		d.checkText(at+".filter", base.Filter, checkFilter)
	}
}

func scopes() []string { return []string{"sub", "one", "base", "children"} }

func (d *draft) checkMap(m *Map, at, name string) {
	for i, base := range m.Bases {
		d.checkBase(index(at+".bases", i), base)
	}
	d.checkText(at+".object_class", m.ObjectClass, checkDescription)
	if m.Filter != "" {
		d.checkText(at+".filter", m.Filter, checkFilter)
	}
	for _, attribute := range slices.Sorted(maps.Keys(m.Attributes)) {
		path := at + ".attributes." + attribute
		if known := mapAttributes(name); !slices.Contains(known, attribute) {
			d.fail(path, "", "is not an attribute of this map%s", didYouMean(attribute, known))
		}
		d.checkRename(path, name, attribute, m.Attributes[attribute])
	}
	for _, attribute := range slices.Sorted(maps.Keys(m.Expressions)) {
		d.checkComputed(at+".expressions."+attribute, m, name, attribute)
	}
}

// checkRename checks what stands for an attribute in the directory.
func (d *draft) checkRename(path, name, attribute, renamed string) {
	before, sid, isSID := strings.Cut(renamed, ":")
	switch {
	case renamed == "" && !isOptional(name, attribute):
		d.fail(path, "", `is "", but without it nothing could be found in this map`)
	case renamed == "":
	case !isSID:
		d.checkText(path, renamed, checkDescription)
	case !slices.Contains(sidAttributes(name), attribute):
		d.fail(path, renamed, "is a SID, of which only uidNumber and gidNumber can be made")
	case checkDescription(before) != nil || checkSID(sid) != nil:
		d.fail(path, renamed, "is not of the form objectSid:S-1-5-21-1-2-3")
	}
}

// checkSID checks the SID of a domain: S-1, the authority and at most 14
// numbers, since one more makes it the SID of a user ([MS-DTYP], 2.4.2).
func checkSID(sid string) error {
	parts := strings.Split(sid, "-")
	if len(parts) < 4 || len(parts) > 17 || !strings.EqualFold(parts[0], "S") || parts[1] != "1" {
		return errors.New("is not a SID")
	}
	for i, part := range parts[2:] {
		bits := 32
		if i == 0 {
			bits = 48
		}
		if _, err := strconv.ParseUint(part, 10, bits); err != nil || part[0] == '+' {
			return errors.New("is not a SID")
		}
	}
	return nil
}

// checkComputed checks an expression.
func (d *draft) checkComputed(path string, m *Map, name, attribute string) {
	allowed := computedAttributes(name)
	_, renamed := m.Attributes[attribute]
	switch {
	case slices.Contains(allowed, attribute) && renamed:
		d.fail(path, "", "is computed and renamed: keep one, and name the directory's attribute in the expression")
	case !slices.Contains(allowed, attribute) && slices.Contains(mapAttributes(name), attribute):
		d.fail(path, "", "cannot be computed, because entries are searched by it; only an attribute of the directory can stand for it")
	case !slices.Contains(allowed, attribute):
		d.fail(path, "", "is not an attribute of this map%s", didYouMean(attribute, allowed))
	}
	if _, err := expression.Parse(m.Expressions[attribute]); err != nil {
		d.fail(path, m.Expressions[attribute], "is not an expression: %v", err)
	}
}
