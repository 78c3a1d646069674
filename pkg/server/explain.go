package server

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/trace"
)

// serveExplain decides about a login as serveAuthenticate and serveAuthorize do,
// and says how: every step, and the verdict behind them.
func serveExplain(ctx context.Context, x *exchange) error {
	record := trace.New()
	decision := x.explained(trace.With(ctx, record))
	x.audit(decision, slog.String("authorization", decision.Authorization.String()))
	steps, cut := record.Steps()
	if cut > 0 {
		number := trace.Fact{Name: "number", Value: strconv.Itoa(cut)}
		steps = append(steps, trace.Step{At: steps[len(steps)-1].At, Text: "steps left out", Facts: []trace.Fact{number}})
	}
	for _, step := range append(steps, x.verdictStep(decision, steps)) {
		if err := x.response.Step(onWire(step)); err != nil {
			return err
		}
	}
	return x.end()
}

// explained makes the decision, with what the directory says now.
func (x *exchange) explained(ctx context.Context) login.Decision {
	if x.backend.Forget != nil {
		x.backend.Forget(x.request.PAM.User)
	}
	if x.request.Prove {
		return x.slowed(ctx, func() login.Decision { return x.backend.Login.Authenticate(ctx, x.loginRequest()) })
	}
	return x.backend.Login.Authorize(ctx, x.loginRequest())
}

// verdictStep is the decision as the last step.
func (x *exchange) verdictStep(d login.Decision, steps []trace.Step) trace.Step {
	step := trace.Step{Text: nslcd.VerdictStep}
	if len(steps) > 0 {
		step.At = steps[len(steps)-1].At
	}
	add := func(name, value string) {
		step.Facts = append(step.Facts, trace.Fact{Name: name, Value: value})
	}
	add("outcome", d.Outcome.String())
	add("authorization", d.Authorization.String())
	add("code", code(d.Outcome).String())
	add("authorization code", authorizationCode(d).String())
	add("rule", d.Rule)
	add("message", d.Message)
	if d.User != "" && d.User != x.request.PAM.User {
		add("user", d.User)
	}
	if d.Account != "" {
		add("becomes", d.Account)
	}
	if len(d.Roles) > 0 {
		add("roles", strings.Join(d.Roles, ","))
	}
	return step
}

func onWire(step trace.Step) nslcd.Step {
	sent := nslcd.Step{At: step.At, Text: step.Text}
	for _, fact := range step.Facts {
		sent.Facts = append(sent.Facts, nslcd.Fact(fact))
	}
	return sent
}
