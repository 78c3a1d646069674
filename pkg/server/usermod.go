package server

import (
	"context"
	"log/slog"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
)

// serveUserMod has values of a user's entry changed. The answer says why a
// field was not; no field means that all went well.
func serveUserMod(ctx context.Context, x *exchange) error {
	request := modifyRequest(x.request)
	request.CallerIsRoot = x.caller.IsRoot()
	var m login.Modification
	decision := x.decide(ctx, func() login.Decision {
		m = x.backend.Login.ModifyUser(ctx, request)
		return m.Decision
	})
	m.Decision = decision // m is empty if nobody was asked
	x.auditUserMod(m)
	if m.NoAdministrator {
		return nil // as nslcd, which has nobody to ask
	}
	return x.modified(m)
}

func (x *exchange) modified(m login.Modification) error {
	var refused []nslcd.FieldValue
	add := func(field nslcd.UserField, text string) {
		if text != "" {
			refused = append(refused, nslcd.FieldValue{Field: field, Text: text})
		}
	}
	switch m.Outcome {
	case account.UnknownUser:
		return x.end()
	case account.Success:
		add(nslcd.FieldHome, m.Home)
		add(nslcd.FieldShell, m.Shell)
	default:
		add(nslcd.FieldResult, m.Message)
	}
	if err := x.response.Modified(refused); err != nil {
		return err
	}
	return x.end()
}

// modifyRequest takes the fields that are written from the request. The parts
// of gecos, and fields that nobody knows, are accepted and ignored, as nslcd
// does; of a field that is there twice the last one counts.
func modifyRequest(r nslcd.Request) login.ModifyRequest {
	request := login.ModifyRequest{
		Request: login.Request{User: r.PAM.User, Password: r.Password},
		AsRoot:  r.AsRoot,
	}
	for i := range r.Fields {
		switch r.Fields[i].Field {
		case nslcd.FieldHome:
			request.Home = &r.Fields[i].Text
		case nslcd.FieldShell:
			request.Shell = &r.Fields[i].Text
		}
	}
	return request
}

// auditUserMod writes the one line about a modification, with the new values.
func (x *exchange) auditUserMod(m login.Modification) {
	attrs := []slog.Attr{slog.Bool("asroot", x.request.AsRoot)}
	request := modifyRequest(x.request)
	for _, one := range []struct {
		name    string
		value   *string
		refusal string
	}{{"home", request.Home, m.Home}, {"shell", request.Shell, m.Shell}} {
		if one.value == nil {
			continue
		}
		attrs = append(attrs, slog.String(one.name, *one.value))
		if one.refusal != "" {
			attrs = append(attrs, slog.String(one.name+"_refused", one.refusal))
		}
	}
	x.audit(m.Decision, attrs...)
}
