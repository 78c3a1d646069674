package directory

import "github.com/goldap/goldap/pkg/account"

// shadowAttributes are what the ageing of a password is made of (RFC 2307,
// section 5.2).
var shadowAttributes = []string{
	"shadowLastChange", "shadowMin", "shadowMax", "shadowWarning",
	"shadowInactive", "shadowExpire", "shadowFlag",
}

// shadow reads the shadow attributes of an entry. An entry that has none of
// them gets a Shadow without a name.
func (m *mapping) shadow(e entry, name string) account.Shadow {
	numbers := [7]int32{}
	found := false
	for i, schema := range shadowAttributes {
		value := e.first(m.attribute(schema))
		found = found || value != ""
		numbers[i] = shadowNumber(value)
	}
	if !found {
		name = ""
	}
	return account.Shadow{
		Name: name, LastChange: numbers[0], Min: numbers[1], Max: numbers[2],
		Warn: numbers[3], Inactive: numbers[4], Expire: numbers[5], Flag: numbers[6],
	}
}
