package login

import (
	"context"
	"strings"
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

// What the entry says about its account is in the trace.
func TestNotePolicy(t *testing.T) {
	begins := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, state := range map[string]account.State{
		"none that would lock the account":                {},
		"nsAccountLock|long ago|never":                    {Seen: true, LockedBy: "nsAccountLock"},
		"none|2026-01-02T03:04:05Z (pwdStartTime)|never":  {Seen: true, Begins: begins, BeginsBy: "pwdStartTime"},
		"none|long ago|2026-01-02T03:04:05Z (pwdEndTime)": {Seen: true, Expires: begins, ExpiresBy: "pwdEndTime"},
	} {
		record := trace.New()
		(&Login{Now: time.Now}).notePolicy(trace.With(t.Context(), record), account.Account{State: state})
		steps, _ := record.Steps()
		var values []string
		for _, fact := range steps[0].Facts {
			values = append(values, fact.Value)
		}
		if got := strings.Join(values, "|"); len(steps) != 1 || got != want {
			t.Errorf("%d steps, %q, want %q", len(steps), got, want)
		}
	}
}
