package module

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msteinert/pam/v2"
)

// host is a program of test/hosts and the module that it loads.
type host struct {
	name, program, module string
	sanitized             bool
}

func theHosts() []host {
	return []host{
		{"plain", built.host, modulePath, false},
		{"sanitized", built.checkedHost, built.checkedModule, true},
	}
}

// eachHost runs test with the module as it is built and with the sanitized one.
func eachHost(t *testing.T, test func(t *testing.T, h host)) {
	t.Helper()
	for _, h := range theHosts() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// running is a host that has been started.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	report string
	stderr bytes.Buffer
	stdin  io.WriteCloser
	stdout io.ReadCloser
}

// start starts a host that logs in to service as plain.
func (h host) start(t *testing.T, s *site, service string, options ...string) *running {
	t.Helper()
	r := &running{t: t, report: filepath.Join(tempDir(t), "report")}
	if err := os.Chmod(filepath.Dir(r.report), 0o777); err != nil {
		t.Fatal(err)
	}
	arguments := append([]string{"-d", s.confdir, "-s", service, "-u", plain, "-p", right, "-o", r.report}, options...)
	r.cmd = exec.CommandContext(t.Context(), h.program, arguments...)
	r.cmd.Stderr = &r.stderr
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if r.stdout, err = r.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// synchronise waits for a host with -w to be ready, changes the world, and
// lets it go on.
func (r *running) synchronise(change func()) {
	r.t.Helper()
	line, err := bufio.NewReader(r.stdout).ReadString('\n')
	if line != "ready\n" {
		r.t.Fatalf("the host says %q, %v", line, err)
	}
	change()
	if err := r.stdin.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// end waits for the host and returns the lines of its report.
func (r *running) end() []report {
	r.t.Helper()
	_, _ = io.Copy(io.Discard, r.stdout)
	if err := r.cmd.Wait(); err != nil {
		r.t.Fatalf("the host ended with %v\n%s", err, r.stderr.Bytes())
	}
	text, err := os.ReadFile(r.report)
	if err != nil {
		r.t.Fatal(err)
	}
	var reports []report
	for line := range strings.Lines(string(text)) {
		reports = append(reports, parseReport(r.t, line))
	}
	return reports
}

// report is what one process of a host says about itself.
type report struct {
	who          string
	right, wrong map[pam.Error]int
	numbers      map[string]int
}

func parseReport(t *testing.T, line string) report {
	t.Helper()
	words := strings.Fields(line)
	r := report{who: words[0], numbers: map[string]int{}}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "right":
			r.right = parseCodes(t, value)
		case "wrong":
			r.wrong = parseCodes(t, value)
		default:
			r.numbers[key] = number(t, value)
		}
	}
	return r
}

func parseCodes(t *testing.T, text string) map[pam.Error]int {
	t.Helper()
	codes := map[pam.Error]int{}
	for part := range strings.SplitSeq(text, ",") {
		if code, count, found := strings.Cut(part, ":"); found {
			codes[pam.Error(number(t, code))] = number(t, count)
		}
	}
	return codes
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// unchanged is what every host must say of itself. The module that Go has
// linked stays mapped, for go build marks it so (-z nodelete); the sanitized one
// is unloaded by pam_end, as other modules are.
var unchanged = []string{"threads", "handlers", "mask", "descriptors", "children"}

// check holds that the processes that logged in are as they were, and that each
// login ended as it may: with one of codes where the password is right, never
// with success where it is wrong.
func check(t *testing.T, reports []report, processes []string, limit time.Duration, codes ...pam.Error) {
	t.Helper()
	var who []string
	for _, r := range reports {
		who = append(who, r.who)
		for _, key := range unchanged {
			if n, reported := r.numbers[key]; n != 0 || !reported {
				t.Errorf("%s: %s: %d", r.who, key, n)
			}
		}
		if took := time.Duration(r.numbers["slowest"]) * time.Millisecond; took > limit {
			t.Errorf("%s: a call took %v, the limit is %v", r.who, took, limit)
		}
		for code, count := range r.right {
			if !slices.Contains(codes, code) {
				t.Errorf("%s: right password: code %v, %d times", r.who, code, count)
			}
		}
		for code, count := range r.wrong {
			if code != authErr && (code == success || !slices.Contains(codes, code)) {
				t.Errorf("%s: wrong password: code %v, %d times", r.who, code, count)
			}
		}
		if len(r.right)+len(r.wrong) == 0 {
			t.Errorf("%s: no login", r.who)
		}
	}
	slices.Sort(who)
	if !slices.Equal(who, processes) {
		t.Errorf("reports of %q, want %q", who, processes)
	}
}

// TestMatrix: {fork before, after loading} x {1, 8 threads} x {daemon up, down,
// hung, killed in mid-request}. The daemon changes when the process that counts
// is ready; with the fork after the loading, the parent has logged in before,
// and its threads are still there at the fork.
func TestMatrix(t *testing.T) {
	t.Parallel()
	forks := map[string][]string{"before": {"child"}, "after": {"child", "parent"}}
	worlds := map[string]struct {
		change func(d *daemon, s *site)
		during func(t *testing.T, d *daemon, s *site)
		limit  time.Duration
	}{
		"up":     {limit: busy},
		"down":   {change: func(d *daemon, _ *site) { d.kill() }, limit: busy},
		"hung":   {change: func(d *daemon, _ *site) { d.hang() }, limit: daemonHead + busy},
		"killed": {change: func(d *daemon, _ *site) { d.hang() }, during: killInMidRequest, limit: busy},
	}
	for fork, processes := range forks {
		for _, threads := range []int{1, 8} {
			for world, w := range worlds {
				t.Run(fmt.Sprintf("fork %s, %d threads, daemon %s", fork, threads, world), func(t *testing.T) {
					eachHost(t, func(t *testing.T, h host) {
						s := newSite(t)
						d := s.startDaemon()
						r := h.start(t, s, s.service(h.module, "mode=auto"), "-f", fork, "-t", strconv.Itoa(threads), "-w")
						r.synchronise(func() {
							if w.change != nil {
								w.change(d, s)
							}
						})
						if w.during != nil {
							w.during(t, d, s)
						}
						check(t, r.end(), processes, w.limit, success)
					})
				})
			}
		}
	}
}

// killInMidRequest waits until somebody has connected to the daemon, which is
// stopped, and kills it.
func killInMidRequest(t *testing.T, d *daemon, s *site) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for connections(t, s.socket) == 0 {
		select {
		case <-tick.C:
		case <-late:
			t.Error("nobody has connected to the daemon")
			d.kill()
			return
		}
	}
	d.kill()
}

// connections counts those that wait at a socket to be accepted: the kernel
// lists them under its name, as it does the socket itself.
func connections(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), " "+path+"\n") - 1
}

// TestTroubledHosts: programs that behave badly, with and without a daemon.
func TestTroubledHosts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		options []string
	}{
		"SIGCHLD ignored":             {[]string{"-x", "sigchld-ignored"}},
		"SIGCHLD handler reaps all":   {[]string{"-x", "reaping-handler", "-n", "5"}},
		"thread reaps all":            {[]string{"-x", "reaping-thread", "-n", "5"}},
		"thread and handler reap all": {[]string{"-x", "reaping-thread", "-x", "reaping-handler", "-t", "4", "-n", "3"}},
		"closes descriptors":          {[]string{"-x", "descriptors-closed", "-n", "3"}},
		"no standard descriptors":     {[]string{"-x", "standard-closed", "-n", "3"}},
		"no descriptors at all":       {[]string{"-x", "standard-closed", "-x", "descriptors-closed", "-n", "3"}},
		"alarm every millisecond":     {[]string{"-x", "alarms", "-n", "5"}},
		"alarms, 8 threads":           {[]string{"-x", "alarms", "-t", "8"}},
		"every signal blocked":        {[]string{"-x", "signals-blocked"}},
		"alarms and reaping":          {[]string{"-x", "alarms", "-x", "reaping-handler", "-n", "3"}},
		"fork and alarms":             {[]string{"-x", "alarms", "-f", "before"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			eachHost(t, func(t *testing.T, h host) {
				processes := []string{"host"}
				if slices.Contains(c.options, "before") {
					processes = []string{"child"}
				}
				s := newSite(t)
				direct := h.start(t, s, s.service(h.module, "mode=direct"), c.options...)
				reports := direct.end()
				check(t, reports, processes, busy, success)
				if mapped := reports[0].numbers["mapped"]; h.sanitized && mapped != 0 {
					t.Errorf("pam_end left %d mappings of the module", mapped)
				}
				s.startDaemon()
				daemon := h.start(t, s, s.service(h.module, "mode=daemon"), c.options...)
				check(t, daemon.end(), processes, busy, success)
			})
		})
	}
}

// TestNeverEnd: a program that forgets pam_end keeps the module in memory, and
// nothing else.
func TestNeverEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, mode := range []string{"mode=direct", "mode=daemon"} {
		if mode == "mode=daemon" {
			s.startDaemon()
		}
		reports := theHosts()[0].start(t, s, s.service(modulePath, mode), "-x", "never-end", "-n", "4", "-t", "2").end()
		check(t, reports, []string{"host"}, busy, success)
	}
}

// TestFewDescriptors: with too few of them nobody gets in, with enough of them
// the right password does. Six are enough: three are open, and the module keeps
// clear of the numbers 0 to 3.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, h host) {
		s := newSite(t)
		s.startDaemon()
		for _, mode := range []string{"mode=daemon", "mode=direct", "mode=auto"} {
			service := s.service(h.module, mode)
			for files := 1; files <= 8; files++ {
				codes := []pam.Error{success}
				if files < 6 {
					codes = append(codes, noService, pam.ErrSystem)
				}
				reports := h.start(t, s, service, "-x", "files="+strconv.Itoa(files)).end()
				check(t, reports, []string{"host"}, busy, codes...)
			}
		}
	})
}

// TestFlatMemory: 1,000 logins in each of 8 threads, after some to warm up.
func TestFlatMemory(t *testing.T) {
	t.Parallel()
	const kilobytes = 512
	eachHost(t, func(t *testing.T, h host) {
		s := newSite(t)
		s.configureTOML("[login.throttle]\nfailures = 0 # every other login is wrong, and none may wait\n")
		s.startDaemon()
		reports := h.start(t, s, s.service(h.module, "mode=daemon"), "-g", "-t", "8", "-n", "1000").end()
		check(t, reports, []string{"host"}, busy, success)
		// The sanitizer keeps freed memory for a while, on purpose.
		if growth := reports[0].numbers["growth"]; growth > kilobytes && !h.sanitized {
			t.Errorf("memory grew by %d kB", growth)
		}
	})
}

// TestSanitizersSpeak: a leak in the host makes it fail, so that silence means
// something.
func TestSanitizersSpeak(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := theHosts()[1].start(t, s, s.service(built.checkedModule, "mode=direct"), "-x", "leak")
	_, _ = io.Copy(io.Discard, r.stdout)
	if err := r.cmd.Wait(); err == nil || !strings.Contains(r.stderr.String(), "LeakSanitizer") {
		t.Errorf("a leak was not found: %v\n%s", err, r.stderr.Bytes())
	}
}
