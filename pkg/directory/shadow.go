package directory

import (
	"math"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// shadowAttributes are what the ageing of a password is made of (RFC 2307,
// section 5.2).
var shadowAttributes = []string{
	"shadowLastChange", "shadowMin", "shadowMax", "shadowWarning",
	"shadowInactive", "shadowExpire", "shadowFlag",
}

// The attributes of Active Directory whose times are converted (MS-ADA1,
// section 2.1, and MS-ADA3, section 2.175), and the bit of userAccountControl
// that lets a password live for ever (MS-ADTS, section 2.2.16).
const (
	adLastChange   = "pwdLastSet"
	adExpire       = "accountExpires"
	adNeverExpires = 0x10000
)

// A time of Active Directory counts 100 ns from 1601-01-01.
const (
	adDay   = 24 * 60 * 60 * 10_000_000
	adEpoch = 134_774 // days from 1601-01-01 to 1970-01-01
)

// shadowAttributes is what to ask a server for in the shadow map.
func (m *mapping) shadowAttributes() []string {
	return m.attributes(append([]string{"uid", "userPassword"}, shadowAttributes...)...)
}

// shadow reads the shadow attributes of an entry. An entry that has none of
// them gets a Shadow without a name.
func (m *mapping) shadow(e entry, name string) account.Shadow {
	found := false
	number := func(schema string) int32 {
		value := m.value(e, schema)
		found = found || value != ""
		return m.days(schema, value)
	}
	s := account.Shadow{
		LastChange: number("shadowLastChange"), Min: number("shadowMin"), Max: number("shadowMax"), Warn: number("shadowWarning"),
		Inactive: number("shadowInactive"), Expire: number("shadowExpire"), Flag: max(0, number("shadowFlag")),
	}
	if found {
		s.Name = name
	}
	if m.hasADTimes() && s.Flag&adNeverExpires != 0 {
		s.Max, s.Flag = account.NotSet, 0
	}
	return s
}

// hasADTimes reports whether the day of the last change is Active Directory's.
func (m *mapping) hasADTimes() bool {
	return strings.EqualFold(m.attribute("shadowLastChange"), adLastChange)
}

// days reads the value of a shadow attribute.
func (m *mapping) days(schema, value string) int32 {
	actual := m.attribute(schema)
	switch {
	case schema == "shadowLastChange" && strings.EqualFold(actual, adLastChange):
		if value == "0" { // change at the next login, to both
			return 0
		}
		return adDays(value, account.NotSet)
	case schema == "shadowExpire" && strings.EqualFold(actual, adExpire):
		if value == "0" { // never, as 2^63-1
			return account.NotSet
		}
		return adDays(value, 0)
	}
	return shadowNumber(value)
}

// adDays turns a time of Active Directory into days since 1970. early is for one
// before that; one after the end of what shadow(5) can count is account.NotSet.
func adDays(value string, early int32) int32 {
	ticks, err := strconv.ParseInt(value, 10, 64)
	if err != nil || ticks == math.MaxInt64 {
		return account.NotSet
	}
	days := ticks/adDay - adEpoch
	switch {
	case days < 0:
		return early
	case days > math.MaxInt32:
		return account.NotSet
	}
	return int32(days)
}

// shadowNumber parses a number of days, or returns account.NotSet.
func shadowNumber(value string) int32 {
	number, err := strconv.ParseInt(value, 10, 32)
	if err != nil || number < 0 {
		return account.NotSet
	}
	return int32(number)
}
