//go:build integration

package integration

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// withLines adds lines to the configuration of one test.
func withLines(t *testing.T, lines ...string) {
	t.Helper()
	before := configLines
	configLines = append(lines, before...)
	t.Cleanup(func() { configLines = before })
}

// withAdministrator lets root change passwords of others.
func withAdministrator(t *testing.T) {
	t.Helper()
	writeFile(t, daemon.GoldapSecret, 0o600, slapd.AdminPassword+"\n")
	withLines(t, "rootbinddn "+slapd.AdminDN)
}

// withPolicy changes a password policy for one test: one attribute that it does
// not have, or has with the value before.
func withPolicy(t *testing.T, policy, attribute, value, before string) {
	t.Helper()
	dn := "cn=" + policy + ",ou=policies," + slapd.Base
	set := func(value string) {
		line := ""
		if value != "" {
			line = attribute + ": " + value + "\n"
		}
		must(t, server.Modify(within(t, 20*time.Second), dn, "replace: "+attribute+"\n"+line))
	}
	set(value)
	t.Cleanup(func() { set(before) })
}

// stored returns the userPassword of p.
func stored(t *testing.T, p slapd.Person) string {
	t.Helper()
	said, err := exec.Command("sh", "-c", `ldapsearch -LLL -o ldif-wrap=no -x -H "$0" -D "$1" -w "$2" -b "$3" -s base userPassword |
		sed -n 's/^userPassword:: //p' | base64 -d`, server.LocalURL(), slapd.AdminDN, slapd.AdminPassword, p.DN()).Output()
	must(t, err)
	return string(said)
}

// storeClear gives p its password in clear text, as directories have it where
// the old value must be taken away.
func storeClear(t *testing.T, p slapd.Person) {
	t.Helper()
	must(t, server.Modify(within(t, 20*time.Second), p.DN(), "replace: userPassword\nuserPassword: "+p.Password+"\n"))
}

// TestEveryWayToChange writes a password in each way that slapd knows, as the
// user and as root, and then logs in with it: slapd has verified the hash, by
// crypt(3) those that are crypt(3)'s.
func TestEveryWayToChange(t *testing.T) {
	const crypt6, crypt1 = `^\{crypt\}\$6\$[./0-9A-Za-z]{8,16}\$[./0-9A-Za-z]{86}$`, `^\{crypt\}\$1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}$`
	changed := newPasswords[5]
	for way, as := range map[string]string{
		"exop": `^\{SSHA\}`, "exop_send_old": `^\{SSHA\}`, "clear": "^" + changed + "$", "clear_remove_old": "^" + changed + "$",
		"nds": "^" + changed + "$", "racf": "^" + changed + "$", "crypt": crypt6, "md5": crypt1, "sha": `^\{SHA\}`, "ssha": `^\{SSHA\}`,
	} {
		t.Run(way, func(t *testing.T) {
			withAdministrator(t)
			withLines(t, "pam_password "+way)
			inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
				dave := person("dave")
				for _, uid := range []uint32{uint32(dave.UID), 0} {
					restorePassword(t, dave)
					storeClear(t, dave)
					lines := []string{changed, changed}
					if uid != 0 {
						lines = append([]string{dave.Password}, lines...)
					}
					changeAs(t, uid, "alone", dave.Name, lines...).accept(t, tokenChanged)
					if got := stored(t, dave); !regexp.MustCompile(as).MatchString(got) {
						t.Errorf("stored as %q", got)
					}
					dave.Password = changed
					must(t, bindWorks(dave))
					dave = person("dave")
					logIn(t, "alone", dave.Name, dave.Password).refuse(t, authFailure)
					must(t, server.Restore(within(t, 20*time.Second), dave))
				}
			})
		})
	}
}

// TestPolicyRefusesChange: what slapd's policy has against a new password, and
// what the person reads, by an extended request and by a modify request.
func TestPolicyRefusesChange(t *testing.T) {
	dave, changed := person("dave"), newPasswords[5]
	for name, test := range map[string]struct {
		attribute, value, before string
		way, new                 string
		reads                    string // empty: the change succeeds
	}{
		"too short":                 {"pwdMinLength", "8", "8", "exop", "Ab1-x", "The new password is too short."},
		"too short, modify":         {"pwdMinLength", "8", "8", "clear", "Ab1-x", "The new password is too short."},
		"in history":                {"pwdInHistory", "3", "3", "exop", dave.Password, "The new password has been used before."},
		"in history, modify":        {"pwdInHistory", "3", "3", "clear", dave.Password, "The new password has been used before."},
		"too young":                 {"pwdMinAge", "86400", "", "exop", changed, "Your password was changed too recently to be changed again."},
		"too young, modify":         {"pwdMinAge", "86400", "", "ssha", changed, "Your password was changed too recently to be changed again."},
		"not by users":              {"pwdAllowUserChange", "FALSE", "", "exop", changed, "You are not allowed to change your password."},
		"not by users, modify":      {"pwdAllowUserChange", "FALSE", "", "clear", changed, "You are not allowed to change your password."},
		"cannot be judged":          {"pwdCheckQuality", "2", "1", "crypt", changed, "The new password is too simple."},
		"must supply old":           {"pwdSafeModify", "TRUE", "", "exop", changed, ""},
		"must supply old, modify":   {"pwdSafeModify", "TRUE", "", "clear", changed, ""},
		"must supply old, hash":     {"pwdSafeModify", "TRUE", "", "ssha", changed, ""},
		"must supply old, supplied": {"pwdSafeModify", "TRUE", "", "clear_remove_old", changed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			withPolicy(t, "default", test.attribute, test.value, test.before)
			withLines(t, "pam_password "+test.way)
			inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
				restorePassword(t, dave)
				now := dave.Password
				answer := changeAs(t, uint32(dave.UID), "alone", dave.Name, dave.Password, test.new, test.new)
				if test.reads != "" {
					answer.refuse(t, test.reads)
				} else {
					answer.accept(t, tokenChanged)
					now = test.new
				}
				logIn(t, "alone", dave.Name, now).accept(t)
				must(t, server.Restore(within(t, 20*time.Second), dave))
			})
		})
	}
}

// TestLastGraceLogin: a password that has expired, with one login left, is
// changed with that one: the daemon keeps the connection that was let in.
func TestLastGraceLogin(t *testing.T) {
	grace, changed := person("grace"), newPasswords[5]
	withPolicy(t, "graceful", "pwdGraceAuthNLimit", "1", "100")
	inSetups(t, []setup{withDaemon}, func(t *testing.T, _ setup) {
		expire(t, grace)
		changeAs(t, uint32(grace.UID), "alone", grace.Name, grace.Password, "Ab1-x", "Ab1-x").refuse(t, "The new password is too short.")
		expire(t, grace)
		changeAs(t, uint32(grace.UID), "alone", grace.Name, grace.Password, changed, changed).accept(t, tokenChanged)
		logIn(t, "alone", grace.Name, changed).accept(t)
		expire(t, grace)
		logIn(t, "alone", grace.Name, grace.Password) // the last one
		logIn(t, "alone", grace.Name, grace.Password).refuse(t)
		expire(t, grace)
	})
}

// expire gives a person their password back, which is too old then, and all
// grace logins.
func expire(t *testing.T, p slapd.Person) {
	t.Helper()
	must(t, server.Restore(within(t, 20*time.Second), p))
	must(t, server.Modify(within(t, 20*time.Second), p.DN(), "replace: pwdChangedTime\npwdChangedTime: 20200101000000Z\n-\nreplace: pwdGraceUseTime\n"))
}

// TestForcedChangeAtLogin: the account step of the same transaction demands a
// change, and the change happens on the connection of the login.
func TestForcedChangeAtLogin(t *testing.T) {
	p, changed := person("mustchange"), newPasswords[5]
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		restorePassword(t, p)
		said := asUID(t, 0, strings.Join([]string{p.Password, changed, changed}, "\n")+"\n",
			"pamtester", "alone", p.Name, "authenticate", "chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK)")
		said.accept(t, tokenChanged)
		logIn(t, "alone", p.Name, changed).accept(t)
		must(t, server.Restore(within(t, 20*time.Second), p))
	})
}
