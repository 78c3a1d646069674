package embedded

import (
	"strconv"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// OIDs of the password policy controls.
const (
	// oidBehera is draft-behera-ldap-password-policy-10, section 6.
	oidBehera = "1.3.6.1.4.1.42.2.27.8.5.1"
	// oidNetscapeExpired and oidNetscapeExpiring are
	// draft-vchu-ldap-pwd-policy-00, sections 4 and 5.
	oidNetscapeExpired  = "2.16.840.1.113730.3.4.4"
	oidNetscapeExpiring = "2.16.840.1.113730.3.4.5"
)

// PolicyError is an error of the password policy control
// (draft-behera-ldap-password-policy-10, section 6.2).
type PolicyError int

const (
	PasswordExpired             PolicyError = 0
	AccountLocked               PolicyError = 1
	ChangeAfterReset            PolicyError = 2
	PasswordModNotAllowed       PolicyError = 3
	MustSupplyOldPassword       PolicyError = 4
	InsufficientPasswordQuality PolicyError = 5
	PasswordTooShort            PolicyError = 6
	PasswordTooYoung            PolicyError = 7
	PasswordInHistory           PolicyError = 8
)

// Policy is what the directory says about a user's password. The zero value
// says nothing. A successful change of the password clears all of it but
// RefuseChange.
type Policy struct {
	// Locked: every bind is refused with accountLocked.
	Locked bool
	// Expired: a bind with the right password is refused with passwordExpired
	// unless a grace login is left.
	Expired bool
	// GraceLogins is how many binds an expired password is still good for;
	// each says how many are left after it.
	GraceLogins int
	// MustChange: the bind succeeds with changeAfterReset, and the connection
	// is good for nothing but a change of the password.
	MustChange bool
	// ExpiresIn, if not 0, is announced with each bind, in whole seconds.
	ExpiresIn time.Duration
	// RefuseChange, if not 0, refuses every change by the user with this
	// error. PasswordExpired cannot be used for it and makes no sense there.
	RefuseChange PolicyError
}

// notice is what one response says about the password; -1 means nothing.
type notice struct {
	failure   PolicyError
	expiresIn int64
	grace     int64
}

var noNotice = notice{failure: -1, expiresIn: -1, grace: -1}

func failureNotice(e PolicyError) notice {
	n := noNotice
	n.failure = e
	return n
}

// behera encodes PasswordPolicyResponseValue: a sequence of an optional
// warning [0] with a choice of two, and an optional error [1].
func (n notice) behera() *ber.Packet {
	value := ber.NewSequence("")
	if warning := n.warning(); warning != nil {
		choice := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		choice.AppendChild(warning)
		value.AppendChild(choice)
	}
	if n.failure >= 0 {
		value.AppendChild(ber.NewInteger(ber.ClassContext, ber.TypePrimitive, 1, int64(n.failure), ""))
	}
	return responseControl(oidBehera, string(value.Bytes()))
}

// warning encodes timeBeforeExpiration [0] or graceAuthNsRemaining [1].
func (n notice) warning() *ber.Packet {
	switch {
	case n.expiresIn >= 0:
		return ber.NewInteger(ber.ClassContext, ber.TypePrimitive, 0, n.expiresIn, "")
	case n.grace >= 0:
		return ber.NewInteger(ber.ClassContext, ber.TypePrimitive, 1, n.grace, "")
	}
	return nil
}

// netscape encodes the older controls, which are sent without being asked for.
func (n notice) netscape() []*ber.Packet {
	switch {
	case n.failure == PasswordExpired, n.failure == ChangeAfterReset:
		return []*ber.Packet{responseControl(oidNetscapeExpired, "0")}
	case n.expiresIn >= 0:
		return []*ber.Packet{responseControl(oidNetscapeExpiring, strconv.FormatInt(n.expiresIn, 10))}
	}
	return nil
}

// controls returns those that go with the response to m.
func (n notice) controls(m *message, netscape bool) []*ber.Packet {
	var controls []*ber.Packet
	if m.find(oidBehera) != nil {
		controls = append(controls, n.behera())
	}
	if netscape {
		controls = append(controls, n.netscape()...)
	}
	return controls
}
