package login

import (
	"context"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/trace"
)

// A login that nobody wants explained pays nothing for the notes.
func TestNotesCostNothing(t *testing.T) {
	l := &Login{Now: time.Now}
	acct := account.Account{Shadow: account.Shadow{Name: "alice", Max: 90}, State: account.State{Seen: true, LockedBy: "nsAccountLock"}}
	refused := judgeRule("login_filter", false, nil)
	values := []string{"sshd", "!cron"}
	notes := func(ctx context.Context) {
		noteRule(ctx, "login_check_service", values, refused)
		noteRule(ctx, "login_group_dn", []string{acct.DN + "x"}, refused)
		noteUID(ctx, 5000, 1000, 0)
		l.notePolicy(ctx, acct)
		noteBindVerdict(ctx, refused)
		notePasswordAge(ctx, Decision{Authorization: account.MustChange, Rule: "shadowMax"})
		noteTemplate(ctx, acct, refused)
	}
	if n := testing.AllocsPerRun(100, func() { notes(context.Background()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	tr := trace.New()
	notes(trace.With(context.Background(), tr))
	if steps, _ := tr.Steps(); len(steps) != 8 {
		t.Errorf("%d steps: %v", len(steps), steps)
	}
}
