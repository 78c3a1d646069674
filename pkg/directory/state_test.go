package directory

import (
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/account"
)

func TestState(t *testing.T) {
	for name, c := range map[string]struct {
		attribute, value string
		want             account.State
	}{
		"nothing":                        {"cn", "x", account.State{}},
		"locked by an administrator":     {"pwdAccountLockedTime", "000001010000Z", account.State{LockedBy: "pwdAccountLockedTime", Seen: true}},
		"locked after failures":          {"pwdAccountLockedTime", "20260102030405Z", account.State{Seen: true}},
		"password known to the policy":   {"pwdChangedTime", "20260102030405Z", account.State{Seen: true}},
		"locked at some time":            {"pwdAccountLockedTime", "yesterday", account.State{LockedBy: "pwdAccountLockedTime: cannot be understood", Seen: true}},
		"nsAccountLock, yes":             {"nsAccountLock", "yes", account.State{LockedBy: "nsAccountLock: cannot be understood", Seen: true}},
		"begins":                         {"pwdStartTime", "20260102030405Z", account.State{Begins: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), BeginsBy: "pwdStartTime", Seen: true}},
		"ends":                           {"pwdEndTime", "202601020304+0130", account.State{Expires: time.Date(2026, 1, 2, 1, 34, 0, 0, time.UTC), ExpiresBy: "pwdEndTime", Seen: true}},
		"begins at some time":            {"pwdStartTime", "soon", account.State{LockedBy: "pwdStartTime: cannot be understood", Seen: true}},
		"nsAccountLock":                  {"nsAccountLock", "true", account.State{LockedBy: "nsAccountLock", Seen: true}},
		"nsAccountLock, upper case":      {"nsaccountlock", "TRUE", account.State{LockedBy: "nsAccountLock", Seen: true}},
		"nsAccountLock, not":             {"nsAccountLock", "false", account.State{Seen: true}},
		"a user of Active Directory":     {"userAccountControl", "512", account.State{Seen: true}},
		"disabled":                       {"userAccountControl", "514", account.State{LockedBy: "userAccountControl: disabled", Seen: true}},
		"control that is no number":      {"userAccountControl", "x", account.State{LockedBy: "userAccountControl: cannot be understood", Seen: true}},
		"never expires":                  {"accountExpires", "9223372036854775807", account.State{Seen: true}},
		"never expires, in another way":  {"accountExpires", "0", account.State{Seen: true}},
		"expires":                        {"accountExpires", "134401449664930000", account.State{Expires: time.Unix(1795671366, 0), ExpiresBy: "accountExpires", Seen: true}},
		"expires, but that is no number": {"accountExpires", "-1", account.State{LockedBy: "accountExpires: cannot be understood", Seen: true}},
	} {
		e := entry{Entry: &ldap.Entry{DN: "cn=x", Attributes: []*ldap.EntryAttribute{ldap.NewEntryAttribute(c.attribute, []string{c.value})}}}
		if got := e.state(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
