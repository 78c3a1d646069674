package login

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/trace"
)

// noteRule tells the trace what an access rule says. values are what it looked
// at; a rule that has nothing to look at is not configured, and not noted.
func noteRule(ctx context.Context, rule string, values []string, v verdict) {
	t := trace.From(ctx)
	if t == nil || len(values) == 1 && values[0] == "" {
		return
	}
	looked := "no value"
	if len(values) > 0 {
		looked = strings.Join(values, ", ")
	}
	facts := []any{"rule", rule, "looked at", looked, "outcome", v.outcome}
	if v.rule != "" {
		facts = append(facts, "because", v.rule)
	}
	t.Note("access rule", facts...)
}

// noteUID tells the trace that the uid is inside its window, if there is one.
func noteUID(ctx context.Context, uid, least, most uint32) {
	if t := trace.From(ctx); t != nil && (least != 0 || most != 0) {
		t.Note("access rule", "rule", "login_min_uid, login_max_uid", "looked at", idText(uid), "outcome", account.Success)
	}
}

func idText(uid uint32) string { return strconv.FormatUint(uint64(uid), 10) }

// notePolicy tells the trace what the entry says about its account and the age
// of its password.
func (l *Login) notePolicy(ctx context.Context, acct account.Account) {
	t := trace.From(ctx)
	if t == nil {
		return
	}
	if s := acct.Shadow; s.Name != "" {
		t.Note("shadow attributes", "shadowLastChange", days(s.LastChange), "shadowMin", days(s.Min), "shadowMax", days(s.Max),
			"shadowWarning", days(s.Warn), "shadowInactive", days(s.Inactive), "shadowExpire", days(s.Expire), "today", l.today())
	}
	s := acct.State
	if !s.Seen {
		t.Note("account attributes", "seen", "none that would lock the account")
		return
	}
	t.Note("account attributes", "locked by", cmp.Or(s.LockedBy, "none"),
		"begins", when(s.Begins, s.BeginsBy, "long ago"), "expires", when(s.Expires, s.ExpiresBy, "never"))
}

// when is a time and the attribute that has it.
func when(at time.Time, by, without string) string {
	if at.IsZero() {
		return without
	}
	return at.UTC().Format(time.RFC3339) + " (" + by + ")"
}

func days(n int32) string {
	if n == account.NotSet {
		return "not set"
	}
	return strconv.FormatInt(int64(n), 10)
}

// noteBindVerdict tells the trace what the answer to a bind means.
func noteBindVerdict(ctx context.Context, v verdict) {
	if t := trace.From(ctx); t != nil {
		t.Note("the answer means", "outcome", v.outcome, "rule", v.rule)
	}
}

// notePasswordAge tells the trace what the age of a proven password means.
func notePasswordAge(ctx context.Context, d Decision) {
	if t := trace.From(ctx); t != nil {
		t.Note("age of the password", "authorization", d.Authorization, "rule", d.Rule)
	}
}

// noteTemplate tells the trace whom the user is to become.
func noteTemplate(ctx context.Context, acct account.Account, v verdict) {
	if t := trace.From(ctx); t != nil && (acct.Template != "" || v.outcome != account.Success) {
		t.Note("template user", "becomes", acct.Template, "outcome", v.outcome, "because", v.rule)
	}
}
