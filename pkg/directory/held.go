package directory

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// The policy errors (draft-behera-ldap-password-policy-10, section 6.2) that
// matter here.
const (
	policyPasswordExpired  = 0
	policyChangeAfterReset = 2
	policyMustSupplyOld    = 4
)

const (
	// heldTime is how long a connection waits for the change that was demanded.
	heldTime = 2 * time.Minute
	// maxHeld bounds how many wait. The oldest makes room.
	maxHeld = 32
)

// heldBinds are connections that are bound as a user who must change the
// password, and that wait for the change. Another bind would use up one more of
// the few logins that are left to an expired password (pwdGraceAuthNLimit of
// draft-behera-ldap-password-policy), and after the last one the password could
// not be changed any more.
//
// Nothing happens on such a connection but the change, for whoever knows the DN
// and the password of the bind. The password itself is not kept, only its HMAC
// under a key that this process made up. There is one connection for each DN; it
// ends with the server, after heldTime, or when the administrator sets the
// password.
type heldBinds struct {
	key [sha256.Size]byte

	mu     sync.Mutex
	closed bool
	all    []*heldBind // the oldest first
}

// heldBind is one such connection.
type heldBind struct {
	dn   string // as normalDN has it
	mac  []byte
	conn *conn
	// reply is what the server said to the bind.
	reply Reply
}

func newHeldBinds() (*heldBinds, error) {
	h := &heldBinds{}
	if _, err := rand.Read(h.key[:]); err != nil {
		return nil, fmt.Errorf("random key: %w", err)
	}
	return h, nil
}

// demandsChange reports whether the answer to a bind asks for a new password.
func demandsChange(reply Reply) bool {
	p := reply.Policy
	return reply.Code == ResultSuccess &&
		(p.Error == policyPasswordExpired || p.Error == policyChangeAfterReset || p.GraceLogins >= 0 || p.NetscapeExpired)
}

// hold keeps a connection on which a user was bound and let in to change the
// password; c is nil if none is to be kept.
func (d *Directory) hold(dn string, password secret.Secret, c *conn, reply Reply) {
	if c != nil {
		d.held.keep(&heldBind{dn: normalDN(dn), mac: d.held.mac(dn, password), conn: c, reply: reply})
	}
}

// worthHolding reports whether a change of the password could use the
// connection of a bind. A process that serves one request sees no second one.
func (d *Directory) worthHolding(c *conn, reply Reply) bool {
	return demandsChange(reply) && !d.singleUse && d.takesChanges(c.server)
}

// mac returns what stands for a DN and a password.
func (h *heldBinds) mac(dn string, password secret.Secret) []byte {
	mac := hmac.New(sha256.New, h.key[:])
	mac.Write([]byte(normalDN(dn)))
	mac.Write([]byte{0})
	mac.Write(password.Bytes())
	return mac.Sum(nil)
}

// keep adds a connection, and closes what it takes the place of.
func (h *heldBinds) keep(one *heldBind) {
	h.mu.Lock()
	closed := h.closed
	old := h.remove(func(other *heldBind) bool { return other.dn == one.dn })
	if len(h.all) >= maxHeld {
		old = append(old, h.all[0])
		h.all = h.all[1:]
	}
	if !closed {
		h.all = append(h.all, one)
	}
	h.mu.Unlock()
	for _, other := range old {
		other.conn.close()
	}
	if closed {
		one.conn.close()
		return
	}
	one.conn.wire.setIdle(heldTime)
	one.conn.wire.notify(func() { h.forget(one.conn) })
}

// take returns the connection of a bind with that DN and password, for good, or
// nil. One that failed is none.
func (h *heldBinds) take(dn string, password secret.Secret) *heldBind {
	mac := h.mac(dn, password)
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.remove(func(one *heldBind) bool { return hmac.Equal(one.mac, mac) })
	if len(found) == 0 || found[0].conn.wire.failure() != nil {
		return nil
	}
	return found[0]
}

// drop closes what is held for a DN.
func (h *heldBinds) drop(dn string) {
	h.closeThose(func(one *heldBind) bool { return one.dn == normalDN(dn) })
}

// forget is drop for a connection that failed.
func (h *heldBinds) forget(c *conn) {
	h.closeThose(func(one *heldBind) bool { return one.conn == c })
}

// close closes all and lets no new one in.
func (h *heldBinds) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.closeThose(func(*heldBind) bool { return true })
}

func (h *heldBinds) closeThose(which func(*heldBind) bool) {
	h.mu.Lock()
	found := h.remove(which)
	h.mu.Unlock()
	for _, one := range found {
		one.conn.close()
	}
}

// remove takes connections out and returns them. The caller holds h.mu.
func (h *heldBinds) remove(which func(*heldBind) bool) (removed []*heldBind) {
	var kept []*heldBind
	for _, one := range h.all {
		if which(one) {
			removed = append(removed, one)
		} else {
			kept = append(kept, one)
		}
	}
	h.all = kept
	return removed
}

// changeHeld changes the password on a held connection. If the server did not
// take the new password the connection goes on waiting, for the next try;
// otherwise it is closed.
func (d *Directory) changeHeld(ctx context.Context, one *heldBind, change PasswordChange) (bound, changed Reply, err error) {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	changed = noReply
	r := request{directory: d, doing: changing(change)}
	r.operation = func(ctx context.Context, _ *server) (err error) {
		changed, err = d.changeOn(ctx, one.conn, change)
		return err
	}
	answered, err := r.attempt(ctx, one.conn.server, false)
	if err == nil && answered && changed.Code != ResultSuccess {
		d.held.keep(one)
	} else {
		one.conn.close()
	}
	if !answered {
		err = r.failed()
	}
	if err != nil {
		return noReply, noReply, err
	}
	return one.reply, changed, nil
}
