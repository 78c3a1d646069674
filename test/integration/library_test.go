//go:build integration

package integration

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/msteinert/pam/v2"
)

// attempt is what a PAM application does that calls libpam itself. prompts
// collects what it was asked.
type attempt struct {
	user, password string
	prompts        []string
}

// RespondPAM implements pam.ConversationHandler.
func (a *attempt) RespondPAM(style pam.Style, text string) (string, error) {
	switch style {
	case pam.PromptEchoOff:
		a.prompts = append(a.prompts, text)
		return a.password, nil
	case pam.PromptEchoOn:
		a.prompts = append(a.prompts, text)
		return a.user, nil
	default:
		return "", nil
	}
}

// run logs in through service; PAM_USER is name, or not set if it is empty.
func (a *attempt) run(service, name string) (err error) {
	handle, err := pam.StartConfDir(service, name, a, "/etc/pam.d")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, handle.End()) }()
	if err := handle.Authenticate(0); err != nil {
		return err
	}
	return handle.AcctMgmt(0)
}

// TestLongPasswords is passwords that no terminal takes.
func TestLongPasswords(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		long := person("longkey")
		if err := (&attempt{password: long.Password}).run("alone", long.Name); err != nil {
			t.Errorf("%d bytes: %v", len(long.Password), err)
		}
		for _, wrong := range []string{
			long.Password + "x", long.Password[:len(long.Password)-1], strings.Repeat("0123456789", 1000), strings.Repeat("x", 1<<20),
		} {
			if err := (&attempt{password: wrong}).run("alone", long.Name); err == nil {
				t.Errorf("%d wrong bytes are accepted", len(wrong))
			}
		}
	})
}

// TestAsksForTheName is a login of an application that leaves it to PAM to
// ask who is there.
func TestAsksForTheName(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		a := &attempt{user: "alice", password: person("alice").Password}
		if err := a.run("alone", ""); err != nil {
			t.Fatal(err)
		}
		if len(a.prompts) != 2 || a.prompts[1] != "Password: " {
			t.Fatalf("asked %q", a.prompts)
		}
	})
}

// TestThreads is one process with many logins at the same time, each of which
// must get its own answer.
func TestThreads(t *testing.T) {
	inSetups(t, goldapSetups, func(t *testing.T, _ setup) {
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				p := person([]string{"alice", "bob", "carol", "dave"}[i%4])
				password, right := p.Password, i%3 != 0
				if !right {
					password = wrongPassword
				}
				if err := (&attempt{password: password}).run("alone", p.Name); right != (err == nil) {
					t.Errorf("login %d of %s: %v", i, p.Name, err)
				}
			})
		}
		all.Wait()
	})
}
