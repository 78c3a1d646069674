package module

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/msteinert/pam/v2"
)

// The time limits of pam_module/ask.c and spawn.c, and what a busy machine may
// add.
const (
	daemonHead  = 2500 * time.Millisecond
	daemonTotal = 11 * time.Second
	total       = 13 * time.Second
	busy        = 10 * time.Second
)

// play logs in with and without the right password and checks both. A wrong
// password never gets in, whatever the daemon does.
func (s *site) tryBoth(t *testing.T, d driver, options string, want pam.Error) {
	t.Helper()
	service := s.service(d.module, options)
	for password, code := range map[string]pam.Error{right: want, wrong: authErr} {
		if want != success {
			code = want
		}
		got := d.play(t, script{site: s, service: service, user: plain, calls: login[:1], answers: []string{password}})
		if !cmp.Equal(got.codes, []pam.Error{code}) {
			t.Errorf("%s, password %q: code %v, want %v", options, password, got.codes, code)
		}
	}
}

func TestDaemonDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		within(t, 0, total, func() {
			s := newSite(t)
			s.tryBoth(t, d, "mode=auto", success) // no socket
			s.tryBoth(t, d, "mode=daemon", noService)
			s.startDaemon().kill() // a socket, and nobody who listens
			s.tryBoth(t, d, "mode=auto", success)
			s.tryBoth(t, d, "mode=direct", success)
			s.tryBoth(t, d, "mode=daemon", noService)
			s.startDaemon()
			s.tryBoth(t, d, "mode=daemon", success)
			s.tryBoth(t, d, "mode=auto", success)
		})
	})
}

// TestDaemonClosesInMidRequest: a daemon that dies while it works.
func TestDaemonClosesInMidRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		f := listen(t, s.socket)
		f.serve(func(net.Conn, int32) {})
		within(t, 0, busy, func() {
			s.tryBoth(t, d, "mode=auto", success)
			s.tryBoth(t, d, "mode=daemon", noService)
		})
		// Four logins: in goldap's own words, and then in nslcd's.
		if f.asked.Load() != 8 {
			t.Errorf("the daemon was asked %d times", f.asked.Load())
		}
	})
}

// TestDaemonHangs: the module goes on without it after two seconds, the head
// of the answer being due at once.
func TestDaemonHangs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		s.startDaemon().hang()
		service := s.service(d.module, "mode=auto")
		within(t, daemonHead, daemonHead+busy, func() {
			got := d.play(t, script{site: s, service: service, user: plain, calls: login[:2], answers: []string{right}})
			// The program has looked at the access rules: the account group has
			// nobody to ask.
			expect(t, got, record{said: []string{asked}, codes: []pam.Error{0, 0}, user: plain})
		})
		within(t, daemonHead, daemonHead+busy, func() {
			got := d.play(t, script{site: s, service: service, user: plain, calls: login[:1], answers: []string{wrong}})
			expect(t, got, record{said: []string{asked}, codes: []pam.Error{authErr}, user: plain})
		})
	})
}

// TestDaemonHangsForGood: with mode=daemon there is nothing to go on with.
func TestDaemonHangsForGood(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		s.startDaemon().hang()
		within(t, total, total+busy, func() {
			got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain, calls: login[:1], answers: []string{right}})
			expect(t, got, record{said: []string{asked}, codes: []pam.Error{noService}, user: plain})
		})
	})
}

// TestDaemonHangsAfterTheHead: it lives, so that it gets more time, but not all
// of it.
func TestDaemonHangsAfterTheHead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		listen(t, s.socket).serve(func(conn net.Conn, action int32) {
			_, _ = conn.Write(frame(action))
			holdUntilGone(conn)
		})
		within(t, daemonTotal, total+busy, func() {
			got := d.play(t, script{site: s, service: s.service(d.module, "mode=auto"), user: plain, calls: login[:1], answers: []string{right}})
			expect(t, got, record{said: []string{asked}, codes: []pam.Error{success}, user: plain})
		})
	})
}

// TestDaemonTrickles a byte at a time, and floods with entries without end:
// neither makes the program wait past its time.
func TestDaemonTricklesOrFloods(t *testing.T) {
	t.Parallel()
	answers := map[string]func(net.Conn, int32){
		"trickles": func(conn net.Conn, action int32) {
			for _, b := range frame(action, resultBegin, int32(0), plain, int32(0), "", resultEnd) {
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
				if _, err := readWithin(conn, time.Second); err == nil {
					return
				}
			}
		},
		"floods": func(conn net.Conn, action int32) {
			_, err := conn.Write(frame(action, resultBegin))
			for err == nil {
				_, err = conn.Write(make([]byte, 4096))
			}
		},
	}
	for name, calls := range map[string][]string{"trickles": {"authenticate"}, "floods": {"chauthtok"}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				listen(t, s.socket).serve(answers[name])
				within(t, 0, total+busy, func() {
					got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain, calls: calls, answers: []string{wrong, next, next}})
					if !cmp.Equal(got.codes, []pam.Error{noService}) {
						t.Errorf("codes %v", got.codes)
					}
				})
			})
		})
	}
}

func readWithin(conn net.Conn, limit time.Duration) (int, error) {
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return 0, err
	}
	return conn.Read(make([]byte, 1))
}

// TestDirectoryDown: nobody can tell, which is neither a good nor a bad
// password.
func TestDirectoryDown(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, d driver, s *site, mode string) {
		if err := s.directory.Close(); err != nil {
			t.Fatal(err)
		}
		got := d.play(t, script{site: s, service: s.service(d.module, mode), user: plain, calls: []string{"authenticate", "acct_mgmt"}, answers: []string{right}})
		if !cmp.Equal(got.codes, []pam.Error{noService, noService}) {
			t.Errorf("codes %v", got.codes)
		}
	})
}

// TestBrokenConfiguration: without a daemon and without a configuration that
// can be trusted, nobody gets in.
func TestBrokenConfiguration(t *testing.T) {
	t.Parallel()
	cases := map[string]func(s *site){
		"missing":               func(s *site) { _ = os.Remove(s.config) },
		"a directory":           func(s *site) { _ = os.Remove(s.config); _ = os.Mkdir(s.config, 0o755) },
		"empty":                 func(s *site) { s.write(s.config, "", 0o600) },
		"nonsense":              func(s *site) { s.write(s.config, "\x00\xff\n[[[\n", 0o600) },
		"unknown keyword":       func(s *site) { s.configure("frobnicate yes\n") },
		"readable by others":    func(s *site) { _ = os.Chmod(s.config, 0o644) },
		"unreadable":            func(s *site) { _ = os.Chmod(s.config, 0); deny(s) },
		"CA missing":            func(s *site) { _ = os.Remove(s.caFile()) },
		"CA of somebody else":   func(s *site) { s.write(s.caFile(), string(newSite(s.t).directory.CAPEM()), 0o644) },
		"pseudouser's password": func(s *site) { s.configure("bindpw " + wrong + "\n") },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				spoil(s)
				s.tryBoth(t, d, "mode=direct", noService)
			})
		})
	}
}

// deny makes the configuration unreadable for root, too: a loop of links.
func deny(s *site) {
	if os.Getuid() != 0 {
		return
	}
	_ = os.Remove(s.config)
	_ = os.Symlink(s.config, s.config)
}

// TestNoProgram: libpam may load a file that the kernel will not execute.
func TestNoProgram(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text, err := os.ReadFile(modulePath)
	if err != nil {
		t.Fatal(err)
	}
	copied := s.dir + "/pam_goldap.so"
	if err := os.WriteFile(copied, text, 0o644); err != nil {
		t.Fatal(err)
	}
	d := driver{"in process", copied, playInProcess}
	s.tryBoth(t, d, "mode=direct", noService)
	s.tryBoth(t, d, "mode=auto", noService)
	s.startDaemon()
	s.tryBoth(t, d, "mode=auto", success)
}

// tryOnce logs in with the right password.
func (s *site) tryOnce(t *testing.T, d driver, options string, want pam.Error) {
	t.Helper()
	got := d.play(t, script{site: s, service: s.service(d.module, options), user: plain, calls: login[:1], answers: []string{right}})
	if !cmp.Equal(got.codes, []pam.Error{want}) {
		t.Errorf("%s: code %v, want %v", options, got.codes, want)
	}
}
