package server_test

import (
	"context"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
)

// becoming lets everybody in as another user.
type becoming struct{ *fake }

func (becoming) Authenticate(context.Context, login.Request) login.Decision {
	return login.Decision{Outcome: account.Success, Authorization: account.Success, User: "visitor", Account: "kiosk", Rule: "bind"}
}

func (b becoming) Authorize(ctx context.Context, r login.Request) login.Decision {
	return b.Authenticate(ctx, r)
}

// nslcd's protocol has no word for users who become others, so they may not in.
func TestNoTemplateForOldModules(t *testing.T) {
	w := start(t, func(b *server.Backend, _ *server.Options) { b.Login = becoming{newFake()} })
	c := client.New(w.path)
	a, err := c.Authenticate(t.Context(), nslcd.PAM{User: "visitor", Service: "sshd"}, secret.FromString("x"))
	if err != nil || a.Code != nslcd.CodeSuccess || a.Authorization != nslcd.CodePermDenied {
		t.Errorf("authenticate: %+v, %v", a, err)
	}
	v, err := c.Authorize(t.Context(), nslcd.PAM{User: "visitor", Service: "sshd"})
	if err != nil || v.Code != nslcd.CodePermDenied || v.Message == "" {
		t.Errorf("authorize: %+v, %v", v, err)
	}
	if err := w.stop(); err != nil || strings.Count(w.log.String(), "template_login: the caller's module") != 2 {
		t.Errorf("%v, log %s", err, w.log.String())
	}
}
