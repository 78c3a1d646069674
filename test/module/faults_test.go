package module

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/msteinert/pam/v2"
)

// faults are what test/hosts/faults.c makes fail.
var faults = []string{
	"malloc", "calloc", "strdup", "socket", "connect", "send", "recv", "end", "short", "poll", "getsockopt", "pam_set_data", "pam_putenv",
}

// verdicts answers logins and authorizations with code, and changes with change.
func verdicts(code, change int32) func(net.Conn, int32) {
	d := dialects[0]
	answers := map[int32][]byte{
		loginAction:  session("authenticate", plain, "", "GOLDAP_ROLES=a"),
		admitAction:  session("acct_mgmt", plain, "", "GOLDAP_ROLES=a"),
		changeAction: frame(changeAction, resultBegin, change, "", resultEnd),
		configGet:    frame(configGet, resultBegin, "", resultEnd),
		sessionOpen:  frame(sessionOpen, resultBegin, "id", resultEnd),
		sessionClose: frame(sessionClose, resultBegin, resultEnd),
	}
	if code != 0 {
		answers[loginAction] = end(d.login(code, plain, code, ""))
		answers[admitAction] = end(d.authorized(code, ""))
	}
	return func(conn net.Conn, action int32) { _, _ = conn.Write(answers[action]) }
}

// TestFaultsOfTheSystem: one call of the C library after the other fails. Whom the
// daemon refuses is refused then, too, and the program lives.
func TestFaultsOfTheSystem(t *testing.T) {
	t.Parallel()
	scenes := map[string]struct {
		code, change int32
		calls        []string
	}{
		"login, refused":                   {7, 0, login[:2]},
		"account, refused":                 {13, 0, login[1:2]},
		"login":                            {0, 0, login},
		"account":                          {0, 0, login[1:2]},
		"change, the old password refused": {7, 0, []string{"chauthtok"}},
		"change, the new password refused": {0, 20, []string{"chauthtok"}},
		"change":                           {0, 0, []string{"chauthtok"}},
	}
	var mu sync.Mutex
	never := map[string]bool{}
	for _, fault := range faults {
		never[fault] = true
	}
	t.Cleanup(func() {
		if len(never) > 0 {
			t.Errorf("these never happened: %v", never)
		}
	})
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := listen(t, s.socket)
			f.serve(verdicts(scene.code, scene.change))
			service, made := s.service(modulePath, "mode=daemon"), 0
			for _, fault := range faults {
				for nth := 1; ; nth++ {
					r, happened := playFault(t, script{site: s, service: service, user: plain, calls: scene.calls, answers: []string{wrong, right, right}}, fault, nth)
					for i, code := range r.codes {
						if code == success && scene.code+scene.change != 0 {
							t.Errorf("%s, the %d. call: %s is success", fault, nth, scene.calls[i])
						}
					}
					if !happened {
						break
					}
					made++
					mu.Lock()
					delete(never, fault)
					mu.Unlock()
				}
			}
			if made < 5 {
				t.Errorf("only %d faults were made", made)
			}
		})
	}
}

// playFault plays the script with one fault, and reports whether it happened.
func playFault(t *testing.T, s script, fault string, nth int) (r record, happened bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built.session, s.arguments()...)
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+built.faults, "GOLDAP_FAULT="+fault, fmt.Sprint("GOLDAP_FAULT_NTH=", nth))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s, the %d. call: %v\n%s", fault, nth, err, stderr.String())
	}
	if r, err = parseSession(string(out)); err != nil {
		t.Fatal(err)
	}
	if len(r.codes) != len(s.calls) {
		t.Errorf("%s, the %d. call: %d of %d calls returned", fault, nth, len(r.codes), len(s.calls))
	}
	return r, strings.Contains(stderr.String(), "fault")
}

// TestBareos is what Bareos' director does with the service "bareos": it does not
// know who is there, asks what libpam wants to know, one prompt after the other,
// and passes on what the console answers.
func TestBareos(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		s.startDaemon()
		shipped, err := os.ReadFile("../../etc/pam.d/bareos")
		if err != nil {
			t.Fatal(err)
		}
		service := s.stack(strings.ReplaceAll(string(shipped), "pam_goldap.so", s.line(d.module, "")))
		prompts := []string{visible + "login:", asked}
		for name, c := range map[string]struct {
			answers []string
			codes   []pam.Error
			said    []string
			user    string
		}{
			"right":       {[]string{plain, right}, []pam.Error{0, 0}, prompts, plain},
			"wrong":       {[]string{plain, wrong}, []pam.Error{authErr}, prompts, plain},
			"nobody":      {[]string{unknown, right}, []pam.Error{noUser}, prompts, unknown},
			"no password": {[]string{plain}, []pam.Error{pam.ErrAuthtok}, prompts, plain},
			"no name":     {nil, []pam.Error{pam.ErrConv}, prompts[:1], ""},
		} {
			t.Run(name, func(t *testing.T) {
				got := d.play(t, script{site: s, service: service, calls: login[:len(c.codes)], answers: c.answers})
				expect(t, got, record{said: c.said, codes: c.codes, user: c.user})
			})
		}
	})
}

// TestConversationsThatFail: an application that has no answer, or not yet, is
// told so, and logs in once it has one.
func TestConversationsThatFail(t *testing.T) {
	t.Parallel()
	for name, program := range map[string][2]string{"plain": {built.session, modulePath}, "sanitized": {built.checkedSession, built.checkedModule}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.startDaemon()
			service := s.service(program[1], "mode=daemon")
			password := hex.EncodeToString([]byte(right))
			for what, c := range map[string]struct {
				calls   []string
				answers []string
				codes   []pam.Error
			}{
				"no reply":          {login[:1], []string{"-"}, []pam.Error{pam.ErrAuthtok}},
				"error":             {login[:1], nil, []pam.Error{pam.ErrAuthtok}},
				"empty":             {login[:1], []string{""}, []pam.Error{authErr}},
				"over-long":         {login[:1], []string{strings.Repeat("61", 9000)}, []pam.Error{authErr}},
				"not yet":           {login[:1], []string{"!"}, []pam.Error{pam.ErrAuthtok}},
				"not yet, then":     {[]string{"authenticate", "authenticate"}, []string{"!", password}, []pam.Error{pam.ErrAuthtok, success}},
				"silent, and wrong": {[]string{"authenticate=32768"}, []string{"61"}, []pam.Error{authErr}},
			} {
				arguments := append(script{site: s, service: service, user: plain, calls: c.calls}.arguments(), c.answers...)
				got := playSession(t, exec.CommandContext(t.Context(), program[0], arguments...))
				if !slices.Equal(got.codes, c.codes) {
					t.Errorf("%s: codes %v, want %v", what, got.codes, c.codes)
				}
			}
		})
	}
}
