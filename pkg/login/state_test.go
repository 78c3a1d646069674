package login

import (
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
)

func TestJudgeState(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		state account.State
		want  account.Outcome
		rule  string
	}{
		"nothing":          {account.State{}, account.Success, ""},
		"seen":             {account.State{Seen: true}, account.Success, ""},
		"locked":           {account.State{LockedBy: "nsAccountLock"}, account.AccountLocked, "nsAccountLock"},
		"over":             {account.State{Expires: now.Add(-time.Second), ExpiresBy: "accountExpires"}, account.AccountExpired, "accountExpires"},
		"over now":         {account.State{Expires: now, ExpiresBy: "accountExpires"}, account.AccountExpired, "accountExpires"},
		"over in a second": {account.State{Expires: now.Add(time.Second), ExpiresBy: "accountExpires"}, account.Success, ""},
		"not yet":          {account.State{Begins: now.Add(time.Second), BeginsBy: "pwdStartTime"}, account.PermissionDenied, "pwdStartTime"},
		"begins now":       {account.State{Begins: now, BeginsBy: "pwdStartTime"}, account.Success, ""},
		"both":             {account.State{LockedBy: "x", Expires: now, ExpiresBy: "y"}, account.AccountLocked, "x"},
	} {
		if v := judgeState(c.state, now); v.outcome != c.want || v.rule != c.rule {
			t.Errorf("%s: %v by %q, want %v by %q", name, v.outcome, v.rule, c.want, c.rule)
		}
	}
}
