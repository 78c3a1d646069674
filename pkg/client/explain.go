package client

import (
	"context"
	"fmt"
	"net"

	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
)

// Over returns a Client for one call, over a connection that exists.
func Over(conn net.Conn) *Client { return &Client{conn: conn} }

// Explanation asks how a login is decided.
type Explanation struct {
	nslcd.PAM
	// Prove has the password proven. Without it, it is not looked at.
	Prove    bool
	Password secret.Secret
}

// Explain asks how the daemon decides about a login. The last step is the
// verdict. Only root may ask; for anybody else it is ErrUnavailable. The
// password remains the caller's to wipe.
func (c *Client) Explain(ctx context.Context, e Explanation) ([]nslcd.Step, error) {
	request := nslcd.Request{Action: nslcd.ActionExplain, PAM: e.PAM, Prove: e.Prove, Password: e.Password}
	steps, err := all(ctx, c, request, (*nslcd.AnswerReader).Step)
	if err == nil && (len(steps) == 0 || steps[len(steps)-1].Text != nslcd.VerdictStep) {
		return nil, fmt.Errorf("%v: %w: no verdict", request.Action, ErrUnavailable)
	}
	return steps, err
}
