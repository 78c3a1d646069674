package directory

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// domainSID is the SID of a domain of Active Directory (MS-DTYP, section
// 2.4.2), to which the SIDs of its users and groups add one number.
type domainSID struct {
	authority uint64 // 48 bits
	subs      []uint32
}

// maxSubAuthorities is how many numbers a SID may have behind its authority.
const maxSubAuthorities = 15

// Active Directory's own groups, such as Administrators, are in a domain that
// is the same everywhere (MS-DTYP, section 2.4.2.4).
var builtinDomain = domainSID{authority: 5, subs: []uint32{32}}

const firstBuiltin, lastBuiltin = 544, 552

// cutSID splits a mapping such as objectSid:S-1-5-21-1-2-3. ok is false where
// the text is the plain name of an attribute.
func cutSID(text string) (attribute string, domain domainSID, ok bool, err error) {
	attribute, sid, ok := strings.Cut(text, ":")
	if !ok {
		return text, domainSID{}, false, nil
	}
	domain, err = parseDomain(sid)
	return attribute, domain, true, err
}

// parseDomain reads S-1-authority-number-number....
func parseDomain(text string) (domainSID, error) {
	wrong := fmt.Errorf("%q is not the SID of a domain, such as S-1-5-21-1-2-3", text)
	parts := strings.Split(text, "-")
	if len(parts) < 4 || len(parts)-3 >= maxSubAuthorities || !strings.EqualFold(parts[0], "S") || parts[1] != "1" {
		return domainSID{}, wrong
	}
	var domain domainSID
	var err error
	if domain.authority, err = strconv.ParseUint(parts[2], 10, 48); err != nil {
		return domainSID{}, wrong
	}
	for _, part := range parts[3:] {
		number, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return domainSID{}, wrong
		}
		domain.subs = append(domain.subs, uint32(number))
	}
	return domain, nil
}

// bytes returns the SID of the domain's member with the number, as an attribute
// holds it (MS-DTYP, section 2.4.2.2).
func (d domainSID) bytes(number uint32) []byte {
	authority := binary.BigEndian.AppendUint64(nil, d.authority)
	b := append([]byte{1, byte(len(d.subs) + 1)}, authority[2:]...)
	for _, sub := range append(d.subs[:len(d.subs):len(d.subs)], number) {
		b = binary.LittleEndian.AppendUint32(b, sub)
	}
	return b
}

// number returns the number that a SID of the domain adds to it. A SID of
// another domain has none: there the same number is somebody else.
func (d domainSID) number(value string) (uint32, bool) {
	if len(value) < 4 {
		return 0, false
	}
	number := binary.LittleEndian.Uint32([]byte(value[len(value)-4:]))
	return number, value == string(d.bytes(number))
}

// idOfSID is number for an attribute of the map; in the group map the groups
// that every domain has count, too.
func (m *mapping) idOfSID(domain domainSID, value string) (uint32, bool) {
	if id, ok := domain.number(value); ok && !m.isBuiltin(id) {
		return id, true
	}
	id, ok := builtinDomain.number(value)
	return id, ok && m.isBuiltin(id)
}

func (m *mapping) sidOf(domain domainSID, id uint32) []byte {
	if m.isBuiltin(id) {
		domain = builtinDomain
	}
	return domain.bytes(id)
}

func (m *mapping) isBuiltin(id uint32) bool {
	return m.name == "group" && firstBuiltin <= id && id <= lastBuiltin
}

// equalBytes is equal for a value that is not text.
func equalBytes(attribute string, value []byte) filter {
	var b strings.Builder
	b.WriteString("(" + attribute + "=")
	for _, octet := range value {
		fmt.Fprintf(&b, `\%02x`, octet)
	}
	return filter{b.String() + ")"}
}

// domainOf returns the SID of the domain that a SID is of, as text, "" if it is
// none.
func domainOf(value string) string {
	const header, each = 8, 4
	if len(value) < header+2*each || value[0] != 1 || len(value) != header+each*int(value[1]) {
		return ""
	}
	authority := append(make([]byte, 2), value[2:header]...)
	text := "S-1-" + strconv.FormatUint(binary.BigEndian.Uint64(authority), 10)
	for at := header; at < len(value)-each; at += each {
		text += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32([]byte(value[at:at+each]))), 10)
	}
	return text
}
