package server

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
)

// audit writes the one line about a PAM request or a modification, with what
// more there is to say. What came from the caller or the directory is a
// structured value, which the handler quotes.
func (x *exchange) audit(decision login.Decision, more ...slog.Attr) {
	pam := x.request.PAM
	attrs := []slog.Attr{
		slog.String("op", x.request.Action.String()),
		slog.String("user", pam.User),
		slog.String("service", pam.Service),
		slog.String("rhost", pam.RHost),
		slog.String("ruser", pam.RUser),
		slog.String("tty", pam.TTY),
		slog.String("outcome", decision.Outcome.String()),
	}
	if action := x.request.Action; action == nslcd.ActionAuthenticate || action == nslcd.ActionLogin {
		attrs = append(attrs, slog.String("authorization", decision.Authorization.String()))
	}
	if len(decision.Roles) > 0 {
		attrs = append(attrs, slog.String("roles", strings.Join(decision.Roles, ",")))
	}
	if decision.Account != "" {
		attrs = append(attrs, slog.String("becomes", decision.Account))
	}
	if x.waited > 0 {
		attrs = append(attrs, slog.Duration("waited", x.waited))
	}
	attrs = append(attrs, more...)
	took := time.Since(x.began)
	attrs = append(attrs, slog.String("rule", decision.Rule), slog.Duration("duration", took))
	x.logger().LogAttrs(context.Background(), slog.LevelInfo, "login", attrs...)
	x.observe(decision, took)
}

// logLookup writes a line about a lookup, for debugging.
func (x *exchange) logLookup(err error) {
	ctx := context.Background()
	if !x.server.options.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", x.request.Action.String()),
		slog.String("name", x.request.Name),
		slog.Uint64("id", uint64(x.request.ID)),
		slog.Duration("duration", time.Since(x.began)),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	x.logger().LogAttrs(ctx, slog.LevelDebug, "lookup", attrs...)
}
