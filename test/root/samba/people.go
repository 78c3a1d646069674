package samba

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// The domain and its identities.
const (
	ServerName            = "dc1.ad.mydomain.com"
	Realm                 = "AD.MYDOMAIN.COM"
	SID                   = "S-1-5-21-1004336348-1177238915-682003330"
	Base                  = "dc=ad,dc=mydomain,dc=com"
	AdministratorDN       = "cn=Administrator,cn=Users," + Base
	AdministratorPassword = "Domain-admin-63"
	PseudouserDN          = "cn=goldap,cn=Users," + Base
	PseudouserPassword    = "Reader-of-entries-64"
)

// GID is the gidNumber of everybody.
const GID = 10000

// Person is a user of the domain with the attributes of RFC 2307. The policy
// of the domain is in scene.go.
type Person struct {
	// Name is the sAMAccountName; the DN does not say it.
	Name, Password string
	UID            int
	// State is what is replaced in the entry: LDIF without the first two lines.
	State string
}

// DN is the name of the entry.
func (p Person) DN() string { return "cn=The person " + p.Name + ",cn=Users," + Base }

// The states of accounts ([MS-ADTS], 2.2.16 and 3.1.1.4.5).
const (
	disabled   = "replace: userAccountControl\nuserAccountControl: 514\n"
	mustChange = "replace: pwdLastSet\npwdLastSet: 0\n"
)

// People returns the persons. The password of aged is older than the policy
// allows (scene.go).
func People() []Person {
	return []Person{
		{Name: "alice", UID: 10001, Password: "Wonderland-51"},
		{Name: "dave", UID: 10004, Password: "Changeling-52"},
		{Name: "erin", UID: 10005, Password: "Resettable-53"},
		{Name: "expired", UID: 10010, Password: "Bygone-days-54", State: "replace: accountExpires\naccountExpires: " + fileTime(-24*time.Hour) + "\n"},
		{Name: "locked", UID: 10011, Password: "Behind-bars-55", State: disabled},
		{Name: "aged", UID: 10012, Password: "Stale-bread-56"},
		{Name: "mustchange", UID: 10013, Password: "First-time-57", State: mustChange},
		{Name: "future", UID: 10014, Password: "Still-good-58", State: "replace: accountExpires\naccountExpires: " + fileTime(24*time.Hour) + "\n"},
		{Name: "lockable", UID: 10016, Password: "Three-strikes-59"},
	}
}

// Find returns the person called name; it panics if there is none.
func Find(name string) Person {
	i := slices.IndexFunc(People(), func(p Person) bool { return p.Name == name })
	if i < 0 {
		panic("no such person: " + name)
	}
	return People()[i]
}

// fileTime is a time from now in Active Directory's units: 100 ns since 1601.
func fileTime(in time.Duration) string {
	const from1601To1970 = 11644473600
	return fmt.Sprint((time.Now().Add(in).Unix() + from1601To1970) * 10_000_000)
}

// unicodePwd is a password as a line of LDIF: in quotes, in UTF-16LE.
func unicodePwd(password string) string {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return "unicodePwd:: " + base64.StdEncoding.EncodeToString(encoded) + "\n"
}

// user adds a user of the domain.
func user(dn, name, password, more string) string {
	return fmt.Sprintf("dn: %s\nchangetype: add\nobjectClass: user\nsAMAccountName: %s\n"+
		"userPrincipalName: %s@%s\nuserAccountControl: 512\n%s%s\n",
		dn, name, name, strings.ToLower(Realm), unicodePwd(password), more)
}

// ldif adds p with its state.
func (p Person) ldif() string {
	text := user(p.DN(), p.Name, p.Password, fmt.Sprintf(
		"uidNumber: %d\ngidNumber: %d\nunixHomeDirectory: /home/%s\nloginShell: /bin/sh\ngecos: The person %s\n", p.UID, GID, p.Name, p.Name))
	if p.State != "" {
		text += fmt.Sprintf("dn: %s\nchangetype: modify\n%s\n", p.DN(), p.State)
	}
	return text
}

// peopleLDIF adds the pseudouser and the persons.
func peopleLDIF() string {
	text := user(PseudouserDN, "goldap", PseudouserPassword, "")
	for _, p := range People() {
		text += p.ldif()
	}
	return text
}
