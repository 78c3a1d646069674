package setup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/directory"
)

// Observation is something about a server that whoever sets goldap up should
// know. Warn: it is not as it should be.
type Observation struct {
	Warn bool
	Text string
}

// Observe says what a survey has shown of a server that answers.
func Observe(s directory.ServerSurvey, now time.Time) []Observation {
	var all []Observation
	say := func(warn bool, text string, args ...any) {
		all = append(all, Observation{warn, fmt.Sprintf(text, args...)})
	}
	say(false, "server: %s%s, connected in %v", vendorText(s.Root), bases(s.Root), s.ConnectTime.Round(10*time.Microsecond))
	if len(s.Chain) > 0 {
		c := s.Chain[0]
		say(false, "certificate: of %s, from %s, until %s", strings.Join(append(slices.Clone(c.DNSNames), ips(c.IPAddresses)...), ", "), c.Issuer, c.NotAfter.Format(time.DateOnly))
	}
	if s.Root.Vendor != directory.VendorUnknown && s.Root.Vendor != directory.VendorActiveDirectory && !s.Root.PasswordPolicy() {
		say(true, "password policy: the server does not know the control, so nobody is told that a password will expire or an account is locked")
	}
	if e := s.Entries; e != nil {
		all = append(all, observeEntries(*e, s)...)
	}
	return all
}

func vendorText(r directory.RootDSE) string {
	if r.Vendor == directory.VendorUnknown && r.VendorName != "" {
		return strings.TrimSpace(r.VendorName + " " + r.VendorVersion)
	}
	return strings.TrimSpace(string(r.Vendor) + " " + r.VendorVersion)
}

func bases(r directory.RootDSE) string {
	if len(r.NamingContexts) == 0 {
		return ""
	}
	return " with " + strings.Join(r.NamingContexts, ", ")
}

func ips[T fmt.Stringer](addresses []T) []string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	return texts
}

func observeEntries(e directory.EntriesSurvey, s directory.ServerSurvey) []Observation {
	var all []Observation
	say := func(warn bool, text string, args ...any) {
		all = append(all, Observation{warn, fmt.Sprintf(text, args...)})
	}
	say(e.Users.N == 0 && !e.SIDUsers, "users: %s, groups: %s", countText(e.Users), countText(e.Groups))
	if e.Users.N == 0 && e.SIDUsers {
		say(false, "users have no uidNumber: uids are made of their SIDs")
	}
	if e.Users.Limited || e.Groups.Limited {
		say(true, "the server shows this identity no more than that at a time (a size limit): \"getent passwd\" will end early")
	}
	if e.Sample.Password {
		say(true, "userPassword can be read by this identity: take that right away, goldap has no use for it")
	}
	if len(e.Sample.Incomplete) > 0 {
		say(true, "%s cannot be read, or no user has it: users without it do not exist", strings.Join(e.Sample.Incomplete, ", "))
	}
	say(false, "groups list members by %s", memberText(e))
	say(false, "times: %v to read the base, %v to find that there is no such user", e.BaseTime.Round(10*time.Microsecond), e.UserTime.Round(10*time.Microsecond))
	name := "uid"
	if s.Root.Vendor == directory.VendorActiveDirectory {
		name = "sAMAccountName"
	}
	for attribute, took := range map[string]time.Duration{name: e.UserTime, "memberUid": e.MemberTime} {
		if e.Unindexed(took) {
			say(true, "%s looks unindexed: a search that finds nothing takes %v, reading the base %v. Have the server index it (eq)",
				attribute, took.Round(100*time.Microsecond), e.BaseTime.Round(10*time.Microsecond))
		}
	}
	return all
}

func countText(c directory.Count) string {
	switch {
	case c.Limited:
		return fmt.Sprintf("%d and more", c.N)
	case c.More:
		return fmt.Sprintf("more than %d", c.N-1)
	}
	return fmt.Sprint(c.N)
}

func memberText(e directory.EntriesSurvey) string {
	var ways []string
	for name, used := range map[string]bool{"memberUid": e.MemberUID, "member": e.Member, "uniqueMember": e.UniqueMember} {
		if used {
			ways = append(ways, name)
		}
	}
	if len(ways) == 0 {
		return "nothing that can be seen"
	}
	slices.Sort(ways)
	return strings.Join(ways, ", ")
}
