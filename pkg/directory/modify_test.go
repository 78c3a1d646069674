package directory_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// homeAndShell is a modification of alice by herself.
var homeAndShell = directory.Modification{DN: aliceDN, Password: secretOf(alicePass), Home: "/srv/alice", Shell: "/bin/zsh"}

func replaced(attribute, value string) scripted.Change {
	return scripted.Change{Operation: 2, Attribute: attribute, Values: []string{value}}
}

func TestModify(t *testing.T) {
	home, shell := replaced("homeDirectory", "/srv/alice"), replaced("loginShell", "/bin/zsh")
	for name, test := range map[string]struct {
		change     func(*directory.Modification, *config.Directory)
		bind, code int
		by         string
		want       []scripted.Change
	}{
		"both at once":  {nil, 0, 0, aliceDN, []scripted.Change{home, shell}},
		"home alone":    {func(m *directory.Modification, _ *config.Directory) { m.Shell = "" }, 0, 0, aliceDN, []scripted.Change{home}},
		"nothing":       {func(m *directory.Modification, _ *config.Directory) { m.Home, m.Shell = "", "" }, 0, -1, "", nil},
		"wrong":         {func(m *directory.Modification, _ *config.Directory) { m.Password = secretOf("wrong") }, 49, -1, "", nil},
		"administrator": {func(m *directory.Modification, _ *config.Directory) { m.AsRoot, m.Password = true, secretOf(rootPass) }, 0, 0, rootDN, []scripted.Change{home, shell}},
		"configured password": {func(m *directory.Modification, _ *config.Directory) {
			m.AsRoot, m.Password = true, secretOf("")
		}, 0, 0, rootDN, []scripted.Change{home, shell}},
		"own names": {func(_ *directory.Modification, c *config.Directory) {
			c.Passwd.Attributes = map[string]string{"homedirectory": "unixHome", "loginShell": "unixShell"}
		}, 0, 0, aliceDN, []scripted.Change{replaced("unixHome", "/srv/alice"), replaced("unixShell", "/bin/zsh")}},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			cfg, request := plainConfig("ldap://one.example"), homeAndShell
			if test.change != nil {
				test.change(&request, &cfg)
			}
			d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
			bound, changed, err := d.Modify(within(t, 5*time.Second), request)
			if err != nil || bound.Code != test.bind || changed.Code != test.code {
				t.Errorf("%+v, %+v, %v", bound, changed, err)
			}
			var got []scripted.Change
			for _, modify := range server.Modifies() {
				if modify.DN != aliceDN || modify.BoundAs != test.by {
					t.Errorf("%s modified by %s", modify.DN, modify.BoundAs)
				}
				got = append(got, modify.Changes...)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("changes %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestModifyRefuses what must not be sent: nothing reaches the server.
func TestModifyRefuses(t *testing.T) {
	computed := map[string]string{"HomeDirectory": "/home/$uid"}
	for name, test := range map[string]struct {
		change      func(*directory.Modification, *config.Directory)
		home, shell bool
	}{
		"no DN":           {func(m *directory.Modification, _ *config.Directory) { m.DN = "" }, true, true},
		"no password":     {func(m *directory.Modification, _ *config.Directory) { m.Password = secretOf("") }, true, true},
		"NUL in password": {func(m *directory.Modification, _ *config.Directory) { m.Password = secretOf(alicePass + "\x00") }, true, true},
		"computed home":   {func(_ *directory.Modification, c *config.Directory) { c.Passwd.Expressions = computed }, false, true},
		"no shell": {func(_ *directory.Modification, c *config.Directory) {
			c.Passwd.Attributes = map[string]string{"loginShell": ""}
		}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			cfg, request := plainConfig("ldap://one.example"), homeAndShell
			test.change(&request, &cfg)
			d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
			if home, shell := d.Writable(); home != test.home || shell != test.shell {
				t.Errorf("writable: home %v, shell %v", home, shell)
			}
			_, changed, err := d.Modify(within(t, 5*time.Second), request)
			wantError(t, err, directory.ErrRefused)
			if changed.Code != -1 || len(server.Binds()) > 0 {
				t.Errorf("%+v, binds %v", changed, server.Binds())
			}
		})
	}
}

// TestModifyAnswers are those of the server, in full width, and never repeated
// when they are lost.
func TestModifyAnswers(t *testing.T) {
	for _, code := range []int64{19, 50, 65536} {
		server := newServer(t)
		server.Script(scripted.Script{Modify: func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.ModifyResponse, code, "text"))
		}})
		_, changed, err := piped(t, server).Modify(within(t, 5*time.Second), homeAndShell)
		if err != nil || int64(changed.Code) != code {
			t.Errorf("code %d: %+v, %v", code, changed, err)
		}
	}
	for name, script := range map[string]func(*scripted.Conn, *scripted.Request){
		"closes": func(c *scripted.Conn, _ *scripted.Request) { c.Close() },
		"hangs":  func(c *scripted.Conn, _ *scripted.Request) { c.Deaf() },
		"another answer": func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.BindResponse, 0, ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.Script(scripted.Script{Modify: script})
				_, changed, err := piped(t, server).Modify(within(t, 4*time.Second), homeAndShell)
				wantError(t, err, directory.ErrUnavailable)
				if changed.Code != -1 || !strings.Contains(err.Error(), "may have been made") || len(server.Modifies()) != 1 {
					t.Errorf("%+v, %v, %d requests", changed, err, len(server.Modifies()))
				}
			})
		})
	}
}

// TestModifiedConnectionIsNotKept: nothing but binds runs on those that are.
func TestModifiedConnectionIsNotKept(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	if _, _, err := d.Modify(within(t, 5*time.Second), homeAndShell); err != nil {
		t.Fatal(err)
	}
	if _, err := bindAlice(t, d, alicePass); err != nil {
		t.Fatal(err)
	}
	if binds := server.Binds(); len(binds) != 2 || binds[0].Conn == binds[1].Conn {
		t.Errorf("binds %+v", binds)
	}
}
