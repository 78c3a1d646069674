package names

import (
	"context"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/trace"
)

// noteLogin tells the trace whose account it is, or why there is none for this
// machine.
func (n *Names) noteLogin(ctx context.Context, name string, acct account.Account, index int, err error) {
	t := trace.From(ctx)
	switch {
	case t == nil:
	case err != nil:
		t.Note("no account", "user", name, "because", err)
	default:
		t.Note("account", "user", acct.Name, "dn", acct.DN, "uid", idText(acct.UID), "directory", n.directoryName(index))
	}
}
