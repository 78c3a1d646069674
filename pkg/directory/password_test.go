package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// changes records the password modify requests and answers them one after the
// other.
type changes struct {
	got     []scripted.PasswordModify
	boundAs []string
	answers []func(id int64) []byte
}

func (c *changes) handle(conn *scripted.Conn, r *scripted.Request) {
	c.got = append(c.got, r.PasswordModify())
	c.boundAs = append(c.boundAs, conn.BoundAs)
	answer := c.answers[min(len(c.got), len(c.answers))-1]
	conn.Send(answer(r.ID))
}

func modified(code int64, controls ...scripted.Control) func(id int64) []byte {
	return func(id int64) []byte {
		return scripted.Result(id, scripted.ExtendedResponse, code, "text", controls...)
	}
}

var changeOfAlice = directory.PasswordChange{DN: aliceDN, Old: secretOf(alicePass), New: secretOf("new-password")}

func TestChangePasswordRequests(t *testing.T) {
	without := scripted.PasswordModify{DN: aliceDN, New: "new-password"}
	with := scripted.PasswordModify{DN: aliceDN, Old: alicePass, New: "new-password"}
	for name, test := range map[string]struct {
		method  string
		answers []func(int64) []byte
		want    []scripted.PasswordModify
		code    int
	}{
		"works":                {"exop", []func(int64) []byte{modified(0)}, []scripted.PasswordModify{without}, 0},
		"not configured":       {"", []func(int64) []byte{modified(0)}, []scripted.PasswordModify{without}, 0},
		"old always":           {"exop_send_old", []func(int64) []byte{modified(0)}, []scripted.PasswordModify{with}, 0},
		"old on demand":        {"exop", []func(int64) []byte{modified(53), modified(0)}, []scripted.PasswordModify{without, with}, 0},
		"old by policy":        {"exop", []func(int64) []byte{modified(50, scripted.Policy(-1, -1, 4)), modified(0)}, []scripted.PasswordModify{without, with}, 0},
		"old does not help":    {"exop", []func(int64) []byte{modified(50)}, []scripted.PasswordModify{without, with}, 50},
		"quality":              {"exop", []func(int64) []byte{modified(19, scripted.Policy(-1, -1, 5))}, []scripted.PasswordModify{without}, 19},
		"may not, says policy": {"exop", []func(int64) []byte{modified(53, scripted.Policy(-1, -1, 3))}, []scripted.PasswordModify{without}, 53},
		"refused with old":     {"exop_send_old", []func(int64) []byte{modified(53)}, []scripted.PasswordModify{with}, 53},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			record := &changes{answers: test.answers}
			server.Script(scripted.Script{Extended: record.handle})
			cfg := plainConfig("ldap://one.example")
			cfg.PasswordChange = test.method
			d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
			bound, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
			if err != nil || bound.Code != 0 || changed.Code != test.code || changed.Diagnostic != "text" {
				t.Errorf("%+v, %+v, %v", bound, changed, err)
			}
			if fmt.Sprint(record.got) != fmt.Sprint(test.want) {
				t.Errorf("requests %v instead of %v", record.got, test.want)
			}
			if n := server.Connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestChangePasswordPolicy(t *testing.T) {
	server := newServer(t)
	record := &changes{answers: []func(int64) []byte{modified(19, scripted.Policy(-1, -1, 6))}}
	server.Script(scripted.Script{Extended: record.handle})
	d := piped(t, server)
	_, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
	if err != nil || !changed.Policy.Present || changed.Policy.Error != 6 {
		t.Errorf("%+v, %v", changed, err)
	}
}

func TestChangePasswordAsRoot(t *testing.T) {
	for name, test := range map[string]struct {
		given, configured string
		code              int
		err               error
	}{
		"configured": {"", rootPass, 0, nil},
		"given":      {rootPass, "not this one", 0, nil},
		"wrong":      {"wrong", rootPass, 49, nil},
		"neither":    {"", "", 0, directory.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			record := &changes{answers: []func(int64) []byte{modified(0)}}
			server.Script(scripted.Script{Extended: record.handle})
			cfg := plainConfig("ldap://one.example")
			cfg.RootBindPassword = secretOf(test.configured)
			d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
			bound, changed, err := d.ChangePassword(within(t, time.Second), directory.PasswordChange{
				DN: aliceDN, Old: secretOf(test.given), New: secretOf("new"), AsRoot: true,
			})
			if test.err != nil {
				wantError(t, err, test.err)
				return
			}
			if err != nil || bound.Code != test.code {
				t.Fatalf("%+v, %v", bound, err)
			}
			if test.code != 0 {
				if changed.Code != -1 || len(record.got) > 0 {
					t.Errorf("a change after a bind that failed: %+v", changed)
				}
				return
			}
			if changed.Code != 0 || record.boundAs[0] != rootDN || record.got[0].Old != "" {
				t.Errorf("%+v as %v: %+v", record.got, record.boundAs, changed)
			}
		})
	}
}

// TestChangesThatAreNeverSent: a server asked without a new password would
// invent one.
func TestChangesThatAreNeverSent(t *testing.T) {
	server := newServer(t)
	server.Script(accepting)
	for name, change := range map[string]func(*directory.PasswordChange) string{
		"no new password": func(c *directory.PasswordChange) string { c.New = secret.Secret{}; return "" },
		"NUL in it":       func(c *directory.PasswordChange) string { c.New = secretOf("a\x00b"); return "" },
		"no old password": func(c *directory.PasswordChange) string { c.Old = secret.Secret{}; return "" },
		"no DN":           func(c *directory.PasswordChange) string { c.DN = ""; return "" },
	} {
		cfg := plainConfig("ldap://one.example")
		request := changeOfAlice
		cfg.PasswordChange = change(&request)
		d := newDirectory(t, cfg, directory.Options{Dial: server.Dial})
		bound, changed, err := d.ChangePassword(within(t, time.Second), request)
		wantError(t, err, directory.ErrRefused)
		if bound.Code == 0 || changed.Code == 0 || server.Connections() > 0 {
			t.Errorf("%s: %+v, %+v, %d connections", name, bound, changed, server.Connections())
		}
	}
}

func TestChangePasswordWrongOldPassword(t *testing.T) {
	server := newServer(t)
	d := piped(t, server)
	request := changeOfAlice
	request.Old = secretOf("wrong")
	bound, changed, err := d.ChangePassword(within(t, time.Second), request)
	if err != nil || bound.Code != directory.ResultInvalidCredentials || changed.Code != -1 {
		t.Errorf("%+v, %+v, %v", bound, changed, err)
	}
	if len(server.ExtendedRequests()) > 0 {
		t.Error("the change was sent")
	}
}

// TestLostAnswerToAChange: it is not sent again, anywhere.
func TestLostAnswerToAChange(t *testing.T) {
	for name, handler := range map[string]func(*scripted.Conn, *scripted.Request){
		"closed": func(c *scripted.Conn, _ *scripted.Request) { c.Close() },
		"silent": func(c *scripted.Conn, _ *scripted.Request) { c.Deaf() },
		"wrong answer": func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.BindResponse, 0, ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, servers, _ := three(t)
				_, _ = bindAlice(t, d, alicePass)
				for _, server := range servers {
					server.Script(scripted.Script{Extended: handler})
				}
				_, changed, err := d.ChangePassword(within(t, 4*time.Second), changeOfAlice)
				wantError(t, err, directory.ErrUnavailable)
				if err == nil || !strings.Contains(err.Error(), "may have been made") || changed.Code == 0 {
					t.Errorf("%+v, %v", changed, err)
				}
				sent := 0
				for _, server := range servers {
					sent += len(server.ExtendedRequests())
				}
				if sent != 1 {
					t.Errorf("the change was sent %d times", sent)
				}
			})
		})
	}
}

// TestConnectionOfAChangeIsClosed.
func TestConnectionOfAChangeIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		d := piped(t, server)
		if _, _, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := server.Open(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}
