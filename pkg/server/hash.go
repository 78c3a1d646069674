package server

import (
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
)

const (
	// noPassword stands where an entry has a password that is not for the
	// caller. No password matches it (crypt(5)).
	noPassword = "*"
	// inShadow says that the password is in the shadow map (passwd(5)).
	inShadow = "x"
)

// hash returns what the caller may see of a password hash: root sees it. An
// empty one would be an account without a password to pam_unix, and one that a
// line of shadow(5) cannot hold is none.
func (x *exchange) hash(hash string) string {
	unfit := func(c rune) bool { return c <= ' ' || c == 0x7f || c == ':' }
	if !x.caller.IsRoot() || hash == "" || strings.ContainsFunc(hash, unfit) {
		return noPassword
	}
	return hash
}

func writePasswd(x *exchange, a account.Account) error {
	if a.Shadowed && x.server.nsswitch.hasShadow() {
		return x.response.Passwd(a, inShadow)
	}
	return x.response.Passwd(a, x.hash(a.Password))
}

func writeGroup(x *exchange, g account.Group) error {
	return x.response.Group(g, x.hash(g.Password))
}

func writeShadow(x *exchange, s account.Shadow) error {
	return x.response.Shadow(s, x.hash(s.Password))
}

// writeMemberships writes groups without their members.
func writeMemberships(x *exchange, groups []account.Group) error {
	for _, group := range groups {
		group.Members = nil
		if err := writeGroup(x, group); err != nil {
			return err
		}
	}
	return nil
}

// writeAll is the write function of an answer with several entries.
func writeAll[T any](write func(*nslcd.Response, T) error) func(*exchange, []T) error {
	return func(x *exchange, values []T) error {
		for _, value := range values {
			if err := write(x.response, value); err != nil {
				return err
			}
		}
		return nil
	}
}

// writeEntry is the write function of a map without passwords.
func writeEntry[T any](write func(*nslcd.Response, T) error) func(*exchange, T) error {
	return func(x *exchange, value T) error { return write(x.response, value) }
}
