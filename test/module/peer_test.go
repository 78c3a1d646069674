package module

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/msteinert/pam/v2"
)

const nobody = 54999

// testPlantedSocket: a socket of another user, in a place where anybody could
// have made it, gets no password.
func testPlantedSocket(t *testing.T) {
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		planted := tempDir(t)
		if err := os.Chmod(planted, 0o777); err != nil {
			t.Fatal(err)
		}
		s.socket = filepath.Join(planted, "socket")
		f := listenAs(t, nobody, s.socket)
		f.reply(goodLogin(plain))
		s.tryBoth(t, d, "mode=daemon", noService)
		s.tryBoth(t, d, "mode=auto", success) // without it
		if n := f.heard.Load(); n != 0 {
			t.Errorf("the planted socket was sent %d bytes", n)
		}
	})
}

// testDaemonUser: the user to whom root has given the socket's directory is
// trusted, as long as nobody else can have made that directory.
func testDaemonUser(t *testing.T) {
	each(t, func(t *testing.T, d driver) {
		dir, err := os.MkdirTemp("/run", "goldap-test-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		cases := []struct {
			name  string
			owner int
			mode  os.FileMode
			uid   int
			code  pam.Error
		}{
			{"the daemon's user", nobody, 0o755, nobody, success},
			{"another user", firstStranger, 0o755, nobody, noService},
			{"root's directory", 0, 0o755, nobody, noService},
			{"group may write", nobody, 0o775, nobody, noService},
			{"others may write", nobody, 0o757, nobody, noService},
		}
		for _, c := range cases {
			s := newSite(t)
			s.socket = filepath.Join(dir, "socket")
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			f := listenAs(t, c.uid, s.socket)
			f.reply(goodLogin(plain))
			if err := os.Chown(dir, c.owner, 0); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, c.mode); err != nil {
				t.Fatal(err)
			}
			got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain, calls: login[:1], answers: []string{right}})
			if !cmp.Equal(got.codes, []pam.Error{c.code}) {
				t.Errorf("%s: code %v, want %v", c.name, got.codes, c.code)
			}
			if heard := f.heard.Load(); (heard != 0) != (c.code == success) {
				t.Errorf("%s: was sent %d bytes", c.name, heard)
			}
			f.Close()
			_ = os.Remove(s.socket)
		}
	})
}

// testOrdinaryUser: a program of an ordinary user, such as a web application,
// logs people in through root's daemon, and not without it: it cannot read the
// configuration.
func testOrdinaryUser(t *testing.T) {
	s := newSite(t)
	play := func(mode string) record {
		cmd := exec.CommandContext(t.Context(), built.checkedSession,
			script{site: s, service: s.service(built.checkedModule, mode), user: plain, calls: login[:2], answers: []string{right}}.arguments()...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return playSession(t, cmd)
	}
	want := record{said: []string{asked}, codes: []pam.Error{noService, noService}, user: plain}
	expect(t, play("mode=direct"), want)
	s.startDaemon()
	want.codes = []pam.Error{success, success}
	expect(t, play("mode=daemon"), want)
}
