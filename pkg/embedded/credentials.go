package embedded

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// role is what a bound identity may do.
type role int

const (
	roleAnonymous role = iota
	// roleUser reads the own entry and changes the own password.
	roleUser
	// roleReader reads every entry: the pseudouser.
	roleReader
	// roleAdmin reads every entry and changes every password.
	roleAdmin
)

// credentials are what an entry binds with. They change while connections are
// served, so everything goes through the lock.
type credentials struct {
	role role

	mu       sync.Mutex
	password secret.Secret
	policy   Policy
}

func newCredentials(r role, password secret.Secret, policy Policy) *credentials {
	own := secret.New(append([]byte(nil), password.Bytes()...))
	return &credentials{role: r, password: own, policy: policy}
}

func (c *credentials) matches(password []byte) bool {
	return subtle.ConstantTimeCompare(c.password.Bytes(), password) == 1
}

// bind checks a password as OpenLDAP's ppolicy does: a lock shows whatever
// the password, expiry only with the right one.
func (c *credentials) bind(password []byte) (result, notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	refused := result{code: codeInvalidCredentials}
	switch {
	case c.policy.Locked:
		return refused, failureNotice(AccountLocked)
	case !c.matches(password):
		return refused, noNotice
	case c.policy.Expired && c.policy.GraceLogins <= 0:
		return refused, failureNotice(PasswordExpired)
	}
	return result{}, c.welcome()
}

// welcome is what a successful bind says.
func (c *credentials) welcome() notice {
	n := noNotice
	switch {
	case c.policy.Expired:
		c.policy.GraceLogins--
		n.grace = int64(c.policy.GraceLogins)
	case c.policy.ExpiresIn > 0:
		n.expiresIn = int64(c.policy.ExpiresIn / time.Second)
	}
	if c.policy.MustChange {
		n.failure = ChangeAfterReset
	}
	return n
}

// mustChange reports whether nothing but a new password is accepted.
func (c *credentials) mustChange() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.policy.MustChange
}

// passwordChange is a password modify request (RFC 3062, section 2).
type passwordChange struct {
	target   string
	old, new []byte
	// hasOld tells an empty old password from none.
	hasOld bool
	// byAdmin: the rules for users do not apply.
	byAdmin bool
}

// change replaces the password, or says why not, with the codes that OpenLDAP
// and its ppolicy overlay give.
func (c *credentials) change(p passwordChange, rules passwordRules) (result, notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.hasOld && !c.matches(p.old) {
		return result{codeUnwillingToPerform, "unwilling to verify old password"}, noNotice
	}
	if !p.byAdmin {
		if r, n := c.refusal(p, rules); r.code != codeSuccess {
			return r, n
		}
	}
	c.password.Wipe()
	c.password = secret.New(append([]byte(nil), p.new...))
	c.policy = Policy{RefuseChange: c.policy.RefuseChange}
	return result{}, noNotice
}

// passwordRules are the quality rules for passwords that users choose.
type passwordRules struct {
	minLength  int
	requireOld bool
}

// refusal applies the policy to a change by the user.
func (c *credentials) refusal(p passwordChange, rules passwordRules) (result, notice) {
	switch {
	case c.policy.RefuseChange != 0:
		return refusedChange(c.policy.RefuseChange)
	case rules.requireOld && !p.hasOld:
		return refusedChange(MustSupplyOldPassword)
	case len(p.new) < rules.minLength:
		return refusedChange(PasswordTooShort)
	case c.matches(p.new):
		return refusedChange(PasswordInHistory)
	}
	return result{}, noNotice
}

// refusedChange returns the result that goes with a policy error.
func refusedChange(e PolicyError) (result, notice) {
	r := result{codeConstraintViolation, "Password fails quality checking policy"}
	switch e {
	case PasswordModNotAllowed:
		r = result{codeInsufficientAccessRights, "User alteration of password is not allowed"}
	case MustSupplyOldPassword:
		r = result{codeInsufficientAccessRights, "Must supply old password to be changed as well as new one"}
	case PasswordTooYoung:
		r.text = "Password is too young to change"
	case PasswordInHistory:
		r.text = "Password is not being changed from existing value"
	}
	return r, failureNotice(e)
}
