package directory

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// refusal remembers that a server does not let the pseudouser in. Every
// further bind counts as a failed login there and may lead to a lock
// (pwdMaxFailure of draft-behera-ldap-password-policy), so the next one waits.
type refusal struct {
	count   int // in a row; 0 means that the pseudouser may bind
	since   time.Time
	retryAt time.Time
	err     error // the last one
}

// holds reports whether no bind is to be sent now.
func (r *refusal) holds(now time.Time) bool {
	return r.count > 0 && now.Before(r.retryAt)
}

// begin notes one more refusal and logs the first.
func (r *refusal) begin(log *slog.Logger, retry retryTimes, reply Reply, err error) {
	now := time.Now()
	r.count++
	delay := retry.after(r.count)
	r.retryAt, r.err = now.Add(delay), err
	if r.count == 1 {
		r.since = now
		log.Warn("the pseudouser may not bind", "result_code", reply.Code, "diagnostic", reply.Diagnostic, "retry_in", delay)
	}
}

// end notes that the pseudouser was let in.
func (r *refusal) end(log *slog.Logger) {
	if r.count > 0 {
		log.Info("the pseudouser may bind again", "refused_for", time.Since(r.since))
	}
	*r = refusal{}
}

// forgive lets the next search bind again at once.
func (p *servicePool) forgive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal.retryAt = time.Time{}
}

// judge turns the answer to the pseudouser's bind into an error and remembers
// it. Busy servers say nothing about the pseudouser.
func (p *servicePool) judge(reply Reply) error {
	who := p.server.identity
	log := p.server.log.With("dn", who.String())
	p.mu.Lock()
	defer p.mu.Unlock()
	if reply.Code == ResultSuccess {
		p.refusal.end(log)
		return nil
	}
	err := refusedBind(who.String(), reply)
	if errors.Is(err, errPseudouser) {
		p.refusal.begin(log, p.server.retry, reply, err)
	}
	return err
}

// refusedBind is the error for a bind that does not lead on: errBusy if the
// server cannot serve now, else errPseudouser.
func refusedBind(dn string, reply Reply) error {
	kind := errPseudouser
	if reply.Code == ldap.LDAPResultBusy || reply.Code == ldap.LDAPResultUnavailable {
		kind = errBusy
	}
	return fmt.Errorf("%w: bind as %q: result code %d %q", kind, dn, reply.Code, reply.Diagnostic)
}
