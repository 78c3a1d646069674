package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/embedded"
	"github.com/goldap/goldap/pkg/secret"
)

// The directory of the demo. The passwords in here protect nothing.
const (
	demoService            = "coronerd"
	demoBase               = "dc=mydomain,dc=com"
	demoPseudouser         = "uid=app_backtraceio,ou=pseudousers," + demoBase
	demoPseudouserPassword = "Password1234!"
)

// The users have names and uids that no account of the machine is likely to
// have: goldap answers for nobody who is local.
const (
	userAda     = "ada.lovelace"
	userGrace   = "grace.hopper"
	userAlan    = "alan.turing"
	userEdsger  = "edsger.dijkstra"
	userUnknown = "mallory.nobody"

	firstUID = 54001
	firstGID = 54000
)

const (
	passwordOfAda    = "Analytical-Engine-1843"
	newPasswordOfAda = "Note-G-Bernoulli-1843"
	passwordOfGrace  = "First-Actual-Bug-1947"
	passwordOfAlan   = "Bombe-at-Bletchley-1940"
	passwordOfEdsger = "Go-To-Harmful-1968"
	wrongPassword    = "not the password"
)

// keyOfAda is an ssh key whose other half nobody has.
const keyOfAda = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyG9g6gUd940AXQ/7j8PU4thxwLURQhAj53KnPP6zgB ada"

// demoUser is a user with what the demo says about it.
type demoUser struct {
	name, fullName, password, remark string
	policy                           embedded.Policy
	attributes                       map[string][]string
}

func demoUsers() []demoUser {
	return []demoUser{
		{name: userAda, fullName: "Ada Lovelace", password: passwordOfAda, remark: newPasswordOfAda + " after the change",
			attributes: map[string][]string{"sshPublicKey": {keyOfAda}}},
		{name: userGrace, fullName: "Grace Hopper", password: passwordOfGrace, remark: "the password expires in three days",
			policy: embedded.Policy{ExpiresIn: 3*24*time.Hour + time.Hour}},
		{name: userAlan, fullName: "Alan Turing", password: passwordOfAlan, remark: "the account expired on 2001-01-01",
			attributes: map[string][]string{"shadowExpire": {"11323"}}},
		{name: userEdsger, fullName: "Edsger Dijkstra", password: passwordOfEdsger, remark: "locked by the password policy",
			policy: embedded.Policy{Locked: true}},
	}
}

// demoDirectory is what the embedded directory holds.
func demoDirectory() embedded.Options {
	o := embedded.Options{
		Base:              demoBase,
		Host:              "127.0.0.1",
		Pseudouser:        embedded.Identity{DN: demoPseudouser, Password: secret.FromString(demoPseudouserPassword)},
		MinPasswordLength: 8,
		Groups: []embedded.Group{
			{Name: "users", GID: firstGID},
			{Name: "engineers", GID: firstGID + 1, MemberUIDs: []string{userAda, userGrace}},
			{Name: "pioneers", GID: firstGID + 2, Members: []string{embedded.UserDN(userAda, demoBase), embedded.UserDN(userAlan, demoBase)}},
			{Name: "structured", GID: firstGID + 3, MemberUIDs: []string{userEdsger}},
		},
	}
	for i, u := range demoUsers() {
		o.Users = append(o.Users, embedded.User{
			Name: u.name, FullName: u.fullName, UID: uint32(firstUID + i), GID: firstGID,
			Password: secret.FromString(u.password), Policy: u.policy, Attributes: u.attributes,
		})
	}
	return o
}

// userTable lists the users for somebody who wants to try them.
func userTable() string {
	var b strings.Builder
	for _, u := range demoUsers() {
		fmt.Fprintf(&b, "%-16s %-24s %s\n", u.name, u.password, u.remark)
	}
	return b.String()
}
