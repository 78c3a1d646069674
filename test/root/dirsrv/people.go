package dirsrv

import (
	"fmt"
	"strings"
	"time"
)

// The naming context and the identities of the directory.
const (
	ServerName         = "ds.mydomain.com"
	Base               = "dc=mydomain,dc=com"
	ManagerDN          = "cn=Directory Manager"
	ManagerPassword    = "Directory-manager-61"
	PseudouserDN       = "uid=goldap,ou=services," + Base
	PseudouserPassword = "Reader-of-entries-62"
)

// GID is the group of everybody.
const GID = 10000

// Person is a posixAccount. The policy of the server is in policy.ldif.
type Person struct {
	Name, Password string
	UID            int
	// State is what is replaced in the entry once the policy is in force: LDIF
	// without the first two lines.
	State string
}

// DN is the name of the entry.
func (p Person) DN() string { return "uid=" + p.Name + ",ou=people," + Base }

// People returns the persons, whose passwords are set now.
func People() []Person {
	return []Person{
		{Name: "alice", UID: 10001, Password: "Wonderland-41"},
		{Name: "dave", UID: 10004, Password: "Changeling-42"},
		{Name: "erin", UID: 10005, Password: "Resettable-43"},
		{Name: "guest", UID: 10020, Password: "From-elsewhere-40"},
		{Name: "visitor", UID: 10021, Password: "Just-passing-39"},
		{Name: "locked", UID: 10011, Password: "Behind-bars-44", State: "replace: nsAccountLock\nnsAccountLock: true\n"},
		{Name: "aged", UID: 10012, Password: "Stale-bread-45",
			State: expires(-day) + "-\nreplace: passwordGraceUserTime\npasswordGraceUserTime: 5\n"},
		{Name: "mustchange", UID: 10013, Password: "First-time-46", State: "replace: userPassword\nuserPassword: First-time-46\n"},
		{Name: "grace", UID: 10014, Password: "Amazing-song-47",
			State: expires(-day) + "-\nreplace: passwordExpWarned\npasswordExpWarned: 1\n"},
		{Name: "warned", UID: 10015, Password: "Nearly-there-48",
			State: expires(5*day+time.Hour) + "-\nreplace: passwordExpWarned\npasswordExpWarned: 1\n"},
		{Name: "lockable", UID: 10016, Password: "Three-strikes-49"},
	}
}

const day = 24 * time.Hour

func expires(in time.Duration) string {
	return "replace: passwordExpirationTime\npasswordExpirationTime: " + time.Now().Add(in).UTC().Format("20060102150405Z") + "\n"
}

// Find returns the person called name; it panics if there is none.
func Find(name string) Person {
	for _, p := range People() {
		if p.Name == name {
			return p
		}
	}
	panic("no such person: " + name)
}

// ldif adds p.
func (p Person) ldif() string {
	return fmt.Sprintf("dn: %s\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\n", p.DN()) +
		fmt.Sprintf("uid: %s\ncn: The person %s\nsn: %s\n", p.Name, p.Name, p.Name) +
		fmt.Sprintf("uidNumber: %d\ngidNumber: %d\nhomeDirectory: /home/%s\nloginShell: /bin/sh\n", p.UID, GID, p.Name) +
		fmt.Sprintf("userPassword: %s\n\n", p.Password)
}

// state gives p its state.
func (p Person) state() string {
	if p.State == "" {
		return ""
	}
	return fmt.Sprintf("dn: %s\nchangetype: modify\n%s\n", p.DN(), p.State)
}

// everybody is what of returns for all persons.
func everybody(of func(Person) string) string {
	var b strings.Builder
	for _, p := range People() {
		b.WriteString(of(p))
	}
	return b.String()
}
