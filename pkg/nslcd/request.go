package nslcd

import (
	"net/netip"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/secret"
)

// Request is one question. Action says which of the other fields mean
// something.
type Request struct {
	Action Action
	// Name is the key of a lookup by name or by member.
	Name string
	// ID is the key of a lookup by uid or gid.
	ID uint32
	// Number is the key of a lookup by the number of a protocol or RPC program
	// or by port, Address of a host or network, Ether of an Ethernet address.
	Number  int32
	Address netip.Addr
	Ether   account.EtherAddr
	// Protocol narrows a lookup of a service; empty means any.
	Protocol string
	// Option is what ActionConfigGet asks for.
	Option int32
	// Budget is in ActionLogin and ActionAdmit: how long the caller can wait for
	// the answer.
	Budget time.Duration
	// PAM is in all PAM actions, goldap's own too; ActionUserMod has its User.
	PAM PAM
	// Prove is in ActionExplain: the password is to be proven.
	Prove bool
	// SessionID is in ActionSessionClose.
	SessionID string
	// Password is the password in ActionAuthenticate, ActionLogin,
	// ActionExplain and ActionUserMod, and the old one in ActionChangePassword. It is the
	// administrator's if AsRoot is set.
	Password secret.Secret
	// AsRoot is in ActionChangePassword, ActionUserMod and ActionLogin,
	// NewPassword in the first.
	NewPassword secret.Secret
	AsRoot      bool
	// Fields are what ActionUserMod is to change.
	Fields []FieldValue
}

// PAM is what every PAM action begins with: the items of the PAM handle
// (pam_get_item(3)). All may be empty; an empty User in ActionAuthenticate
// asks for the administrator.
type PAM struct {
	User, Service, RUser, RHost, TTY string
}

// OptionProhibitMessage is the Option of ActionConfigGet that asks for the
// text with which password changes are refused, empty if they are not.
const OptionProhibitMessage = 1

// Wipe overwrites the passwords.
func (r Request) Wipe() {
	r.Password.Wipe()
	r.NewPassword.Wipe()
}
