package server

import (
	"time"

	"github.com/goldap/goldap/pkg/login"
)

// Observer hears of every PAM request when its audit line is written. Its method
// is called while the caller waits, by many goroutines at a time.
type Observer interface {
	Login(Observation)
}

// Observation is one PAM request that was decided. All of its texts but Outcome
// and Operation may come from whoever called.
type Observation struct {
	// Operation is the op of the audit line, such as login or authorize.
	Operation string
	// Service is the PAM service.
	Service string
	// Outcome is one of the names in account.Outcome, Rule what decided.
	Outcome, Rule string
	// FromRoot: a process of root's asked, so that the service is really one.
	FromRoot bool
	// Took is how long the decision took, Waited not counted: that is how long
	// the login had to wait for its turn (login.throttle).
	Took, Waited time.Duration
}

// observe tells the observer, if there is one.
func (x *exchange) observe(decision login.Decision, took time.Duration) {
	observer := x.server.options.Observer
	if observer == nil {
		return
	}
	observer.Login(Observation{
		Operation: x.request.Action.String(), Service: x.request.PAM.Service,
		Outcome: decision.Outcome.String(), Rule: decision.Rule, FromRoot: x.caller.IsRoot(),
		Took: max(took-x.waited, 0), Waited: x.waited,
	})
}
