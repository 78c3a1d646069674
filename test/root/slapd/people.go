package slapd

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The naming contexts and identities of the directory.
const (
	Base               = "dc=mydomain,dc=com"
	PseudouserDN       = "uid=app_backtraceio,ou=pseudousers," + Base
	PseudouserPassword = "Password1234!"
	AdminDN            = "cn=admin," + Base
	AdminPassword      = "admin secret"

	peopleDN      = "ou=people," + Base
	contractorsDN = "ou=contractors," + Base
	groupsDN      = "ou=groups," + Base
	policiesDN    = "ou=policies," + Base
)

// Person is a posixAccount of the directory.
type Person struct {
	Name, Password string
	UID            int
	// OU is the organizational unit below Base, people if empty.
	OU string
	// Policy is the password policy, the default one if empty.
	Policy string
	// Changed is how long ago the password was set.
	Changed time.Duration
	// More are further values; a uidNumber of -1 is left out.
	More []attribute
}

const day = 24 * time.Hour

// LocalUserUID is the uid of a directory entry (clash) that tests give to a
// local user, too.
const LocalUserUID = 1500

// People returns the persons that are always there. Nobody's password is a
// part of anybody's name, so that a log can be searched for it.
func People() []Person {
	return append([]Person{
		{Name: "alice", UID: 10001, Password: "Wonderland-71"},
		{Name: "bob", UID: 10002, Password: "Builder-can-82"},
		{Name: "carol", UID: 10003, Password: "Пароль-пасс-ß€😀-93"},
		{Name: "dave", UID: 10004, Password: "Changeling-04"},
		{Name: "erin", UID: 10005, Password: "Resettable-15"},
		// Refused although the password is right.
		{Name: "expired", UID: 10010, Password: "Bygone-days-26", More: []attribute{{"shadowExpire", "1"}}},
		{Name: "locked", UID: 10011, Password: "Behind-bars-37", More: []attribute{{"pwdAccountLockedTime", "000001010000Z"}}},
		{Name: "aged", UID: 10012, Password: "Stale-bread-48", Policy: "strict", Changed: 90 * day},
		// Accepted, with something to say.
		{Name: "mustchange", UID: 10013, Password: "First-time-59", More: []attribute{{"pwdReset", "TRUE"}}},
		{Name: "grace", UID: 10014, Password: "Amazing-song-60", Policy: "graceful", Changed: 90 * day},
		{Name: "warned", UID: 10015, Password: "Nearly-there-71", Policy: "strict", Changed: 29 * day},
		{Name: "longkey", UID: 10017, Password: strings.Repeat("Långes-Wort-93 ", 280)}, // over 4 KiB
		{Name: "lockable", UID: 10016, Password: "Three-strikes-82", Policy: "lockout"},
		{Name: "spent", UID: 10023, Password: "No-more-grace-93", Policy: "scarce", Changed: 90 * day,
			More: []attribute{{"pwdGraceUseTime", "20200101000000Z"}}},
		// Accepted, but a change of the password is not, or not just so.
		{Name: "tooyoung", UID: 10024, Password: "Hardly-dry-04", Policy: "lasting"},
		{Name: "unchangeable", UID: 10025, Password: "Carved-in-stone-15", Policy: "fixed"},
		{Name: "safely", UID: 10026, Password: "Both-of-them-26", Policy: "safe"},
	}, strange()...)
}

// strange are entries that must not become users of a machine, and names that
// need escaping somewhere.
func strange() []Person {
	return []Person{
		{Name: "nouid", UID: -1, Password: "Numberless-93"},
		{Name: "toor", UID: 0, Password: "Root-of-evil-04"},
		{Name: "lowuid", UID: 500, Password: "System-like-15"},
		{Name: "clash", UID: LocalUserUID, Password: "Same-number-26"},
		{Name: "localuser", UID: 10020, Password: "Same-name-37"},
		{Name: "twin", UID: 10021, Password: "Double-trouble-48"},
		{Name: "twin", UID: 10022, Password: "Double-trouble-48", OU: "contractors"},
		{Name: "12345", UID: 10030, Password: "All-digits-59"},
		{Name: "-dash", UID: 10031, Password: "Option-like-60"},
		{Name: "st*r", UID: 10032, Password: "Any-string-71"},
		{Name: "par(en)", UID: 10033, Password: "In-brackets-82"},
		{Name: `back\slash`, UID: 10034, Password: "Escaped-93"},
		{Name: "two words", UID: 10035, Password: "Blank-between-04"},
		{Name: "müller", UID: 10036, Password: "Umlaut-15"},
	}
}

// Find returns the first person called name; it panics if there is none.
func Find(name string) Person {
	for _, p := range People() {
		if p.Name == name {
			return p
		}
	}
	panic("no such person: " + name)
}

// Plain returns the i-th of the plain users, counted from 0.
func Plain(i int) Person {
	uid := 20000 + i
	if i >= 40000 {
		uid += 40000 // past the ids that systemd gives out (61184 to 65519), and 65535
	}
	return Person{Name: fmt.Sprintf("user%05d", i), UID: uid, Password: fmt.Sprintf("Plain-secret-%05d", i)}
}

// broken reports whether the schema forbids p's entry.
func (p Person) broken() bool { return p.UID < 0 }

// DN is the entry's name, escaped as RFC 4514 asks.
func (p Person) DN() string {
	ou := p.OU
	if ou == "" {
		ou = "people"
	}
	return "uid=" + dnEscaper.Replace(p.Name) + ",ou=" + ou + "," + Base
}

var dnEscaper = strings.NewReplacer(`\`, `\\`, ",", `\,`, "+", `\+`, `"`, `\"`, "<", `\<`, ">", `\>`, ";", `\;`, "=", `\=`)

// entry returns p as it stands in the directory at the time now.
func (p Person) entry(now time.Time, groups []string) entry {
	e := entry{dn: p.DN()}
	e.add("objectClass", "inetOrgPerson", "posixAccount", "shadowAccount")
	e.add("uid", p.Name)
	e.add("cn", "The person "+p.Name)
	e.add("sn", p.Name)
	if !p.broken() {
		e.add("uidNumber", strconv.Itoa(p.UID))
	}
	e.add("gidNumber", strconv.Itoa(usersGID))
	e.add("homeDirectory", "/home/"+strings.Map(plainRune, p.Name))
	e.add("loginShell", "/bin/sh")
	e.add("userPassword", hash(p.Password))
	e.add("pwdChangedTime", now.Add(-p.Changed).UTC().Format("20060102150405Z"))
	if p.Policy != "" {
		e.add("pwdPolicySubentry", "cn="+p.Policy+","+policiesDN)
	}
	e.attributes = append(e.attributes, p.More...)
	e.add("memberOf", groups...)
	return e
}

// plainRune keeps home directories in IA5, which their syntax demands.
func plainRune(r rune) rune {
	if r > '~' {
		return 'x'
	}
	return r
}
