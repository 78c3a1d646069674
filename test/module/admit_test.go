package module

import (
	"encoding/binary"
	"net"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/msteinert/pam/v2"
)

// template is a user of every Debian who is not root.
const template = "daemon"

// session is goldapd's answer to call with what it says beside the verdict.
func session(call, user, account string, environment ...string) []byte {
	parts := []any{loginAction, resultBegin, int32(0), user, int32(0), "", account, int32(len(environment))}
	if call == "acct_mgmt" {
		parts = []any{admitAction, resultBegin, int32(0), user, "", account, int32(len(environment))}
	}
	for _, variable := range environment {
		parts = append(parts, variable)
	}
	return end(parts)
}

// TestSessionOfALogin: what goldapd says of a session reaches the program, with
// and without a password, and nothing else does.
func TestSessionOfALogin(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		user, account string
		environment   []string
		options       string
		code          pam.Error
		env           []string
		becomes       string
	}{
		"roles":              {environment: []string{"GOLDAP_ROLES=a,b"}, env: []string{"GOLDAP_ROLES=a,b"}},
		"no roles":           {environment: []string{"GOLDAP_ROLES="}, env: []string{"GOLDAP_ROLES="}},
		"two variables":      {environment: []string{"GOLDAP_ROLES=a", "GOLDAP_X="}, env: []string{"GOLDAP_ROLES=a", "GOLDAP_X="}},
		"LD_PRELOAD":         {environment: []string{"LD_PRELOAD=/tmp/x"}, code: noService},
		"not a variable":     {environment: []string{"GOLDAP_ROLES"}, code: noService},
		"too many":           {environment: slices.Repeat([]string{"GOLDAP_A=1"}, 9), code: noService},
		"too long":           {environment: []string{"GOLDAP_A=" + string(make([]byte, 5000))}, code: noService},
		"becomes another":    {account: template, options: "template_user", becomes: template},
		"without the option": {account: template, code: pam.ErrPermDenied},
		"becomes root":       {account: "root", options: "template_user", code: pam.ErrPermDenied},
		"becomes nobody":     {account: "nobody-there", options: "template_user", code: pam.ErrPermDenied},
		// These are spellings of another user, or of one that does not exist.
		"another user":       {user: template},
		"other letters":      {user: "PLAIN"},
		"letters of Unicode": {user: "ｐlain"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				for _, call := range []string{"authenticate", "acct_mgmt"} {
					user := c.user
					if user == "" {
						user = plain
					}
					f := listen(t, s.socket)
					f.reply(session(call, user, c.account, c.environment...))
					got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon "+c.options), user: plain, calls: []string{call}, answers: []string{right}})
					f.Close()
					slices.Sort(got.env)
					want := record{codes: []pam.Error{c.code}, env: c.env, user: plain}
					if c.becomes != "" {
						want.user = c.becomes
					}
					if got.said = nil; call == "authenticate" && c.code == noService {
						want.codes = []pam.Error{noService}
					}
					expect(t, got, want)
				}
			})
		})
	}
}

// TestTemplateUserOfAWholeLogin: the account and session groups go on as the
// other user, and the access rules are not asked about them.
func TestTemplateUserOfAWholeLogin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		f := listen(t, s.socket)
		f.reply(session("authenticate", plain, template, "GOLDAP_ROLES=guests"))
		got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon template_user"), user: plain, calls: login, answers: []string{right}})
		expect(t, got, record{said: []string{asked}, codes: []pam.Error{0, 0, 0, 0, 0}, env: []string{"GOLDAP_ROLES=guests"}, user: template})
	})
}

// TestEnvironmentOfTheLastLogin: a second login on the same handle starts anew.
func TestEnvironmentOfTheLastLogin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		f := listen(t, s.socket)
		answers := make(chan []byte, 2)
		answers <- session("authenticate", plain, "", "GOLDAP_ROLES=admins")
		answers <- end(dialects[0].login(7, plain, 0, ""))
		f.serveEach(answers)
		got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain,
			calls: []string{"authenticate", "authenticate"}, answers: []string{right, wrong}})
		expect(t, got, record{said: []string{asked, asked}, codes: []pam.Error{success, authErr}, user: plain})
	})
}

// TestSessionIsNoted: the daemon is told of the beginning and the end of a
// session, with the id that it gave.
func TestSessionIsNoted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		f := listen(t, s.socket)
		heard := make(chan []byte, 4)
		go func() {
			for {
				conn, err := f.Accept()
				if err != nil {
					return
				}
				request := make([]byte, 4096)
				n, _ := conn.Read(request)
				heard <- request[:n]
				if int32(binary.BigEndian.Uint32(request[4:])) == sessionOpen {
					_, _ = conn.Write(frame(sessionOpen, resultBegin, "the-id", resultEnd))
				} else {
					_, _ = conn.Write(frame(sessionClose, resultBegin, resultEnd))
				}
				conn.Close()
			}
		}()
		service := s.service(d.module, "mode=auto")
		got := d.play(t, script{site: s, service: service, user: plain, calls: []string{"open_session", "close_session"}})
		expect(t, got, record{codes: []pam.Error{success, success}, user: plain})
		want := [][]byte{frame(sessionOpen, plain, service, "", "", ""), frame(sessionClose, plain, service, "", "", "", "the-id")}
		for _, request := range want {
			select {
			case got := <-heard:
				if string(got) != string(request) {
					t.Errorf("asked %q, want %q", got, request)
				}
			default:
				t.Errorf("%q was not asked", request)
			}
		}
	})
}

// TestSessionWithoutADaemon succeeds soon, whoever answers or does not.
func TestSessionWithoutADaemon(t *testing.T) {
	t.Parallel()
	answers := map[string]func(net.Conn, int32){
		"hangs":    func(conn net.Conn, _ int32) { holdUntilGone(conn) },
		"closes":   func(net.Conn, int32) {},
		"nonsense": func(conn net.Conn, _ int32) { _, _ = conn.Write(make([]byte, 100)) },
		"nobody":   nil,
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				if answer != nil {
					listen(t, s.socket).serve(answer)
				}
				within(t, 0, 2*time.Second+busy, func() {
					got := d.play(t, script{site: s, service: s.service(d.module, "mode=auto"), user: plain, calls: []string{"open_session", "close_session"}})
					expect(t, got, record{codes: []pam.Error{success, success}, user: plain})
				})
			})
		})
	}
}

// TestFailDelay: libpam is asked to wait after a failure, for a user who is known
// and one who is not, unless the service file has nodelay.
func TestFailDelay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for program, module := range map[string]string{built.session: modulePath, built.checkedSession: built.checkedModule} {
		for user, answer := range map[string][]byte{plain: end(dialects[0].login(7, plain, 0, "")), unknown: frame(loginAction, resultEnd)} {
			f := listen(t, s.socket)
			f.reply(answer)
			want := authErr
			if user == unknown {
				want = noUser
			}
			for options, delayed := range map[string]bool{"": true, "nodelay": false} {
				service := s.stack("auth required " + module + " mode=daemon socket=" + s.socket + " " + options + "\n")
				login := script{site: s, service: service, user: user, calls: login[:1], answers: []string{wrong}}
				got := playSession(t, exec.CommandContext(t.Context(), program, login.arguments()...))
				expect(t, got, record{said: []string{asked}, codes: []pam.Error{want}, delayed: delayed, user: user})
			}
			f.Close()
		}
	}
}
