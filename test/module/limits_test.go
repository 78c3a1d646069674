package module

import (
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/msteinert/pam/v2"
)

// strangers are users with no processes, each used once, so that limits are
// counted from 0. firstStranger itself has none ever.
const firstStranger = 61234

var strangers atomic.Int32

// TestAddressSpace: a host with 400 MB of address space. The program lifts the
// soft limit for itself. Go cannot start under a hard one of that size (it
// reserves 512 MB), so nobody gets in without the daemon, unless root may lift
// that, too. Not with the sanitizers: they reserve terabytes.
func TestAddressSpace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := theHosts()[0]
	play := func(mode, limit string, codes ...pam.Error) {
		for _, threads := range []string{"1", "8"} {
			reports := h.start(t, s, s.service(h.module, mode), "-x", limit+strconv.Itoa(400<<20), "-t", threads).end()
			check(t, reports, []string{"host"}, busy, codes...)
		}
	}
	const soft, hard = "address-space=", "address-space-for-good="
	play("mode=direct", soft, success)
	play("mode=direct", hard, success, noService)
	s.startDaemon()
	play("mode=daemon", soft, success)
	play("mode=daemon", hard, success)
}

// TestNoProcesses: where the host may not start any, only the daemon helps.
func TestNoProcesses(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, h host) {
		s := newSite(t)
		options := []string{"-x", "processes=1"}
		if os.Getuid() == 0 { // root has no such limit
			options = s.asStranger(t, options)
		}
		reports := h.start(t, s, s.service(h.module, "mode=direct"), options...).end()
		check(t, reports, []string{"host"}, busy, noService)
		s.startDaemon()
		reports = h.start(t, s, s.service(h.module, "mode=auto"), options...).end()
		check(t, reports, []string{"host"}, busy, success)
	})
}

// asStranger adds the options that run a host as that user, who may read the
// configuration.
func (s *site) asStranger(t *testing.T, options []string) []string {
	t.Helper()
	stranger := firstStranger + int(strangers.Add(1))
	if err := os.Chown(s.config, stranger, -1); err != nil {
		t.Fatal(err)
	}
	return append([]string{"-U", strconv.Itoa(stranger)}, options...)
}

// testFewProcesses is run by root only: other users have processes already, so
// their numbers say nothing. The host has two threads. With a third process
// the program runs, and lifts the host's soft limit for its threads; a hard one
// it cannot lift, Go gives up, and nobody gets in.
func testFewProcesses(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		cases := map[string]pam.Error{"processes=3": success, "processes-for-good=3": noService}
		for limit, code := range cases {
			s := newSite(t)
			reports := h.start(t, s, s.service(h.module, "mode=direct"), s.asStranger(t, []string{"-x", limit})...).end()
			check(t, reports, []string{"host"}, busy, code)
		}
	})
}
