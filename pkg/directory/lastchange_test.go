package directory_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

const (
	carolDN  = "uid=carol," + peopleDN
	noted    = 20000 // a day
	notNoted = 0     // must change at the next login
)

// withCarol returns a server with a user who must change the password.
func withCarol(t *testing.T, script scripted.Script) *scripted.Server {
	server := newServer(t)
	server.Add(person("carol", map[string][]string{"userPassword": {alicePass}, "shadowLastChange": {"0"}}))
	server.Script(script)
	return server
}

func changeOfCarol() directory.PasswordChange {
	return directory.PasswordChange{DN: carolDN, Old: secretOf(alicePass), New: secretOf("new-password"), LastChange: noted}
}

// onlyFor lets only one identity modify entries.
func onlyFor(dn string) func(*scripted.Conn, *scripted.Request) {
	return func(c *scripted.Conn, r *scripted.Request) {
		if c.BoundAs == dn {
			c.DefaultModify(r)
			return
		}
		c.Send(scripted.Result(r.ID, scripted.ModifyResponse, 50, "not you"))
	}
}

// TestLastChangeIsNoted: after a change of the password shadowLastChange says
// so, set by whoever may. The change succeeds in any case, and nothing is
// logged above Debug.
func TestLastChangeIsNoted(t *testing.T) {
	type asking func(*directory.PasswordChange, *config.Directory)
	anonymous := func(_ *directory.PasswordChange, cfg *config.Directory) { cfg.BindDN = "" }
	asRoot := func(c *directory.PasswordChange, _ *config.Directory) { c.AsRoot, c.Old = true, secretOf(rootPass) }
	switchedOff := func(_ *directory.PasswordChange, cfg *config.Directory) { cfg.UpdateLastChange = false }
	notAsked := func(c *directory.PasswordChange, _ *config.Directory) { c.LastChange = 0 }
	unmapped := func(_ *directory.PasswordChange, cfg *config.Directory) {
		cfg.Shadow.Attributes = map[string]string{"shadowLastChange": ""}
	}
	closes := func(c *scripted.Conn, _ *scripted.Request) { c.Close() }
	otherAnswer := answers(func(id int64) []byte { return scripted.Result(id, scripted.ExtendedResponse, 0, "") })
	for name, test := range map[string]struct {
		modify func(*scripted.Conn, *scripted.Request)
		ask    asking
		by     []string // who sent modify requests, in order
		day    int32    // in the entry afterwards; -1 is not looked at
	}{
		"by the user":                {nil, nil, []string{carolDN}, noted},
		"by the pseudouser":          {onlyFor(serviceDN), nil, []string{carolDN, serviceDN}, noted},
		"by nobody":                  {onlyFor("nobody"), nil, []string{carolDN, serviceDN}, notNoted},
		"by the administrator":       {onlyFor(rootDN), asRoot, []string{rootDN}, noted},
		"without pseudouser":         {onlyFor(serviceDN), anonymous, []string{carolDN}, notNoted},
		"not asked for":              {nil, notAsked, nil, notNoted},
		"switched off":               {nil, switchedOff, nil, notNoted},
		"no such attribute":          {nil, unmapped, nil, -1},
		"connection closes":          {closes, nil, []string{carolDN}, notNoted},
		"answered by something else": {otherAnswer, nil, []string{carolDN}, notNoted},
	} {
		t.Run(name, func(t *testing.T) {
			server := withCarol(t, scripted.Script{Modify: test.modify})
			cfg, request := plainConfig("ldap://one.example"), changeOfCarol()
			if test.ask != nil {
				test.ask(&request, &cfg)
			}
			log := &bytes.Buffer{}
			d := newDirectory(t, cfg, directory.Options{Dial: server.Dial, Logger: slog.New(slog.NewTextHandler(log, nil))})
			bound, changed, err := d.ChangePassword(within(t, 5*time.Second), request)
			if err != nil || bound.Code != 0 || changed.Code != 0 || log.Len() > 0 {
				t.Errorf("%+v, %+v, %v, log %q", bound, changed, err, log)
			}
			checkModifies(t, server, "shadowLastChange", test.by)
			carol, err := d.LoginAccount(within(t, 5*time.Second), "carol")
			if err != nil || test.day >= 0 && carol.Shadow.LastChange != test.day {
				t.Errorf("shadowLastChange is %d, %v", carol.Shadow.LastChange, err)
			}
		})
	}
}

// checkModifies checks who sent modify requests, and what they are.
func checkModifies(t *testing.T, server *scripted.Server, attribute string, by []string) {
	t.Helper()
	var got []string
	want := []scripted.Change{{Operation: 2, Attribute: attribute, Values: []string{fmt.Sprint(noted)}}}
	for _, modify := range server.Modifies() {
		got = append(got, modify.BoundAs)
		if modify.DN != carolDN || fmt.Sprint(modify.Changes) != fmt.Sprint(want) {
			t.Errorf("modify request %+v", modify)
		}
	}
	if !slices.Equal(got, by) {
		t.Errorf("modify requests by %q instead of %q", got, by)
	}
}

// TestLastChangeHasItsOwnName in a directory that calls it otherwise.
func TestLastChangeHasItsOwnName(t *testing.T) {
	server := withCarol(t, scripted.Script{})
	cfg := plainConfig("ldap://one.example")
	cfg.Shadow.Attributes = map[string]string{"shadowlastchange": "passwordDay"}
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
	if _, _, err := d.ChangePassword(within(t, 5*time.Second), changeOfCarol()); err != nil {
		t.Error(err)
	}
	checkModifies(t, server, "passwordDay", []string{carolDN})
}

// TestLastChangeOfActiveDirectory is the server's own business.
func TestLastChangeOfActiveDirectory(t *testing.T) {
	server := withCarol(t, scripted.Script{})
	d := configured(t, server, func(cfg *config.Directory) {
		cfg.Shadow.Attributes = map[string]string{"shadowLastChange": "pwdLastSet"}
	})
	request := changeOfCarol()
	request.LastChange = 19739
	if _, _, err := d.ChangePassword(within(t, 5*time.Second), request); err != nil {
		t.Error(err)
	}
	if got := server.Modifies(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestLastChangeNeedsAChange: one that was refused is not noted.
func TestLastChangeNeedsAChange(t *testing.T) {
	server := withCarol(t, scripted.Script{Extended: answers(modified(19))})
	d := piped(t, server)
	_, changed, err := d.ChangePassword(within(t, 5*time.Second), changeOfCarol())
	if err != nil || changed.Code != 19 {
		t.Errorf("%+v, %v", changed, err)
	}
	wrong := changeOfCarol()
	wrong.Old = secretOf("wrong")
	if bound, _, err := d.ChangePassword(within(t, 5*time.Second), wrong); err != nil || bound.Code != 49 {
		t.Errorf("%+v, %v", bound, err)
	}
	checkModifies(t, server, "", nil)
}

// TestLastChangeLeavesTime: a server that never answers the second request
// does not take the answer to the first away.
func TestLastChangeLeavesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := withCarol(t, scripted.Script{Modify: func(c *scripted.Conn, _ *scripted.Request) { c.Deaf() }})
		d := piped(t, server)
		start := time.Now()
		_, changed, err := d.ChangePassword(within(t, 4*time.Second), changeOfCarol())
		if took := time.Since(start); err != nil || changed.Code != 0 || took != 2*time.Second {
			t.Errorf("%+v, %v after %v", changed, err, took)
		}
		if !d.Status()[0].Up {
			t.Error("the server is marked down")
		}
	})
}
