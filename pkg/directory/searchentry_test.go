package directory

import (
	"bytes"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// entryMessage encodes an entry as a server sends it.
func entryMessage(dn string, attributes ...[]string) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	text := func(value string) *ber.Packet {
		return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, value, "")
	}
	op.AppendChild(text(dn))
	list := ber.NewSequence("")
	for _, a := range attributes {
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, value := range a[1:] {
			values.AppendChild(text(value))
		}
		one := ber.NewSequence("")
		one.AppendChild(text(a[0]))
		one.AppendChild(values)
		list.AppendChild(one)
	}
	op.AppendChild(list)
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 7, ""))
	message.AppendChild(op)
	return message.Bytes()
}

func newCollector() *collector { return &collector{names: map[string]string{}} }

func TestSearchEntry(t *testing.T) {
	for name, want := range map[string]*ldap.Entry{
		"plain":         {DN: "uid=a,dc=example", Attributes: []*ldap.EntryAttribute{{Name: "uid", Values: []string{"a"}}, {Name: "cn", Values: []string{"A", "b\x00\xff", ""}}}},
		"no values":     {DN: "", Attributes: []*ldap.EntryAttribute{{Name: "uid"}}},
		"no attributes": {DN: "dc=example"},
		"long":          {DN: strings.Repeat("x", 70000), Attributes: []*ldap.EntryAttribute{{Name: "cn", Values: []string{strings.Repeat("y", 300)}}}},
	} {
		var attributes [][]string
		for _, a := range want.Attributes {
			attributes = append(attributes, append([]string{a.Name}, a.Values...))
		}
		got, err := newCollector().searchEntry(entryMessage(want.DN, attributes...))
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// Whatever is cut off or changed by a byte is decoded or refused, and leaves
// the message as it was.
func TestSearchEntryBroken(t *testing.T) {
	whole := entryMessage("uid=a,dc=example", []string{"uid", "a"}, []string{"cn", "A", "B"})
	for at := range whole {
		for _, octet := range []byte{0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff} {
			changed := bytes.Clone(whole)
			changed[at] = octet
			before := bytes.Clone(changed)
			_, _ = newCollector().searchEntry(changed)
			if !bytes.Equal(before, changed) {
				t.Fatalf("byte %d: the message was changed", at)
			}
		}
		if _, err := newCollector().searchEntry(whole[:at]); err == nil {
			t.Errorf("%d bytes of %d are an entry", at, len(whole))
		}
	}
}

// The names that are remembered are bounded.
func TestSearchEntryNames(t *testing.T) {
	c := newCollector()
	for i := range 2 * maxKnownNames {
		if _, err := c.searchEntry(entryMessage("dc=example", []string{strings.Repeat("n", i+1), "v"})); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.names) != maxKnownNames {
		t.Errorf("%d names are remembered", len(c.names))
	}
}
