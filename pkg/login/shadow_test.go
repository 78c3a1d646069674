package login

import (
	"testing"

	"github.com/goldap/goldap/pkg/account"
)

const today = 20000

func shadow(change func(*account.Shadow)) account.Shadow {
	s := account.Shadow{
		Name: "alice", LastChange: today - 10, Min: account.NotSet, Max: account.NotSet,
		Warn: account.NotSet, Inactive: account.NotSet, Expire: account.NotSet,
	}
	change(&s)
	return s
}

func TestJudgePassword(t *testing.T) {
	tests := map[string]struct {
		change  func(*account.Shadow)
		outcome account.Outcome
		rule    string
		message string
	}{
		"nothing set":             {func(s *account.Shadow) {}, account.Success, "", ""},
		"no shadow attributes":    {func(s *account.Shadow) { *s = account.Shadow{} }, account.Success, "", ""},
		"never changed":           {func(s *account.Shadow) { s.LastChange = account.NotSet; s.Max = 1 }, account.Success, "", ""},
		"reset by administrator":  {func(s *account.Shadow) { s.LastChange = 0 }, account.MustChange, "shadowLastChange", textMustChange},
		"changed in the future":   {func(s *account.Shadow) { s.LastChange = today + 3; s.Max = 1 }, account.Success, "", ""},
		"max 0 is no rule":        {func(s *account.Shadow) { s.Max = 0 }, account.Success, "", ""},
		"young enough":            {func(s *account.Shadow) { s.Max = 30; s.Warn = 7 }, account.Success, "", ""},
		"inside the warning":      {func(s *account.Shadow) { s.Max = 15; s.Warn = 7 }, account.Success, "", "Your password will expire in 5 days."},
		"expires today":           {func(s *account.Shadow) { s.Max = 10 }, account.MustChange, "shadowMax", textMustChange},
		"expired":                 {func(s *account.Shadow) { s.Max = 5 }, account.MustChange, "shadowMax", textMustChange},
		"expired, may change it":  {func(s *account.Shadow) { s.Max = 5; s.Inactive = 5 }, account.MustChange, "shadowMax", textMustChange},
		"expired, past inactive":  {func(s *account.Shadow) { s.Max = 5; s.Inactive = 4 }, account.PasswordExpired, "shadowInactive", textPasswordExpired},
		"inactive 0 is no rule":   {func(s *account.Shadow) { s.Max = 5; s.Inactive = 0 }, account.MustChange, "shadowMax", textMustChange},
		"largest numbers":         {func(s *account.Shadow) { s.Max = 1<<31 - 1; s.Inactive = 1<<31 - 1 }, account.Success, "", ""},
		"sum does not wrap round": {func(s *account.Shadow) { s.LastChange = 19990; s.Max = 1<<31 - 1; s.Warn = 7 }, account.Success, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := judgePassword(shadow(tt.change), today)
			if v.outcome != tt.outcome || v.rule != tt.rule || v.message != tt.message {
				t.Errorf("got %s, %q, %q", v.outcome, v.rule, v.message)
			}
		})
	}
}

func TestExpired(t *testing.T) {
	for expire, want := range map[int32]bool{account.NotSet: false, 0: true, 1: true, today - 1: true, today: true, today + 1: false} {
		if got := expired(shadow(func(s *account.Shadow) { s.Expire = expire }), today); got != want {
			t.Errorf("expired with shadowExpire %d: %v", expire, got)
		}
	}
	if expired(account.Shadow{Expire: 1}, today) {
		t.Error("an entry without shadow attributes expires")
	}
}

func TestJudgeEarliestChange(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*account.Shadow)
		outcome account.Outcome
		message string
	}{
		"nothing set":          {func(*account.Shadow) {}, account.Success, ""},
		"no shadow attributes": {func(s *account.Shadow) { *s = account.Shadow{Min: 100, Expire: 1} }, account.Success, ""},
		"old enough":           {func(s *account.Shadow) { s.Min = 10 }, account.Success, ""},
		"tomorrow":             {func(s *account.Shadow) { s.Min = 11 }, account.ChangeRefused, "Your password cannot be changed for another 1 day."},
		"in a while":           {func(s *account.Shadow) { s.Min = 30 }, account.ChangeRefused, "Your password cannot be changed for another 20 days."},
		"day not known":        {func(s *account.Shadow) { s.Min = 30; s.LastChange = account.NotSet }, account.Success, ""},
		"must change":          {func(s *account.Shadow) { s.Min = 30; s.LastChange = 0 }, account.Success, ""},
		"min 0 is no rule":     {func(s *account.Shadow) { s.Min = 0; s.LastChange = today + 5 }, account.Success, ""},
		"account expired":      {func(s *account.Shadow) { s.Min = 30; s.Expire = today }, account.AccountExpired, textAccountExpired},
		"largest numbers":      {func(s *account.Shadow) { s.Min = 1<<31 - 1; s.LastChange = 1<<31 - 1 }, account.ChangeRefused, "Your password cannot be changed for another 4294947294 days."},
	} {
		t.Run(name, func(t *testing.T) {
			if v := judgeEarliestChange(shadow(tt.change), today); v.outcome != tt.outcome || v.message != tt.message {
				t.Errorf("got %+v", v)
			}
		})
	}
}
